#include "ort/error.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <initializer_list>

#include "ort/cuda_error.h"
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

// The number in 'CUDA failure 700: …', as its provider writes it; 0: none.
int cuda_failure(const std::string& text) {
  static constexpr char kWords[] = "CUDA failure ";
  const size_t at = text.find(kWords);
  return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + sizeof(kWords) - 1);
}

Code code_of(abi::ErrorCode code, const std::string& text, Activity activity) {
  // Before memory: what follows on a lost context may speak of anything.
  if (ends_context(cuda_failure(text)) ||
      contains_any(text, {"illegal memory access", "unspecified launch failure", "device-side assert",
                          "uncorrectable ECC", "GPU is lost"})) {
    return Code::kDeviceLost;
  }
  // ONNX Runtime has no code for these; the words are those of its arena, of CUDA, cuBLAS, cuDNN and TensorRT.
  if (contains_any(text, {"Failed to allocate memory", "Available memory of", "out of memory", "bad_alloc",
                          "ALLOC_FAILED", "ALLOCATION_FAILED", "OutOfMemory"})) {
    return Code::kOutOfMemory;
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

const char* remedy_of(Code code, Activity activity, const std::string& text) {
  switch (code) {
    case Code::kOutOfMemory:
      return "Use a smaller batch, or free memory.";
    case Code::kDeviceLost:
      return kDeviceLostRemedy;
    case Code::kInvalidModel:
      return "Check the file with the ONNX checker, or export the model again.";
    case Code::kProviderUnavailable:
      return "Run `microjoule probe`, or put 'cpu' first in executionProviders.";
    case Code::kNotSupported:
      return activity == Activity::kCreate ? "Use another execution provider, or a newer onnxruntime-node." : "";
    case Code::kOrtFailure:
      return contains_any(text, {"failed to create engine"})
                 ? "TensorRT tells why in ONNX Runtime's log (logSeverityLevel: 2); often it is memory, which a "
                   "smaller "
                   "batch or trt_max_workspace_size needs less of."
                 : "";
    default:
      return "";
  }
}

}  // namespace

Status translate(abi::ErrorCode code, const std::string& text, Activity activity) {
  const Code ours = code_of(code, text, activity);
  return {ours, "ONNX Runtime: " + sentence(text), remedy_of(ours, activity, text)};
}

Status take(abi::Status* status, Activity activity) {
  if (status == nullptr) return {};
  const Status result = translate(api().GetErrorCode(status), api().GetErrorMessage(status), activity);
  api().ReleaseStatus(status);
  return result;
}

}  // namespace mj::ort
