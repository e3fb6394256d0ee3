#include "engine/api/binding.hpp"

#include <algorithm>
#include <string>

#include "base/error.hpp"
#include "base/graph_cut.hpp"
#include "definitions/loss.hpp"

namespace engine {

namespace {

using base::Shape;

[[noreturn]] void Refuse(const std::string& message, std::string detail, std::string hint) {
  throw base::Error(base::ErrorCode::kInvalidParameter, message, std::move(detail), std::move(hint));
}

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

std::string Plural(size_t n, const char* what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); }

Shape WithoutTrailingOnes(Shape shape) {
  while (!shape.empty() && shape.back() == 1) shape.pop_back();
  return shape;
}

// Negative dimensions of the model fit any size.
bool Fits(const Shape& column, const Shape& model) {
  const Shape a = WithoutTrailingOnes(column), b = WithoutTrailingOnes(model);
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (b[i] >= 0 && a[i] != b[i]) return false;
  }
  return true;
}

const std::string& LayerName(const base::Graph& graph, int call) {
  return graph.layers[static_cast<size_t>(graph.calls[static_cast<size_t>(call)].layer)].name;
}

// A column of the source table, and where its rows lie.
struct SourceColumn {
  std::string name;
  Shape shape;
  InputPart part;
};

std::vector<SourceColumn> SourceColumns(const base::DataSpec& data) {
  std::vector<SourceColumn> columns;
  for (size_t c = 0; c < data.inputs.size(); ++c) {
    const base::ColumnSpec& packed = data.inputs[c];
    if (packed.feature) continue;
    const int index = static_cast<int>(c);
    if (packed.members.empty()) columns.push_back({packed.name, packed.shape, {index, 0, base::ElementCount(packed.shape)}});
    for (size_t m = 0; m < packed.members.size(); ++m) {
      columns.push_back({packed.members[m].name, {}, {index, static_cast<int64_t>(m), 1}});
    }
  }
  return columns;
}

// How many columns from `next` on have `elements` elements together; 0 when no number of them has.
size_t ColumnsTogether(const std::vector<SourceColumn>& columns, size_t next, int64_t elements) {
  int64_t found = 0;
  for (size_t i = next; i < columns.size() && columns[i].shape.size() <= 1; ++i) {
    found += columns[i].part.count;
    if (found >= elements) return found == elements ? i + 1 - next : 0;
  }
  return 0;
}

void AddPart(const InputPart& part, InputBinding* binding) {
  if (!binding->parts.empty()) {
    InputPart& last = binding->parts.back();
    if (last.column == part.column && last.first + last.count == part.first) {
      last.count += part.count;
      return;
    }
  }
  binding->parts.push_back(part);
}

void CheckSparse(const base::ColumnSpec& column, const Shape& shape, const std::string& loss, const std::string& layer) {
  const Shape positions(shape.begin(), shape.empty() ? shape.end() : shape.end() - 1);
  if (shape.empty() || !Fits(column.shape, positions)) {
    Refuse("loss " + loss + ": column " + Quoted(column.name) + " has shape " + base::FormatShape(column.shape) +
               " but the model's output \"" + layer + "\" of shape " + base::FormatShape(shape) + " needs one class index for each vector",
           {}, "Change the units of the last layer or the shape of the column.");
  }
  if (column.num_classes > shape.back()) {
    Refuse("column " + Quoted(column.name) + " has " + std::to_string(column.num_classes) + " classes but the model's output " +
               Quoted(layer) + " has " + std::to_string(shape.back()) + " units",
           {}, "Give the last layer as many units as there are classes.");
  }
}

void CheckDense(const base::ColumnSpec& column, const Shape& shape, const std::string& layer, definitions::Targets wanted) {
  if (!Fits(column.shape, shape)) {
    std::string hint = "Give the last layer as many units as the column has elements.";
    if (column.kind == base::TargetKind::kOneHot && column.num_classes == 2 && base::ElementCount(shape) == 1) {
      hint = "The column is packed one-hot: give the last layer two units, or pack the column as class indexes.";
    } else if (column.kind == base::TargetKind::kOneHot && (wanted == definitions::Targets::kValues || base::ElementCount(shape) == 1)) {
      hint = "The column is packed one-hot, as a label of " + std::to_string(column.num_classes) +
             " classes. If it is a number to be predicted, pack it again with dependent_type => 'real'.";
    }
    if (column.kind == base::TargetKind::kArray && base::ElementCount(column.shape) == 1 && wanted == definitions::Targets::kDistribution) {
      hint = "The column holds arrays of one number, packed as they are. If the number is a label, pack it again with dependent_type => "
             "'one_hot', or use sparse_categorical_crossentropy.";
    }
    Refuse("target " + Quoted(column.name) + " has shape " + base::FormatShape(column.shape) + " but the model's output " + Quoted(layer) +
               " has shape " + base::FormatShape(shape),
           {}, hint);
  }
}

bool IsRead(const base::Graph& graph, int call) {
  const auto has = [call](const std::vector<int>& calls) { return std::find(calls.begin(), calls.end(), call) != calls.end(); };
  return has(graph.outputs) || std::any_of(graph.calls.begin(), graph.calls.end(), [&](const base::Call& reader) { return has(reader.inputs); });
}

// The column of a feature Input.
InputBinding BindFeature(const base::Graph& graph, int input, const std::string& name, const base::DataSpec& data) {
  const Shape& shape = graph.calls[static_cast<size_t>(input)].output_shape;
  for (size_t c = 0; c < data.inputs.size(); ++c) {
    const base::ColumnSpec& column = data.inputs[c];
    if (!column.feature || column.name != name || column.shape != shape) continue;
    return {{{static_cast<int>(c), 0, base::ElementCount(shape)}}, shape};
  }
  throw base::Error(base::ErrorCode::kInternal, "there is no feature column " + Quoted(name) + " of shape " + base::FormatShape(shape));
}

}  // namespace

const std::string& OutputName(const base::Graph& graph, size_t output) { return graph.OutputName(output); }

std::vector<InputBinding> BindInputs(const base::Graph& graph, const base::DataSpec& data) {
  const std::vector<SourceColumn> columns = SourceColumns(data);
  const auto feature_of = [&graph](int input) {
    return base::FeatureColumnOf(graph.layers[static_cast<size_t>(graph.calls[static_cast<size_t>(input)].layer)]);
  };
  const auto raw_inputs = static_cast<size_t>(
      std::count_if(graph.inputs.begin(), graph.inputs.end(), [&](int input) { return feature_of(input) == nullptr; }));
  const auto refuse_counts = [&] {
    Refuse("the model has " + Plural(raw_inputs, "input") + " but the packed table has " +
               Plural(columns.size(), "independent column"),
           {}, "Columns belong to input layers in order. Several scalar columns may feed one input layer of as many elements.");
  };
  std::vector<InputBinding> bindings;
  size_t next = 0;
  for (const int input : graph.inputs) {
    if (const std::string* feature = feature_of(input)) {
      bindings.push_back(BindFeature(graph, input, *feature, data));
      continue;
    }
    if (next == columns.size()) refuse_counts();
    const SourceColumn& column = columns[next];
    InputBinding binding{{}, graph.calls[static_cast<size_t>(input)].output_shape};
    Shape& shape = binding.shape;
    if (Fits(column.shape, shape)) {
      for (size_t d = 0; d < shape.size(); ++d) {
        if (shape[d] < 0) shape[d] = d < column.shape.size() ? column.shape[d] : 1;
      }
      binding.parts.push_back(column.part);
      ++next;
    } else {
      const size_t together = shape.size() == 1 && shape[0] > 0 ? ColumnsTogether(columns, next, shape[0]) : 0;
      if (together == 0 && raw_inputs == columns.size()) {
        Refuse("input " + Quoted(column.name) + " has shape " + base::FormatShape(column.shape) + " but the model's input layer " +
                   Quoted(LayerName(graph, input)) + " expects " + base::FormatShape(shape),
               {},
               "Change the input shape of the architecture, begin it with a Reshape layer, or pack the column in the shape that it "
               "expects.");
      }
      if (together == 0 && raw_inputs > 1) {
        Refuse("the model's input layer " + Quoted(LayerName(graph, input)) + " expects " + base::FormatShape(shape) +
                   ", which no number of the independent columns from " + Quoted(column.name) + " on gives",
               {}, "Columns belong to input layers in order. Several scalar columns may feed one input layer of as many elements.");
      }
      if (together == 0) refuse_counts();
      for (const size_t end = next + together; next < end; ++next) AddPart(columns[next].part, &binding);
    }
    bindings.push_back(std::move(binding));
  }
  if (next < columns.size()) refuse_counts();
  for (size_t i = 0; i < bindings.size(); ++i) bindings[i].read = IsRead(graph, graph.inputs[i]);
  return bindings;
}

std::vector<bool> ColumnsRead(const base::Graph& graph, const base::DataSpec& data) {
  std::vector<bool> read(data.inputs.size());
  for (const InputBinding& binding : BindInputs(graph, data)) {
    for (const InputPart& part : binding.parts) {
      if (binding.read) read[static_cast<size_t>(part.column)] = true;
    }
  }
  return read;
}

void RequireColumns(const std::vector<bool>& columns, const base::Buffer& buffer) {
  bool complete = buffer.inputs.size() == columns.size();
  for (size_t c = 0; complete && c < columns.size(); ++c) complete = !columns[c] || buffer.inputs[c] != nullptr || buffer.rows == 0;
  if (complete) return;
  throw base::Error(base::ErrorCode::kInternal, "buffer " + std::to_string(buffer.buffer_id) + " of partition " +
                                                    std::to_string(buffer.partition_id) + " does not have the model's columns");
}

bool TakesIndexes(const base::Graph& graph, const InputBinding& binding, int call) {
  if (binding.parts.size() != 1) return false;
  bool any = false;
  for (const base::Call& reader : graph.calls) {
    if (std::find(reader.inputs.begin(), reader.inputs.end(), call) == reader.inputs.end()) continue;
    if (graph.layers[static_cast<size_t>(reader.layer)].kind != base::LayerKind::kEmbedding) return false;
    any = true;
  }
  return any && std::find(graph.outputs.begin(), graph.outputs.end(), call) == graph.outputs.end();
}

std::vector<base::LossConfig> BindTargets(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& data) {
  const size_t outputs = graph.outputs.size();
  if (data.targets.size() != outputs) {
    Refuse("the model has " + Plural(outputs, "output") + " but the packed table has " + Plural(data.targets.size(), "dependent column"),
           {}, "Columns belong to outputs in order.");
  }
  if (config.losses.size() != 1 && config.losses.size() != outputs) {
    Refuse("there are " + std::to_string(config.losses.size()) + " losses for " + Plural(outputs, "output"), {},
           "Give one loss, or one for each output.");
  }
  if (!config.loss_weights.empty() && config.loss_weights.size() != outputs) {
    Refuse("loss_weights has " + std::to_string(config.loss_weights.size()) + " elements for " + Plural(outputs, "output"), {},
           "Give one weight for each output.");
  }
  std::vector<base::LossConfig> losses;
  for (size_t i = 0; i < outputs; ++i) {
    const base::LossConfig& loss = config.losses.size() == 1 ? config.losses[0] : config.losses[i];
    const Shape& shape = graph.calls[static_cast<size_t>(graph.outputs[i])].output_shape;
    const std::string& layer = graph.OutputName(i);
    const definitions::Targets wanted = definitions::DefinitionOf(loss.kind).targets;
    if (wanted == definitions::Targets::kClassIndex) {
      CheckSparse(data.targets[i], shape, loss.name, layer);
    } else {
      CheckDense(data.targets[i], shape, layer, wanted);
    }
    losses.push_back(loss);
  }
  return losses;
}

}  // namespace engine
