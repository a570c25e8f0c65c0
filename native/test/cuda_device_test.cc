// Which device is meant, whatever is visible in which order, and that a thread's calls reach the session's own.
#include "ort/cuda_device.h"

#include <dlfcn.h>

#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include "test/check.h"

namespace {

using namespace mj;
using namespace mj::ort;

const char* const kDriver = MJ_FAKES "/cuda/libcuda.so.1";
const std::string kFirst = "GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff";
const std::string kSecond = "GPU-f1f2f3f4-f5f6-f7f8-f9fa-fbfcfdfeff00";

class Visible {
 public:
  explicit Visible(const std::string& devices) { setenv("CUDA_VISIBLE_DEVICES", devices.c_str(), 1); }
  ~Visible() { unsetenv("CUDA_VISIBLE_DEVICES"); }
  Visible(const Visible&) = delete;
  Visible& operator=(const Visible&) = delete;
};

CudaDevice found(int ordinal) {
  CudaDevice device;
  CHECK_EQ(find_cuda_device(ordinal, device, kDriver).message, std::string());
  return device;
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

int told(const char* function, int index) {
  return reinterpret_cast<int (*)(int)>(dlsym(dlopen(kDriver, RTLD_NOW), function))(index);
}

TEST("cuda: an ordinal counts within CUDA_VISIBLE_DEVICES, in indices or UUIDs, in its order") {
  for (const std::string& order : {std::string("1,0"), kSecond + "," + kFirst, std::string("GPU-f1,GPU-f0f1")}) {
    const Visible visible(order);
    CHECK_EQ(found(0).uuid, kSecond);
    CHECK_EQ(found(0).pci_bus_id, std::string("00000000:A1:00.0"));
    CHECK_EQ(found(1).uuid, kFirst);
  }
  const Visible visible("1");
  CHECK_EQ(found(0).uuid, kSecond);
  CudaDevice device;
  CHECK(find_cuda_device(1, device, kDriver).code == Code::kProviderUnavailable);
}

TEST("cuda: none visible is said so") {
  for (const char* none : {"", "-1", "GPU-00"}) {
    const Visible visible(none);
    CudaDevice device;
    const Status status = find_cuda_device(0, device, kDriver);
    CHECK(status.code == Code::kProviderUnavailable);
    CHECK(contains(status.message, "cuInit gives 100 (no CUDA-capable device is detected)"));
    CHECK(contains(status.remedy, "CUDA_VISIBLE_DEVICES"));
  }
}

TEST("cuda: an instance of a divided GPU goes by its own UUID, on the board's bus") {
  const Visible visible("MIG-40414243-4445-4647-4849-4a4b4c4d4e4f");
  const CudaDevice device = found(0);
  CHECK_EQ(device.uuid, std::string("MIG-40414243-4445-4647-4849-4a4b4c4d4e4f"));
  CHECK_EQ(device.pci_bus_id, std::string("00000000:A1:00.0"));
}

TEST("cuda: each call reaches the device it is meant for, on a thread that has none or another's") {
  const CudaDevice first = found(0);
  const CudaDevice second = found(1);
  const int first_before = told("mj_synchronised", 0);
  const int second_before = told("mj_synchronised", 1);
  int good = 0;
  float back = 0;
  std::thread([&] {
    const float host = 3;
    float memory = 0;
    for (const CudaDevice* device : {&first, &second, &second}) good += device->synchronise().ok() ? 1 : 0;
    good += first.copy_in(&memory, &host, sizeof(host)).ok() ? 1 : 0;
    good += second.copy_out(&back, &memory, sizeof(back)).ok() ? 1 : 0;
  }).join();
  CHECK_EQ(good, 5);
  CHECK_EQ(back, 3.0F);
  // A copy synchronises too.
  CHECK_EQ(told("mj_synchronised", 0) - first_before, 2);
  CHECK_EQ(told("mj_synchronised", 1) - second_before, 3);
}

TEST("cuda: many threads, a device each") {
  const int before = told("mj_synchronised", 0);
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([i, &good] {
      CudaDevice device;
      if (!find_cuda_device(i % 2, device, kDriver).ok()) return;
      for (int k = 0; k < 50; ++k) good += device.synchronise().ok() ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(good, 400);
  CHECK_EQ(told("mj_synchronised", 0) - before, 200);
}

TEST("cuda: the device's context is held as long as anybody uses it") {
  const int before = told("mj_retained", 0);
  {
    CudaDevice device = found(0);
    const CudaDevice copy = device;
    device = {};
    CHECK_EQ(told("mj_retained", 0), before + 1);
    CHECK(copy.synchronise().ok());
  }
  CHECK_EQ(told("mj_retained", 0), before);
}

}  // namespace
