#include "pack/buffer_plan.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "base/error.hpp"

namespace pack {
namespace {

using base::ColumnSpec;
using base::DType;

constexpr int64_t kMultiples[] = {256, 128, 64, 32};  // of the usual batch sizes

int64_t MultipleOf(int64_t rows) {
  for (int64_t m : kMultiples) {
    if (rows >= m) return m;
  }
  return 1;
}

}  // namespace

BufferPlan PlanBuffers(const std::optional<int32_t>& buffer_size, int64_t buffer_bytes, size_t row_bytes) {
  BufferPlan plan;
  if (buffer_size) {
    plan.rows = *buffer_size;
    plan.exact = true;
    return plan;
  }
  plan.rows = std::max<int64_t>(1, buffer_bytes / static_cast<int64_t>(std::max<size_t>(row_bytes, 1)));
  plan.rows -= plan.rows % MultipleOf(plan.rows);
  return plan;
}

int64_t BufferRows(const BufferPlan& plan, int64_t partition_rows) {
  if (partition_rows <= plan.rows) return std::max<int64_t>(partition_rows, 1);
  if (plan.exact) return plan.rows;
  const int64_t buffers = (partition_rows + plan.rows - 1) / plan.rows;
  const int64_t even = (partition_rows + buffers - 1) / buffers;
  const int64_t multiple = MultipleOf(plan.rows);
  return std::min(plan.rows, (even + multiple - 1) / multiple * multiple);
}

int64_t MaxBufferRows(const BufferPlan& plan, const PartitionRanks& ranks) {
  int64_t most = 1;
  for (int64_t p = 0; p < ranks.partitions(); ++p) most = std::max(most, BufferRows(plan, ranks.Rows(p)));
  return most;
}

std::vector<int> AssignPartitions(const std::vector<int64_t>& rows, const std::vector<int64_t>& more) {
  std::vector<int> smallest(rows.size()), largest(more.size());
  std::iota(smallest.begin(), smallest.end(), 0);
  std::iota(largest.begin(), largest.end(), 0);
  std::stable_sort(smallest.begin(), smallest.end(), [&](int a, int b) { return rows[static_cast<size_t>(a)] < rows[static_cast<size_t>(b)]; });
  std::stable_sort(largest.begin(), largest.end(), [&](int a, int b) { return more[static_cast<size_t>(a)] > more[static_cast<size_t>(b)]; });
  std::vector<int> targets(more.size());
  for (size_t i = 0; i < largest.size(); ++i) targets[static_cast<size_t>(largest[i])] = smallest.at(i);
  return targets;
}

Moments::Moments(const ColumnSpec& column)
    : dtype_(column.dtype), width_(column.shape.empty() ? 1 : static_cast<size_t>(column.shape.back())), shift_(width_), sum_(width_),
        square_(width_) {}

template <typename T>
void Moments::AddRun(base::Bytes rows) {
  const size_t n = rows.size / (sizeof(T) * width_);
  const uint8_t* at = rows.data;
  const auto next = [&at] {
    T v;
    std::memcpy(&v, at, sizeof(T));
    at += sizeof(T);
    return static_cast<double>(v);
  };
  if (count_ == 0 && n > 0) {
    for (double& s : shift_) s = next();
    at = rows.data;
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < width_; ++k) {
      const double d = next() - shift_[k];
      sum_[k] += d;
      square_[k] += d * d;
    }
  }
  count_ += static_cast<int64_t>(n);
}

void Moments::Add(base::Bytes rows) {
  switch (dtype_) {
    case DType::kUInt8: return AddRun<uint8_t>(rows);
    case DType::kInt8: return AddRun<int8_t>(rows);
    case DType::kInt16: return AddRun<int16_t>(rows);
    case DType::kInt32: return AddRun<int32_t>(rows);
    case DType::kFloat32: return AddRun<float>(rows);
    case DType::kFloat64: return AddRun<double>(rows);
  }
}

void Moments::Merge(const Moments& next) {
  if (next.count_ == 0) return;
  if (count_ == 0) {
    *this = next;
    return;
  }
  const double n = static_cast<double>(next.count_);
  for (size_t k = 0; k < width_; ++k) {
    const double d = next.shift_[k] - shift_[k];
    sum_[k] += next.sum_[k] + n * d;
    square_[k] += next.square_[k] + d * (2 * next.sum_[k] + n * d);
  }
  count_ += next.count_;
}

std::string Moments::Write() const {
  std::vector<double> words = {static_cast<double>(count_)};
  for (const std::vector<double>* part : {&shift_, &sum_, &square_}) words.insert(words.end(), part->begin(), part->end());
  return {reinterpret_cast<const char*>(words.data()), words.size() * sizeof(double)};
}

void Moments::Read(base::Bytes bytes) {
  if (bytes.size != written_bytes()) {
    throw base::Error(base::ErrorCode::kDataCorrupted, "the sums of a packed column have " + std::to_string(bytes.size) +
                                                           " bytes instead of " + std::to_string(written_bytes()));
  }
  std::vector<double> words(1 + 3 * width_);
  std::memcpy(words.data(), bytes.data, bytes.size);
  count_ = static_cast<int64_t>(words[0]);
  const double* from = words.data() + 1;
  for (std::vector<double>* part : {&shift_, &sum_, &square_}) {
    std::copy_n(from, width_, part->begin());
    from += width_;
  }
}

void Moments::Finish(ColumnSpec* column) const {
  column->mean.clear();
  column->std.clear();
  const double n = static_cast<double>(std::max<int64_t>(count_, 1));
  for (size_t k = 0; k < width_; ++k) {
    const double offset = sum_[k] / n;
    const double variance = std::max(0.0, square_[k] / n - offset * offset);
    const double deviation = std::sqrt(variance) * std::abs(column->scale);
    column->mean.push_back((shift_[k] + offset) * column->scale);
    column->std.push_back(deviation > 0 && std::isfinite(deviation) ? deviation : 1.0);
  }
}

}  // namespace pack
