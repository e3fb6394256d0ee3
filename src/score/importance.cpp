#include "score/importance.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/preprocessing.hpp"
#include "base/error.hpp"
#include "base/philox.hpp"
#include "data/buffer_source.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "plan/metric_order.hpp"
#include "train/memory.hpp"

namespace score {
namespace {

constexpr int64_t kWindowRows = 4096;
constexpr size_t kWindowBytes = size_t{64} << 20;
constexpr int64_t kMostRepeats = 1000;

/// Consecutive buffers, as one.
class Window {
 public:
  explicit Window(const base::DataSpec& spec) : spec_(spec), inputs_(spec.inputs.size()), targets_(spec.targets.size()) {}

  void Add(const base::Buffer& buffer) {
    for (size_t i = 0; i < inputs_.size(); i++) Append(buffer.inputs[i], spec_.inputs[i].row_bytes(), buffer.rows, &inputs_[i]);
    for (size_t i = 0; i < targets_.size(); i++) Append(buffer.targets[i], spec_.targets[i].row_bytes(), buffer.rows, &targets_[i]);
    if (buffer.weights != nullptr) Append(buffer.weights, sizeof(float), buffer.rows, &weights_);
    rows_ += buffer.rows;
  }
  void Clear() {
    for (std::vector<uint8_t>& column : inputs_) column.clear();
    for (std::vector<uint8_t>& column : targets_) column.clear();
    weights_.clear();
    rows_ = 0;
  }
  int64_t rows() const { return rows_; }
  size_t bytes() const {
    size_t sum = 0;
    for (const std::vector<uint8_t>& column : inputs_) sum += column.size();
    return sum;
  }
  const std::vector<uint8_t>& input(size_t i) const { return inputs_[i]; }
  base::Buffer View() const {
    base::Buffer buffer;
    buffer.rows = rows_;
    for (const std::vector<uint8_t>& column : inputs_) buffer.inputs.push_back(column.data());
    for (const std::vector<uint8_t>& column : targets_) buffer.targets.push_back(column.data());
    if (!weights_.empty()) buffer.weights = weights_.data();
    return buffer;
  }

 private:
  static void Append(const uint8_t* data, size_t row_bytes, int64_t rows, std::vector<uint8_t>* to) {
    to->insert(to->end(), data, data + row_bytes * static_cast<size_t>(rows));
  }

  const base::DataSpec& spec_;
  std::vector<std::vector<uint8_t>> inputs_, targets_;
  std::vector<uint8_t> weights_;
  int64_t rows_ = 0;
};

/// Adds up what windows are worth as they are and with each column shuffled.
class ImportanceSums {
 public:
  ImportanceSums(const ScoredTable& scored, int64_t repeats, uint64_t seed)
      : model_(*scored.loaded.model), spec_(scored.test.spec), columns_(ImportanceColumns(spec_)), repeats_(repeats), seed_(seed),
        whole_(model_.program().sums_size(), 0), shuffled_(columns_.size() * static_cast<size_t>(repeats), whole_) {}

  void Add(const Window& window) {
    base::Buffer buffer = window.View();
    model_.Evaluate(buffer, whole_.data(), pg::CheckInterrupts);
    for (size_t c = 0; c < columns_.size(); c++) {
      for (int64_t r = 0; r < repeats_; r++) {
        Shuffle(window, c, static_cast<uint64_t>(r));
        buffer.inputs[columns_[c].input] = values_.data();
        model_.Evaluate(buffer, shuffled_[c * static_cast<size_t>(repeats_) + static_cast<size_t>(r)].data(), pg::CheckInterrupts);
      }
      buffer.inputs[columns_[c].input] = window.input(columns_[c].input).data();
    }
    windows_++;
  }

  std::vector<ColumnImportance> Finish(const std::string& metric, size_t value) const {
    const double sign = plan::GoesUp(metric) ? 1 : -1;
    const double whole = model_.program().Finish(whole_.data()).at(value);
    std::vector<ColumnImportance> importances;
    for (size_t c = 0; c < columns_.size(); c++) {
      std::vector<double> losses;
      double sum = 0, squares = 0;
      for (int64_t r = 0; r < repeats_; r++) {
        const double now = model_.program().Finish(shuffled_[c * static_cast<size_t>(repeats_) + static_cast<size_t>(r)].data()).at(value);
        losses.push_back(sign * (whole - now));
        sum += losses.back();
      }
      const auto n = static_cast<double>(repeats_);
      for (const double loss : losses) squares += (loss - sum / n) * (loss - sum / n);
      importances.push_back({columns_[c].name, sum / n, repeats_ > 1 ? std::sqrt(squares / (n - 1)) : std::nan("")});
    }
    std::stable_sort(importances.begin(), importances.end(), [](const ColumnImportance& a, const ColumnImportance& b) {
      return std::isnan(b.mean) ? !std::isnan(a.mean) : a.mean > b.mean;
    });
    return importances;
  }

 private:
  // values_: the input with one column's values permuted (Fisher and Yates).
  void Shuffle(const Window& window, size_t c, uint64_t repeat) {
    const ImportanceColumn& column = columns_[c];
    values_ = window.input(column.input);
    const size_t row_bytes = spec_.inputs[column.input].row_bytes();
    base::Stream stream(seed_, c, base::Purpose::kPermutation, repeat, windows_);
    std::vector<uint8_t> kept(column.bytes);
    for (auto i = static_cast<size_t>(window.rows()); i > 1; i--) {
      const auto j = static_cast<size_t>(stream.Below(i));
      if (j == i - 1) continue;
      uint8_t* a = values_.data() + (i - 1) * row_bytes + column.offset;
      uint8_t* b = values_.data() + j * row_bytes + column.offset;
      std::memcpy(kept.data(), a, column.bytes);
      std::memcpy(a, b, column.bytes);
      std::memcpy(b, kept.data(), column.bytes);
    }
  }

  engine::Model& model_;
  const base::DataSpec& spec_;
  const std::vector<ImportanceColumn> columns_;
  const int64_t repeats_;
  const uint64_t seed_;
  uint64_t windows_ = 0;
  std::vector<double> whole_;
  std::vector<std::vector<double>> shuffled_;  // a column, a repeat
  std::vector<uint8_t> values_;
};

}  // namespace

namespace {

/// A source column is its elements of the input of numbers, or its own input.
std::vector<ImportanceColumn> SourceColumnsOf(const base::DataSpec& spec) {
  const std::vector<base::SourceInput>& sources = spec.preprocessing->sources;
  const auto own = static_cast<size_t>(std::count_if(sources.begin(), sources.end(), [](const base::SourceInput& s) { return s.own_input(); }));
  const size_t bytes = base::DTypeSize(base::DType::kFloat32);
  size_t element = 0, next = spec.inputs.size() - own;
  std::vector<ImportanceColumn> columns;
  for (const base::SourceInput& source : sources) {
    const size_t elements = base::ElementCount(source);
    if (source.own_input()) {
      columns.push_back({source.name, next, 0, spec.inputs[next].row_bytes()});
      next++;
    } else if (elements > 0) {
      columns.push_back({source.name, 0, element * bytes, elements * bytes});
    }
    element += elements;
  }
  return columns;
}

}  // namespace

std::vector<ImportanceColumn> ImportanceColumns(const base::DataSpec& spec) {
  if (spec.preprocessing) return SourceColumnsOf(spec);
  std::vector<ImportanceColumn> columns;
  for (size_t i = 0; i < spec.inputs.size(); i++) {
    const base::ColumnSpec& input = spec.inputs[i];
    if (input.members.empty()) columns.push_back({input.name, i, 0, input.row_bytes()});
    const size_t bytes = base::DTypeSize(input.dtype);
    for (size_t m = 0; m < input.members.size(); m++) columns.push_back({input.members[m].name, i, m * bytes, bytes});
  }
  return columns;
}

Importances MeasureImportance(const ScoredTable& scored, int64_t repeats, uint64_t seed, int64_t most_rows) {
  Importances importances;
  ImportanceSums sums(scored, repeats, seed);
  Window window(scored.test.spec);
  const int64_t window_rows = std::min(kWindowRows, most_rows);
  const auto use = [&] {
    if (window.rows() == 0) return;
    sums.Add(window);
    importances.rows += window.rows();
    window.Clear();
  };
  const data::BufferSource scan(scored.test);
  for (int partition = 0; partition < scored.test.spec.num_partitions && importances.rows < most_rows; partition++) {
    scan.ForEach(partition, [&](const base::Buffer& buffer) {
      if (importances.rows >= most_rows) return;
      window.Add(buffer);
      if (window.rows() >= window_rows || window.bytes() >= kWindowBytes) use();
    });
  }
  use();
  const std::vector<std::string>& names = scored.loaded.model->program().metric_names();
  const size_t value = names.size() > 1 ? 1 : 0;
  importances.metric = names.at(value);
  importances.columns = sums.Finish(importances.metric, value);
  return importances;
}

ReportRows FeatureImportance(std::string_view model_table, std::string_view test_table, std::optional<int> mst_key, int64_t repeats, int64_t seed) {
  if (repeats < 1 || repeats > kMostRepeats) {
    throw base::Error(base::ErrorCode::kInvalidParameter,
                      "repeats must be between 1 and " + std::to_string(kMostRepeats) + ", it is " + std::to_string(repeats), "",
                      "5 give a deviation to compare columns by.");
  }
  const ScoredTable scored = OpenScoredTable(model_table, test_table, mst_key, "the importance of columns", train::kConfusionMemoryHint);
  const Importances importances =
      MeasureImportance(scored, repeats, static_cast<uint64_t>(seed), std::numeric_limits<int64_t>::max());
  ReportRows rows;
  for (const ColumnImportance& column : importances.columns) {
    rows.push_back({column.column, pg::NumberText(column.mean),
                    std::isnan(column.deviation) ? std::optional<std::string>() : pg::NumberText(column.deviation)});
  }
  return rows;
}

}  // namespace score
