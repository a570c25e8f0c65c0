#pragma once

// A few lines instead of a framework: none can be had here from the registries that the tests may use.
#include <cmath>
#include <cstdio>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace mj::test {

struct Case {
  std::string name;
  std::function<void()> body;
};

inline std::vector<Case>& cases() {
  static auto* all = new std::vector<Case>();
  return *all;
}

struct Register {
  Register(std::string name, std::function<void()> body) { cases().push_back({std::move(name), std::move(body)}); }
};

template <typename T>
std::string show(const T& value) {
  std::ostringstream out;
  out.precision(17);
  out << value;
  return out.str();
}

[[noreturn]] inline void fail(const char* file, int line, const std::string& text) {
  throw std::runtime_error(std::string(file) + ":" + std::to_string(line) + ": " + text);
}

}  // namespace mj::test

#define MJ_JOIN2(a, b) a##b
#define MJ_JOIN(a, b) MJ_JOIN2(a, b)
#define TEST(name)                                                                           \
  static void MJ_JOIN(test_, __LINE__)();                                                    \
  static const ::mj::test::Register MJ_JOIN(reg_, __LINE__)(name, MJ_JOIN(test_, __LINE__)); \
  static void MJ_JOIN(test_, __LINE__)()

#define CHECK(condition)                                                \
  do {                                                                  \
    if (!(condition)) ::mj::test::fail(__FILE__, __LINE__, #condition); \
  } while (false)
#define CHECK_EQ(a, b)                                                                                                \
  do {                                                                                                                \
    const auto& left_ = (a);                                                                                          \
    const auto& right_ = (b);                                                                                         \
    if (!(left_ == right_))                                                                                           \
      ::mj::test::fail(__FILE__, __LINE__,                                                                            \
                       std::string(#a " == " #b ": ") + ::mj::test::show(left_) + " vs " + ::mj::test::show(right_)); \
  } while (false)
#define CHECK_NEAR(a, b, tolerance)                                                                                  \
  do {                                                                                                               \
    const double left_ = (a), right_ = (b);                                                                          \
    if (!(std::fabs(left_ - right_) <= (tolerance)))                                                                 \
      ::mj::test::fail(__FILE__, __LINE__,                                                                           \
                       std::string(#a " ~ " #b ": ") + ::mj::test::show(left_) + " vs " + ::mj::test::show(right_)); \
  } while (false)
