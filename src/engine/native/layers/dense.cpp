#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/activations.hpp"
#include "engine/math/gemm_blocks.hpp"
#include "engine/math/gemm_pack.hpp"
#include "engine/math/gemm_sparse.hpp"
#include "engine/math/gemm_tiles.hpp"
#include "engine/native/categories.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

// y = f(x W + b) over the last dimension; positions: rows times the dimensions between.
//
// Products go through tiles that read their operands where they lie (engine/math/gemm_tiles.hpp) where the kernel fits the
// caches, else in blocks (engine/math/gemm_blocks.hpp): bias and ReLU are done in the tile both times, and the bits are the
// same. Layers of some size look for zeros on the left side of each product, in the rows of the table or in what a ReLU
// gave or took. They use the sparse product where it is worthwhile (engine/math/gemm_sparse.hpp).
template <typename T>
class Dense : public Layer<T> {
 public:
  Dense(int64_t positions, int64_t in, int64_t out, bool use_bias, math::FusedActivation activation, int graph_layer)
      : Layer<T>(positions * in, positions * out, graph_layer),
        positions_(positions),
        in_(in),
        out_(out),
        tiles_(in * out <= kMostElements),
        maps_(in * out >= kFewestMapped && out >= kFewestMappedColumns),
        maps_input_(maps_ && tiles_ && in >= kFewestMappedColumns),
        use_bias_(use_bias),
        activation_(activation) {}

  // the map of x, which is kept for Backward | the map of y's gradient | the kernel transposed
  int64_t ScratchElements(int64_t rows) const override {
    const int64_t transposed = tiles_ ? math::PackedElements(out_, in_) : 0;  // room for rows without panels too
    return MapElements(rows, in_, maps_) + MapElements(rows, out_, maps_input_) + transposed;
  }

  bool backward_reads_y() const override { return activation_ != math::FusedActivation::kLinear; }
  bool uses_sparse_product() const override { return maps_; }

  double Density(const T* x, int64_t rows) const override {
    if (!maps_) return 1;
    std::vector<uint64_t> memory(static_cast<size_t>(math::ZeroMap::Words(rows * positions_, in_)));
    const math::ZeroMap map(memory.data(), rows * positions_, in_);
    map.Fill(x, MostDensity(), false);
    return map.worthwhile() ? map.density() : 1;
  }

  void Forward(const LayerCall<T>& call) const override {
    const int64_t m = call.rows * positions_;
    const T* w = call.weights[0];
    const T* bias = use_bias_ ? call.weights[1] : nullptr;
    const bool relu = activation_ == math::FusedActivation::kReLU;
    if (maps_) InputMap(call).Fill(call.x, MostDensity(), call.training);
    if (maps_ && InputMap(call).worthwhile()) {
      math::TheGemmKernels<T>().sparse_product(InputMap(call), call.x, w, out_, bias, relu, call.y);
    } else if (tiles_) {
      math::TheGemmKernels<T>().product(Rows(call.x, m, in_), {w, out_, out_, math::kPanelColumns}, bias, relu, call.y);
    } else {
      math::MultiplyBlocks<T>({{call.x, in_, 1}, {w, out_, 1}, m, out_, in_, bias, relu, false, call.y, out_});
    }
    if (!relu) math::BiasActivation(activation_, static_cast<const T*>(nullptr), m, out_, call.y);
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const* gradients) const override {
    const int64_t m = call.rows * positions_;
    math::ActivationGradient(activation_, call.y, m, out_, g);
    if (dx != nullptr) InputGradient(call, g, m, dx);
    if (gradients == nullptr) return;
    if (gradients[0] != nullptr) KernelGradient(call, g, m, gradients[0]);
    if (use_bias_ && gradients[1] != nullptr) math::TheGemmKernels<T>().column_sums(g, m, out_, false, gradients[1]);
  }

  bool TakeActivation(math::FusedActivation activation) override {
    if (activation_ != math::FusedActivation::kLinear) return false;
    activation_ = activation;
    return true;
  }

  math::FusedActivation DropActivation() override { return std::exchange(activation_, math::FusedActivation::kLinear); }

  std::unique_ptr<Layer<T>> MakeOfCategories(const std::vector<CategoryPart>& parts) const override {
    if (positions_ > 1 || out_ < kFewestOfCategories) return nullptr;
    int64_t rest = in_;
    for (const CategoryPart& part : parts) rest -= part.width;
    std::unique_ptr<Layer<T>> of_rest;
    if (rest > 0) of_rest = std::make_unique<Dense>(1, rest, out_, use_bias_, math::FusedActivation::kLinear, this->graph_layer());
    return MakeCategoryDense<T>(std::move(of_rest), parts, out_, use_bias_, activation_, this->graph_layer());
  }

 private:
  // With fewer units, finding the categories takes what the products save.
  static constexpr int64_t kFewestOfCategories = 16;

  // The first `length` of each row's columns.
  static math::Patches<T> Rows(const T* values, int64_t rows, int64_t columns, int64_t length) {
    static constexpr int64_t kNoOffset = 0;
    return {values, 1, rows, 0, columns, &kNoOffset, 1, length};
  }
  static math::Patches<T> Rows(const T* values, int64_t rows, int64_t columns) { return Rows(values, rows, columns, columns); }

  static constexpr int64_t kMostElements = 512 * 1024;
  // Zeros are looked for in no smaller kernels: a step takes a few microseconds there, and looking a good part of it;
  // nor with fewer columns: the sums of one row are then too few to keep the multipliers busy. plan/cost.cpp has the
  // same.
  static constexpr int64_t kFewestMapped = 8 * 1024, kFewestMappedColumns = 48;

  // Up to which the sparse product is faster: than tiles, than blocks, which may have several threads.
  double MostDensity() const { return tiles_ ? 0.75 : 0.3; }

  int64_t MapElements(int64_t rows, int64_t columns, bool any) const {
    return any ? math::ZeroMap::Words(rows * positions_, columns) * static_cast<int64_t>(sizeof(uint64_t) / sizeof(T)) : 0;
  }

  math::ZeroMap InputMap(const LayerCall<T>& call) const {
    return {reinterpret_cast<uint64_t*>(call.scratch), call.rows * positions_, in_};
  }

  void InputGradient(const LayerCall<T>& call, const T* g, int64_t m, T* dx) const {
    const T* w = call.weights[0];
    T* scratch = call.scratch + MapElements(call.rows, in_, maps_);
    if (maps_input_ && activation_ == math::FusedActivation::kReLU) {
      const math::ZeroMap map(reinterpret_cast<uint64_t*>(scratch), m, out_);
      map.Fill(g, MostDensity(), false);
      if (map.worthwhile()) {
        scratch += MapElements(call.rows, out_, true);
        math::TransposeMatrix(w, in_, out_, scratch);
        math::TheGemmKernels<T>().sparse_product(map, g, scratch, in_, nullptr, false, dx);
        return;
      }
    }
    if (tiles_) {
      math::TheGemmKernels<T>().product(Rows(g, m, out_), math::PackTransposed(w, in_, out_, scratch), nullptr, false, dx);
    } else {
      math::MultiplyBlocks<T>({{g, out_, 1}, {w, 1, out_}, m, in_, out_, nullptr, false, false, dx, in_});
    }
  }

  // With few rows the product is cheap and its result, written, read and used once, is what costs: then in parts of a
  // size that stays in the nearest caches. Where threads share a product, they share all of it.
  void KernelGradient(const LayerCall<T>& call, const T* g, int64_t m, T* gradient) const {
    constexpr int64_t kPartBytes = 48 * 1024, kFewRows = 128;
    const int64_t unit = tiles_ ? 8 : 12;  // rows that tiles like
    const int64_t part_elements = kPartBytes / static_cast<int64_t>(sizeof(T));
    const int64_t parts = (in_ * out_ + part_elements - 1) / part_elements;
    if (call.parts == nullptr || m > kFewRows || parts < 3 || out_ > part_elements / unit ||
        (!tiles_ && math::ProductThreads() > 1)) {
      GradientRows(call, g, m, 0, in_, gradient);
      return;
    }
    const int64_t rows = (in_ + parts * unit - 1) / (parts * unit) * unit;
    for (int64_t first = 0; first < in_; first += rows) {
      const int64_t n = std::min(rows, in_ - first);
      GradientRows(call, g, m, first, n, gradient);
      call.parts->Take(0, first * out_, n * out_, gradient);
    }
  }

  // Rows first, ..., first + n - 1 of the kernel's gradient.
  void GradientRows(const LayerCall<T>& call, const T* g, int64_t m, int64_t first, int64_t n, T* gradient) const {
    if (maps_ && InputMap(call).worthwhile()) {
      math::TheGemmKernels<T>().sparse_gradient(InputMap(call), call.x, first, first + n, g, out_, gradient);
    } else if (tiles_) {
      math::TheGemmKernels<T>().gradient(Rows(call.x + first, m, in_, n), g, out_, false, gradient);
    } else {
      math::MultiplyBlocks<T>({{call.x + first, 1, in_}, {g, out_, 1}, n, out_, m, nullptr, false, true, gradient, out_});
    }
  }

  int64_t positions_;
  int64_t in_;
  int64_t out_;
  bool tiles_;        // the kernel fits the caches
  bool maps_;         // zeros of x are looked for
  bool maps_input_;   // zeros of y's gradient are
  bool use_bias_;
  math::FusedActivation activation_;
};

template <typename T>
std::unique_ptr<Layer<T>> MakeDense(const CallSite& site) {
  const base::Layer& layer = site.layer();
  math::FusedActivation activation = math::FusedActivation::kLinear;
  FindFusedActivation(Attribute(layer, "activation"), &activation);
  if (site.input_shape.empty()) return nullptr;
  const int64_t in = site.input_shape.back(), out = site.graph_call().output_shape.back();
  if (in < 1 || out < 1) return nullptr;
  return std::make_unique<Dense<T>>(base::ElementCount(site.input_shape) / in, in, out, BoolAttribute(layer, "use_bias"), activation,
                                    site.graph_call().layer);
}

// An EinsumDense that sums over the last dimensions of its input and puts the kernel's others in their place:
// "ab,bc->ac", "abc,cde->abde", "abde,dec->abc", "...a,ab->...b". nullptr for every other equation, for a bias that is not
// along all of those, and for a softmax along some of them.
template <typename T>
std::unique_ptr<Layer<T>> MakeEinsumDense(const CallSite& site) {
  const base::Layer& layer = site.layer();
  std::string equation = TextAttribute(layer, "equation");
  equation.erase(std::remove(equation.begin(), equation.end(), ' '), equation.end());
  const size_t comma = equation.find(','), arrow = equation.find("->");
  if (comma == std::string::npos || arrow == std::string::npos || arrow < comma) return nullptr;
  const std::string input = equation.substr(0, comma), kernel = equation.substr(comma + 1, arrow - comma - 1), output = equation.substr(arrow + 2);
  size_t summed = 0;
  while (summed < kernel.size() && output.find(kernel[summed]) == std::string::npos) ++summed;
  if (summed == 0 || summed == kernel.size() || input.size() <= summed) return nullptr;
  const std::string kept = input.substr(0, input.size() - summed);  // dots are in front here, or the output differs
  if (input.substr(kept.size()) != kernel.substr(0, summed) || output != kept + kernel.substr(summed)) return nullptr;
  const base::Shape& shape = layer.weights[0].shape;
  const auto split = shape.begin() + static_cast<std::ptrdiff_t>(summed);
  const int64_t in = base::ElementCount(base::Shape(shape.begin(), split)), out = base::ElementCount(base::Shape(split, shape.end()));
  const bool use_bias = layer.weights.size() > 1;
  if (use_bias && base::ElementCount(layer.weights[1].shape) != out) return nullptr;
  math::FusedActivation activation = math::FusedActivation::kLinear;
  FindFusedActivation(Attribute(layer, "activation"), &activation);
  if (activation == math::FusedActivation::kSoftmax && kernel.size() - summed > 1) return nullptr;
  return std::make_unique<Dense<T>>(base::ElementCount(site.input_shape) / in, in, out, use_bias, activation, site.graph_call().layer);
}

}  // namespace

template <typename T>
bool JoinDense(const CallSite& site, Stages<T>* stages) {
  return stages->AddWithActivation(site, MakeDense<T>(site));
}

template <typename T>
bool JoinEinsumDense(const CallSite& site, Stages<T>* stages) {
  return stages->AddWithActivation(site, MakeEinsumDense<T>(site));
}

template bool JoinEinsumDense(const CallSite&, Stages<float>*);
template bool JoinEinsumDense(const CallSite&, Stages<double>*);

template bool JoinDense(const CallSite&, Stages<float>*);
template bool JoinDense(const CallSite&, Stages<double>*);

}  // namespace engine::native
