#pragma once

// A model of one node in ONNX' protobuf, by hand.
#include <cstdint>
#include <string>
#include <vector>

namespace mj::test {

inline std::string varint(uint64_t value) {
  std::string bytes;
  do {
    const auto low = static_cast<char>(value & 0x7f);
    value >>= 7;
    bytes += value > 0 ? static_cast<char>(low | 0x80) : low;
  } while (value > 0);
  return bytes;
}

inline std::string number(int field, uint64_t value) {
  return varint(static_cast<uint64_t>(field) << 3) + varint(value);
}

inline std::string bytes(int field, const std::string& body) {
  return varint((static_cast<uint64_t>(field) << 3) | 2) + varint(body.size()) + body;
}

// Free dimensions are named 'n'.
inline std::string value(int field, const std::string& name, int type, const std::vector<int64_t>& shape) {
  std::string dims;
  for (const int64_t dim : shape) {
    dims += bytes(1, dim >= 0 ? number(1, static_cast<uint64_t>(dim)) : bytes(2, "n"));
  }
  return bytes(field, bytes(1, name) + bytes(2, bytes(1, number(1, static_cast<uint64_t>(type)) + bytes(2, dims))));
}

// y = op(x), or y = op(x, w) with w in another file.
inline std::string one_node(const std::string& op, int type, const std::vector<int64_t>& shape,
                            const std::string& external_weights = {}) {
  const bool weighted = !external_weights.empty();
  std::string graph = bytes(1, bytes(1, "x") + (weighted ? bytes(1, "w") : "") + bytes(2, "y") + bytes(4, op));
  graph += bytes(2, "g");
  if (weighted) {
    const std::string location = bytes(13, bytes(1, "location") + bytes(2, external_weights));
    graph += bytes(5, number(1, 2) + number(2, static_cast<uint64_t>(type)) + bytes(8, "w") + location + number(14, 1));
  }
  graph += value(11, "x", type, shape) + value(12, "y", type, shape);
  return number(1, 10) + bytes(7, graph) + bytes(8, bytes(1, "") + number(2, 21));
}

}  // namespace mj::test
