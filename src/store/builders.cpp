#include "store/builders.hpp"

#include <cstring>

#include "base/error.hpp"
#include "data/buffer_source.hpp"
#include "data/packed_table.hpp"
#include "engine/api/binding.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "store/architectures.hpp"
#include "wire/keras_json.hpp"
#include "wire/summary.hpp"

namespace store {
namespace {

using base::TargetContents;

/// What the arrays of a column hold, as far as they were looked at.
struct ArrayValues {
  bool zeros_and_ones = true;
  bool one_of_each = true;  // along the last dimension
};

template <typename T>
void Look(const base::ColumnSpec& column, const uint8_t* packed, int64_t rows, ArrayValues* found) {
  const int64_t last = column.shape.empty() ? 1 : column.shape.back(),
                lists = rows * (base::ElementCount(column.shape) / last);
  for (int64_t i = 0; i < lists && found->zeros_and_ones; ++i) {
    int64_t ones = 0;
    for (int64_t j = 0; j < last; ++j, packed += sizeof(T)) {
      T value;
      std::memcpy(&value, packed, sizeof value);
      if (value != T(0) && value != T(1)) found->zeros_and_ones = false;
      ones += value == T(1) ? 1 : 0;
    }
    if (ones != 1) found->one_of_each = false;
  }
}

void Look(const base::ColumnSpec& column, const uint8_t* packed, int64_t rows, ArrayValues* found) {
  switch (column.dtype) {
    case base::DType::kUInt8:
      return Look<uint8_t>(column, packed, rows, found);
    case base::DType::kInt8:
      return Look<int8_t>(column, packed, rows, found);
    case base::DType::kInt16:
      return Look<int16_t>(column, packed, rows, found);
    case base::DType::kInt32:
      return Look<int32_t>(column, packed, rows, found);
    case base::DType::kFloat32:
      return Look<float>(column, packed, rows, found);
    case base::DType::kFloat64:
      return Look<double>(column, packed, rows, found);
  }
}

/// What each dependent column holds. Of an array only the values tell: those of each partition's first buffer are
/// looked at, which are as random a choice of rows as any.
std::vector<TargetContents> ContentsOf(data::PackedTable table) {
  std::vector<TargetContents> contents;
  bool arrays = false;
  for (const base::ColumnSpec& target : table.spec.targets) {
    const bool array = target.kind == base::TargetKind::kArray;
    arrays = arrays || array;
    contents.push_back(array || target.kind == base::TargetKind::kReal ? TargetContents::kNumbers
                                                                       : TargetContents::kClasses);
  }
  if (!arrays) return contents;
  std::vector<ArrayValues> found(table.spec.targets.size());
  table.fetched.assign(table.spec.inputs.size(), false);
  const data::BufferSource source(table);
  for (int partition = 0; partition < table.spec.num_partitions; ++partition) {
    source.First(partition, [&](const base::Buffer& buffer) {
      for (size_t i = 0; i < found.size(); ++i) {
        if (table.spec.targets[i].kind == base::TargetKind::kArray)
          Look(table.spec.targets[i], buffer.targets[i], buffer.rows, &found[i]);
      }
    });
  }
  for (size_t i = 0; i < found.size(); ++i) {
    if (table.spec.targets[i].kind != base::TargetKind::kArray || !found[i].zeros_and_ones) continue;
    const bool several = !table.spec.targets[i].shape.empty() && table.spec.targets[i].shape.back() > 1;
    contents[i] = found[i].one_of_each && several ? TargetContents::kClasses : TargetContents::kLabels;
  }
  return contents;
}

/// Says what arrays were taken for, where the caller did not.
void NoticeContents(const base::DataSpec& data, const std::vector<TargetContents>& contents) {
  for (size_t i = 0; i < contents.size(); ++i) {
    if (data.targets[i].kind != base::TargetKind::kArray) continue;
    const char* const what = contents[i] == TargetContents::kClasses ? "one-hot vectors: its output is a softmax"
                             : contents[i] == TargetContents::kLabels
                                 ? "labels, any number of them in a row: its output is a sigmoid for each"
                                 : "numbers: its output is linear";
    pg::Notice("the arrays of dependent column \"" + data.targets[i].name + "\" are taken for " + what,
               "Give output_activation if they are something else.");
  }
}

data::PackedTable Open(std::string_view source_table) { return data::OpenAnyPackedTable(source_table, "source_table"); }

Architecture ReadFor(std::string_view model_arch_table, int model_id, const std::optional<std::string>& source_table) {
  return source_table ? ReadArchitecture(model_arch_table, model_id, Open(*source_table).spec)
                      : ReadArchitecture(model_arch_table, model_id);
}

}  // namespace

std::vector<int> BuildArchitectures(std::string_view model_arch_table, std::string_view source_table,
                                    wire::BuilderRequest request) {
  const pg::TableName target = pg::ParseTableName(model_arch_table, "model_arch_table");
  const data::PackedTable table = Open(source_table);
  request.contents = ContentsOf(table);
  const wire::MadeArchitectures made = wire::MakeArchitectures(table.spec, request);
  for (const wire::MadeArchitecture& one : made.architectures)
    engine::BindInputs(one.graph, table.spec);  // refuses what does not fit
  if (request.output_activation.empty()) NoticeContents(table.spec, request.contents);
  for (const wire::BuilderRemark& remark : made.remarks) pg::Notice(remark.message, remark.hint);
  std::vector<int> model_ids;
  for (const wire::MadeArchitecture& one : made.architectures) {
    NewArchitecture row;
    row.json = one.json;
    row.name = one.name;
    row.description = "for " + table.name.Text() + ": " + one.description;
    model_ids.push_back(AddArchitecture(target, row));
  }
  return model_ids;
}

std::vector<std::string> SummaryLines(std::string_view model_arch_table, int model_id,
                                      const std::optional<std::string>& source_table) {
  return wire::Summarize(*ReadFor(model_arch_table, model_id, source_table).graph);
}

std::string KerasJson(std::string_view model_arch_table, int model_id, const std::optional<std::string>& source_table) {
  const Architecture architecture = ReadFor(model_arch_table, model_id, source_table);
  return wire::Keras2Json(*architecture.graph, architecture.json);
}

std::vector<plan::OutputDefaults> OutputDefaultsOf(std::string_view source_table,
                                                   const std::vector<std::string>& output_activation) {
  const data::PackedTable table = Open(source_table);
  const std::vector<TargetContents> contents = ContentsOf(table);
  const std::vector<wire::OutputPlan> outputs = wire::PlanOutputs(table.spec, contents, output_activation);
  std::vector<plan::OutputDefaults> defaults;
  for (size_t i = 0; i < outputs.size(); ++i)
    defaults.push_back(plan::DefaultsFor(table.spec.targets[i], contents[i], outputs[i].activation));
  return defaults;
}

std::string DefaultCompileParams(std::string_view source_table, const std::vector<std::string>& output_activation) {
  return plan::CompileParams(OutputDefaultsOf(source_table, output_activation));
}

std::string DefaultCompileGrid(std::string_view source_table, const std::vector<double>& learning_rates,
                               const std::vector<std::string>& output_activation) {
  return plan::CompileGrid(OutputDefaultsOf(source_table, output_activation), learning_rates);
}

}  // namespace store
