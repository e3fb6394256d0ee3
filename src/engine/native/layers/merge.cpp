// Add, Subtract, Multiply, Average, Maximum, Minimum with broadcasting, and Concatenate.
#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/merge.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

using base::LayerKind;
using math::MergeKind;

std::vector<int64_t> InputElements(const CallSite& site) {
  std::vector<int64_t> elements;
  for (size_t i = 0; i < site.inputs(); ++i) elements.push_back(base::ElementCount(site.input_shape_of(i)));
  return elements;
}

// Where the elements of a row of each input stand in a row of the result: in runs, side by side or the same one for all
// of the run. Dimensions next to each other that are broadcast in the same inputs are one.
struct Runs {
  int64_t length = 1;
  std::vector<int64_t> stride;  // by input: from element to element of a run, 0 or 1
  std::vector<int64_t> first;   // by run, then by input: where it begins

  explicit Runs(const CallSite& site) : stride(site.inputs(), 1), first(site.inputs(), 0) {
    std::vector<Dimension> dimensions = Dimensions(site);
    if (dimensions.empty()) return;
    const Dimension inner = dimensions.back();
    dimensions.pop_back();
    length = inner.size;
    std::vector<int64_t> elements;  // by input: of one index of the dimension before
    for (size_t i = 0; i < stride.size(); ++i) {
      stride[i] = inner.given[i] ? 1 : 0;
      elements.push_back(inner.given[i] ? inner.size : 1);
    }
    for (; !dimensions.empty(); dimensions.pop_back()) {
      const Dimension& outer = dimensions.back();
      std::vector<int64_t> all;
      for (int64_t k = 0; k < outer.size; ++k) {
        for (size_t at = 0; at < first.size(); ++at) {
          const size_t input = at % stride.size();
          all.push_back(first[at] + (outer.given[input] ? k * elements[input] : 0));
        }
      }
      first = std::move(all);
      for (size_t i = 0; i < elements.size(); ++i) elements[i] *= outer.given[i] ? outer.size : 1;
    }
  }

 private:
  struct Dimension {
    int64_t size;
    std::vector<bool> given;  // by input: it has all of its indexes
  };

  static std::vector<Dimension> Dimensions(const CallSite& site) {
    std::vector<Dimension> dimensions;
    const base::Shape& shape = site.graph_call().output_shape;
    for (size_t d = 0; d < shape.size(); ++d) {
      if (shape[d] == 1) continue;
      std::vector<bool> given;
      for (size_t i = 0; i < site.inputs(); ++i) given.push_back(site.input_shape_of(i)[d] != 1);
      if (dimensions.empty() || dimensions.back().given != given) dimensions.push_back({1, given});
      dimensions.back().size *= shape[d];
    }
    return dimensions;
  }
};

// One after the other into the first: ((x0, x1), x2), ... What a maximum has from several goes back to the first of
// them, as in tf.maximum.
template <typename T>
class MergeLayer : public Layer<T> {
 public:
  MergeLayer(const CallSite& site, MergeKind kind, bool mean)
      : Layer<T>(InputElements(site), base::ElementCount(site.graph_call().output_shape), -1), runs_(site), kind_(kind), mean_(mean) {
    for (size_t i = 0; i < this->inputs(); ++i) broadcast_ = broadcast_ || this->input_elements(i) != this->output_elements();
  }

  // a run's gradient on its way to an input that is broadcast
  int64_t ScratchElements(int64_t) const override { return broadcast_ ? runs_.length : 0; }
  bool backward_reads_inputs() const override { return kind_ == MergeKind::kProduct || Chooses(); }
  bool backward_reads_y() const override { return Chooses(); }
  bool hands_gradient_on() const override { return kind_ == MergeKind::kSum && !mean_ && !broadcast_; }

  void Forward(const LayerCall<T>& call) const override {
    ForEachRun(call.rows, [&](const Position& position, int64_t n) {
      const auto x = [&](size_t i) { return call.inputs[i] + Begin(position, i); };
      T* y = call.y + position.y;
      math::Merge(kind_, x(0), runs_.stride[0], x(1), runs_.stride[1], n, y);
      for (size_t i = 2; i < this->inputs(); ++i) math::Merge(kind_, y, 1, x(i), runs_.stride[i], n, y);
      if (mean_) math::DivideBy(static_cast<T>(this->inputs()), n, y);
    });
  }

  void Backward(const LayerCall<T>& call, T* g, T*, T* const*) const override {
    for (size_t j = 0; j < this->inputs(); ++j) {
      T* dx = call.input_gradients[j];
      if (dx == nullptr) continue;
      const bool whole = this->input_elements(j) == this->output_elements();
      if (!whole) std::fill_n(dx, call.rows * this->input_elements(j), T(0));
      ForEachRun(call.rows, [&](const Position& position, int64_t n) {
        T* part = whole ? dx + position.y : call.scratch;
        RunGradient(call, j, position, g + position.y, n, part);
        if (whole) return;
        if (runs_.stride[j] == 1) {
          math::AddTo(part, n, dx + Begin(position, j));
        } else {
          dx[Begin(position, j)] += math::SumOf(part, n);
        }
      });
    }
  }

 private:
  struct Position {
    int64_t row = 0;
    const int64_t* first = nullptr;  // Runs::first of the run
    int64_t y = 0;                   // where it begins in the results
  };

  bool Chooses() const { return kind_ == MergeKind::kLargest || kind_ == MergeKind::kSmallest; }
  int64_t Begin(const Position& position, size_t input) const { return position.row * this->input_elements(input) + position.first[input]; }

  // Of n elements, with respect to input j.
  void RunGradient(const LayerCall<T>& call, size_t j, const Position& position, const T* g, int64_t n, T* part) const {
    const auto x = [&](size_t i) { return call.inputs[i] + Begin(position, i); };
    if (kind_ == MergeKind::kDifference && j > 0) {
      constexpr T kZero = 0;
      math::Merge(MergeKind::kDifference, &kZero, 0, g, 1, n, part);
      return;
    }
    std::copy_n(g, n, part);
    if (mean_) math::DivideBy(static_cast<T>(this->inputs()), n, part);
    if (kind_ == MergeKind::kProduct) {
      for (size_t i = 0; i < this->inputs(); ++i) {
        if (i != j) math::Merge(MergeKind::kProduct, part, 1, x(i), runs_.stride[i], n, part);
      }
    }
    if (!Chooses()) return;
    math::KeepWhere(true, x(j), runs_.stride[j], call.y + position.y, n, part);
    for (size_t i = 0; i < j; ++i) math::KeepWhere(false, x(i), runs_.stride[i], call.y + position.y, n, part);
  }

  // Calls each(position, elements). Without broadcasting all rows are one run.
  template <typename Each>
  void ForEachRun(int64_t rows, Each each) const {
    if (!broadcast_) return each({0, runs_.first.data(), 0}, rows * this->output_elements());
    const auto inputs = static_cast<int64_t>(this->inputs()), runs = static_cast<int64_t>(runs_.first.size()) / inputs;
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t run = 0; run < runs; ++run) {
        each({row, runs_.first.data() + run * inputs, row * this->output_elements() + run * runs_.length}, runs_.length);
      }
    }
  }

  Runs runs_;
  MergeKind kind_;
  bool mean_;
  bool broadcast_ = false;
};

// Along any dimension. Along the first one a row of each input lies in the result's row as it is.
template <typename T>
class Concatenate : public Layer<T> {
 public:
  /// outer: indexes of the dimensions before the one that is concatenated.
  Concatenate(const std::vector<int64_t>& inputs, int64_t outer)
      : Layer<T>(inputs, std::accumulate(inputs.begin(), inputs.end(), int64_t{0}), -1), outer_(outer) {
    int64_t position = 0;
    for (size_t i = 0; i < this->inputs(); ++i) {
      positions_.push_back(position);
      position += Length(i);
    }
  }

  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_y() const override { return false; }
  int64_t PositionOfInput(size_t input) const override { return outer_ == 1 ? positions_[input] : -1; }

  std::unique_ptr<Layer<T>> OfInputs(const std::vector<size_t>& kept) const override {
    std::vector<int64_t> elements;
    for (const size_t input : kept) elements.push_back(this->input_elements(input));
    return std::make_unique<Concatenate>(elements, outer_);
  }

  void Forward(const LayerCall<T>& call) const override {
    for (size_t i = 0; i < this->inputs(); ++i) {
      const T* x = this->inputs() == 1 ? call.x : call.inputs[i];
      T* to = call.y + positions_[i];
      if (x == to) continue;  // its rows have been written there
      for (int64_t k = 0; k < call.rows * outer_; ++k) std::copy_n(x + k * Length(i), Length(i), to + k * Whole());
    }
  }

  void Backward(const LayerCall<T>& call, T* g, T* only, T* const*) const override {
    for (size_t i = 0; i < this->inputs(); ++i) {
      T* dx = this->inputs() == 1 ? only : call.input_gradients[i];
      const T* from = g + positions_[i];
      if (dx == nullptr || dx == from) continue;  // nobody asks, or it is wanted where it lies
      for (int64_t k = 0; k < call.rows * outer_; ++k) std::copy_n(from + k * Whole(), Length(i), dx + k * Length(i));
    }
  }

 private:
  int64_t Length(size_t input) const { return this->input_elements(input) / outer_; }
  int64_t Whole() const { return this->output_elements() / outer_; }

  int64_t outer_;
  std::vector<int64_t> positions_;  // of each input, in a row
};

template <typename T>
bool JoinMerge(const CallSite& site, Stages<T>* stages, MergeKind kind, bool mean = false) {
  const size_t rank = site.graph_call().output_shape.size();
  for (size_t i = 0; i < site.inputs(); ++i) {
    if (site.input_shape_of(i).size() != rank) return false;
  }
  return site.inputs() > 1 && stages->Add(std::make_unique<MergeLayer<T>>(site, kind, mean));
}

}  // namespace

template <typename T>
bool JoinAdd(const CallSite& site, Stages<T>* stages) {
  return JoinMerge(site, stages, MergeKind::kSum);
}

template <typename T>
bool JoinAverage(const CallSite& site, Stages<T>* stages) {
  return JoinMerge(site, stages, MergeKind::kSum, true);
}

template <typename T>
bool JoinMultiply(const CallSite& site, Stages<T>* stages) {
  return JoinMerge(site, stages, MergeKind::kProduct);
}

template <typename T>
bool JoinMaximum(const CallSite& site, Stages<T>* stages) {
  return JoinMerge(site, stages, MergeKind::kLargest);
}

template <typename T>
bool JoinMinimum(const CallSite& site, Stages<T>* stages) {
  return JoinMerge(site, stages, MergeKind::kSmallest);
}

template <typename T>
bool JoinSubtract(const CallSite& site, Stages<T>* stages) {
  return JoinMerge(site, stages, MergeKind::kDifference);
}

template <typename T>
bool JoinConcatenate(const CallSite& site, Stages<T>* stages) {
  const auto rank = static_cast<int64_t>(site.input_shape.size());
  const int64_t given = IntAttribute(site.layer(), "axis"), axis = given < 0 ? given + rank + 1 : given;  // 0 is the batch's
  if (axis < 1 || axis > rank) return false;
  int64_t outer = 1;
  for (int64_t d = 1; d < axis; ++d) outer *= site.input_shape[static_cast<size_t>(d - 1)];
  return stages->Add(std::make_unique<Concatenate<T>>(InputElements(site), outer));
}

template bool JoinAdd(const CallSite&, Stages<float>*);
template bool JoinAdd(const CallSite&, Stages<double>*);
template bool JoinAverage(const CallSite&, Stages<float>*);
template bool JoinAverage(const CallSite&, Stages<double>*);
template bool JoinMultiply(const CallSite&, Stages<float>*);
template bool JoinMultiply(const CallSite&, Stages<double>*);
template bool JoinMaximum(const CallSite&, Stages<float>*);
template bool JoinMaximum(const CallSite&, Stages<double>*);
template bool JoinMinimum(const CallSite&, Stages<float>*);
template bool JoinMinimum(const CallSite&, Stages<double>*);
template bool JoinSubtract(const CallSite&, Stages<float>*);
template bool JoinSubtract(const CallSite&, Stages<double>*);
template bool JoinConcatenate(const CallSite&, Stages<float>*);
template bool JoinConcatenate(const CallSite&, Stages<double>*);

}  // namespace engine::native
