#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "data/buffer_source.hpp"
#include "data/packed_table.hpp"
#include "score/evaluation.hpp"
#include "score/outputs.hpp"
#include "score/predict.hpp"
#include "score/reports.hpp"
#include "store/loaded_model.hpp"
#include "store/result_tables.hpp"
#include "train/memory.hpp"

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

std::optional<std::string> ClassName(const OutputInfo& output, int64_t c) {
  if (c < 0 || c >= static_cast<int64_t>(output.classes.size())) return std::nullopt;
  return output.classes[static_cast<size_t>(c)];
}

// One class a row, actual and predicted: what a confusion matrix counts.
bool HasOneClass(const OutputInfo& output) { return output.meaning != OutputMeaning::kValues && !output.multi_label; }

using Counts = std::map<std::pair<int64_t, int64_t>, int64_t>;  // (actual, predicted) -> rows

}  // namespace

ReportRows ConfusionMatrix(std::string_view model_table, std::string_view test_table, std::optional<int> mst_key) {
  const store::ModelTable table = store::OpenOneModel(model_table, mst_key);
  const data::PackedTable test = data::OpenPackedTable(test_table, "test_table");
  data::PackedTable training;
  training.name = table.name;
  training.spec = table.data;
  data::RequireCompatible(training, test);
  CheckTestValues(table, test);
  const store::StoredModel& stored = table.models.front();
  const engine::Options options = store::ScoringOptions(table, false);
  const double batch_bytes = static_cast<double>(pg::CurrentSettings().buffer_bytes);
  train::RequireMemory("the confusion matrix", train::MemoryOfPrediction(*stored.graph, stored.config, options.precision, batch_bytes), train::kConfusionMemoryHint);
  const store::LoadedModel loaded = store::LoadModelForScoring(table, stored, table.data, options);
  const std::vector<OutputInfo> outputs = DescribeOutputs(loaded.model->program().output_shapes(), stored.config, table.data);
  if (std::none_of(outputs.begin(), outputs.end(), HasOneClass)) {
    throw base::Error(base::ErrorCode::kFeatureNotSupported,
                      "the model with mst_key " + std::to_string(stored.mst_key) + " has no confusion matrix",
                      "It is a regression, or a row may have several classes.", "See cerebro.evaluate() for its loss and metrics.");
  }
  std::vector<Counts> counts(outputs.size());
  std::vector<std::vector<float>> values;
  const data::BufferSource scan(test);
  for (int partition = 0; partition < test.spec.num_partitions; partition++) {
    scan.ForEach(partition, [&](const base::Buffer& buffer) {
      values.clear();
      loaded.model->Predict(buffer, &values, pg::CheckInterrupts);
      for (size_t i = 0; i < outputs.size(); i++) {
        if (!HasOneClass(outputs[i])) continue;
        const base::ColumnSpec& target = test.spec.targets[i];
        for (int64_t row = 0; row < buffer.rows; row++) {
          const int64_t actual = ActualClass(target, buffer.targets[i] + static_cast<size_t>(row) * target.row_bytes());
          counts[i][{actual, TopClass(outputs[i], values[i].data() + row * outputs[i].elements)}]++;
        }
      }
    });
  }
  ReportRows rows;
  for (size_t i = 0; i < outputs.size(); i++) {
    for (const auto& [pair, count] : counts[i]) {
      rows.push_back({outputs[i].name, ClassName(outputs[i], pair.first), ClassName(outputs[i], pair.second), std::to_string(count)});
    }
  }
  return rows;
}

}  // namespace score
