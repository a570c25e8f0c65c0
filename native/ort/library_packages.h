#pragma once

#include <string>

namespace mj::ort {

// 'libcublas.so.13' in its parts. The stem of 'libnvinfer_builder_resource.so.10.6.0' has its major, 10, too.
std::string library_stem(const std::string& name);  // 'libcublas'
int library_major(const std::string& name);         // 13; 0: none

// Whether it comes with the NVIDIA driver: never to be taken from anywhere else than where the loader finds it.
bool of_driver(const std::string& name);

// Whether we know which package ships it.
bool packaged(const std::string& name);

// How to get it, for a provider that was built for this major of CUDA (0: not known).
std::string library_remedy(const std::string& name, int cuda);

}  // namespace mj::ort
