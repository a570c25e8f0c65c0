// A provider library: what becomes of the process that loads it is said by the environment.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

__attribute__((constructor)) void on_load() {
  const char* fate = std::getenv("MJ_FAKE_PROVIDER");
  if (fate == nullptr) return;
  std::fprintf(stderr, "noise\nloading the provider: %s\n", fate);
  if (std::strcmp(fate, "abort") == 0) std::abort();
  if (std::strcmp(fate, "exit") == 0) _exit(7);
  while (std::strcmp(fate, "hang") == 0) sleep(1);
}

#ifdef MJ_OPENS
bool part_of_loaded(const char* name) {
  void* library = dlopen(name, RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) return false;
  const auto has_part = reinterpret_cast<int (*)()>(dlsym(library, "mj_has_part"));
  return has_part != nullptr && has_part() == 1;
}
#endif

}  // namespace

extern "C" int MJ_NEEDS();

#ifndef MJ_OF_ANOTHER_RELEASE
extern "C" __attribute__((visibility("default"))) const char* mj_provider_ready() {
  if (MJ_NEEDS() != 0) return "no";
#ifdef MJ_OPENS
  if (!part_of_loaded(MJ_OPENS)) return MJ_OPENS " or its part cannot be opened by name";
#endif
  return nullptr;
}
#endif
