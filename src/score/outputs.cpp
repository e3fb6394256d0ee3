#include "score/outputs.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "definitions/loss.hpp"

namespace score {
namespace {

OutputMeaning MeaningOf(const base::ColumnSpec& target, base::LossKind loss, int64_t elements) {
  const definitions::Targets wanted = definitions::DefinitionOf(loss).targets;
  const bool is_class_index = target.kind == base::TargetKind::kClassIndex;
  if (elements == 1 && wanted == definitions::Targets::kYesNo) return OutputMeaning::kBinaryUnit;
  if (elements == 1 && is_class_index && target.num_classes == 2) return OutputMeaning::kBinaryUnit;
  if (elements > 1 && (is_class_index || target.kind == base::TargetKind::kOneHot)) return OutputMeaning::kClasses;
  const bool of_classes = wanted != definitions::Targets::kValues && wanted != definitions::Targets::kMargin;
  return elements > 1 && of_classes ? OutputMeaning::kClasses : OutputMeaning::kValues;
}

// NaN is less than every number, so that an order exists whatever the model says.
bool Less(double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; }

}  // namespace

std::vector<OutputInfo> DescribeOutputs(const std::vector<base::Shape>& output_shapes, const base::TrainConfig& config,
                                        const base::DataSpec& data) {
  if (output_shapes.size() != data.targets.size() || config.losses.empty()) {
    throw base::Error(base::ErrorCode::kInvalidParameter, "the model has " + std::to_string(output_shapes.size()) + " outputs for " +
                                                              std::to_string(data.targets.size()) + " dependent columns");
  }
  std::vector<OutputInfo> outputs;
  for (size_t i = 0; i < output_shapes.size(); i++) {
    const base::ColumnSpec& target = data.targets[i];
    OutputInfo output;
    output.name = target.name;
    output.shape = output_shapes[i];
    output.elements = base::ElementCount(output.shape);
    const base::LossKind loss = config.losses[config.losses.size() == 1 ? 0 : i].kind;
    output.meaning = MeaningOf(target, loss, output.elements);
    output.margin = output.meaning == OutputMeaning::kBinaryUnit &&
                    definitions::DefinitionOf(loss).targets == definitions::Targets::kMargin;
    output.multi_label =
        output.meaning == OutputMeaning::kClasses && target.kind == base::TargetKind::kArray &&
        definitions::DefinitionOf(loss).targets == definitions::Targets::kYesNo;
    // of a sequence or a mask: a class at each position, which no column of one class has room for
    if (output.meaning == OutputMeaning::kClasses && output.shape.size() > 1) output.meaning = OutputMeaning::kValues;
    if (output.meaning != OutputMeaning::kValues) {
      output.classes_count = output.meaning == OutputMeaning::kBinaryUnit ? 2 : output.elements;
      output.classes = target.class_values;
      if (output.classes.empty()) {
        for (int64_t c = 0; c < output.classes_count; c++) output.classes.push_back(std::to_string(c));
      }
    }
    outputs.push_back(std::move(output));
  }
  return outputs;
}

double ClassProbability(const OutputInfo& output, const float* row, int64_t c) {
  if (output.meaning != OutputMeaning::kBinaryUnit) return static_cast<double>(row[c]);
  double second = static_cast<double>(row[0]);
  if (output.margin && !std::isnan(second)) second = std::clamp((1 + second) / 2, 0.0, 1.0);
  return c == 1 ? second : 1.0 - second;
}

void RankClasses(const OutputInfo& output, const float* row, std::vector<int64_t>* order) {
  order->resize(static_cast<size_t>(output.classes_count));
  std::iota(order->begin(), order->end(), 0);
  std::stable_sort(order->begin(), order->end(),
                   [&](int64_t a, int64_t b) { return Less(ClassProbability(output, row, b), ClassProbability(output, row, a)); });
}

int64_t TopClass(const OutputInfo& output, const float* row) {
  if (output.meaning == OutputMeaning::kBinaryUnit) return row[0] > (output.margin ? 0.0F : 0.5F) ? 1 : 0;
  int64_t best = 0;
  for (int64_t c = 1; c < output.classes_count; c++) {
    if (Less(static_cast<double>(row[best]), static_cast<double>(row[c]))) best = c;
  }
  return best;
}

}  // namespace score
