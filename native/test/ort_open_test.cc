// What is looked at before ONNX Runtime is: releases, provider libraries, devices, and its errors in our words.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "base/elf.h"
#include "measure/time_log.h"
#include "ort/cuda_device.h"
#include "ort/error.h"
#include "ort/library.h"
#include "ort/providers.h"
#include "test/check.h"

namespace {

using namespace mj;
using namespace mj::ort;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string scratch_file(const std::string& content) {
  const std::string path = "/tmp/mj-open-" + std::to_string(getpid());
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

TEST("library: releases before 1.18 and of another major number are refused") {
  for (const char* version : {"1.18.0", "1.30.0", "1.29.1-rc"}) CHECK(check_version(version).ok());
  for (const char* version : {"1.17.3", "2.0.0", "0.9", "", "next"}) {
    CHECK(check_version(version).code == Code::kOrtVersion);
  }
}

TEST("library: loaded runtimes are read from the process' map, provider libraries are none") {
  const std::string maps = scratch_file(
      "7f00-7f01 r-xp 00000000 08:01 11 /a b/libonnxruntime.so.1\n"
      "7f01-7f02 r--p 00000000 08:01 11 /a b/libonnxruntime.so.1\n"
      "7f02-7f03 r-xp 00000000 08:01 12 /c/libonnxruntime.so.1.29.0\n"
      "7f03-7f04 r-xp 00000000 08:01 13 /c/libonnxruntime_providers_shared.so\n"
      "7f04-7f05 rw-p 00000000 00:00 0 \n");
  const std::vector<std::string> loaded = loaded_runtimes(maps);
  std::remove(maps.c_str());
  CHECK_EQ(loaded.size(), 2U);
  CHECK_EQ(loaded[0], std::string("/a b/libonnxruntime.so.1"));
  CHECK_EQ(loaded[1], std::string("/c/libonnxruntime.so.1.29.0"));
}

TEST("providers: the device is the option device_id") {
  CHECK_EQ(device_ordinal({"cuda", {}, {}, {}}), 0);
  CHECK_EQ(device_ordinal({"cuda", {"a", "device_id"}, {"9", "3"}, {}}), 3);
}

TEST("cuda: a device goes by NVML's names") {
  CudaDevice device;
  CHECK(find_cuda_device(1, device, MJ_FAKES "/cuda/libcuda.so.1").ok());
  CHECK_EQ(device.uuid, std::string("GPU-f1f2f3f4-f5f6-f7f8-f9fa-fbfcfdfeff00"));
  CHECK_EQ(device.pci_bus_id, std::string("00000000:A1:00.0"));
  CHECK_EQ(device.ordinal, 1);
  CHECK_EQ(device.model.name, std::string("Fake H100"));
  CHECK_EQ(device.model.major * 10 + device.model.minor, 90);
  CHECK_EQ(device.model.multiprocessors, 132);
  CHECK_EQ(device.model.memory_bytes, size_t{80} << 30);
  CHECK(device.present());
}

TEST("cuda: copies in and out, and a failure of the device is one of ours") {
  const char* driver = MJ_FAKES "/cuda/libcuda.so.1";
  CudaDevice device;
  CHECK(device.synchronise().ok());  // nothing to wait for
  CHECK(find_cuda_device(0, device, driver).ok());
  CHECK(device.synchronise().ok());
  const float host[] = {1, 2};
  float memory[2] = {};
  float back[2] = {};
  CHECK(device.copy_in(memory, host, sizeof(host)).ok());
  CHECK(device.copy_out(back, memory, sizeof(back)).ok());
  CHECK_EQ(back[1], 2.0F);

  auto* fail_next = reinterpret_cast<void (*)(int)>(dlsym(dlopen(driver, RTLD_NOW), "mj_fail_next"));
  fail_next(700);
  const Status lost = device.synchronise();
  CHECK(lost.code == Code::kDeviceLost);
  CHECK(contains(lost.message, "cuCtxSynchronize gives 700"));
  fail_next(2);
  CHECK(device.copy_in(memory, host, sizeof(host)).code == Code::kOutOfMemory);
  fail_next(201);
  CHECK(device.copy_out(back, memory, sizeof(back)).code == Code::kDriverFailure);
  CHECK(device.copy_out(back, memory, 0).ok());
  CHECK_EQ(device.memory().total, int64_t{80} << 30);
  CHECK_EQ(CudaDevice().memory().total, -1);
}

TEST("cuda: no such device, a lost one, no driver") {
  CudaDevice device;
  const Status none = find_cuda_device(5, device, MJ_FAKES "/cuda/libcuda.so.1");
  CHECK(none.code == Code::kProviderUnavailable);
  CHECK(contains(none.message, "cuDeviceGet gives 101 (invalid device ordinal)"));
  CHECK(contains(find_cuda_device(2, device, MJ_FAKES "/cuda/libcuda.so.1").message, "cuDeviceGetUuid gives 46"));
  CHECK(find_cuda_device(0, device, "/nowhere/libcuda.so.1").code == Code::kProviderUnavailable);
  CHECK(find_cuda_device(0, device, MJ_FAKES "/gpu/cuda/libcublas.so.13").code == Code::kProviderUnavailable);
  CHECK(device.uuid.empty());
}

TEST("errors: ONNX Runtime's codes and words become ours, in one sentence") {
  struct Case {
    abi::ErrorCode code;
    const char* text;
    Activity activity;
    Code expected;
  };
  const Case cases[] = {
      {abi::error::kInvalidProtobuf, "Protobuf parsing failed.", Activity::kCreate, Code::kInvalidModel},
      {abi::error::kInvalidGraph, "no", Activity::kCreate, Code::kInvalidModel},
      {abi::error::kFail, "Load model from x failed", Activity::kCreate, Code::kInvalidModel},
      {abi::error::kFail, "Load model from x failed", Activity::kRun, Code::kOrtFailure},
      {abi::error::kInvalidArgument, "Got invalid dimensions", Activity::kRun, Code::kInvalidArgument},
      {abi::error::kNotImplemented, "no kernel", Activity::kCreate, Code::kNotSupported},
      {abi::error::kRuntimeException, "Failed to allocate memory for requested buffer", Activity::kRun,
       Code::kOutOfMemory},
      {abi::error::kFail, "CUDA failure 2: out of memory", Activity::kRun, Code::kOutOfMemory},
      {abi::error::kFail, "CUDNN failure 4004: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED", Activity::kRun,
       Code::kOutOfMemory},
      {abi::error::kFail, "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED", Activity::kRun, Code::kOutOfMemory},
      {abi::error::kFail, "Error Code 2: OutOfMemory (Requested size was 16581132288 bytes.)", Activity::kCreate,
       Code::kOutOfMemory},
      {abi::error::kFail, "CUDA failure 700: an illegal memory access", Activity::kRun, Code::kDeviceLost},
      {abi::error::kFail, "CUDA failure 719: unspecified launch failure while out of memory", Activity::kRun,
       Code::kDeviceLost},
      {abi::error::kFail, "CUDA failure 999: unknown error", Activity::kCreate, Code::kDeviceLost},
      {abi::error::kFail, "CUDA failure 70: no such number", Activity::kRun, Code::kOrtFailure},
      {abi::error::kFail, "CUDA failure 100: no CUDA-capable device is detected", Activity::kCreate,
       Code::kProviderUnavailable},
      {abi::error::kEpFail, "engine", Activity::kCreate, Code::kProviderUnavailable},
  };
  for (const Case& c : cases)
    CHECK_EQ(std::string(code_name(translate(c.code, c.text, c.activity).code)), code_name(c.expected));
  const Status status = translate(abi::error::kFail, "two\n  lines. \nStacktrace:\n0x1", Activity::kRun);
  CHECK_EQ(status.message, std::string("ONNX Runtime: two lines."));
}

TEST("errors: an allocation that failed on a device tells its sizes, one of the host stays as it was") {
  const auto told = [](const char* text, const DeviceMemory& device) {
    return out_of_device_memory({Code::kOutOfMemory, text}, device);
  };
  const Status arena =
      told("Failed to allocate memory for requested buffer of size 1610612736", {1048576, 85899345920});
  CHECK(arena.code == Code::kOutOfDeviceMemory);
  CHECK(contains(arena.message, "1.50 GiB more were asked for; 1.00 MiB of 80.00 GiB are free. Failed to allocate"));
  const Status limit = told("Available memory of 512 is smaller than requested bytes of 2048", {});
  CHECK(contains(limit.message, "2.00 KiB more were asked for, 512 B of gpu_mem_limit are left. Available"));
  CHECK(contains(limit.remedy, "gpu_mem_limit"));
  CHECK_EQ(told("CUDA failure 2: out of memory", {}).message,
           std::string("The device is out of memory. CUDA failure 2: out of memory"));
  CHECK(told("CUDA failure 2: out of memory ; expr=cudaHostAlloc(&p)", {}).code == Code::kOutOfMemory);
  CHECK(told("std::bad_alloc", {}).code == Code::kOutOfMemory);
}

TEST("cuda: a device that is lost is lost to the process, and no other one is") {
  CHECK(lost_device("GPU-test").ok());
  lose_device("GPU-test", {Code::kDeviceLost, "First.", "Again."});
  lose_device("GPU-test", {Code::kDeviceLost, "Second.", ""});
  const Status lost = lost_device("GPU-test");
  CHECK(lost.code == Code::kDeviceLost);
  CHECK_EQ(lost.message, std::string("The device was lost to this process before. First."));
  CHECK_EQ(lost.remedy, std::string("Again."));
  CHECK(lost_device("GPU-other").ok());
}

TEST("time log: of more than it may keep every second remains, and the moments are those of all") {
  measure::TimeLog log(1000);
  for (int i = 0; i < 5000; ++i) {
    log.reserve();
    log.push(i);
  }
  CHECK_EQ(log.runs(), 5000U);
  CHECK_EQ(log.every(), 8U);
  CHECK_EQ(log.size(), 625U);
  for (size_t i = 0; i < log.size(); ++i) CHECK_EQ(log[i], 8.0 * static_cast<double>(i));
  const measure::Moments& all = log.moments();
  CHECK_EQ(all.min, 0.0);
  CHECK_EQ(all.max, 4999.0);
  CHECK_NEAR(all.mean, 2499.5, 1e-9);
  CHECK_NEAR(all.squares, 5000.0 * (25e6 - 1) / 12, 1);
}

TEST("time log: keeps what is pushed across its blocks") {
  measure::TimeLog log;
  const size_t count = measure::TimeLog::kBlock * 2 + 3;
  for (size_t i = 0; i < count; ++i) {
    log.reserve();
    log.push(static_cast<double>(i));
  }
  CHECK_EQ(log.size(), count);
  CHECK_EQ(log.every(), 1U);
  for (const size_t i : {size_t{0}, measure::TimeLog::kBlock - 1, measure::TimeLog::kBlock, count - 1}) {
    CHECK_EQ(log[i], static_cast<double>(i));
  }
}

}  // namespace
