#include <algorithm>
#include <memory>
#include <string>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/merge.hpp"
#include "engine/math/table_rows.hpp"
#include "engine/native/categories.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

// Up to here float32 holds every index.
constexpr int64_t kMostRows = int64_t{1} << 24;

// Throws for the first index that the table does not have.
template <typename T>
void CheckTableIndexes(const std::string& name, const T* x, int64_t n, int64_t count) {
  if (math::IndexesWithin(x, n, count)) return;
  // what no index can be, a NaN included, is -1
  const auto index = [](T value) {
    constexpr T kLimit = static_cast<T>(int64_t{1} << 62);
    return value > -kLimit && value < kLimit ? static_cast<int64_t>(value) : -1;
  };
  int64_t smallest = count, largest = -1;
  for (int64_t i = 0; i < n; ++i) {
    smallest = std::min(smallest, index(x[i]));
    largest = std::max(largest, index(x[i]));
  }
  CheckIndexes(name, smallest, largest, count);
}

// The categories of a mini-batch, each once (categories.hpp). The gradient of a table's row comes summed up. Rows of the
// table that are not used are skipped as by Embedding.
template <typename T>
class CategoryEmbedding : public Layer<T> {
 public:
  CategoryEmbedding(const std::string& name, int64_t count, int64_t width, int64_t few, int graph_layer)
      : Layer<T>(1, CategoryRows<T>::Elements(width), graph_layer), name_(name), count_(count), width_(width), few_(few) {}

  bool backward_reads_inputs() const override { return false; }
  bool differentiable() const override { return false; }

  // the numbers of indexes
  int64_t ScratchElements(int64_t) const override {
    return (count_ * static_cast<int64_t>(sizeof(int32_t)) + static_cast<int64_t>(sizeof(T)) - 1) / static_cast<int64_t>(sizeof(T));
  }

  void Forward(const LayerCall<T>& call) const override {
    CheckTableIndexes(name_, call.x, call.rows, count_);
    CategoryRows<T> rows(call.y, call.rows, width_);
    if (call.products != nullptr) {
      for (int64_t r = 0; r < call.rows; ++r) rows.number[r] = static_cast<int32_t>(call.x[r]);
      return;
    }
    auto* memory = reinterpret_cast<int32_t*>(call.scratch);
    rows.set_count(math::NumberIndexes(call.x, call.rows, count_, memory, rows.number, rows.category));
    math::CopyTableRows(call.weights[0], width_, rows.category, rows.count(), 1, rows.table, width_);
  }

  void Backward(const LayerCall<T>& call, T* g, T*, T* const* gradients) const override {
    if (gradients == nullptr || gradients[0] == nullptr) return;
    const CategoryRows<T> rows(call.y, call.rows, width_);
    T* sums = CategoryRows<T>(g, call.rows, width_).table;
    const bool in_parts = rows.count() <= few_ && call.parts != nullptr && call.parts->skips_zeros(0);
    if (!in_parts) std::fill_n(gradients[0], count_ * width_, T(0));
    for (int64_t k = 0; k < rows.count(); ++k, sums += width_) {
      const int64_t first = static_cast<int64_t>(rows.category[k]) * width_;
      if (in_parts) {
        call.parts->Take(0, first, width_, sums);
      } else {
        std::copy_n(sums, width_, gradients[0] + first);
      }
    }
  }

 private:
  std::string name_;
  int64_t count_;
  int64_t width_;
  int64_t few_;  // categories that are handed over one by one
};

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
    CheckTableIndexes(name_, call.x, n, count_);
    math::CopyTableRows(call.weights[0], width_, call.x, call.rows, this->input_elements(), call.y, call.y_stride);
  }

  void Backward(const LayerCall<T>& call, T* g, T*, T* const* gradients) const override {
    if (gradients == nullptr || gradients[0] == nullptr) return;
    const int64_t n = call.rows * this->input_elements();
    if (n <= count_ / kFewRows && call.parts != nullptr && call.parts->skips_zeros(0)) return UsedRows(call, g, n, gradients[0]);
    std::fill_n(gradients[0], count_ * width_, T(0));
    math::AddTableRows(g, call.y_stride, call.x, call.rows, this->input_elements(), width_, gradients[0]);
  }

  std::unique_ptr<Layer<T>> MakeCategories() const override {
    if (this->input_elements() > 1 || width_ < kFewestElements || count_ > kMostCategories) return nullptr;
    return std::make_unique<CategoryEmbedding<T>>(name_, count_, width_, count_ / kFewRows, this->graph_layer());
  }

 private:
  // How many of a table's rows are as much work as one that is handed over by itself.
  static constexpr int64_t kFewRows = 32;
  // Of narrower rows, finding the categories takes what the products save; of larger tables, few rows of a mini-batch
  // have a category in common.
  static constexpr int64_t kFewestElements = 4, kMostCategories = 1024;

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
