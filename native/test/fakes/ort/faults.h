#pragma once

// Faults of a device, by MJ_FAKE_FAULTS: CALL@FROM[-TO]=WHAT, separated by '|'. CALL is create, run or tensor (an
// allocation), counted from 1 each. WHAT: 'slow MS' adds time within one node, which nothing cancels; 'lost' fails this
// call and whatever uses the context afterwards, and releasing a session aborts, as CUDA's provider then does;
// 'silently lost' is the same with a failure that does not say so; anything else is the text of a failure.
#include <string>

namespace mj::fake {

enum class Call { kCreate, kRun, kTensor };

struct Fault {
  long slow_ms = 0;
  std::string failure;  // empty: none
};

// Of the next call of this kind.
Fault next_fault(Call call);
bool device_lost();

}  // namespace mj::fake
