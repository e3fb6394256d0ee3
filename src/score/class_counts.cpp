#include "score/class_counts.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "data/buffer_source.hpp"
#include "pg/report.hpp"

namespace score {
namespace {

template <typename T>
int64_t Largest(const uint8_t* row, int64_t elements) {
  int64_t best = 0;
  T best_value{};
  for (int64_t i = 0; i < elements; i++) {
    T value;
    std::memcpy(&value, row + static_cast<size_t>(i) * sizeof(T), sizeof(T));
    if (i == 0 || value > best_value) {
      best = i;
      best_value = value;
    }
  }
  return best;
}

template <typename T>
int64_t Integral(const uint8_t* row) {
  T value;
  std::memcpy(&value, row, sizeof(T));
  return static_cast<int64_t>(value);
}

// The class that a packed target row names: an index, a 0 or 1, or the position of the largest number of a vector.
int64_t ActualClass(const base::ColumnSpec& target, const uint8_t* row) {
  const int64_t elements = base::ElementCount(target.shape);
  const bool one = elements == 1;
  switch (target.dtype) {
    case base::DType::kUInt8:
      return one ? Integral<uint8_t>(row) : Largest<uint8_t>(row, elements);
    case base::DType::kInt8:
      return one ? Integral<int8_t>(row) : Largest<int8_t>(row, elements);
    case base::DType::kInt16:
      return one ? Integral<int16_t>(row) : Largest<int16_t>(row, elements);
    case base::DType::kInt32:
      return one ? Integral<int32_t>(row) : Largest<int32_t>(row, elements);
    case base::DType::kFloat32:
      return one ? Integral<float>(row) : Largest<float>(row, elements);
    case base::DType::kFloat64:
      return one ? Integral<double>(row) : Largest<double>(row, elements);
  }
  return 0;
}

void AddRow(const OutputInfo& output, int64_t actual, const float* row, ClassCounts* counts) {
  const int64_t predicted = TopClass(output, row);
  counts->confusions[{actual, predicted}]++;
  const double confidence = ClassProbability(output, row, predicted);
  if (std::isnan(confidence)) return;
  const double bin = std::clamp(std::floor(confidence * kConfidenceBins), 0.0, static_cast<double>(kConfidenceBins - 1));
  ConfidenceBin& own = counts->bins[static_cast<size_t>(bin)];
  own.rows++;
  own.confidence += confidence;
  own.right += actual == predicted ? 1 : 0;
}

}  // namespace

bool HasOneClass(const OutputInfo& output) { return output.meaning != OutputMeaning::kValues && !output.multi_label; }

std::vector<ClassCounts> CountClasses(const ScoredTable& scored) {
  std::vector<ClassCounts> counts(scored.outputs.size());
  std::vector<std::vector<float>> values;
  const data::BufferSource scan(scored.test);
  for (int partition = 0; partition < scored.test.spec.num_partitions; partition++) {
    scan.ForEach(partition, [&](const base::Buffer& buffer) {
      values.clear();
      scored.loaded.model->Predict(buffer, &values, pg::CheckInterrupts);
      for (size_t i = 0; i < scored.outputs.size(); i++) {
        const OutputInfo& output = scored.outputs[i];
        if (!HasOneClass(output)) continue;
        const base::ColumnSpec& target = scored.test.spec.targets[i];
        for (int64_t row = 0; row < buffer.rows; row++) {
          const int64_t actual = ActualClass(target, buffer.targets[i] + static_cast<size_t>(row) * target.row_bytes());
          AddRow(output, actual, values[i].data() + row * output.elements, &counts[i]);
        }
      }
    });
  }
  return counts;
}

}  // namespace score
