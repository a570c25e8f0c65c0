#pragma once

#include <atomic>
#include <map>
#include <memory>

#include "bind/addon_data.h"
#include "energy/meter.h"

namespace mj::bind {

// A meter as one environment sees it: several handles may share one meter. Used on the JavaScript thread only.
class MeterHandle {
 public:
  explicit MeterHandle(std::shared_ptr<energy::Meter> meter) : meter_(std::move(meter)) {}
  ~MeterHandle();
  MeterHandle(const MeterHandle&) = delete;
  MeterHandle& operator=(const MeterHandle&) = delete;

  // Null once closed.
  [[nodiscard]] energy::Meter* meter() const noexcept { return meter_.get(); }
  // Throws meter-closed into JavaScript where it is closed.
  energy::Meter& require(Napi::Env env) const;

  // Ends the waits of this handle and gives up the meter: to be destroyed where its threads may be waited for.
  std::shared_ptr<energy::Meter> release();

  std::map<uint64_t, uint64_t> tickets;  // JavaScript's to the meter's, of pending resolves
  // Ends recordings; theirs too, since they may outlive the handle.
  const std::shared_ptr<std::atomic<bool>> released = std::make_shared<std::atomic<bool>>(false);

 private:
  std::shared_ptr<energy::Meter> meter_;
};

// The NativeMeter object of src/native.ts.
Napi::Object make_meter_object(Napi::Env env, std::shared_ptr<energy::Meter> meter);

}  // namespace mj::bind
