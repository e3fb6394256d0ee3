// Attention: Attention by scalar products (Luong et al. 2015) and MultiHeadAttention (Vaswani et al. 2017), the same as
// engine/torch/layers/attention.cpp.
//
// Projections are products over the positions of all rows at once. Scores, their softmax and the weighted sums are made
// head by head: a head's matrices are copied side by side, so that the products of engine/math/gemm_tiles.hpp apply.
// Masks are inputs behind query, value and key.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/activations.hpp"
#include "engine/math/dropout_mask.hpp"
#include "engine/math/gemm_pack.hpp"
#include "engine/math/gemm_tiles.hpp"
#include "engine/math/merge.hpp"
#include "engine/math/pointwise.hpp"
#include "engine/math/poll.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

constexpr int64_t kNoOffset = 0;

int64_t Rounded(int64_t elements) {
  constexpr int64_t kUnit = 16;
  return (elements + kUnit - 1) / kUnit * kUnit;
}

// `rows` rows of `length` elements, every `stride`.
template <typename T>
math::Patches<T> Rows(const T* values, int64_t rows, int64_t stride, int64_t length) {
  return {values, 1, rows, 0, stride, &kNoOffset, 1, length};
}

template <typename T>
void CopyRows(const T* from, int64_t rows, int64_t length, int64_t from_stride, int64_t to_stride, T* to) {
  for (int64_t r = 0; r < rows; ++r) std::copy_n(from + r * from_stride, length, to + r * to_stride);
}

/// The heads of an attention layer.
struct Heads {
  int64_t heads = 1;
  int64_t queries = 0, values = 0;        // positions
  int64_t key_size = 0, value_size = 0;   // of a head
  bool causal = false;
  bool keys_apart = false;  // the third input; else the values are the keys
  double dropout = 0;
  uint64_t site = 0;
  // which of the layer's inputs hides scores: by the query's position, and by the value's; -1: none
  int query_mask = -1, value_mask = -1, key_mask = -1;
};

// From q (queries, heads * key_size), k (values, heads * key_size) and v (values, heads * value_size) of every row to y
// (queries, heads * value_size): each head's softmax(q k^T) v.
template <typename T>
class HeadsOf {
 public:
  explicit HeadsOf(const Heads& heads) : h_(heads) {}

  int64_t ScratchElements(int64_t rows) const {
    return (h_.dropout > 0 ? 2 : 1) * Rounded(rows * Scores() * h_.heads) + TemporaryElements();
  }

  void Forward(const LayerCall<T>& call, const T* q, const T* k, const T* v, T* scratch, T* y) const {
    const Areas a = LayOut(call.rows, scratch);
    const math::GemmKernels<T>& kernels = math::TheGemmKernels<T>();
    const bool drops = call.training && h_.dropout > 0;
    if (drops) math::FillDropoutMask(h_.dropout, *call.keys, h_.site, call.rows * h_.heads * Scores(), a.mask);
    for (int64_t i = 0; i < call.rows * h_.heads; ++i) {
      math::PollInterrupts();
      T* weights = a.weights + i * Scores();
      CopyRows(k + Key(i, h_.values), h_.values, h_.key_size, KeyRow(), h_.key_size, a.values);
      kernels.product(Rows(q + Key(i, h_.queries), h_.queries, KeyRow(), h_.key_size),
                      math::PackTransposed(a.values, h_.values, h_.key_size, a.panels), nullptr, false, weights);
      Hide(call, i / h_.heads, weights);
      math::BiasActivation(math::FusedActivation::kSoftmax, static_cast<const T*>(nullptr), h_.queries, h_.values, weights);
      CopyRows(v + Value(i, h_.values), h_.values, h_.value_size, ValueRow(), h_.value_size, a.values);
      kernels.product(Rows(Dropped(a, i, drops), h_.queries, h_.values, h_.values),
                      math::PackPanels(a.values, h_.values, h_.value_size, a.panels), nullptr, false, a.queries);
      CopyRows(a.queries, h_.queries, h_.value_size, h_.value_size, ValueRow(), y + Value(i, h_.queries));
    }
  }

  // dy is read; dq, dk and dv are written.
  void Backward(const LayerCall<T>& call, const T* q, const T* k, const T* v, T* scratch, const T* dy, T* dq, T* dk, T* dv) const {
    const Areas a = LayOut(call.rows, scratch);
    const math::GemmKernels<T>& kernels = math::TheGemmKernels<T>();
    const bool drops = h_.dropout > 0;
    for (int64_t i = 0; i < call.rows * h_.heads; ++i) {
      math::PollInterrupts();
      CopyRows(dy + Value(i, h_.queries), h_.queries, h_.value_size, ValueRow(), h_.value_size, a.queries);
      kernels.gradient(Rows(Dropped(a, i, drops), h_.queries, h_.values, h_.values), a.queries, h_.value_size, false, a.values);
      CopyRows(a.values, h_.values, h_.value_size, h_.value_size, ValueRow(), dv + Value(i, h_.values));
      CopyRows(v + Value(i, h_.values), h_.values, h_.value_size, ValueRow(), h_.value_size, a.values);
      kernels.product(Rows(a.queries, h_.queries, h_.value_size, h_.value_size),
                      math::PackTransposed(a.values, h_.values, h_.value_size, a.panels), nullptr, false, a.dscores);
      if (drops) math::Multiply(a.dscores, a.mask + i * Scores(), Scores(), a.dscores);
      math::ActivationGradient(math::FusedActivation::kSoftmax, a.weights + i * Scores(), h_.queries, h_.values, a.dscores);
      CopyRows(k + Key(i, h_.values), h_.values, h_.key_size, KeyRow(), h_.key_size, a.values);
      kernels.product(Rows(a.dscores, h_.queries, h_.values, h_.values), math::PackPanels(a.values, h_.values, h_.key_size, a.panels), nullptr,
                      false, a.queries);
      CopyRows(a.queries, h_.queries, h_.key_size, h_.key_size, KeyRow(), dq + Key(i, h_.queries));
      CopyRows(q + Key(i, h_.queries), h_.queries, h_.key_size, KeyRow(), h_.key_size, a.queries);
      kernels.gradient(Rows(a.dscores, h_.queries, h_.values, h_.values), a.queries, h_.key_size, false, a.values);
      CopyRows(a.values, h_.values, h_.key_size, h_.key_size, KeyRow(), dk + Key(i, h_.values));
    }
  }

 private:
  struct Areas {
    T* weights;  // (rows, heads, queries, values): softmax of the scores, kept for Backward
    T* mask;     // likewise, with dropout
    T* dscores;  // of a head: its weights' gradient; in Forward and at first in Backward what dropout left of them
    T* queries;  // of a head: (queries, a head's size)
    T* values;   // of a head: (values, a head's size)
    T* panels;   // of those
  };

  int64_t Scores() const { return h_.queries * h_.values; }
  int64_t Size() const { return std::max(h_.key_size, h_.value_size); }
  int64_t KeyRow() const { return h_.heads * h_.key_size; }
  int64_t ValueRow() const { return h_.heads * h_.value_size; }
  int64_t PanelElements() const {
    return std::max(math::PackedElements(Size(), h_.values), math::PackedElements(h_.values, Size()));
  }
  int64_t TemporaryElements() const {
    return Rounded(Scores()) + Rounded(h_.queries * Size()) + Rounded(h_.values * Size()) + Rounded(PanelElements());
  }
  // Where row i / heads and head i % heads begin in keys or values of `positions` a row.
  int64_t Key(int64_t i, int64_t positions) const { return i / h_.heads * positions * KeyRow() + i % h_.heads * h_.key_size; }
  int64_t Value(int64_t i, int64_t positions) const { return i / h_.heads * positions * ValueRow() + i % h_.heads * h_.value_size; }

  Areas LayOut(int64_t rows, T* scratch) const {
    const int64_t all = Rounded(rows * Scores() * h_.heads);
    Areas a;
    a.weights = scratch;
    a.mask = scratch + all;
    a.dscores = scratch + (h_.dropout > 0 ? 2 : 1) * all;
    a.queries = a.dscores + Rounded(Scores());
    a.values = a.queries + Rounded(h_.queries * Size());
    a.panels = a.values + Rounded(h_.values * Size());
    return a;
  }

  const T* Dropped(const Areas& a, int64_t i, bool drops) const {
    const T* weights = a.weights + i * Scores();
    if (!drops) return weights;
    math::Multiply(weights, a.mask + i * Scores(), Scores(), a.dscores);
    return a.dscores;
  }

  // Keras's way to leave values behind the query's position out: their scores are so low that the weights are zero.
  // So are those that a mask hides.
  void Hide(const LayerCall<T>& call, int64_t row, T* scores) const {
    constexpr T kMasked = static_cast<T>(-1e9);
    if (!h_.causal && h_.query_mask < 0 && h_.value_mask < 0 && h_.key_mask < 0) return;
    const auto counts = [&](int mask, int64_t position, int64_t of) { return mask < 0 || call.inputs[mask][row * of + position] != 0; };
    for (int64_t i = 0; i < h_.queries; ++i) {
      const bool query = counts(h_.query_mask, i, h_.queries);
      for (int64_t j = 0; j < h_.values; ++j) {
        const bool visible = query && !(h_.causal && j > i) && counts(h_.value_mask, j, h_.values) && counts(h_.key_mask, j, h_.values);
        if (!visible) scores[i * h_.values + j] += kMasked;
      }
    }
  }

  Heads h_;
};

// y = x w + b over rows of positions, with its gradients.
template <typename T>
class Projection {
 public:
  Projection(int64_t positions, int64_t in, int64_t out) : positions_(positions), in_(in), out_(out) {}

  int64_t results() const { return positions_ * out_; }  // of a row
  int64_t ScratchElements() const { return Rounded(std::max(math::PackedElements(in_, out_), math::PackedElements(out_, in_))); }

  void Forward(const T* x, const T* w, const T* bias, int64_t rows, T* panels, T* y) const {
    math::TheGemmKernels<T>().product(Rows(x, rows * positions_, in_, in_), math::PackPanels(w, in_, out_, panels), bias, false, y);
  }

  // dx, dw, dbias: nullptr when nobody asks.
  void Backward(const T* x, const T* w, const T* g, int64_t rows, T* panels, T* dx, T* dw, T* dbias) const {
    const math::GemmKernels<T>& kernels = math::TheGemmKernels<T>();
    const int64_t m = rows * positions_;
    if (dw != nullptr) kernels.gradient(Rows(x, m, in_, in_), g, out_, false, dw);
    if (dbias != nullptr) kernels.column_sums(g, m, out_, false, dbias);
    if (dx != nullptr) kernels.product(Rows(g, m, out_, out_), math::PackTransposed(w, in_, out_, panels), nullptr, false, dx);
  }

 private:
  int64_t positions_, in_, out_;
};

/// masks: of which inputs there are masks behind them.
std::vector<int64_t> InputElements(const CallSite& site, const std::vector<size_t>& masks) {
  std::vector<int64_t> elements;
  for (size_t i = 0; i < site.inputs(); ++i) elements.push_back(base::ElementCount(site.input_shape_of(i)));
  for (const size_t input : masks) elements.push_back(site.input_shape_of(input)[0]);
  return elements;
}

// Inputs: query, value and perhaps key, which is the value without it.
template <typename T>
class MultiHeadAttention : public Layer<T> {
 public:
  MultiHeadAttention(std::vector<int64_t> input_elements, const Heads& heads, std::vector<Projection<T>> projections, bool use_bias,
                     int graph_layer)
      : Layer<T>(std::move(input_elements), projections[3].results(), graph_layer),
        heads_(heads),
        core_(heads),
        p_(std::move(projections)),
        use_bias_(use_bias),
        scale_(static_cast<T>(1 / std::sqrt(static_cast<double>(heads.key_size)))),
        results_{p_[0].results(), p_[1].results(), p_[2].results(), heads.queries * heads.heads * heads.value_size} {}

  // queries, keys, values, the joined heads; their gradients; panels of a kernel; a second gradient of the values; the
  // heads' own
  int64_t ScratchElements(int64_t rows) const override {
    int64_t elements = Panels() + Rounded(rows * this->input_elements(1)) + core_.ScratchElements(rows);
    for (const int64_t results : results_) elements += 2 * Rounded(rows * results);
    return elements;
  }

  int64_t row_elements() const override {
    int64_t elements = this->output_elements() + heads_.heads * heads_.queries * heads_.values;
    for (const int64_t results : results_) elements += results;
    return elements;
  }

  bool backward_reads_y() const override { return false; }

  void Forward(const LayerCall<T>& call) const override {
    const Areas a = LayOut(call);
    for (size_t i = 0; i < 3; ++i) p_[i].Forward(Input(call, i), Kernel(call, i), Bias(call, i), call.rows, a.panels, a.results[i]);
    for (int64_t i = 0; i < call.rows * results_[0]; ++i) a.results[0][i] *= scale_;
    core_.Forward(call, a.results[0], a.results[1], a.results[2], a.core, a.results[3]);
    p_[3].Forward(a.results[3], Kernel(call, 3), Bias(call, 3), call.rows, a.panels, call.y);
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const* gradients) const override {
    const Areas a = LayOut(call);
    const auto gradient = [&](size_t i, bool bias) -> T* {
      if (gradients == nullptr || (bias && !use_bias_)) return nullptr;
      return gradients[Position(i) + (bias ? 1 : 0)];
    };
    p_[3].Backward(a.results[3], Kernel(call, 3), g, call.rows, a.panels, a.gradients[3], gradient(3, false), gradient(3, true));
    core_.Backward(call, a.results[0], a.results[1], a.results[2], a.core, a.gradients[3], a.gradients[0], a.gradients[1], a.gradients[2]);
    for (int64_t i = 0; i < call.rows * results_[0]; ++i) a.gradients[0][i] *= scale_;
    // the value's input may be the key's, too: then its gradient has two parts
    T* const dvalue = call.input_gradients[1];
    const bool keys_apart = heads_.keys_apart;
    T* const dkey = keys_apart ? call.input_gradients[2] : dvalue == nullptr ? nullptr : a.second;
    T* const inputs[] = {dx, dkey, dvalue};
    for (size_t i = 0; i < 3; ++i) {
      p_[i].Backward(Input(call, i), Kernel(call, i), a.gradients[i], call.rows, a.panels, inputs[i], gradient(i, false), gradient(i, true));
    }
    if (!keys_apart && dvalue != nullptr) math::AddTo(a.second, call.rows * this->input_elements(1), dvalue);
  }

 private:
  struct Areas {
    T* results[4];
    T* gradients[4];
    T* panels;
    T* second;
    T* core;
  };

  int64_t Panels() const {
    int64_t most = 0;
    for (const Projection<T>& projection : p_) most = std::max(most, projection.ScratchElements());
    return most;
  }

  Areas LayOut(const LayerCall<T>& call) const {
    Areas a;
    T* next = call.scratch;
    const auto take = [&next](int64_t elements) { return std::exchange(next, next + Rounded(elements)); };
    for (size_t i = 0; i < 4; ++i) a.results[i] = take(call.rows * results_[i]);
    for (size_t i = 0; i < 4; ++i) a.gradients[i] = take(call.rows * results_[i]);
    a.panels = take(Panels());
    a.second = take(call.rows * this->input_elements(1));
    a.core = next;
    return a;
  }

  // Of query, key and value, in the order of the weights.
  const T* Input(const LayerCall<T>& call, size_t projection) const {
    const size_t input = projection == 0 ? 0 : projection == 1 && heads_.keys_apart ? 2 : 1;
    return call.inputs[input];
  }
  size_t Position(size_t projection) const { return projection * (use_bias_ ? 2 : 1); }
  const T* Kernel(const LayerCall<T>& call, size_t projection) const { return call.weights[Position(projection)]; }
  const T* Bias(const LayerCall<T>& call, size_t projection) const { return use_bias_ ? call.weights[Position(projection) + 1] : nullptr; }

  Heads heads_;
  HeadsOf<T> core_;
  std::vector<Projection<T>> p_;
  bool use_bias_;
  T scale_;
  int64_t results_[4];  // of a row: queries, keys, values, joined heads
};

// Scores are products of the inputs themselves. zeros: the input that is the query's mask, by which rows of the result
// become zero; or -1.
template <typename T>
class Attention : public Layer<T> {
 public:
  Attention(std::vector<int64_t> input_elements, const Heads& heads, int zeros)
      : Layer<T>(std::move(input_elements), heads.queries * heads.value_size, -1), heads_(heads), core_(heads), zeros_(zeros) {}

  // the heads' own; a second gradient of the value
  int64_t ScratchElements(int64_t rows) const override {
    return Rounded(core_.ScratchElements(rows)) + Gradients(rows, 0) + Gradients(rows, 1) + Gradients(rows, 2);
  }

  int64_t row_elements() const override { return this->output_elements() + heads_.queries * heads_.values; }
  bool backward_reads_y() const override { return false; }

  void Forward(const LayerCall<T>& call) const override {
    core_.Forward(call, call.inputs[0], Key(call), call.inputs[1], call.scratch, call.y);
    ZeroRows(call, call.y);
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    T* next = call.scratch + Rounded(core_.ScratchElements(call.rows));
    T* parts[3];
    for (size_t i = 0; i < 3; ++i) {
      parts[i] = next;
      next += Gradients(call.rows, i);
    }
    const bool keys_apart = heads_.keys_apart;
    T* const dvalue = call.input_gradients[1];
    ZeroRows(call, g);
    core_.Backward(call, call.inputs[0], Key(call), call.inputs[1], call.scratch, g, parts[0], parts[1], parts[2]);
    const auto give = [](const T* from, int64_t n, T* to) {
      if (to != nullptr) std::copy_n(from, n, to);
    };
    give(parts[0], call.rows * this->input_elements(0), dx);
    give(parts[2], call.rows * this->input_elements(1), dvalue);
    if (keys_apart) {
      give(parts[1], call.rows * this->input_elements(2), call.input_gradients[2]);
    } else if (dvalue != nullptr) {
      math::AddTo(parts[1], call.rows * this->input_elements(1), dvalue);
    }
  }

 private:
  const T* Key(const LayerCall<T>& call) const { return call.inputs[heads_.keys_apart ? 2 : 1]; }
  void ZeroRows(const LayerCall<T>& call, T* y) const {
    if (zeros_ < 0) return;
    for (int64_t i = 0; i < call.rows * heads_.queries; ++i) {
      if (call.inputs[zeros_][i] == 0) std::fill_n(y + i * heads_.value_size, heads_.value_size, T(0));
    }
  }
  // of query, key and value
  int64_t Gradients(int64_t rows, size_t i) const {
    const int64_t of[] = {heads_.queries * heads_.key_size, heads_.values * heads_.key_size, heads_.values * heads_.value_size};
    return Rounded(rows * of[i]);
  }

  Heads heads_;
  HeadsOf<T> core_;
  int zeros_;
};

// The keys' shape: that of the values where there is none.
const base::Shape& KeyShape(const CallSite& site) { return site.input_shape_of(site.inputs() == 3 ? 2 : 1); }

Heads HeadsAt(const CallSite& site, const char* causal) {
  Heads heads;
  heads.queries = site.input_shape_of(0)[0];
  heads.values = site.input_shape_of(1)[0];
  heads.causal = BoolAttribute(site.layer(), causal);
  heads.keys_apart = site.inputs() == 3;
  if (!site.inference()) heads.dropout = NumberAttribute(site.layer(), "dropout");
  heads.site = static_cast<uint64_t>(site.random_site());
  return heads;
}

// Which inputs have masks, in their order.
template <typename T>
std::vector<size_t> MaskedInputs(const CallSite& site, const Stages<T>& stages) {
  std::vector<size_t> masked;
  for (size_t i = 0; i < site.inputs(); ++i) {
    if (stages.masked(i)) masked.push_back(i);
  }
  return masked;
}

// Where the mask of an input is among the layer's inputs, or -1.
int PositionOfMask(const CallSite& site, const std::vector<size_t>& masked, size_t input) {
  const auto found = std::find(masked.begin(), masked.end(), input);
  return found == masked.end() ? -1 : static_cast<int>(site.inputs()) + static_cast<int>(found - masked.begin());
}

// Positions of the query that do not count see nothing, as in Keras since 2.10.
template <typename T>
std::unique_ptr<Layer<T>> MakeMultiHeadAttention(const CallSite& site, const std::vector<size_t>& masked) {
  const base::Layer& layer = site.layer();
  const bool use_bias = BoolAttribute(layer, "use_bias");
  const size_t step = use_bias ? 2 : 1;
  const base::Shape& value_kernel = layer.weights[2 * step].shape;
  const base::Shape& output_kernel = layer.weights[3 * step].shape;
  Heads heads = HeadsAt(site, "use_causal_mask");
  heads.heads = IntAttribute(layer, "num_heads");
  heads.key_size = IntAttribute(layer, "key_dim");
  heads.value_size = value_kernel.back();
  heads.query_mask = PositionOfMask(site, masked, 0);
  heads.value_mask = PositionOfMask(site, masked, 1);
  heads.key_mask = PositionOfMask(site, masked, 2);
  const int64_t keys = heads.heads * heads.key_size, values = heads.heads * heads.value_size;
  std::vector<Projection<T>> projections = {{heads.queries, site.input_shape_of(0).back(), keys},
                                            {heads.values, KeyShape(site).back(), keys},
                                            {heads.values, site.input_shape_of(1).back(), values},
                                            {heads.queries, values, output_kernel.back()}};
  return std::make_unique<MultiHeadAttention<T>>(InputElements(site, masked), heads, std::move(projections), use_bias, site.graph_call().layer);
}

// Values are masked by the value's mask, rows of the result by the query's.
template <typename T>
std::unique_ptr<Layer<T>> MakeAttention(const CallSite& site, const std::vector<size_t>& masked) {
  const base::Layer& layer = site.layer();
  if (BoolAttribute(layer, "use_scale") || TextAttribute(layer, "score_mode") != "dot") return nullptr;
  Heads heads = HeadsAt(site, "causal");
  heads.key_size = site.input_shape_of(0).back();
  heads.value_size = site.input_shape_of(1).back();
  heads.value_mask = PositionOfMask(site, masked, 1);
  return std::make_unique<Attention<T>>(InputElements(site, masked), heads, PositionOfMask(site, masked, 0));
}

}  // namespace

template <typename T>
bool JoinMultiHeadAttention(const CallSite& site, Stages<T>* stages) {
  const std::vector<size_t> masked = MaskedInputs(site, *stages);
  return stages->AddMasked(MakeMultiHeadAttention<T>(site, masked), masked);
}

template <typename T>
bool JoinAttention(const CallSite& site, Stages<T>* stages) {
  const std::vector<size_t> masked = MaskedInputs(site, *stages);
  return stages->AddMasked(MakeAttention<T>(site, masked), masked);
}

template bool JoinMultiHeadAttention(const CallSite&, Stages<float>*);
template bool JoinMultiHeadAttention(const CallSite&, Stages<double>*);
template bool JoinAttention(const CallSite&, Stages<float>*);
template bool JoinAttention(const CallSite&, Stages<double>*);

}  // namespace engine::native
