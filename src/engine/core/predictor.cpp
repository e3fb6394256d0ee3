#include "engine/core/predictor.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "definitions/loss.hpp"
#include "engine/core/feature_extractor.hpp"

namespace engine {

namespace {

/// Whether a layer's results are squashed already: a loss takes the values before its activation then.
bool SquashesItself(const base::Layer& layer, definitions::Squash squash) {
  if (layer.kind == base::LayerKind::kSoftmax) return squash == definitions::Squash::kSoftmax;
  const base::Value* activation = layer.attributes.Find("activation");
  if (activation == nullptr || !activation->is_string()) return false;
  return activation->string() == (squash == definitions::Squash::kSoftmax ? "softmax" : "sigmoid");
}

void Softmax(float* row, int64_t n) {
  const float most = *std::max_element(row, row + n);
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    row[i] = std::exp(row[i] - most);
    sum += static_cast<double>(row[i]);
  }
  for (int64_t i = 0; i < n; ++i) row[i] = static_cast<float>(static_cast<double>(row[i]) / sum);
}

}  // namespace

Predictor::Predictor(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& data, const Options& options) {
  auto scoring = std::make_shared<base::Graph>(graph);
  // nothing is trained here: the values of all layers are those of scoring
  for (base::Call& call : scoring->calls) call.frozen = call.inference = true;
  std::vector<int> calls;
  std::map<int, size_t> value_of;
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    const int call = graph.outputs[i];
    const auto [found, added] = value_of.emplace(call, calls.size());
    if (added) calls.push_back(call);
    shapes_.push_back(graph.calls[static_cast<size_t>(call)].output_shape);
    Output output;
    output.value = found->second;
    const base::LossConfig& loss = config.losses.at(config.losses.size() == 1 ? 0 : i);
    const definitions::Squash squash = definitions::DefinitionOf(loss.kind).squash;
    const base::Layer& layer = graph.layers[static_cast<size_t>(graph.calls[static_cast<size_t>(call)].layer)];
    if (loss.from_logits && !SquashesItself(layer, squash)) {
      if (squash == definitions::Squash::kSoftmax) output.squash = Squash::kSoftmax;
      if (squash == definitions::Squash::kSigmoid) output.squash = Squash::kSigmoid;
    }
    outputs_.push_back(output);
  }
  direct_ = calls.size() == outputs_.size();
  extractor_ = std::make_unique<FeatureExtractor>(std::move(scoring), calls, data, options);
}

Predictor::~Predictor() = default;

const StateLayout& Predictor::layout() const { return extractor_->layout(); }
bool Predictor::has_kernels() const { return extractor_->has_kernels(); }
void Predictor::Attach(const void* block) { extractor_->Attach(block); }
size_t Predictor::workspace_bytes() const { return extractor_->workspace_bytes(); }

void Predictor::Run(const base::Buffer& buffer, std::vector<std::vector<float>>* out, const Poll& poll) {
  if (direct_) {
    extractor_->Run(buffer, out, poll);
  } else {
    extractor_->Run(buffer, &values_, poll);
    out->resize(outputs_.size());
    for (size_t i = 0; i < outputs_.size(); ++i) (*out)[i] = values_[outputs_[i].value];
  }
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (outputs_[i].squash == Squash::kNone) continue;
    std::vector<float>& values = (*out)[i];
    if (outputs_[i].squash == Squash::kSigmoid) {
      for (float& value : values) value = 1 / (1 + std::exp(-value));
      continue;
    }
    const int64_t classes = shapes_[i].empty() ? 1 : shapes_[i].back();
    for (size_t row = 0; row < values.size(); row += static_cast<size_t>(classes)) Softmax(values.data() + row, classes);
  }
}

}  // namespace engine
