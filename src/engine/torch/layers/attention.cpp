// Dot, and attention: scores of each position of a query against each key, their softmax, and the sum of the values that it weights.
//
// A value that is masked, or that lies behind the query's position under a causal mask, gets the score less 1e9, as Keras has it: its
// weight is zero, and where all are masked the weights are those of the scores that are left.
#include <cmath>
#include <memory>

#include "engine/torch/layers/dropout.hpp"
#include "engine/torch/module.hpp"

namespace engine::torch {

namespace {

constexpr double kMasked = -1e9;

// Keras's l2_normalize.
at::Tensor Normalized(const at::Tensor& x, int64_t axis) {
  constexpr double kEpsilon = 1e-12;
  return x * at::rsqrt((x * x).sum(axis, true).clamp_min(kEpsilon));
}

class DotModule : public Module {
 public:
  explicit DotModule(const base::Layer& layer) : normalize_(BoolAttribute(layer, "normalize")) {
    const base::List& axes = Attribute(layer, "axes").list();
    axes_[0] = axes.at(0).integer();
    axes_[1] = axes.at(1).integer();
  }

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    at::Tensor a = inputs[0]->data, b = inputs[1]->data;
    if (normalize_) {
      a = Normalized(a, axes_[0]);
      b = Normalized(b, axes_[1]);
    }
    a = a.movedim(axes_[0], -1);
    b = b.movedim(axes_[1], 1);
    std::vector<int64_t> shape(a.sizes().begin(), a.sizes().end() - 1);
    shape.insert(shape.end(), b.sizes().begin() + 2, b.sizes().end());
    if (shape.size() == 1) shape.push_back(1);
    const int64_t batch = a.size(0), elements = a.size(-1);
    return {at::bmm(a.reshape({batch, -1, elements}), b.reshape({batch, elements, -1})).reshape(shape), {}, {}, Squash::kNone};
  }

 private:
  int64_t axes_[2];
  bool normalize_;
};

// What the three attentions share.
class AttentionModule : public Module {
 public:
  AttentionModule(const base::Layer& layer, const char* causal)
      : rate_(NumberAttribute(layer, "dropout")), causal_(BoolAttribute(layer, causal)) {}

 protected:
  static const Value& Key(const Inputs& inputs) { return inputs.size() == 3 ? *inputs[2] : *inputs[1]; }

  /// scores: (batch, [heads,] Tq, Tv). visible: bool that broadcasts to them, or undefined. Returns the weights.
  at::Tensor WeightsOf(at::Tensor scores, at::Tensor visible, const Context& context) const {
    if (causal_) {
      const at::TensorOptions options = scores.options().dtype(at::kBool);
      const at::Tensor before = at::ones({scores.size(-2), scores.size(-1)}, options).tril();
      visible = visible.defined() ? at::logical_and(visible, before) : before;
    }
    if (visible.defined()) scores = scores + at::logical_not(visible).to(scores.scalar_type()) * kMasked;
    at::Tensor weights = at::softmax(scores, -1);
    if (!context.training || rate_ <= 0) return weights;
    return weights * DropoutMask(weights.sizes().vec(), rate_, weights.options(), context.keys, context.site);
  }

 private:
  double rate_;
  bool causal_;
};

// Keras's BaseDenseAttention: values are masked by the value's mask, rows of the result by the query's.
class DenseAttentionModule : public AttentionModule {
 public:
  explicit DenseAttentionModule(const base::Layer& layer) : AttentionModule(layer, "causal"), use_scale_(BoolAttribute(layer, "use_scale")) {}

  Value Forward(const Inputs& inputs, const Weights& weights, const Context& context) const override {
    const Value &query = *inputs[0], &value = *inputs[1];
    const at::Tensor visible = value.mask.defined() ? value.mask.unsqueeze(1) : at::Tensor();
    const at::Tensor scores = Scores(query.data, Key(inputs).data, weights);
    at::Tensor y = at::bmm(WeightsOf(scores, visible, context), value.data);
    if (query.mask.defined()) y = y * query.mask.unsqueeze(-1);
    return {y, query.mask, {}, Squash::kNone};
  }

 protected:
  virtual at::Tensor Scores(const at::Tensor& query, const at::Tensor& key, const Weights& weights) const = 0;

  bool use_scale_;
};

class LuongModule : public DenseAttentionModule {
 public:
  explicit LuongModule(const base::Layer& layer) : DenseAttentionModule(layer), concat_(TextAttribute(layer, "score_mode") == "concat") {}

 protected:
  at::Tensor Scores(const at::Tensor& query, const at::Tensor& key, const Weights& weights) const override {
    if (concat_) {
      const at::Tensor sum = query.unsqueeze(2) + key.unsqueeze(1);
      return weights[use_scale_ ? 1 : 0] * at::tanh(use_scale_ ? weights[0] * sum : sum).sum(-1);
    }
    const at::Tensor scores = at::bmm(query, key.transpose(1, 2));
    return use_scale_ ? scores * weights[0] : scores;
  }

 private:
  bool concat_;
};

class AdditiveModule : public DenseAttentionModule {
 public:
  using DenseAttentionModule::DenseAttentionModule;

 protected:
  at::Tensor Scores(const at::Tensor& query, const at::Tensor& key, const Weights& weights) const override {
    const at::Tensor sum = at::tanh(query.unsqueeze(2) + key.unsqueeze(1));
    return (use_scale_ ? weights[0] * sum : sum).sum(-1);
  }
};

// Weights: kernel [bias] of query, key, value and output, as layers/attention.cpp has them. Positions of the query that are masked see
// nothing, as in Keras since 2.10.
class MultiHeadAttentionModule : public AttentionModule {
 public:
  explicit MultiHeadAttentionModule(const base::Layer& layer)
      : AttentionModule(layer, "use_causal_mask"),
        use_bias_(BoolAttribute(layer, "use_bias")),
        scale_(1 / std::sqrt(static_cast<double>(IntAttribute(layer, "key_dim")))) {}

  Value Forward(const Inputs& inputs, const Weights& weights, const Context& context) const override {
    const Value &query = *inputs[0], &value = *inputs[1], &key = Key(inputs);
    const at::Tensor q = Project(query.data, weights, 0) * scale_, k = Project(key.data, weights, 1), v = Project(value.data, weights, 2);
    at::Tensor visible;
    const auto narrow = [&visible](const at::Tensor& mask) { visible = visible.defined() ? at::logical_and(visible, mask) : mask; };
    if (query.mask.defined()) narrow(query.mask.unsqueeze(1).unsqueeze(-1));
    if (value.mask.defined()) narrow(value.mask.unsqueeze(1).unsqueeze(1));
    if (&key != &value && key.mask.defined()) narrow(key.mask.unsqueeze(1).unsqueeze(1));
    const at::Tensor weighted = at::matmul(WeightsOf(at::matmul(q, k.transpose(-1, -2)), visible, context), v);  // (batch, heads, Tq, value)
    const at::Tensor joined = weighted.transpose(1, 2).flatten(2);
    const at::Tensor& kernel = weights[Position(3)];
    const at::Tensor y = at::matmul(joined, kernel.flatten(0, 1));
    return {use_bias_ ? y + weights[Position(3) + 1] : y, query.mask, {}, Squash::kNone};
  }

 private:
  size_t Position(size_t projection) const { return projection * (use_bias_ ? 2 : 1); }

  // (batch, time, features) -> (batch, heads, time, size)
  at::Tensor Project(const at::Tensor& x, const Weights& weights, size_t projection) const {
    const at::Tensor& kernel = weights[Position(projection)];
    at::Tensor y = at::matmul(x, kernel.flatten(1));
    if (use_bias_) y = y + weights[Position(projection) + 1].flatten();
    return y.view({x.size(0), x.size(1), kernel.size(1), kernel.size(2)}).transpose(1, 2);
  }

  bool use_bias_;
  double scale_;
};

}  // namespace

std::unique_ptr<Module> MakeDot(const base::Layer& layer) { return std::make_unique<DotModule>(layer); }
std::unique_ptr<Module> MakeAttention(const base::Layer& layer) { return std::make_unique<LuongModule>(layer); }
std::unique_ptr<Module> MakeAdditiveAttention(const base::Layer& layer) { return std::make_unique<AdditiveModule>(layer); }
std::unique_ptr<Module> MakeMultiHeadAttention(const base::Layer& layer) { return std::make_unique<MultiHeadAttentionModule>(layer); }

}  // namespace engine::torch
