#pragma once

// Tensors across the border. Lists are flat, because every property read costs a tenth of a microsecond.
#include <vector>

#include "bind/napi_setup.h"
#include "ort/run_job.h"

namespace mj::bind {

// Inputs up to this size are copied; larger ones are borrowed, their owners in `borrowed`.
constexpr size_t kCopyLimit = 1 << 20;

enum class Storage { kCopyAlways, kBorrowLarge, kBorrowAlways };

// `feed`: groups of index, data, dims or undefined (the model's own shape).
Status read_feed(Napi::Env env, napi_value feed, const ort::Model& model, Storage storage, ort::Bindings& out,
                 std::vector<napi_value>& borrowed);

// `fetch`: indices of outputs, or undefined for all; `into`: undefined, or groups of position in the fetched list,
// data, dims, for outputs that are written to memory of the caller's.
Status read_fetch(Napi::Env env, napi_value fetch, napi_value into, const ort::Model& model, ort::Bindings& out,
                  std::vector<size_t>& fetched, std::vector<napi_value>& borrowed);

// Groups of data and dims (undefined where they are the model's own); undefined data for what was written `into`.
// Takes the values out of `bindings`.
Status write_outputs(Napi::Env env, const ort::Model& model, const std::vector<size_t>& fetched,
                     ort::Bindings& bindings, napi_value& out);

}  // namespace mj::bind
