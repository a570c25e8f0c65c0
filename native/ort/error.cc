#include "ort/error.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>

#include "ort/library.h"

namespace mj::ort {

namespace {

bool contains_any(const std::string& text, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(),
                     [&text](const char* word) { return text.find(word) != std::string::npos; });
}

// ONNX Runtime's texts may hold a stack trace and line breaks; an error of ours is one sentence.
std::string sentence(const std::string& text) {
  std::string line = text.substr(0, text.find("\nStacktrace"));
  std::replace_if(line.begin(), line.end(), [](unsigned char c) { return std::isspace(c) != 0; }, ' ');
  line.erase(std::unique(line.begin(), line.end(), [](char a, char b) { return a == ' ' && b == ' '; }), line.end());
  while (!line.empty() && (line.back() == ' ' || line.back() == '.')) line.pop_back();
  return line + ".";
}

Code code_of(abi::ErrorCode code, const std::string& text, Activity activity) {
  // ONNX Runtime has no code for these; the words are those of its allocators, of CUDA's and of cuBLAS'.
  if (contains_any(text, {"Failed to allocate memory", "out of memory", "bad_alloc", "ALLOC_FAILED",
                          "Available memory of", "OutOfMemory"})) {
    return Code::kOutOfMemory;
  }
  if (contains_any(text, {"illegal memory access", "unspecified launch failure", "device-side assert", "GPU is lost",
                          "uncorrectable ECC", "CUDA failure 46:", "CUDA failure 700:", "CUDA failure 719:"})) {
    return Code::kDeviceLost;
  }
  if (contains_any(text, {"no CUDA-capable device", "CUDA driver version is insufficient",
                          "CUDA failure 100:", "CUDA failure 35:"})) {
    return Code::kProviderUnavailable;
  }
  const bool creating = activity == Activity::kCreate;
  switch (code) {
    case abi::error::kInvalidArgument:
      return creating ? Code::kInvalidModel : Code::kInvalidArgument;
    case abi::error::kInvalidProtobuf:
    case abi::error::kInvalidGraph:
    case abi::error::kNoSuchFile:
      return Code::kInvalidModel;
    case abi::error::kNotImplemented:
      return Code::kNotSupported;
    case abi::error::kEpFail:
      return creating ? Code::kProviderUnavailable : Code::kOrtFailure;
    case abi::error::kFail:
      return creating && contains_any(text, {"Load model from", "Failed to load model", "Type Error", "ModelProto",
                                             "opset", "is not a registered function", "Invalid model"})
                 ? Code::kInvalidModel
                 : Code::kOrtFailure;
    default:
      return Code::kOrtFailure;
  }
}

const char* remedy_of(Code code, Activity activity) {
  switch (code) {
    case Code::kOutOfMemory:
      return "Use a smaller batch, or free memory on the device.";
    case Code::kDeviceLost:
      return "Release the session and start the process again; look at the driver's log (dmesg, nvidia-smi).";
    case Code::kInvalidModel:
      return "Check the file with the ONNX checker, or export the model again.";
    case Code::kProviderUnavailable:
      return "Run `microjoule probe`, or put 'cpu' first in executionProviders.";
    case Code::kNotSupported:
      return activity == Activity::kCreate ? "Use another execution provider, or a newer onnxruntime-node." : "";
    default:
      return "";
  }
}

}  // namespace

Status translate(abi::ErrorCode code, const std::string& text, Activity activity) {
  const Code ours = code_of(code, text, activity);
  return {ours, "ONNX Runtime: " + sentence(text), remedy_of(ours, activity)};
}

Status take(abi::Status* status, Activity activity) {
  if (status == nullptr) return {};
  const Status result = translate(api().GetErrorCode(status), api().GetErrorMessage(status), activity);
  api().ReleaseStatus(status);
  return result;
}

}  // namespace mj::ort
