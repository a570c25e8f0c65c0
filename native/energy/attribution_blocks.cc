#include "energy/attribution_blocks.h"

#include <algorithm>
#include <limits>

namespace mj::energy {

namespace {

// splitmix64 (Steele, Lea, Flood 2014): the same numbers with every library.
class Draws {
 public:
  explicit Draws(uint64_t seed) noexcept : state_(seed) {}
  size_t below(size_t count) noexcept {
    state_ += 0x9e3779b97f4a7c15ULL;
    uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    z ^= z >> 31U;
    return static_cast<size_t>(static_cast<double>(z >> 11U) * 0x1p-53 * static_cast<double>(count));
  }

 private:
  uint64_t state_;
};

// Sums that a fit needs: products of the whitened columns and joules with each other, and plain sums of both.
struct BlockSums {
  Matrix products;
  std::vector<double> sums;

  explicit BlockSums(size_t columns) : products(columns, columns), sums(columns) {}
  void add(const BlockSums& other) noexcept {
    for (size_t i = 0; i < sums.size(); ++i) {
      sums[i] += other.sums[i];
      for (size_t j = 0; j < sums.size(); ++j) products(i, j) += other.products(i, j);
    }
  }
};

BlockSums sums_of(const AttributionData& data, size_t first, size_t count) {
  const size_t columns = data.seconds.columns() + 1;
  Matrix rows(count, columns);
  BlockSums out(columns);
  for (size_t i = 0; i < count; ++i) {
    std::copy_n(data.seconds.row(first + i), columns - 1, rows.row(i));
    rows(i, columns - 1) = data.joules[first + i];
    for (size_t j = 0; j < columns; ++j) out.sums[j] += rows(i, j);
  }
  Whitener(data.errors, first, count).whiten(rows);
  out.products = product(transposed(rows), rows);
  return out;
}

// The fit of fit_attribution from sums alone, in the contrasts that the whole design shows.
bool fit_sums(const AttributionData& data, const Matrix& shown, const BlockSums& sums, double* watts) {
  const size_t columns = data.seconds.columns();
  const size_t contrasts = shown.columns();
  double length = 0;
  for (size_t j = 0; j < data.labels; ++j) length += sums.sums[j];
  const double power = sums.sums[columns] / length;
  // Columns and joules as contrasts: the level taken out.
  Matrix to(columns + 1, contrasts + 1);
  for (size_t k = 0; k < contrasts; ++k) {
    double level = 0;
    for (size_t j = 0; j < columns; ++j) {
      to(j, k) = shown(j, k);
      level += sums.sums[j] / length * shown(j, k);
    }
    for (size_t j = 0; j < data.labels; ++j) to(j, k) -= level;
  }
  for (size_t j = 0; j < data.labels; ++j) to(j, contrasts) = -power;
  to(columns, contrasts) = 1;
  const Matrix normal = product(transposed(to), product(sums.products, to));
  Matrix information(contrasts, contrasts);
  std::vector<double> size(contrasts);
  for (size_t k = 0; k < contrasts; ++k) {
    for (size_t m = 0; m < contrasts; ++m) information(k, m) = normal(k, m);
    size[k] = normal(k, contrasts);
  }
  if (!solve_positive(information, size)) return false;
  double energy = 0;
  for (size_t j = 0; j < columns; ++j) {
    watts[j] = 0;
    for (size_t k = 0; k < contrasts; ++k) watts[j] += shown(j, k) * size[k];
    energy += sums.sums[j] * watts[j];
  }
  for (size_t j = 0; j < data.labels; ++j) watts[j] += power - energy / length;
  return true;
}

}  // namespace

Matrix bootstrap_watts(const AttributionData& data, const AttributionFit& fit, size_t block_intervals, int replicates,
                       uint64_t seed) {
  const size_t columns = data.seconds.columns();
  const Blocks blocks(data.intervals(), block_intervals);
  std::vector<BlockSums> each;
  each.reserve(blocks.count);
  for (size_t i = 0; i < blocks.count; ++i) {
    each.push_back(sums_of(data, blocks.begin(i), blocks.begin(i + 1) - blocks.begin(i)));
  }
  Draws draws(seed);
  Matrix out(static_cast<size_t>(replicates), columns);
  for (size_t replicate = 0; replicate < out.rows(); ++replicate) {
    BlockSums sums(columns + 1);
    for (size_t i = 0; i < blocks.count; ++i) sums.add(each[draws.below(blocks.count)]);
    // Blocks that lack a label altogether say nothing of it.
    if (!fit_sums(data, fit.shown, sums, out.row(replicate))) {
      std::fill_n(out.row(replicate), columns, std::numeric_limits<double>::quiet_NaN());
    }
  }
  return out;
}

}  // namespace mj::energy
