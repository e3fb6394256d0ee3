// Compiling: the calls of a chain become stages one after the other. An activation joins the stage before it where that
// is a product; softmax is a stage. The loss takes what comes before the last activation where it can, as
// engine/native/network.cpp has it.
#include "engine/device/network.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "definitions/loss.hpp"
#include "engine/api/constraint.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/losses.hpp"
#include "engine/math/sliding_window.hpp"

namespace engine::device {

namespace {

using base::LayerKind;

/// Why a network has no kernels for devices.
struct Refusal {
  std::string why;
};

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

int32_t Narrow(int64_t value) {
  if (value < 0 || value > std::numeric_limits<int32_t>::max())
    throw Refusal{"a layer has more than 2147483647 elements"};
  return static_cast<int32_t>(value);
}

math::PointwiseFunction Function(math::Pointwise kind) {
  math::PointwiseFunction function;
  function.kind = kind;
  function.limit = std::numeric_limits<double>::infinity();
  return function;
}

// y = x.
math::PointwiseFunction Identity() {
  math::PointwiseFunction function = Function(math::Pointwise::kReLU);
  function.slope = 1;
  return function;
}

bool FindFused(Activation activation, math::FusedActivation* fused) {
  switch (activation) {
    case Activation::kLinear:
      *fused = math::FusedActivation::kLinear;
      return true;
    case Activation::kReLU:
      *fused = math::FusedActivation::kReLU;
      return true;
    case Activation::kSigmoid:
      *fused = math::FusedActivation::kSigmoid;
      return true;
    case Activation::kTanh:
      *fused = math::FusedActivation::kTanh;
      return true;
    case Activation::kSoftmax:
      *fused = math::FusedActivation::kSoftmax;
      return true;
    default:
      return false;
  }
}

bool FindFunction(Activation activation, math::PointwiseFunction* function) {
  switch (activation) {
    case Activation::kReLU6:
      *function = Function(math::Pointwise::kReLU6);
      return true;
    case Activation::kSoftplus:
      *function = Function(math::Pointwise::kSoftplus);
      return true;
    case Activation::kSoftsign:
      *function = Function(math::Pointwise::kSoftsign);
      return true;
    case Activation::kELU:
      *function = Function(math::Pointwise::kELU);
      return true;
    case Activation::kSELU:
      *function = Function(math::Pointwise::kELU);
      function->alpha = kSeluAlpha;
      function->scale = kSeluScale;
      return true;
    case Activation::kExponential:
      *function = Function(math::Pointwise::kExponential);
      return true;
    case Activation::kGELU:
      *function = Function(math::Pointwise::kGELU);
      return true;
    case Activation::kSwish:
      *function = Function(math::Pointwise::kSwish);
      return true;
    case Activation::kHardSigmoid:
      *function = Function(math::Pointwise::kHardSigmoid);
      return true;
    case Activation::kMish:
      *function = Function(math::Pointwise::kMish);
      return true;
    default:
      return false;
  }
}

Window ToWindow(const math::Slide& slide) {
  return {Narrow(slide.in),     Narrow(slide.out),      Narrow(slide.window),
          Narrow(slide.stride), Narrow(slide.dilation), Narrow(slide.before)};
}

class Compiler {
 public:
  Compiler(const ResolvedNetwork& resolved, Network* network)
      : resolved_(resolved), graph_(*resolved.graph), network_(*network) {}

  void Compile() {
    if (resolved_.layout.precision != base::DType::kFloat32) throw Refusal{"the models compute in float64"};
    if (graph_.inputs.size() != 1 || graph_.outputs.size() != 1)
      throw Refusal{"the network has several inputs or outputs"};
    FindTensors();
    for (size_t c = 0; c < graph_.calls.size(); ++c) AddCall(static_cast<int>(c));
    if (graph_.outputs[0] != static_cast<int>(graph_.calls.size()) - 1)
      throw Refusal{"the output is not the last layer's"};
    if (network_.stages.empty()) throw Refusal{"no layer has weights"};
    AddLoss();
    BindColumns();
    PlanBackward();
    Count();
  }

 private:
  const base::Layer& LayerOf(const base::Call& call) const { return graph_.layers[static_cast<size_t>(call.layer)]; }

  int64_t Offset(size_t tensor) const {
    return static_cast<int64_t>(resolved_.layout.tensors[tensor].offset / sizeof(float));
  }

  // The trained weights, and where each layer's weights begin among the state's tensors.
  void FindTensors() {
    const std::vector<StateTensor>& tensors = resolved_.layout.tensors;
    size_t next = 0, moved = 0;
    for (const base::Layer& layer : graph_.layers) {
      first_tensor_.push_back(next);
      for (const base::WeightSpec& spec : layer.weights) {
        tensor_index_.push_back(-1);
        const std::string name = layer.name + "/" + spec.name;
        if (spec.trainable) {
          if (ReadConstraint(spec.constraint, name).kind != Constraint::Kind::kNone)
            throw Refusal{"weight " + Quoted(name) + " has a constraint"};
          const Regularizer regularizer = ReadRegularizer(spec, name);
          if (regularizer.orthogonal != 0) throw Refusal{"weight " + Quoted(name) + " has an orthogonal regularizer"};
          Tensor tensor;
          tensor.weight = Offset(next);
          tensor.count = static_cast<int64_t>(tensors[next].count);
          tensor.l1 = static_cast<float>(regularizer.l1);
          tensor.l2_twice = static_cast<float>(2 * regularizer.l2);
          tensor.l1_exact = regularizer.l1;
          tensor.l2_exact = regularizer.l2;
          tensor_index_.back() = static_cast<int>(moved++);
          network_.tensors.push_back(tensor);
          network_.tensor_names.push_back(name);
        }
        ++next;
      }
    }
    if (moved > static_cast<size_t>(kMostTensors))
      throw Refusal{"the network has more than " + std::to_string(kMostTensors) + " trained weights"};
    const size_t slots = moved == 0 ? 0 : (tensors.size() - next) / moved;
    for (size_t t = 0; t < moved; ++t) {
      for (size_t s = 0; s < slots; ++s) network_.tensors[t].slots[s] = Offset(next + t * slots + s);
    }
    network_.state_bytes = static_cast<int64_t>(resolved_.layout.bytes);
    const size_t end = next < tensors.size() ? tensors[next].offset : resolved_.layout.bytes;
    network_.weight_bytes = static_cast<int64_t>(end - kStateCountersBytes);
  }

  void AddCall(int c) {
    const base::Call& call = graph_.calls[static_cast<size_t>(c)];
    const base::Layer& layer = LayerOf(call);
    if (c == graph_.inputs[0]) {
      if (c != 0) throw Refusal{"the network is no chain of layers"};
      network_.in = base::ElementCount(call.output_shape);
      return;
    }
    if (call.inputs.size() != 1 || call.inputs[0] != c - 1)
      throw Refusal{"the network is no chain of layers: " + Quoted(layer.name)};
    if (layer.time_distributed != 0 || (!layer.weights.empty() && !called_.insert(call.layer).second)) Refuse(layer);
    AddLayer(call, layer, graph_.calls[static_cast<size_t>(c - 1)].output_shape);
  }

  [[noreturn]] static void Refuse(const base::Layer& layer) {
    throw Refusal{"layer " + Quoted(layer.name) + " has no kernel for devices"};
  }

  void AddLayer(const base::Call& call, const base::Layer& layer, const base::Shape& in) {
    switch (layer.kind) {
      case LayerKind::kDense:
        return AddDense(call, layer, in);
      case LayerKind::kConv1D:
        return AddConvolution(call, layer, in, 1);
      case LayerKind::kConv2D:
        return AddConvolution(call, layer, in, 2);
      case LayerKind::kMaxPooling1D:
        return AddPool(call, layer, in, 1, StageKind::kMaxPool, false);
      case LayerKind::kMaxPooling2D:
        return AddPool(call, layer, in, 2, StageKind::kMaxPool, false);
      case LayerKind::kAveragePooling1D:
        return AddPool(call, layer, in, 1, StageKind::kMeanPool, false);
      case LayerKind::kAveragePooling2D:
        return AddPool(call, layer, in, 2, StageKind::kMeanPool, false);
      case LayerKind::kGlobalAveragePooling1D:
        return AddPool(call, layer, in, 1, StageKind::kMeanPool, true);
      case LayerKind::kGlobalAveragePooling2D:
        return AddPool(call, layer, in, 2, StageKind::kMeanPool, true);
      case LayerKind::kFlatten:
      case LayerKind::kReshape:
        return;
      case LayerKind::kActivation:
        return AddActivation(ActivationAttribute(layer, "activation"), call.output_shape, layer);
      case LayerKind::kDropout:
        return AddDropout(call, layer, in);
      case LayerKind::kReLU: {
        math::PointwiseFunction function = Function(math::Pointwise::kReLU);
        function.slope = NumberAttribute(layer, "negative_slope");
        function.threshold = NumberAttribute(layer, "threshold");
        const bool limited = FindNumber(layer, "max_value", &function.limit);
        if (function.slope == 0 && function.threshold == 0 && !limited)
          return AddActivation(Activation::kReLU, in, layer);
        return AddPointwise(function, in);
      }
      case LayerKind::kThresholdedReLU: {
        math::PointwiseFunction function = Function(math::Pointwise::kReLU);
        function.threshold = NumberAttribute(layer, "theta");
        return AddPointwise(function, in);
      }
      case LayerKind::kLeakyReLU: {
        math::PointwiseFunction function = Function(math::Pointwise::kReLU);
        function.slope = NumberAttribute(layer, "alpha");
        return AddPointwise(function, in);
      }
      case LayerKind::kELU: {
        math::PointwiseFunction function = Function(math::Pointwise::kELU);
        function.alpha = NumberAttribute(layer, "alpha");
        return AddPointwise(function, in);
      }
      case LayerKind::kSoftmax: {
        const base::Value& axis = Attribute(layer, "axis");
        if (!axis.is_number() || (axis.integer() != -1 && axis.integer() != static_cast<int64_t>(in.size())))
          Refuse(layer);
        return AddActivation(Activation::kSoftmax, in, layer);
      }
      default:
        Refuse(layer);
    }
  }

  Stage& Add(StageKind kind, int64_t in, int64_t out) {
    if (network_.stages.size() == static_cast<size_t>(kMostStages))
      throw Refusal{"the network has more than " + std::to_string(kMostStages) + " stages"};
    Stage stage;
    stage.kind = kind;
    stage.in = Narrow(in);
    stage.out = Narrow(out);
    network_.stages.push_back(stage);
    return network_.stages.back();
  }

  void TakeWeights(const base::Call& call, const base::Layer& layer, Stage* stage) {
    const size_t first = first_tensor_[static_cast<size_t>(call.layer)];
    stage->weight = Offset(first);
    stage->weight_tensor = tensor_index_[first];
    if (layer.weights.size() < 2) return;
    stage->bias = Offset(first + 1);
    stage->bias_tensor = tensor_index_[first + 1];
  }

  void AddDense(const base::Call& call, const base::Layer& layer, const base::Shape& in) {
    if (in.empty()) Refuse(layer);
    Stage& stage = Add(StageKind::kDense, base::ElementCount(in), base::ElementCount(call.output_shape));
    stage.inner = Narrow(in.back());
    stage.outer = Narrow(call.output_shape.back());
    stage.positions = stage.in / stage.inner;
    TakeWeights(call, layer, &stage);
    AddActivation(ActivationAttribute(layer, "activation"), call.output_shape, layer);
  }

  // Of dimension i of an image, or of the one row of a sequence, whose i is negative.
  static math::Slide SlideOf(const base::Call& call, const base::Layer& layer, const base::Shape& in, int i,
                             int64_t window, bool dilates) {
    if (i < 0) return {1, 1, 1, 1, 1, false};
    const auto at = static_cast<size_t>(i);
    const int64_t dilation = dilates ? Attribute(layer, "dilation_rate").list().at(at).integer() : 1;
    const std::string& padding = TextAttribute(layer, "padding");
    math::Slide slide(in[at], call.output_shape[at], window, Attribute(layer, "strides").list().at(at).integer(),
                      dilation, padding == "same");
    if (padding == "causal") slide.before = dilation * (window - 1);
    return slide;
  }

  void AddConvolution(const base::Call& call, const base::Layer& layer, const base::Shape& in, size_t dimensions) {
    double groups = 1;
    if (FindNumber(layer, "groups", &groups) && groups != 1) Refuse(layer);
    if (in.size() != dimensions + 1 || call.output_shape.size() != dimensions + 1) Refuse(layer);
    const base::Shape& window = layer.weights[0].shape;
    const int columns = static_cast<int>(dimensions) - 1;
    Stage& stage = Add(StageKind::kConvolution, base::ElementCount(in), base::ElementCount(call.output_shape));
    stage.rows = ToWindow(SlideOf(call, layer, in, columns - 1, dimensions == 2 ? window[0] : 1, true));
    stage.columns = ToWindow(SlideOf(call, layer, in, columns, window[dimensions - 1], true));
    stage.inner = Narrow(in.back());
    stage.outer = Narrow(call.output_shape.back());
    TakeWeights(call, layer, &stage);
    AddActivation(ActivationAttribute(layer, "activation"), call.output_shape, layer);
  }

  void AddPool(const base::Call& call, const base::Layer& layer, const base::Shape& in, size_t dimensions,
               StageKind kind, bool whole) {
    if (in.size() != dimensions + 1) Refuse(layer);
    const int columns = static_cast<int>(dimensions) - 1;
    const auto window = [&](int i) {
      if (whole) {
        const int64_t size = i < 0 ? 1 : in[static_cast<size_t>(i)];
        return math::Slide(size, 1, size, size, 1, false);
      }
      const int64_t size = i < 0 ? 1 : Attribute(layer, "pool_size").list().at(static_cast<size_t>(i)).integer();
      return SlideOf(call, layer, in, i, size, false);
    };
    Stage& stage = Add(kind, base::ElementCount(in), base::ElementCount(call.output_shape));
    stage.rows = ToWindow(window(columns - 1));
    stage.columns = ToWindow(window(columns));
    stage.inner = stage.outer = Narrow(in.back());
  }

  void AddDropout(const base::Call& call, const base::Layer& layer, const base::Shape& in) {
    const double rate = NumberAttribute(layer, "rate");
    if (call.inference || call.frozen || rate == 0) return;
    if (!Attribute(layer, "noise_shape").is_null()) Refuse(layer);
    Stage& stage = Add(StageKind::kDropout, base::ElementCount(in), base::ElementCount(in));
    stage.rate = rate;
    stage.dropout = static_cast<int32_t>(network_.dropout_sites.size());
    network_.dropout_sites.push_back(call.site);
  }

  void AddPointwise(const math::PointwiseFunction& function, const base::Shape& shape) {
    Stage& stage = Add(StageKind::kPointwise, base::ElementCount(shape), base::ElementCount(shape));
    stage.function = function;
  }

  void AddActivation(Activation activation, const base::Shape& shape, const base::Layer& layer) {
    math::FusedActivation fused;
    math::PointwiseFunction function;
    if (FindFused(activation, &fused)) {
      if (fused == math::FusedActivation::kLinear) return;
      if (fused == math::FusedActivation::kSoftmax) {
        Stage& stage = Add(StageKind::kSoftmax, base::ElementCount(shape), base::ElementCount(shape));
        stage.outer = Narrow(shape.empty() ? 1 : shape.back());
        return;
      }
      const bool joins =
          !network_.stages.empty() && network_.stages.back().activation == math::FusedActivation::kLinear &&
          (network_.stages.back().kind == StageKind::kDense || network_.stages.back().kind == StageKind::kConvolution);
      if (!joins) AddPointwise(Identity(), shape);
      network_.stages.back().activation = fused;
    } else if (FindFunction(activation, &function)) {
      AddPointwise(function, shape);
    } else {
      Refuse(layer);
    }
  }

  void AddLoss() {
    const base::LossConfig& config = resolved_.losses[0];
    const base::Shape& shape = graph_.calls[static_cast<size_t>(graph_.outputs[0])].output_shape;
    if (math::FindLossKernel<float>(config.kind) == nullptr || shape.empty())
      throw Refusal{"loss " + config.name + " has no kernel for devices"};
    LossNumbers& loss = network_.loss;
    loss.kind = static_cast<int32_t>(config.kind);
    loss.smoothing = static_cast<float>(config.label_smoothing);
    loss.delta = static_cast<float>(config.delta);
    loss.focal = {static_cast<float>(config.alpha), static_cast<float>(config.gamma),
                  static_cast<float>(config.label_smoothing), config.apply_class_balancing};
    loss.weight = resolved_.loss_weights[0];
    network_.classes = Narrow(shape.back());
    network_.positions = Narrow(base::ElementCount(shape)) / network_.classes;
    const definitions::LossDefinition& definition = definitions::DefinitionOf(config.kind);
    loss.sparse = definition.targets == definitions::Targets::kClassIndex ? 1 : 0;
    if (definition.squash == definitions::Squash::kNone) return;
    const bool sigmoid = definition.squash == definitions::Squash::kSigmoid;
    loss.squash = sigmoid ? math::FusedActivation::kSigmoid : math::FusedActivation::kSoftmax;
    Stage& last = network_.stages.back();
    if (!sigmoid && last.kind == StageKind::kSoftmax && network_.stages.size() > 1) {
      network_.stages.pop_back();
    } else if (sigmoid && last.activation == math::FusedActivation::kSigmoid) {
      last.activation = math::FusedActivation::kLinear;
    } else if (!config.from_logits) {
      throw Refusal{"loss " + config.name + " is computed of values that are no logits"};
    }
  }

  static ColumnPart PartOf(const base::ColumnSpec& spec, int column, int64_t first, int64_t count) {
    ColumnPart part;
    part.column = column;
    const int64_t elements = count < 0 ? base::ElementCount(spec.shape) - first : count;
    const auto element_bytes = static_cast<int64_t>(base::DTypeSize(spec.dtype));
    part.first_bytes = first * element_bytes;
    part.view.row_bytes = static_cast<int64_t>(spec.row_bytes());
    part.view.dtype = static_cast<int32_t>(spec.dtype);
    part.view.element_bytes = static_cast<int32_t>(element_bytes);
    part.view.elements = Narrow(elements);
    part.view.scale = static_cast<float>(spec.scale);
    part.view.exact_scale = spec.scale;
    if (spec.mean.empty()) return part;
    const int64_t last = spec.shape.empty() ? 1 : spec.shape.back();
    for (int64_t j = 0; j < elements; ++j) {
      const auto at = static_cast<size_t>((first + j) % last);
      if (spec.exact_standardisation) {
        part.exact_mean.push_back(spec.mean[at]);
        part.exact_std.push_back(spec.std[at]);
      } else {
        part.mean.push_back(static_cast<float>(spec.mean[at]));
        part.std.push_back(static_cast<float>(spec.std[at]));
      }
    }
    return part;
  }

  void BindColumns() {
    const InputBinding binding = BindInputs(graph_, resolved_.data)[0];
    int64_t at = 0;
    for (const InputPart& part : binding.parts) {
      network_.inputs.push_back(
          PartOf(resolved_.data.inputs[static_cast<size_t>(part.column)], part.column, part.first, part.count));
      network_.inputs.back().view.first = Narrow(at);
      at += network_.inputs.back().view.elements;
    }
    if (network_.inputs.size() > static_cast<size_t>(kMostColumns))
      throw Refusal{"the input is read from more than " + std::to_string(kMostColumns) + " columns"};
    network_.target = PartOf(resolved_.data.targets[0], 0, 0, -1);
    network_.target_elements = network_.target.view.elements;
    network_.has_row_weights = resolved_.data.has_weights;
    for (const auto& [index, weight] : resolved_.class_weight) {
      if (index < 0) continue;
      if (network_.class_weights.size() <= static_cast<size_t>(index))
        network_.class_weights.resize(static_cast<size_t>(index) + 1, 1.0f);
      network_.class_weights[static_cast<size_t>(index)] = static_cast<float>(weight);
    }
  }

  // A gradient is wanted of the input of every stage above the first one that is trained.
  void PlanBackward() {
    bool trained = false;
    for (Stage& stage : network_.stages) {
      stage.wants_gradient = trained ? 1 : 0;
      trained = trained || stage.weight_tensor >= 0 || stage.bias_tensor >= 0;
    }
    if (!trained) throw Refusal{"no weight is trained"};
  }

  void Count() {
    network_.small_chain = true;
    for (const Stage& stage : network_.stages) {
      const bool dense = stage.kind == StageKind::kDense && stage.positions == 1;
      network_.small_chain =
          network_.small_chain && (dense || stage.kind == StageKind::kPointwise || stage.kind == StageKind::kDropout);
    }
    network_.small_chain = network_.small_chain && network_.positions == 1;
  }

  const ResolvedNetwork& resolved_;
  const base::Graph& graph_;
  Network& network_;
  std::vector<size_t> first_tensor_;  // by graph layer
  std::vector<int> tensor_index_;     // by weight tensor of the state: among the trained ones
  std::set<int> called_;              // layers that have weights
};

}  // namespace

std::shared_ptr<const Network> Network::Make(const ResolvedNetwork& resolved, std::string* refusal) {
  auto network = std::make_shared<Network>();
  try {
    Compiler(resolved, network.get()).Compile();
  } catch (const Refusal& refused) {
    *refusal = refused.why;
    return nullptr;
  }
  return network;
}

bool Network::MetricsOf(const std::vector<base::MetricConfig>& metrics, std::vector<MetricNumbers>* numbers) const {
  if (metrics.size() > static_cast<size_t>(kMostMetrics)) return false;
  for (const base::MetricConfig& metric : metrics) {
    switch (metric.kind) {
      case base::MetricKind::kCategoricalAccuracy:
      case base::MetricKind::kSparseCategoricalAccuracy:
      case base::MetricKind::kBinaryAccuracy:
      case base::MetricKind::kTopKCategoricalAccuracy:
      case base::MetricKind::kSparseTopKCategoricalAccuracy:
      case base::MetricKind::kMeanAbsoluteError:
      case base::MetricKind::kMeanSquaredError:
      case base::MetricKind::kRootMeanSquaredError:
      case base::MetricKind::kMeanAbsolutePercentageError:
        break;
      default:
        return false;
    }
    numbers->push_back({static_cast<int32_t>(metric.kind), metric.k, static_cast<float>(metric.threshold)});
  }
  return true;
}

UpdateKind UpdateKindOf(const base::OptimizerConfig& optimizer) {
  const bool momentum = optimizer.momentum > 0;
  switch (optimizer.kind) {
    case base::OptimizerKind::kSGD:
      return !momentum ? UpdateKind::kSgd : optimizer.nesterov ? UpdateKind::kNesterov : UpdateKind::kMomentum;
    case base::OptimizerKind::kRMSprop:
      if (!momentum) return optimizer.centered ? UpdateKind::kRmspropCentered : UpdateKind::kRmsprop;
      return optimizer.centered ? UpdateKind::kRmspropCenteredMomentum : UpdateKind::kRmspropMomentum;
    case base::OptimizerKind::kAdagrad:
      return UpdateKind::kAdagrad;
    case base::OptimizerKind::kAdam:
    case base::OptimizerKind::kAdamW:
      return optimizer.amsgrad ? UpdateKind::kAdamAmsgrad : UpdateKind::kAdam;
    case base::OptimizerKind::kNadam:
      return UpdateKind::kNadam;
    case base::OptimizerKind::kAdadelta:
      return UpdateKind::kAdadelta;
    case base::OptimizerKind::kAdamax:
      return UpdateKind::kAdamax;
    case base::OptimizerKind::kFtrl:
      return optimizer.learning_rate_power == -0.5 ? UpdateKind::kFtrl : UpdateKind::kFtrlOfPower;
    case base::OptimizerKind::kLion:
      return UpdateKind::kLion;
    case base::OptimizerKind::kLAMB:
      return UpdateKind::kLamb;
  }
  return UpdateKind::kSgd;
}

}  // namespace engine::device
