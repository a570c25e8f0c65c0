#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "test/check.h"

// native_tests [substring]: runs the cases whose name contains it, prints the failures and the count. Cases whose name
// begins with MJ_TESTS_WITHOUT are left out: statistics over thousands of runs would take a memory checker hours.
int main(int argc, char** argv) {
  const std::string wanted = argc > 1 ? argv[1] : "";
  const char* without = std::getenv("MJ_TESTS_WITHOUT");
  const std::string unwanted = without != nullptr ? without : "";
  int passed = 0;
  int failed = 0;
  for (const auto& test : mj::test::cases()) {
    if (test.name.find(wanted) == std::string::npos) continue;
    if (!unwanted.empty() && test.name.rfind(unwanted, 0) == 0) continue;
    try {
      test.body();
      ++passed;
    } catch (const std::exception& error) {
      ++failed;
      std::printf("FAILED %s\n  %s\n", test.name.c_str(), error.what());
    }
  }
  std::printf("C++: %d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}
