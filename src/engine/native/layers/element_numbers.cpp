// Layers with numbers for each element, or for those of some dimensions: PReLU, Rescaling and Normalization.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

// Where each element of a row is in a tensor that has 1 along some of the row's dimensions.
std::vector<int64_t> BroadcastIndexes(const base::Shape& row, const base::Shape& shape) {
  std::vector<int64_t> index(static_cast<size_t>(base::ElementCount(row)));
  for (size_t e = 0; e < index.size(); ++e) {
    int64_t rest = static_cast<int64_t>(e), stride = 1, at = 0;
    for (size_t d = row.size(); d-- > 0;) {
      if (shape[d] > 1) at += rest % row[d] * stride;
      rest /= row[d];
      stride *= shape[d];
    }
    index[e] = at;
  }
  return index;
}

// y = max(x, 0) + alpha min(x, 0) (He et al. 2015); index: each element's alpha.
template <typename T>
class PReLU : public Layer<T> {
 public:
  PReLU(std::vector<int64_t> index, int64_t alphas, int graph_layer)
      : Layer<T>(static_cast<int64_t>(index.size()), static_cast<int64_t>(index.size()), graph_layer),
        index_(std::move(index)),
        alphas_(alphas) {}

  bool backward_reads_y() const override { return false; }
  bool keeps_zeros() const override { return true; }

  void Forward(const LayerCall<T>& call) const override {
    const T* alpha = call.weights[0];
    const size_t n = index_.size();
    for (int64_t r = 0; r < call.rows; ++r) {
      const T* x = call.x + r * this->input_elements();
      T* y = call.y + r * this->input_elements();
      for (size_t i = 0; i < n; ++i) y[i] = x[i] < 0 ? alpha[index_[i]] * x[i] : x[i];
    }
  }

  // alpha's gradient is added up in the order of the elements.
  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const* gradients) const override {
    const T* alpha = call.weights[0];
    T* dalpha = gradients == nullptr ? nullptr : gradients[0];
    if (dalpha != nullptr) std::fill_n(dalpha, alphas_, T(0));
    const size_t n = index_.size();
    for (int64_t r = 0; r < call.rows; ++r) {
      const int64_t row = r * this->input_elements();
      const T* x = call.x + row;
      if (dalpha != nullptr) {
        for (size_t i = 0; i < n; ++i) dalpha[index_[i]] += x[i] < 0 ? g[row + static_cast<int64_t>(i)] * x[i] : T(0);
      }
      if (dx == nullptr) continue;
      for (size_t i = 0; i < n; ++i) {
        const T gi = g[row + static_cast<int64_t>(i)];
        dx[row + static_cast<int64_t>(i)] = x[i] > 0 ? gi : x[i] < 0 ? gi * alpha[index_[i]] : T(0);
      }
    }
  }

 private:
  std::vector<int64_t> index_;
  int64_t alphas_;
};

// y = x * scale + offset.
template <typename T>
class Rescaling : public Layer<T> {
 public:
  Rescaling(std::vector<T> scale, std::vector<T> offset)
      : Layer<T>(static_cast<int64_t>(scale.size()), static_cast<int64_t>(scale.size()), -1), scale_(std::move(scale)), offset_(std::move(offset)) {}

  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_y() const override { return false; }

  void Forward(const LayerCall<T>& call) const override {
    const size_t n = scale_.size();
    for (int64_t r = 0; r < call.rows; ++r) {
      const T* x = call.x + r * this->input_elements();
      T* y = call.y + r * this->input_elements();
      for (size_t i = 0; i < n; ++i) y[i] = x[i] * scale_[i] + offset_[i];
    }
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx == nullptr) return;
    const size_t n = scale_.size();
    for (int64_t r = 0; r < call.rows; ++r) {
      const int64_t row = r * this->input_elements();
      for (size_t i = 0; i < n; ++i) dx[row + static_cast<int64_t>(i)] = g[row + static_cast<int64_t>(i)] * scale_[i];
    }
  }

 private:
  std::vector<T> scale_, offset_;
};

// y = (x - mean) / deviation, or the way back. mean and deviation are constants, or the weights mean and variance.
template <typename T>
class Normalization : public Layer<T> {
 public:
  /// index: each element's number; mean, variance: empty for the weights.
  Normalization(std::vector<int64_t> index, int64_t numbers, std::vector<T> mean, std::vector<T> variance, bool invert, int graph_layer)
      : Layer<T>(static_cast<int64_t>(index.size()), static_cast<int64_t>(index.size()), graph_layer),
        index_(std::move(index)),
        numbers_(numbers),
        mean_(std::move(mean)),
        variance_(std::move(variance)),
        invert_(invert) {}

  // each number's deviation
  int64_t ScratchElements(int64_t) const override { return numbers_; }

  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_y() const override { return false; }

  void Forward(const LayerCall<T>& call) const override {
    constexpr double kSmallestDeviation = 1e-7;
    const T* mean = mean_.empty() ? call.weights[0] : mean_.data();
    const T* variance = variance_.empty() ? call.weights[1] : variance_.data();
    for (int64_t k = 0; k < numbers_; ++k) call.scratch[k] = std::max(std::sqrt(variance[k]), static_cast<T>(kSmallestDeviation));
    const size_t n = index_.size();
    for (int64_t r = 0; r < call.rows; ++r) {
      const T* x = call.x + r * this->input_elements();
      T* y = call.y + r * this->input_elements();
      for (size_t i = 0; i < n; ++i) {
        const T m = mean[index_[i]], d = call.scratch[index_[i]];
        y[i] = invert_ ? m + x[i] * d : (x[i] - m) / d;
      }
    }
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx == nullptr) return;
    const size_t n = index_.size();
    for (int64_t r = 0; r < call.rows; ++r) {
      const T* from = g + r * this->input_elements();
      T* to = dx + r * this->input_elements();
      for (size_t i = 0; i < n; ++i) to[i] = invert_ ? from[i] * call.scratch[index_[i]] : from[i] / call.scratch[index_[i]];
    }
  }

 private:
  std::vector<int64_t> index_;
  int64_t numbers_;
  std::vector<T> mean_, variance_;
  bool invert_;
};

void AppendNumbers(const base::Value& numbers, std::vector<double>* flat) {
  if (!numbers.is_list()) return flat->push_back(numbers.number());
  for (const base::Value& entry : numbers.list()) AppendNumbers(entry, flat);
}

// A number or nested lists for each element of `row`, as broadcasting has it. Empty when they do not fit.
template <typename T>
std::vector<T> Spread(const base::Value& numbers, const base::Shape& row) {
  base::Shape shape;
  for (const base::Value* inner = &numbers; inner->is_list(); inner = &inner->list().at(0)) {
    shape.push_back(static_cast<int64_t>(inner->list().size()));
  }
  while (shape.size() > row.size() && shape.front() == 1) shape.erase(shape.begin());
  if (shape.size() > row.size()) return {};
  shape.insert(shape.begin(), row.size() - shape.size(), 1);
  for (size_t d = 0; d < row.size(); ++d) {
    if (shape[d] != 1 && shape[d] != row[d]) return {};
  }
  std::vector<double> flat;
  AppendNumbers(numbers, &flat);
  std::vector<T> spread;
  for (const int64_t index : BroadcastIndexes(row, shape)) spread.push_back(static_cast<T>(flat[static_cast<size_t>(index)]));
  return spread;
}

template <typename T>
std::unique_ptr<Layer<T>> MakeRescaling(const CallSite& site) {
  std::vector<T> scale = Spread<T>(Attribute(site.layer(), "scale"), site.input_shape);
  std::vector<T> offset = Spread<T>(Attribute(site.layer(), "offset"), site.input_shape);
  if (scale.empty() || offset.empty() || site.graph_call().output_shape != site.input_shape) return nullptr;
  return std::make_unique<Rescaling<T>>(std::move(scale), std::move(offset));
}

template <typename T>
std::unique_ptr<Layer<T>> MakeNormalization(const CallSite& site) {
  const base::Layer& layer = site.layer();
  const base::Shape& row = site.input_shape;
  if (site.graph_call().output_shape != row) return nullptr;
  base::Shape kept, shape(row.size(), 1);  // the axes' dimensions alone, and among ones
  for (const base::Value& axis : Attribute(layer, "axis").list()) {
    const int64_t given = axis.integer(), at = given < 0 ? given + static_cast<int64_t>(row.size()) : given - 1;
    kept.push_back(row[static_cast<size_t>(at)]);
    shape[static_cast<size_t>(at)] = kept.back();
  }
  std::vector<T> mean, variance;
  if (!Attribute(layer, "mean").is_null()) {
    mean = Spread<T>(Attribute(layer, "mean"), kept);
    variance = Spread<T>(Attribute(layer, "variance"), kept);
    if (mean.empty() || variance.empty()) return nullptr;
  }
  const int graph_layer = mean.empty() ? site.graph_call().layer : -1;
  return std::make_unique<Normalization<T>>(BroadcastIndexes(row, shape), base::ElementCount(kept), std::move(mean), std::move(variance),
                                            BoolAttribute(layer, "invert"), graph_layer);
}

}  // namespace

template <typename T>
bool JoinPReLU(const CallSite& site, Stages<T>* stages) {
  const base::Shape& alpha = site.layer().weights[0].shape;
  if (alpha.size() != site.input_shape.size()) return false;
  return stages->Add(std::make_unique<PReLU<T>>(BroadcastIndexes(site.input_shape, alpha), base::ElementCount(alpha), site.graph_call().layer));
}

template <typename T>
bool JoinRescaling(const CallSite& site, Stages<T>* stages) {
  return stages->Add(MakeRescaling<T>(site));
}

template <typename T>
bool JoinNormalization(const CallSite& site, Stages<T>* stages) {
  return stages->Add(MakeNormalization<T>(site));
}

template bool JoinPReLU(const CallSite&, Stages<float>*);
template bool JoinPReLU(const CallSite&, Stages<double>*);
template bool JoinRescaling(const CallSite&, Stages<float>*);
template bool JoinRescaling(const CallSite&, Stages<double>*);
template bool JoinNormalization(const CallSite&, Stages<float>*);
template bool JoinNormalization(const CallSite&, Stages<double>*);

}  // namespace engine::native
