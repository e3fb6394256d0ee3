#include <algorithm>
#include <utility>
#include <vector>

#include "base/tensor.hpp"
#include "engine/kernel_blas.hpp"
#include "engine/kernel_layer.hpp"
#include "engine/kernel_patches.hpp"
#include "engine/kernel_zeros.hpp"
#include "engine/module.hpp"

namespace engine {

namespace {

// y = f(x W + b) over the last dimension; places: rows times the dimensions between.
//
// Products go the way that was measured faster for the layer's shape: through the tiles of kernel_patches.hpp (no call, no copies, bias and
// ReLU in the tile) where the kernel fits the caches, through the BLAS where it is large or has few columns. Layers of some size look for
// zeros on the left side of each product, in the rows of the table or in what a ReLU gave or took, and leave them out where that pays
// (kernel_zeros.hpp).
template <typename T>
class KernelDense : public KernelLayer<T> {
 public:
  KernelDense(int64_t places, int64_t in, int64_t out, bool use_bias, KernelActivation activation, int graph_layer)
      : KernelLayer<T>(places * in, places * out, graph_layer),
        places_(places),
        in_(in),
        out_(out),
        tiles_(in * out <= kMostElements && out >= kFewestColumns),
        tiles_input_(in * out <= kMostElements && out > 1),
        maps_(in * out >= kFewestMapped && out >= kFewestMappedColumns),
        maps_input_(maps_ && tiles_input_ && in >= kFewestMappedColumns),
        use_bias_(use_bias),
        activation_(activation) {}

  // the map of x, which is kept for Backward | the map of y's gradient | the kernel transposed
  int64_t ScratchElements(int64_t rows) const override {
    const int64_t transposed = tiles_input_ ? PackedElements(out_, in_) : 0;  // room for rows without panels too
    return MapElements(rows, in_, maps_) + MapElements(rows, out_, maps_input_) + transposed;
  }

  bool leaves_zeros_out() const override { return maps_; }

  double Density(const T* x, int64_t rows) const override {
    if (!maps_) return 1;
    std::vector<uint64_t> memory(static_cast<size_t>(ZeroMap::Words(rows * places_, in_)));
    const ZeroMap map(memory.data(), rows * places_, in_);
    map.Fill(x, MostDensity(), false);
    return map.pays() ? map.density() : 1;
  }

  void Forward(const KernelCall<T>& call) const override {
    const int64_t m = call.rows * places_;
    const T* w = call.weights[0];
    const T* bias = use_bias_ ? call.weights[1] : nullptr;
    const bool relu = activation_ == KernelActivation::kReLU;
    if (maps_) InputMap(call).Fill(call.x, MostDensity(), call.training);
    if (maps_ && InputMap(call).pays()) {
      ThePatchKernels<T>().map_product(InputMap(call), call.x, w, out_, bias, relu, call.y);
    } else if (tiles_) {
      ThePatchKernels<T>().product(Rows(call.x, m, in_), {w, out_, out_, kPanelColumns}, bias, relu, call.y);
    } else {
      Product(call.x, w, m, in_, out_, call.y);
      BiasActivation(activation_, bias, m, out_, call.y);
      return;
    }
    if (!relu) BiasActivation(activation_, static_cast<const T*>(nullptr), m, out_, call.y);
  }

  void Backward(const KernelCall<T>& call, T* g, T* dx, T* const* gradients) const override {
    const int64_t m = call.rows * places_;
    ActivationGradient(activation_, call.y, m, out_, g);
    if (dx != nullptr) InputGradient(call, g, m, dx);
    if (gradients == nullptr) return;
    if (gradients[0] != nullptr) KernelGradient(call, g, m, gradients[0]);
    if (use_bias_ && gradients[1] != nullptr) ThePatchKernels<T>().column_sums(g, m, out_, false, gradients[1]);
  }

  bool TakeActivation(KernelActivation activation) override {
    if (activation_ != KernelActivation::kLinear) return false;
    activation_ = activation;
    return true;
  }

  KernelActivation DropActivation() override { return std::exchange(activation_, KernelActivation::kLinear); }

 private:
  // The first `length` of each row's columns.
  static Patches<T> Rows(const T* values, int64_t rows, int64_t columns, int64_t length) {
    static constexpr int64_t kNoOffset = 0;
    return {values, 1, rows, 0, columns, &kNoOffset, 1, length};
  }
  static Patches<T> Rows(const T* values, int64_t rows, int64_t columns) { return Rows(values, rows, columns, columns); }

  static constexpr int64_t kMostElements = 512 * 1024, kFewestColumns = 8;
  // Zeros are looked for in no smaller kernels: a step takes a few microseconds there, and looking a good part of it; nor with fewer columns:
  // the sums of one row are then too few to keep the multipliers busy. plan/cost.cpp has the same.
  static constexpr int64_t kFewestMapped = 8 * 1024, kFewestMappedColumns = 48;

  // Up to which leaving zeros out is faster: than tiles, than the BLAS, which may have several threads.
  double MostDensity() const { return tiles_ ? 0.75 : 0.3; }

  int64_t MapElements(int64_t rows, int64_t columns, bool any) const {
    return any ? ZeroMap::Words(rows * places_, columns) * static_cast<int64_t>(sizeof(uint64_t) / sizeof(T)) : 0;
  }

  ZeroMap InputMap(const KernelCall<T>& call) const { return {reinterpret_cast<uint64_t*>(call.scratch), call.rows * places_, in_}; }

  void InputGradient(const KernelCall<T>& call, const T* g, int64_t m, T* dx) const {
    const T* w = call.weights[0];
    T* scratch = call.scratch + MapElements(call.rows, in_, maps_);
    if (maps_input_ && activation_ == KernelActivation::kReLU) {
      const ZeroMap map(reinterpret_cast<uint64_t*>(scratch), m, out_);
      map.Fill(g, MostDensity(), false);
      if (map.pays()) {
        scratch += MapElements(call.rows, out_, true);
        TransposeMatrix(w, in_, out_, scratch);
        ThePatchKernels<T>().map_product(map, g, scratch, in_, nullptr, false, dx);
        return;
      }
    }
    if (tiles_input_) {
      ThePatchKernels<T>().product(Rows(g, m, out_), PackTransposed(w, in_, out_, scratch), nullptr, false, dx);
    } else {
      ProductInputGradient(g, w, m, in_, out_, dx);
    }
  }

  // With few rows the product is cheap and its result, written, read and used once, is what costs: then in parts of a size that stays in
  // the nearest caches. A function of the layer's shape and the rows alone, so that bits are.
  void KernelGradient(const KernelCall<T>& call, const T* g, int64_t m, T* gradient) const {
    constexpr int64_t kPartBytes = 48 * 1024, kFewRows = 128, kRowsUnit = 8;
    const int64_t part_elements = kPartBytes / static_cast<int64_t>(sizeof(T));
    const int64_t parts = (in_ * out_ + part_elements - 1) / part_elements;
    if (call.parts == nullptr || m > kFewRows || parts < 3 || out_ > part_elements / kRowsUnit) {
      GradientRows(call, g, m, 0, in_, gradient);
      return;
    }
    const int64_t rows = (in_ + parts * kRowsUnit - 1) / (parts * kRowsUnit) * kRowsUnit;
    for (int64_t first = 0; first < in_; first += rows) {
      const int64_t n = std::min(rows, in_ - first);
      GradientRows(call, g, m, first, n, gradient);
      call.parts->Take(0, first * out_, n * out_, gradient);
    }
  }

  // Rows first, ..., first + n - 1 of the kernel's gradient.
  void GradientRows(const KernelCall<T>& call, const T* g, int64_t m, int64_t first, int64_t n, T* gradient) const {
    if (maps_ && InputMap(call).pays()) {
      ThePatchKernels<T>().map_gradient(InputMap(call), call.x, first, first + n, g, out_, gradient);
    } else if (tiles_) {
      ThePatchKernels<T>().gradient(Rows(call.x + first, m, in_, n), g, out_, false, gradient);
    } else {
      ProductWeightGradientRows(call.x, g, m, in_, out_, first, n, gradient);
    }
  }

  int64_t places_;
  int64_t in_;
  int64_t out_;
  bool tiles_;        // y and the kernel's gradient
  bool tiles_input_;  // the gradient with respect to x
  bool maps_;         // zeros of x are looked for
  bool maps_input_;   // zeros of y's gradient are
  bool use_bias_;
  KernelActivation activation_;
};

// An activation that no layer before it could take.
template <typename T>
class KernelActivationLayer : public KernelLayer<T> {
 public:
  KernelActivationLayer(int64_t places, int64_t classes, KernelActivation activation)
      : KernelLayer<T>(places * classes, places * classes, -1), places_(places), classes_(classes), activation_(activation) {}

  void Forward(const KernelCall<T>& call) const override {
    std::copy(call.x, call.x + call.rows * this->input_elements(), call.y);
    BiasActivation(activation_, static_cast<const T*>(nullptr), call.rows * places_, classes_, call.y);
  }

  void Backward(const KernelCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx == nullptr) return;
    ActivationGradient(activation_, call.y, call.rows * places_, classes_, g);
    std::copy(g, g + call.rows * this->input_elements(), dx);
  }

  bool TakeActivation(KernelActivation activation) override {
    if (activation_ != KernelActivation::kLinear) return false;
    activation_ = activation;
    return true;
  }

  KernelActivation DropActivation() override { return std::exchange(activation_, KernelActivation::kLinear); }

 private:
  int64_t places_;
  int64_t classes_;
  KernelActivation activation_;
};

}  // namespace

bool FindKernelActivation(const base::Value& name, KernelActivation* activation) {
  if (name.is_null()) {
    *activation = KernelActivation::kLinear;
    return true;
  }
  static constexpr std::pair<const char*, KernelActivation> kNames[] = {
      {"linear", KernelActivation::kLinear}, {"relu", KernelActivation::kReLU},       {"sigmoid", KernelActivation::kSigmoid},
      {"tanh", KernelActivation::kTanh},     {"softmax", KernelActivation::kSoftmax},
  };
  for (const auto& [known, kind] : kNames) {
    if (name.string() == known) {
      *activation = kind;
      return true;
    }
  }
  return false;
}

template <typename T>
std::unique_ptr<KernelLayer<T>> MakeKernelDense(const KernelPlace& place) {
  const base::Layer& layer = place.layer();
  KernelActivation activation = KernelActivation::kLinear;
  FindKernelActivation(Attribute(layer, "activation"), &activation);
  if (place.input_shape.empty()) return nullptr;
  const int64_t in = place.input_shape.back(), out = place.graph_call().output_shape.back();
  if (in < 1 || out < 1) return nullptr;
  return std::make_unique<KernelDense<T>>(base::ElementCount(place.input_shape) / in, in, out, BoolAttribute(layer, "use_bias"), activation,
                                          place.graph_call().layer);
}

template <typename T>
std::unique_ptr<KernelLayer<T>> MakeKernelActivation(const KernelPlace& place, KernelActivation activation) {
  const int64_t elements = base::ElementCount(place.input_shape);
  const int64_t classes = place.input_shape.empty() ? 1 : place.input_shape.back();
  if (elements < 1) return nullptr;
  return std::make_unique<KernelActivationLayer<T>>(elements / classes, classes, activation);
}

template std::unique_ptr<KernelLayer<float>> MakeKernelDense(const KernelPlace&);
template std::unique_ptr<KernelLayer<double>> MakeKernelDense(const KernelPlace&);
template std::unique_ptr<KernelLayer<float>> MakeKernelActivation(const KernelPlace&, KernelActivation);
template std::unique_ptr<KernelLayer<double>> MakeKernelActivation(const KernelPlace&, KernelActivation);

}  // namespace engine
