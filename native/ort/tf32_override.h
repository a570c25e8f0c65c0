#pragma once

// NVIDIA_TF32_OVERRIDE, which NVIDIA's libraries read for themselves: 0 turns TF32 off whatever a program asks for.
#include <string>

namespace mj::ort {

struct Tf32Override {
  bool set = false;
  std::string value;
  bool changed = false;  // it was another when NVIDIA's libraries were first opened, which may have kept that one
};

Tf32Override tf32_override();

// NVIDIA's libraries are about to be opened. The first call of a process counts.
void note_tf32_override();

}  // namespace mj::ort
