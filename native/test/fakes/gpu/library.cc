// A library of CUDA's, cuDNN's or TensorRT's: a name, what it needs, and what it says about its version.
#include <dlfcn.h>

#include <cstddef>
#include <cstdlib>

#define MJ_EXPORT extern "C" __attribute__((visibility("default")))

#ifdef MJ_CUDNN_VERSION
MJ_EXPORT size_t cudnnGetVersion() { return MJ_CUDNN_VERSION; }
MJ_EXPORT size_t cudnnGetCudartVersion() { return MJ_CUDART_VERSION; }
#endif

#ifdef MJ_PART
// As the real ones find their parts: by name, when they are needed.
MJ_EXPORT int mj_has_part() { return dlopen(MJ_PART, RTLD_NOW | RTLD_LOCAL) != nullptr ? 1 : 0; }
#endif

#ifdef MJ_INFER_VERSION
MJ_EXPORT int getInferLibVersion() {
  const char* given = std::getenv("MJ_FAKE_TENSORRT");
  return given != nullptr ? std::atoi(given) : MJ_INFER_VERSION;
}
#endif

#ifdef MJ_SYMBOL
MJ_EXPORT int MJ_SYMBOL() { return 0; }
#endif

#ifdef MJ_NEEDS
extern "C" int MJ_NEEDS();
MJ_EXPORT int mj_uses_needed() { return MJ_NEEDS(); }
#endif
