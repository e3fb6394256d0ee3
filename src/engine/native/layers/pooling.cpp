#include <algorithm>
#include <memory>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/pool2d.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

using base::LayerKind;

template <typename T>
class Pooling2D : public Layer<T> {
 public:
  Pooling2D(const math::PoolShape& shape, bool mean)
      : Layer<T>(shape.rows.in * shape.columns.in * shape.channels, shape.rows.out * shape.columns.out * shape.channels, -1),
        shape_(shape),
        mean_(mean) {}

  void Forward(const LayerCall<T>& call) const override {
    const auto pool = mean_ ? math::ThePoolKernels<T>().mean : math::ThePoolKernels<T>().largest;
    for (int64_t i = 0; i < call.rows; ++i) pool(shape_, call.x + i * this->input_elements(), call.y + i * this->output_elements());
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx == nullptr) return;
    const auto pool = mean_ ? math::ThePoolKernels<T>().mean_gradient : math::ThePoolKernels<T>().largest_gradient;
    const int64_t in = this->input_elements(), out = this->output_elements();
    for (int64_t i = 0; i < call.rows; ++i) pool(shape_, call.x + i * in, call.y + i * out, g + i * out, dx + i * in);
  }

 private:
  math::PoolShape shape_;
  bool mean_;
};

template <typename T>
class GlobalMaxPooling2D : public Layer<T> {
 public:
  explicit GlobalMaxPooling2D(const math::PoolShape& shape)
      : Layer<T>(shape.rows.in * shape.columns.in * shape.channels, shape.channels, -1), shape_(shape) {}

  void Forward(const LayerCall<T>& call) const override {
    const auto pool = math::ThePoolKernels<T>().largest;
    for (int64_t i = 0; i < call.rows; ++i) pool(shape_, call.x + i * this->input_elements(), call.y + i * shape_.channels);
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx == nullptr) return;
    const auto share = math::ThePoolKernels<T>().shared_gradient;
    const int64_t in = this->input_elements(), out = shape_.channels, positions = shape_.rows.in * shape_.columns.in;
    for (int64_t i = 0; i < call.rows; ++i) share(positions, out, call.x + i * in, call.y + i * out, g + i * out, dx + i * in);
  }

 private:
  math::PoolShape shape_;
};

template <typename T>
std::unique_ptr<Layer<T>> MakePooling2D(const CallSite& site) {
  const base::Layer& layer = site.layer();
  const base::Shape& in = site.input_shape;
  const base::Shape& out = site.graph_call().output_shape;
  if (in.size() != 3 || out.size() != 3) return nullptr;
  const auto [height, width] = PairAttribute(layer, "pool_size");
  const auto [stride_y, stride_x] = PairAttribute(layer, "strides");
  const bool same = TextAttribute(layer, "padding") == "same";
  const math::PoolShape shape{math::Slide(in[0], out[0], height, stride_y, 1, same), math::Slide(in[1], out[1], width, stride_x, 1, same),
                              in[2]};
  return std::make_unique<Pooling2D<T>>(shape, layer.kind == LayerKind::kAveragePooling2D);
}

template <typename T>
std::unique_ptr<Layer<T>> MakeGlobalPooling2D(const CallSite& site) {
  const base::Shape& in = site.input_shape;
  if (in.size() != 3) return nullptr;
  const math::PoolShape shape{math::Slide(in[0], 1, in[0], in[0], 1, false), math::Slide(in[1], 1, in[1], in[1], 1, false), in[2]};
  if (site.layer().kind == LayerKind::kGlobalMaxPooling2D) return std::make_unique<GlobalMaxPooling2D<T>>(shape);
  return std::make_unique<Pooling2D<T>>(shape, true);
}

}  // namespace

template <typename T>
bool JoinMaxPooling2D(const CallSite& site, Stages<T>* stages) {
  return stages->Add(MakePooling2D<T>(site));
}

template <typename T>
bool JoinAveragePooling2D(const CallSite& site, Stages<T>* stages) {
  return stages->Add(MakePooling2D<T>(site));
}

template <typename T>
bool JoinGlobalMaxPooling2D(const CallSite& site, Stages<T>* stages) {
  return stages->Add(MakeGlobalPooling2D<T>(site));
}

template <typename T>
bool JoinGlobalAveragePooling2D(const CallSite& site, Stages<T>* stages) {
  return stages->Add(MakeGlobalPooling2D<T>(site));
}

template bool JoinMaxPooling2D(const CallSite&, Stages<float>*);
template bool JoinMaxPooling2D(const CallSite&, Stages<double>*);
template bool JoinAveragePooling2D(const CallSite&, Stages<float>*);
template bool JoinAveragePooling2D(const CallSite&, Stages<double>*);
template bool JoinGlobalMaxPooling2D(const CallSite&, Stages<float>*);
template bool JoinGlobalMaxPooling2D(const CallSite&, Stages<double>*);
template bool JoinGlobalAveragePooling2D(const CallSite&, Stages<float>*);
template bool JoinGlobalAveragePooling2D(const CallSite&, Stages<double>*);

}  // namespace engine::native
