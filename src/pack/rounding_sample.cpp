#include "pack/rounding_sample.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.hpp"

namespace pack {
namespace {

// Fewer values of float32 than this between the smallest and the largest value are few.
constexpr double kManyValues = 1 << 20;

/// A permutation of all 32-bit words (the finalizer of MurmurHash3): a hash stands for one float32 value.
uint32_t HashOf(float rounded) {
  if (rounded == 0) rounded = 0;  // the negative one, too
  uint32_t h;
  std::memcpy(&h, &rounded, sizeof(h));
  h = (h ^ (h >> 16)) * 0x85ebca6bU;
  h = (h ^ (h >> 13)) * 0xc2b2ae35U;
  return h ^ (h >> 16);
}

}  // namespace

void RoundingSample::Add(double value) {
  if (cells_.empty()) min_ = max_ = value;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
  integral_ = integral_ && value == std::trunc(value);
  AddRange(value, value);
}

/// Numbers that are rounded to one float32 value.
void RoundingSample::AddRange(double low, double high) {
  const auto rounded = static_cast<float>(low);
  if (!std::isfinite(rounded)) return;  // it will be refused
  const uint32_t hash = HashOf(rounded);
  if (cells_.size() == kMostCells && hash > cells_.back().hash) return;
  const auto at = std::lower_bound(cells_.begin(), cells_.end(), hash, [](const Cell& cell, uint32_t h) { return cell.hash < h; });
  if (at != cells_.end() && at->hash == hash) {
    at->low = std::min(at->low, low);
    at->high = std::max(at->high, high);
    return;
  }
  cells_.insert(at, {hash, low, high});
  if (cells_.size() > kMostCells) cells_.pop_back();
}

void RoundingSample::Merge(const RoundingSample& other) {
  if (other.cells_.empty()) return;
  const bool first = cells_.empty();
  min_ = first ? other.min_ : std::min(min_, other.min_);
  max_ = first ? other.max_ : std::max(max_, other.max_);
  integral_ = integral_ && other.integral_;
  for (const Cell& cell : other.cells_) AddRange(cell.low, cell.high);
}

std::optional<std::pair<double, double>> RoundingSample::Indistinct() const {
  const auto cell = std::find_if(cells_.begin(), cells_.end(), [](const Cell& c) { return c.low < c.high; });
  if (cell == cells_.end()) return std::nullopt;
  const auto largest = static_cast<float>(std::max(std::abs(min_), std::abs(max_)));
  const double gap = static_cast<double>(std::nextafter(largest, std::numeric_limits<float>::infinity())) - static_cast<double>(largest);
  if (!integral_ && (max_ - min_) / gap >= kManyValues) return std::nullopt;
  return std::make_pair(cell->low, cell->high);
}

base::Value RoundingSample::Write() const {
  base::List cells;
  for (const Cell& cell : cells_) cells.emplace_back(base::List{base::Value(cell.low), base::Value(cell.high)});
  return base::List{base::Value(integral_), base::Value(min_), base::Value(max_), base::Value(std::move(cells))};
}

RoundingSample RoundingSample::Read(const base::Value& value) {
  const base::List& parts = value.list();
  if (parts.size() != 4) throw base::Error(base::ErrorCode::kDataCorrupted, "a profile's sample does not have four parts");
  RoundingSample sample;
  sample.integral_ = parts[0].boolean();
  sample.min_ = parts[1].number();
  sample.max_ = parts[2].number();
  for (const base::Value& cell : parts[3].list()) {
    if (cell.list().size() != 2) throw base::Error(base::ErrorCode::kDataCorrupted, "a profile's sample has a cell that is no pair");
    sample.AddRange(cell.list()[0].number(), cell.list()[1].number());
  }
  return sample;
}

}  // namespace pack
