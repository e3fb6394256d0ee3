#include "score/row_packer.hpp"

#include <algorithm>
#include <utility>

#include "data/row_sql.hpp"

namespace score {

RowPacker::RowPacker(const store::ModelTable& table) : table_(table) {
  const std::vector<base::ColumnSpec> columns = base::SourceInputs(table.data);
  for (size_t i = 0; i < columns.size(); ++i) {
    RowField field;
    field.name = columns[i].name;
    if (table.data.preprocessing) {
      const base::SourceInput& source = table.data.preprocessing->sources[i];
      field.value_class = source.value_class;
      field.text = source.categorical();
      field.array = source.value_class == base::ValueClass::kArray;
      field.zoned = source.data_type.find("with time zone") != std::string::npos;
    } else {
      field.text = !columns[i].dictionary.empty();
      field.array = !columns[i].shape.empty();
    }
    has_arrays_ = has_arrays_ || field.array;
    fields_.push_back(std::move(field));
  }
}

bool RowPacker::Describe(const std::vector<pg::Column>& columns) {
  std::string types;
  std::vector<std::string> names;
  for (const pg::Column& column : columns) {
    types += column.type + ",";
    names.push_back(column.name);
  }
  if (types == types_) return false;
  rows_ = data::PredictSpec(table_.data, columns, names, "row");
  types_.clear();
  model_data_ = ModelDataFor(rows_, table_.data);
  converter_ = std::make_unique<data::RowConverter>(rows_);
  builder_ = std::make_unique<data::BufferBuilder>(rows_);
  most_rows_ = 0;
  packed_.resize(converter_->row_bytes());
  const store::StoredModel& stored = table_.models.front();
  limits_ = std::make_unique<RowLimits>(*stored.graph, stored.config, model_data_, table_.float64 ? base::DType::kFloat64 : base::DType::kFloat32);
  types_ = types;
  return true;
}

// Arrays are read in the shape that they have, where it has as many numbers as the model's: as many bytes a row, so what the model sees stays as it is.
void RowPacker::TakeShapes(const data::Cell* cells) {
  base::DataSpec reshaped;
  const std::vector<size_t> positions = base::CellsOfInputs(rows_);
  for (size_t i = 0; i < rows_.inputs.size(); ++i) {
    const base::ColumnSpec& input = rows_.inputs[i];
    if (positions[i] == base::kNoCell) continue;
    const data::Cell& first = cells[positions[i]];
    if (!input.members.empty() || !first.is_array || first.count != base::ElementCount(input.shape)) continue;
    const base::Shape shape = data::CellShape(first);
    if (shape == input.shape) continue;
    if (reshaped.inputs.empty()) reshaped = rows_;
    reshaped.inputs[i].shape = shape;
  }
  if (reshaped.inputs.empty()) return;
  converter_ = std::make_unique<data::RowConverter>(reshaped);
  rows_ = std::move(reshaped);
}

void RowPacker::Add(const data::Cell* cells) {
  if (has_arrays_) TakeShapes(cells);
  converter_->Convert(cells, reinterpret_cast<uint8_t*>(packed_.data()));
  builder_->Add(packed_);
  most_rows_ = std::max(most_rows_, builder_->rows());
}

void RowPacker::Shrink(size_t most_bytes) {
  if (bytes() > most_bytes) {
    builder_ = std::make_unique<data::BufferBuilder>(rows_);
    most_rows_ = 0;
  }
  builder_->Clear();
}

base::Buffer RowPacker::buffer() const {
  base::Buffer buffer = builder_->buffer();
  limits_->Check(buffer, [](int64_t) { return std::string(); });
  return buffer;
}

}  // namespace score
