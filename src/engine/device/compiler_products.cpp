// Layers with products, pools, and activations.
#include "engine/api/pointwise_function.hpp"
#include "engine/device/compiler.hpp"

namespace engine::device {

namespace {

using base::LayerKind;

// y = x.
math::PointwiseFunction Identity() {
  math::PointwiseFunction function = PlainFunction(math::Pointwise::kReLU);
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

// Whether a stage applies an activation to its results by itself.
bool TakesActivation(StageKind kind) {
  switch (kind) {
    case StageKind::kDense:
    case StageKind::kConvolution:
    case StageKind::kDepthwise:
    case StageKind::kMerge:
    case StageKind::kBatchNormalization:
    case StageKind::kRowNormalization:
      return true;
    default:
      return false;
  }
}

// Of dimension i of an image, or of the one row of a sequence, whose i is negative.
math::Slide SlideOf(const base::Shape& out, const base::Layer& layer, const base::Shape& in, int i, int64_t window,
                    bool dilates) {
  if (i < 0) return {1, 1, 1, 1, 1, false};
  const auto at = static_cast<size_t>(i);
  const int64_t dilation = dilates ? Attribute(layer, "dilation_rate").list().at(at).integer() : 1;
  const std::string& padding = TextAttribute(layer, "padding");
  math::Slide slide(in[at], out[at], window, Attribute(layer, "strides").list().at(at).integer(), dilation,
                    padding == "same");
  if (padding == "causal") slide.before = dilation * (window - 1);
  return slide;
}

}  // namespace

bool Compiler::AddProductLayer(const base::Call& call, const base::Layer& layer, const base::Shape& in) {
  switch (layer.kind) {
    case LayerKind::kDense:
      AddDense(call, layer, in);
      return true;
    case LayerKind::kConv1D:
      AddConvolution(call, layer, in, 1);
      return true;
    case LayerKind::kConv2D:
      AddConvolution(call, layer, in, 2);
      return true;
    case LayerKind::kDepthwiseConv1D:
    case LayerKind::kSeparableConv1D:
      AddDepthwise(call, layer, in, 1, layer.kind == LayerKind::kSeparableConv1D);
      return true;
    case LayerKind::kDepthwiseConv2D:
    case LayerKind::kSeparableConv2D:
      AddDepthwise(call, layer, in, 2, layer.kind == LayerKind::kSeparableConv2D);
      return true;
    case LayerKind::kMaxPooling1D:
      AddPool(call, layer, in, 1, StageKind::kMaxPool, false);
      return true;
    case LayerKind::kMaxPooling2D:
      AddPool(call, layer, in, 2, StageKind::kMaxPool, false);
      return true;
    case LayerKind::kAveragePooling1D:
      AddPool(call, layer, in, 1, StageKind::kMeanPool, false);
      return true;
    case LayerKind::kAveragePooling2D:
      AddPool(call, layer, in, 2, StageKind::kMeanPool, false);
      return true;
    case LayerKind::kGlobalMaxPooling1D:
      AddPool(call, layer, in, 1, StageKind::kMaxPool, true);
      return true;
    case LayerKind::kGlobalMaxPooling2D:
      AddPool(call, layer, in, 2, StageKind::kMaxPool, true);
      return true;
    case LayerKind::kGlobalAveragePooling1D:
      AddPool(call, layer, in, 1, StageKind::kMeanPool, true);
      return true;
    case LayerKind::kGlobalAveragePooling2D:
      AddPool(call, layer, in, 2, StageKind::kMeanPool, true);
      return true;
    case LayerKind::kActivation:
    case LayerKind::kReLU:
    case LayerKind::kThresholdedReLU:
    case LayerKind::kLeakyReLU:
    case LayerKind::kELU:
    case LayerKind::kSoftmax:
      AddActivationLayer(layer, in);
      return true;
    default:
      return false;
  }
}

void Compiler::AddActivationLayer(const base::Layer& layer, const base::Shape& shape) {
  math::PointwiseFunction function = PlainFunction(math::Pointwise::kReLU);
  switch (layer.kind) {
    case LayerKind::kActivation:
      return AddActivation(ActivationAttribute(layer, "activation"), shape, layer);
    case LayerKind::kReLU: {
      function.slope = NumberAttribute(layer, "negative_slope");
      function.threshold = NumberAttribute(layer, "threshold");
      const bool limited = FindNumber(layer, "max_value", &function.limit);
      if (function.slope == 0 && function.threshold == 0 && !limited)
        return AddActivation(Activation::kReLU, shape, layer);
      return AddPointwise(function, shape);
    }
    case LayerKind::kThresholdedReLU:
      function.threshold = NumberAttribute(layer, "theta");
      return AddPointwise(function, shape);
    case LayerKind::kLeakyReLU:
      function.slope = NumberAttribute(layer, "alpha");
      return AddPointwise(function, shape);
    case LayerKind::kELU:
      function = PlainFunction(math::Pointwise::kELU);
      function.alpha = NumberAttribute(layer, "alpha");
      return AddPointwise(function, shape);
    default: {
      const base::Value& axis = Attribute(layer, "axis");
      if (!axis.is_number() || (axis.integer() != -1 && axis.integer() != static_cast<int64_t>(shape.size())))
        Refuse(layer);
      return AddActivation(Activation::kSoftmax, shape, layer);
    }
  }
}

void Compiler::AddDense(const base::Call& call, const base::Layer& layer, const base::Shape& in) {
  if (in.empty()) Refuse(layer);
  Stage& stage = Add(StageKind::kDense, base::ElementCount(in), base::ElementCount(call.output_shape));
  stage.inner = Narrow(in.back());
  stage.outer = Narrow(call.output_shape.back());
  stage.positions = stage.in / stage.inner;
  TakeWeights(call, 0, layer.weights.size() < 2 ? -1 : 1, &stage);
  AddActivation(ActivationAttribute(layer, "activation"), call.output_shape, layer);
}

void Compiler::AddConvolution(const base::Call& call, const base::Layer& layer, const base::Shape& in,
                              size_t dimensions) {
  double groups = 1;
  if (FindNumber(layer, "groups", &groups) && groups != 1) Refuse(layer);
  const base::Shape& out = call.output_shape;
  if (in.size() != dimensions + 1 || out.size() != dimensions + 1) Refuse(layer);
  const base::Shape& window = layer.weights[0].shape;
  const int columns = static_cast<int>(dimensions) - 1;
  Stage& stage = Add(StageKind::kConvolution, base::ElementCount(in), base::ElementCount(out));
  stage.rows = ToWindow(SlideOf(out, layer, in, columns - 1, dimensions == 2 ? window[0] : 1, true));
  stage.columns = ToWindow(SlideOf(out, layer, in, columns, window[dimensions - 1], true));
  stage.inner = Narrow(in.back());
  stage.outer = Narrow(out.back());
  TakeWeights(call, 0, layer.weights.size() < 2 ? -1 : 1, &stage);
  AddActivation(ActivationAttribute(layer, "activation"), out, layer);
}

// A separable convolution is a depthwise one with a convolution of single pixels behind it, which has the bias.
void Compiler::AddDepthwise(const base::Call& call, const base::Layer& layer, const base::Shape& in, size_t dimensions,
                            bool separable) {
  base::Shape out = call.output_shape;
  if (in.size() != dimensions + 1 || out.size() != dimensions + 1) Refuse(layer);
  const base::Shape& window = layer.weights[0].shape;
  const int columns = static_cast<int>(dimensions) - 1;
  const bool bias = BoolAttribute(layer, "use_bias");
  out.back() = in.back() * window.back();
  Stage& stage = Add(StageKind::kDepthwise, base::ElementCount(in), base::ElementCount(out));
  stage.rows = ToWindow(SlideOf(out, layer, in, columns - 1, dimensions == 2 ? window[0] : 1, true));
  stage.columns = ToWindow(SlideOf(out, layer, in, columns, window[dimensions - 1], true));
  stage.inner = Narrow(in.back());
  stage.outer = Narrow(out.back());
  TakeWeights(call, 0, bias && !separable ? 1 : -1, &stage);
  if (separable) {
    Stage& pixels = Add(StageKind::kDense, base::ElementCount(out), base::ElementCount(call.output_shape));
    pixels.inner = Narrow(out.back());
    pixels.outer = Narrow(call.output_shape.back());
    pixels.positions = pixels.in / pixels.inner;
    TakeWeights(call, 1, bias ? 2 : -1, &pixels);
  }
  AddActivation(ActivationAttribute(layer, "activation"), call.output_shape, layer);
}

void Compiler::AddPool(const base::Call& call, const base::Layer& layer, const base::Shape& in, size_t dimensions,
                       StageKind kind, bool whole) {
  if (in.size() != dimensions + 1) Refuse(layer);
  const int columns = static_cast<int>(dimensions) - 1;
  const auto window = [&](int i) {
    if (whole) {
      const int64_t size = i < 0 ? 1 : in[static_cast<size_t>(i)];
      return math::Slide(size, 1, size, size, 1, false);
    }
    const int64_t size = i < 0 ? 1 : Attribute(layer, "pool_size").list().at(static_cast<size_t>(i)).integer();
    return SlideOf(call.output_shape, layer, in, i, size, false);
  };
  Stage& stage = Add(kind, base::ElementCount(in), base::ElementCount(call.output_shape));
  stage.rows = ToWindow(window(columns - 1));
  stage.columns = ToWindow(window(columns));
  stage.inner = stage.outer = Narrow(in.back());
  stage.shares = whole && kind == StageKind::kMaxPool ? 1 : 0;
}

Window Compiler::ToWindow(const math::Slide& slide) {
  return {Narrow(slide.in),     Narrow(slide.out),      Narrow(slide.window),
          Narrow(slide.stride), Narrow(slide.dilation), Narrow(slide.before)};
}

void Compiler::AddPointwise(const math::PointwiseFunction& function, const base::Shape& shape) {
  Stage& stage = Add(StageKind::kPointwise, base::ElementCount(shape), base::ElementCount(shape));
  stage.function = function;
}

void Compiler::AddActivation(Activation activation, const base::Shape& shape, const base::Layer& layer) {
  math::FusedActivation fused;
  math::PointwiseFunction function;
  if (FindFused(activation, &fused)) {
    if (fused == math::FusedActivation::kLinear) return;
    if (fused == math::FusedActivation::kSoftmax) {
      Stage& stage = Add(StageKind::kSoftmax, base::ElementCount(shape), base::ElementCount(shape));
      stage.outer = Narrow(shape.empty() ? 1 : shape.back());
      return;
    }
    const Stage* maker = current_.sole ? MakerOf(current_.value) : nullptr;
    const bool joins =
        maker != nullptr && maker->activation == math::FusedActivation::kLinear && TakesActivation(maker->kind);
    if (!joins) AddPointwise(Identity(), shape);
    MakerOf(current_.value)->activation = fused;
  } else if (FindFunction(activation, &function)) {
    AddPointwise(function, shape);
  } else {
    Refuse(layer);
  }
}

}  // namespace engine::device
