#include <algorithm>
#include <memory>

#include "base/tensor.hpp"
#include "engine/kernel_layer.hpp"
#include "engine/kernel_windows.hpp"
#include "engine/module.hpp"

namespace engine {

namespace {

using base::LayerKind;

template <typename T>
class KernelPooling2D : public KernelLayer<T> {
 public:
  KernelPooling2D(const PoolShape& shape, bool mean)
      : KernelLayer<T>(shape.rows.in * shape.columns.in * shape.channels, shape.rows.out * shape.columns.out * shape.channels, -1),
        shape_(shape),
        mean_(mean) {}

  void Forward(const KernelCall<T>& call) const override {
    const auto pool = mean_ ? ThePoolKernels<T>().mean : ThePoolKernels<T>().largest;
    for (int64_t i = 0; i < call.rows; ++i) pool(shape_, call.x + i * this->input_elements(), call.y + i * this->output_elements());
  }

  void Backward(const KernelCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx == nullptr) return;
    const auto pool = mean_ ? ThePoolKernels<T>().mean_gradient : ThePoolKernels<T>().largest_gradient;
    const int64_t in = this->input_elements(), out = this->output_elements();
    for (int64_t i = 0; i < call.rows; ++i) pool(shape_, call.x + i * in, call.y + i * out, g + i * out, dx + i * in);
  }

 private:
  PoolShape shape_;
  bool mean_;
};

template <typename T>
class KernelGlobalMaxPooling2D : public KernelLayer<T> {
 public:
  explicit KernelGlobalMaxPooling2D(const PoolShape& shape)
      : KernelLayer<T>(shape.rows.in * shape.columns.in * shape.channels, shape.channels, -1), shape_(shape) {}

  void Forward(const KernelCall<T>& call) const override {
    const auto pool = ThePoolKernels<T>().largest;
    for (int64_t i = 0; i < call.rows; ++i) pool(shape_, call.x + i * this->input_elements(), call.y + i * shape_.channels);
  }

  void Backward(const KernelCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx == nullptr) return;
    const auto share = ThePoolKernels<T>().shared_gradient;
    const int64_t in = this->input_elements(), out = shape_.channels, positions = shape_.rows.in * shape_.columns.in;
    for (int64_t i = 0; i < call.rows; ++i) share(positions, out, call.x + i * in, call.y + i * out, g + i * out, dx + i * in);
  }

 private:
  PoolShape shape_;
};

}  // namespace

template <typename T>
std::unique_ptr<KernelLayer<T>> MakeKernelPooling2D(const KernelPlace& place) {
  const base::Layer& layer = place.layer();
  const base::Shape& in = place.input_shape;
  const base::Shape& out = place.graph_call().output_shape;
  if (in.size() != 3 || out.size() != 3) return nullptr;
  const auto [height, width] = PairAttribute(layer, "pool_size");
  const auto [stride_y, stride_x] = PairAttribute(layer, "strides");
  const bool same = TextAttribute(layer, "padding") == "same";
  const PoolShape shape{Slide(in[0], out[0], height, stride_y, 1, same), Slide(in[1], out[1], width, stride_x, 1, same), in[2]};
  return std::make_unique<KernelPooling2D<T>>(shape, layer.kind == LayerKind::kAveragePooling2D);
}

template <typename T>
std::unique_ptr<KernelLayer<T>> MakeKernelGlobalPooling2D(const KernelPlace& place) {
  const base::Shape& in = place.input_shape;
  if (in.size() != 3) return nullptr;
  const PoolShape shape{Slide(in[0], 1, in[0], in[0], 1, false), Slide(in[1], 1, in[1], in[1], 1, false), in[2]};
  if (place.layer().kind == LayerKind::kGlobalMaxPooling2D) return std::make_unique<KernelGlobalMaxPooling2D<T>>(shape);
  return std::make_unique<KernelPooling2D<T>>(shape, true);
}

template std::unique_ptr<KernelLayer<float>> MakeKernelPooling2D(const KernelPlace&);
template std::unique_ptr<KernelLayer<double>> MakeKernelPooling2D(const KernelPlace&);
template std::unique_ptr<KernelLayer<float>> MakeKernelGlobalPooling2D(const KernelPlace&);
template std::unique_ptr<KernelLayer<double>> MakeKernelGlobalPooling2D(const KernelPlace&);

}  // namespace engine
