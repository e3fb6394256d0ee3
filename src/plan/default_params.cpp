#include "plan/default_params.hpp"

#include "base/literal.hpp"

namespace plan {
namespace {

using base::Dict;
using base::List;
using base::TargetContents;
using base::TargetKind;
using base::Value;

constexpr double kLearningRate = 0.001;  // Adam's own

Value Losses(const std::vector<OutputDefaults>& outputs) {
  if (outputs.size() == 1) return Value(outputs[0].loss);
  List losses;
  for (const OutputDefaults& output : outputs) losses.emplace_back(output.loss);
  return Value(std::move(losses));
}

Value Metrics(const std::vector<OutputDefaults>& outputs) {
  List all;
  for (const OutputDefaults& output : outputs) {
    List metrics(output.metrics.begin(), output.metrics.end());
    if (outputs.size() == 1) return Value(std::move(metrics));
    all.emplace_back(std::move(metrics));
  }
  return Value(std::move(all));
}

}  // namespace

OutputDefaults DefaultsFor(const base::ColumnSpec& target, TargetContents contents, const std::string& activation) {
  const bool index = target.kind == TargetKind::kClassIndex;
  const std::string logits = activation == "linear" ? "(from_logits=True)" : "";
  if (contents == TargetContents::kLabels && activation != "softmax") {
    return {"binary_crossentropy" + logits, {logits.empty() ? "binary_accuracy" : "BinaryAccuracy(threshold=0)"}};
  }
  if (contents == TargetContents::kClasses && activation == "sigmoid")
    return {"binary_crossentropy", {index ? "accuracy" : "binary_accuracy", "auc"}};
  if (contents == TargetContents::kClasses)
    return {(index ? "sparse_categorical_crossentropy" : "categorical_crossentropy") + logits, {"accuracy"}};
  if (activation == "softmax") return {"categorical_crossentropy", {"mae"}};
  return {"mse", {"rmse", "mae"}};
}

std::string CompileParams(const std::vector<OutputDefaults>& outputs) {
  return "optimizer='Adam(lr=" + base::FormatNumber(kLearningRate) + ")',loss=" + base::FormatPython(Losses(outputs)) +
         ",metrics=" + base::FormatPython(Metrics(outputs));
}

std::string CompileGrid(const std::vector<OutputDefaults>& outputs, const std::vector<double>& learning_rates) {
  const List rates(learning_rates.begin(), learning_rates.end());
  const Value optimizers(List{Value(Dict{{"optimizer", Value(List{Value("Adam")})}, {"lr", Value(rates)}})});
  return base::FormatPython(Value(Dict{{"loss", Value(List{Losses(outputs)})},
                                       {"metrics", Value(List{Metrics(outputs)})},
                                       {"optimizer_params_list", optimizers}}));
}

std::string CompileGrid(const std::vector<OutputDefaults>& outputs, const AdamChoices& choices) {
  Dict adam = {{"optimizer", Value(List{Value("Adam")})},
               {"lr", Value(List(choices.learning_rates.begin(), choices.learning_rates.end()))},
               {"schedule", Value(List{Value("cosine")})},
               {"decay_steps", Value(List{Value(choices.decay_steps)})}};
  if (choices.weight_decays != std::vector<double>{0})
    adam.emplace_back("weight_decay", Value(List(choices.weight_decays.begin(), choices.weight_decays.end())));
  Dict grid = {{"loss", Value(List{Losses(outputs)})},
               {"metrics", Value(List{Metrics(outputs)})},
               {"optimizer_params_list", Value(List{Value(std::move(adam))})}};
  if (!choices.loss_weights.empty()) {
    const Value weights(List(choices.loss_weights.begin(), choices.loss_weights.end()));
    grid.emplace_back("loss_weights", Value(List{weights}));
  }
  return base::FormatPython(Value(std::move(grid)));
}

}  // namespace plan
