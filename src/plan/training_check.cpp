#include "plan/training_check.hpp"

#include <algorithm>
#include <optional>

#include "base/error.hpp"
#include "definitions/loss.hpp"
#include "definitions/torchscript.hpp"
#include "plan/loss_rules.hpp"

namespace plan {
namespace {

using base::ColumnSpec;
using base::Shape;
using base::TargetKind;
using definitions::Targets;
using layers::Range;

constexpr int64_t kMostClassesListed = 20;
constexpr size_t kLongestList = 200;  // characters

std::string Quote(const std::string& name) { return "\"" + name + "\""; }

[[noreturn]] void Invalid(const std::string& message, const std::string& detail, const std::string& hint) {
  throw base::Error(base::ErrorCode::kInvalidParameter, message, detail, hint);
}

const base::Call& CallOf(const base::Graph& graph, int call) { return graph.calls[static_cast<size_t>(call)]; }

int64_t Units(const Shape& shape) { return shape.empty() ? 1 : shape.back(); }

std::string Outputs(const base::Graph& graph, const base::DataSpec& data) {
  std::string list;
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    list += (i == 0 ? "" : ", ") + Quote(graph.OutputName(i)) + " for column " + Quote(data.targets[i].name);
  }
  return list;
}

// ---------------------------------------------------------------- class weights

// How many classes the rows of the only target have, or why they have none.
struct Classes {
  int64_t count = 0;
  std::string none;
};

Classes ClassesOf(const ColumnSpec& target, Targets wanted, const Shape& output) {
  if (target.kind == TargetKind::kOneHot || target.kind == TargetKind::kClassIndex) return {target.num_classes, {}};
  const int64_t elements = base::ElementCount(target.shape);
  if (wanted == Targets::kValues || wanted == Targets::kMargin) return {0, "it holds numbers, and the loss compares numbers"};
  if (wanted == Targets::kYesNo) return elements == 1 ? Classes{2, {}} : Classes{0, "a row of it may have several classes"};
  const int64_t positions = base::ElementCount(output) / Units(output);
  if (positions != 1) return {0, "a row of it has " + std::to_string(positions) + " classes"};
  return {Units(output), {}};
}

std::string LabelOf(const ColumnSpec& target, int64_t index) {
  if (target.class_values.empty()) return std::to_string(index);
  return index < static_cast<int64_t>(target.class_values.size()) ? target.class_values[static_cast<size_t>(index)] : std::string();
}

std::string ListClasses(const ColumnSpec& target, int64_t count) {
  std::string list;
  for (int64_t i = 0; i < count && i < kMostClassesListed; ++i) {
    const std::string label = LabelOf(target, i);
    list += (i == 0 ? "" : ", ") + std::to_string(i) + (label.empty() ? " without a label" : " is '" + label + "'");
  }
  return "Keys are indexes of classes: " + list + (count > kMostClassesListed ? ", ..." : "") + ".";
}

std::optional<int64_t> FindLabel(const ColumnSpec& target, int64_t count, const std::string& label) {
  for (int64_t i = 0; i < count; ++i) {
    if (LabelOf(target, i) == label) return i;
  }
  return std::nullopt;
}

// "0", "1", ... below `count`.
std::optional<int64_t> ReadIndex(const std::string& text, int64_t count) {
  constexpr size_t kMostDigits = 9;
  if (text.empty() || text.size() > kMostDigits || text.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  const int64_t index = std::stoll(text);
  return index < count ? std::optional<int64_t>(index) : std::nullopt;
}

size_t RankOfEach(const base::Layer& layer, const base::Call& call) {
  return call.output_shape.size() - static_cast<size_t>(layer.time_distributed);
}

}  // namespace

Range OutputRange(const base::Graph& graph, int call) {
  const int64_t units = Units(CallOf(graph, call).output_shape);
  for (;;) {
    const base::Call& made = CallOf(graph, call);
    const base::Layer& layer = graph.layers[static_cast<size_t>(made.layer)];
    const layers::LayerDefinition& definition = layers::DefinitionOf(layer);
    const Range range = definition.range == nullptr ? Range::kUnknown : definition.range(layer, RankOfEach(layer, made));
    if (range == Range::kOfInput) {
      call = made.inputs[0];
      continue;
    }
    // a distribution no more, once another dimension is the last one
    const bool reshaped = Units(made.output_shape) != units;
    return range == Range::kSoftmax && reshaped ? Range::kZeroToOne : range;
  }
}

std::vector<TrainingDoubt> CheckLosses(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& data) {
  std::vector<TrainingDoubt> doubts;
  const size_t outputs = graph.outputs.size();
  if (data.targets.size() != outputs || (config.losses.size() != 1 && config.losses.size() != outputs)) return doubts;
  for (size_t i = 0; i < outputs; ++i) {
    const base::LossConfig& loss = config.losses.size() == 1 ? config.losses[0] : config.losses[i];
    const ColumnSpec& target = data.targets[i];
    const int64_t units = Units(CallOf(graph, graph.outputs[i]).output_shape);
    const LossCase loss_case{loss.kind, loss.from_logits, OutputRange(graph, graph.outputs[i]), units == 1, TargetTypeOf(target)};
    const LossRule* rule = FindLossRule(loss_case);
    if (rule == nullptr) continue;
    const std::string& output = graph.OutputName(i);
    const std::string about = " for column " + Quote(target.name) + " and output " + Quote(output);
    if (rule->verdict == LossRule::Verdict::kWarned) {
      doubts.push_back({"loss " + definitions::ShownName(loss.name) + about + ": " + rule->reason, rule->hint});
      continue;
    }
    std::string detail = "Output " + Quote(output) + " has " + std::to_string(units) + (units == 1 ? " unit" : " units") + " and gives " +
                         RangeName(loss_case.range) + ", column " + Quote(target.name) + " is packed as " + TargetTypeName(loss_case.target) + ".";
    if (outputs > 1) detail += " Losses belong to outputs in order: " + Outputs(graph, data) + ".";
    Invalid("loss " + definitions::ShownName(loss.name) + about + ": " + rule->reason, detail, rule->hint);
  }
  return doubts;
}

namespace {

struct InputColumn {
  std::string name;
  int64_t elements;
  bool scaled;  // it has constants that change its values
};

/// The columns that are bound to input layers: members of a packed column are scalar columns.
std::vector<InputColumn> InputColumns(const base::DataSpec& data) {
  std::vector<InputColumn> columns;
  for (const ColumnSpec& c : data.inputs) {
    if (c.members.empty()) columns.push_back({c.name, base::ElementCount(c.shape), c.scale != 1 || !c.mean.empty()});
    for (size_t m = 0; m < c.members.size(); ++m) {
      const bool scaled = c.mean.empty() ? c.scale != 1 : c.mean[m] != 0 || c.std[m] != c.scale;
      columns.push_back({c.members[m].name, 1, scaled && c.members[m].dictionary.empty()});
    }
  }
  return columns;
}

}  // namespace

std::vector<TrainingDoubt> CheckColumns(const base::Graph& graph, const base::DataSpec& data) {
  std::vector<TrainingDoubt> doubts;
  const std::vector<InputColumn> columns = InputColumns(data);
  if (graph.inputs.size() != columns.size()) return doubts;  // columns side by side, or refused
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].scaled) continue;
    // an input of another size has elements of other columns
    if (base::ElementCount(CallOf(graph, graph.inputs[i]).output_shape) != columns[i].elements) continue;
    bool embedded = false, otherwise = false;
    for (const base::Call& call : graph.calls) {
      if (std::find(call.inputs.begin(), call.inputs.end(), graph.inputs[i]) == call.inputs.end()) continue;
      const bool embedding = graph.layers[static_cast<size_t>(call.layer)].kind == base::LayerKind::kEmbedding;
      (embedding ? embedded : otherwise) = true;
    }
    if (!embedded || otherwise) continue;
    doubts.push_back({"column " + Quote(columns[i].name) + " feeds an Embedding, which reads it as it is packed: normalizing_const and "
                      "standardize have no effect on it", "Indexes are no quantities: pack them without."});
  }
  return doubts;
}

std::vector<TrainingDoubt> CheckWeightDecay(const base::Graph& graph, const base::TrainConfig& config) {
  std::vector<TrainingDoubt> doubts;
  std::string names;
  for (const std::string& part : config.optimizer.exclude_from_weight_decay) {
    bool found = false;
    for (const base::Layer& layer : graph.layers) {
      for (const base::WeightSpec& weight : layer.weights) found = found || (layer.name + "/" + weight.name).find(part) != std::string::npos;
    }
    if (!found) names += (names.empty() ? "" : ", ") + Quote(part);
  }
  if (!names.empty()) {
    std::string known;
    for (const base::Layer& layer : graph.layers) {
      for (const base::WeightSpec& weight : layer.weights) {
        if (known.size() < kLongestList) known += (known.empty() ? "" : ", ") + layer.name + "/" + weight.name;
      }
    }
    doubts.push_back({"exclude_from_weight_decay names " + names + ", which occurs in the name of no weight",
                      "Weights of the model are " + known + (known.size() < kLongestList ? "." : ", ...")});
  }
  if (!config.optimizer.exclude_from_weight_decay.empty() && config.optimizer.weight_decay == 0) {
    doubts.push_back({"exclude_from_weight_decay has no effect: weight_decay of optimizer " + config.optimizer.name + " is 0",
                      "Give the optimizer a weight_decay above 0, or leave exclude_from_weight_decay out."});
  }
  return doubts;
}

std::vector<TrainingDoubt> CheckConstants(const base::Graph& graph) {
  std::vector<TrainingDoubt> doubts;
  for (const base::Layer& layer : graph.layers) {
    if (layer.kind != base::LayerKind::kNormalization || layer.weights.empty()) continue;
    doubts.push_back({"layer " + Quote(layer.name) + " (Normalization) has no mean and no variance: it leaves its input as it is",
                      "Give the two in the layer's config, or the weights that adapt() made, by model_weights of cerebro.load_model() or by "
                      "cerebro.import_weights(). The packing functions standardize columns, too."});
  }
  return doubts;
}

namespace {

void WeighByRows(const ColumnSpec& target, base::TrainConfig* config) {
  if (target.class_rows.empty()) {
    Invalid("class_weight='balanced' needs the number of rows of each class of column " + Quote(target.name),
            target.class_values.empty() ? "The column is packed as an array: its classes are not counted."
                                        : "The table was packed by an earlier version, which did not count them.",
            target.class_values.empty() ? "Pack a label, or give class_weight as a dictionary."
                                        : "Pack the table again, or give class_weight as a dictionary.");
  }
  config->class_weight = BalancedClassWeights(target.class_rows);
}

}  // namespace

// scikit-learn's rule: rows / (classes * rows of the class), over the classes that have rows.
std::map<int, double> BalancedClassWeights(const std::vector<int64_t>& class_rows) {
  double rows = 0, classes = 0;
  for (const int64_t count : class_rows) {
    rows += static_cast<double>(count);
    classes += count > 0 ? 1 : 0;
  }
  std::map<int, double> weights;
  for (size_t c = 0; c < class_rows.size(); ++c) {
    if (class_rows[c] > 0) weights[static_cast<int>(c)] = rows / (classes * static_cast<double>(class_rows[c]));
  }
  return weights;
}

void ResolveClassWeights(const base::Graph& graph, const base::DataSpec& data, base::TrainConfig* config) {
  if (config->class_weight.empty() && config->label_weight.empty() && !config->balanced_class_weight) return;
  const size_t outputs = graph.outputs.size();
  if (outputs > 1) {
    Invalid("class_weight is for models of one output, this one has " + std::to_string(outputs), {}, "Use a sample-weight column.");
  }
  if (data.targets.size() != 1) return;  // refused when the program is compiled
  const ColumnSpec& target = data.targets[0];
  const Targets wanted = definitions::DefinitionOf(config->losses[0].kind).targets;
  const Classes classes = ClassesOf(target, wanted, CallOf(graph, graph.outputs[0]).output_shape);
  if (classes.count == 0) {
    Invalid("class_weight has no meaning for column " + Quote(target.name) + ": " + classes.none, {},
            "Leave class_weight out, or pack a column of weights with the data: sample_weight => 'column'.");
  }
  if (config->balanced_class_weight) {
    WeighByRows(target, config);
    config->balanced_class_weight = false;
    return;
  }
  const std::string hint = "Give indexes, as in {0: 1.0, 1: 5.0}, or labels in quotes, as in {'no': 1.0, 'yes': 5.0}.";
  for (const auto& [index, weight] : config->class_weight) {
    if (index < classes.count) continue;
    Invalid("class_weight has the key " + std::to_string(index) + ", but column " + Quote(target.name) + " has " +
                std::to_string(classes.count) + " classes",
            ListClasses(target, classes.count), hint);
  }
  const auto& labels = config->label_weight;
  const bool as_indexes = std::all_of(labels.begin(), labels.end(), [&](const auto& entry) {
    return !FindLabel(target, classes.count, entry.first) && ReadIndex(entry.first, classes.count);
  });
  for (const auto& [label, weight] : labels) {
    const std::optional<int64_t> index = as_indexes ? ReadIndex(label, classes.count) : FindLabel(target, classes.count, label);
    if (!index) {
      Invalid("class_weight has the key '" + label + "', which is no label of column " + Quote(target.name),
              ListClasses(target, classes.count), hint);
    }
    if (!config->class_weight.emplace(static_cast<int>(*index), weight).second) {
      Invalid("class_weight gives class " + std::to_string(*index) + " two weights, by its index and by its label '" + label + "'",
              ListClasses(target, classes.count), "Give each class one weight.");
    }
  }
  config->label_weight.clear();
}

}  // namespace plan
