#pragma once

// The only include of napi.h: its macros change the ABI-relevant behaviour, so they are set in one place.
#define NAPI_VERSION 8
#define NAPI_CPP_EXCEPTIONS_ALL
#define NODE_ADDON_API_CPP_EXCEPTIONS_ALL
#define NODE_ADDON_API_REQUIRE_BASIC_FINALIZERS
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS

#include <napi.h>
