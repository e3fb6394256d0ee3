#include <algorithm>
#include <memory>
#include <string>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/merge.hpp"
#include "engine/math/table_rows.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

// Up to here float32 holds every index.
constexpr int64_t kMostRows = int64_t{1} << 24;

// Rows of a table by index. The gradient of a table's row is the sum of its uses, in the order of the indexes. A table
// that is large beside the mini-batch hands over the rows that it used and no others, where the optimizer leaves a weight
// without a gradient as it is: the same bits, and the table is not read.
template <typename T>
class Embedding : public Layer<T> {
 public:
  Embedding(const std::string& name, int64_t indexes, int64_t count, int64_t width, int graph_layer)
      : Layer<T>(indexes, indexes * width, graph_layer), name_(name), count_(count), width_(width) {}

  bool backward_reads_y() const override { return false; }
  bool differentiable() const override { return false; }
  bool rows_may_lie_apart() const override { return true; }

  // the indexes that are sorted, twice
  int64_t ScratchElements(int64_t rows) const override {
    const int64_t few = std::min(rows, count_ / (kFewRows * this->input_elements()));
    return 2 * few * this->input_elements() * static_cast<int64_t>(sizeof(uint64_t) / sizeof(T));
  }

  void Forward(const LayerCall<T>& call) const override {
    const int64_t n = call.rows * this->input_elements();
    if (!math::IndexesWithin(call.x, n, count_)) Refuse(call.x, n);
    math::CopyTableRows(call.weights[0], width_, call.x, call.rows, this->input_elements(), call.y, call.y_stride);
  }

  void Backward(const LayerCall<T>& call, T* g, T*, T* const* gradients) const override {
    if (gradients == nullptr || gradients[0] == nullptr) return;
    const int64_t n = call.rows * this->input_elements();
    if (n <= count_ / kFewRows && call.parts != nullptr && call.parts->skips_zeros(0)) return UsedRows(call, g, n, gradients[0]);
    std::fill_n(gradients[0], count_ * width_, T(0));
    math::AddTableRows(g, call.y_stride, call.x, call.rows, this->input_elements(), width_, gradients[0]);
  }

 private:
  // How many of a table's rows are as much work as one that is handed over by itself.
  static constexpr int64_t kFewRows = 32;

  void UsedRows(const LayerCall<T>& call, const T* g, int64_t n, T* sum) const {
    auto* pairs = reinterpret_cast<uint64_t*>(call.scratch);
    const uint64_t* sorted = math::SortIndexes(call.x, n, count_, pairs, pairs + n);
    for (int64_t i = 0; i < n;) {
      const uint64_t row = sorted[i] >> 32;
      std::fill_n(sum, width_, T(0));
      for (; i < n && sorted[i] >> 32 == row; ++i) {
        const auto at = static_cast<int64_t>(sorted[i] & 0xFFFFFFFF);
        math::AddTo(g + at / this->input_elements() * call.y_stride + at % this->input_elements() * width_, width_, sum);
      }
      call.parts->Take(0, static_cast<int64_t>(row) * width_, width_, sum);
    }
  }

  void Refuse(const T* x, int64_t n) const {
    int64_t smallest = count_, largest = -1;
    for (int64_t i = 0; i < n; ++i) {
      smallest = std::min(smallest, Index(x[i]));
      largest = std::max(largest, Index(x[i]));
    }
    CheckIndexes(name_, smallest, largest, count_);
  }

  // what no index can be, a NaN included, is -1
  static int64_t Index(T value) {
    constexpr T kLimit = static_cast<T>(int64_t{1} << 62);
    return value > -kLimit && value < kLimit ? static_cast<int64_t>(value) : -1;
  }

  std::string name_;
  int64_t count_;
  int64_t width_;
};

template <typename T>
std::unique_ptr<Layer<T>> MakeEmbedding(const CallSite& site) {
  const base::Layer& layer = site.layer();
  const int64_t count = IntAttribute(layer, "input_dim"), indexes = base::ElementCount(site.input_shape);
  if (count > kMostRows) return nullptr;
  return std::make_unique<Embedding<T>>(layer.name, indexes, count, IntAttribute(layer, "output_dim"), site.graph_call().layer);
}

}  // namespace

template <typename T>
bool JoinEmbedding(const CallSite& site, Stages<T>* stages) {
  if (!stages->Add(MakeEmbedding<T>(site))) return false;
  if (BoolAttribute(site.layer(), "mask_zero")) stages->MakeMask(MakeIndexMask<T>(base::ElementCount(site.input_shape)), site.input_shape.size());
  return true;
}

template bool JoinEmbedding(const CallSite&, Stages<float>*);
template bool JoinEmbedding(const CallSite&, Stages<double>*);

}  // namespace engine::native
