#include <algorithm>

#include "base/tensor.hpp"
#include "engine/kernel_layer.hpp"
#include "engine/layer_dropout.hpp"
#include "engine/module.hpp"

namespace engine {

namespace {

// y = x * mask, with the mask of the autograd path (engine/layer_dropout.hpp).
template <typename T>
class KernelDropout : public KernelLayer<T> {
 public:
  KernelDropout(int64_t elements, double rate, int site) : KernelLayer<T>(elements, elements, -1), rate_(rate), site_(site) {}

  int64_t ScratchElements(int64_t rows) const override { return rows * this->input_elements(); }

  bool keeps_zeros() const override { return true; }

  void Forward(const KernelCall<T>& call) const override {
    const int64_t n = call.rows * this->input_elements();
    if (!call.training) {
      std::copy(call.x, call.x + n, call.y);
      return;
    }
    FillDropoutMask(rate_, *call.keys, static_cast<uint64_t>(site_), n, call.scratch);
    Multiply(call.x, call.scratch, n, call.y);
  }

  void Backward(const KernelCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx != nullptr) Multiply(g, call.scratch, call.rows * this->input_elements(), dx);
  }

 private:
  double rate_;
  int site_;
};

}  // namespace

template <typename T>
std::unique_ptr<KernelLayer<T>> MakeKernelDropout(const KernelPlace& place) {
  const base::Value* noise = place.layer().attributes.Find("noise_shape");
  if (noise != nullptr && !noise->is_null()) return nullptr;
  return std::make_unique<KernelDropout<T>>(base::ElementCount(place.input_shape), NumberAttribute(place.layer(), "rate"), place.call);
}

template std::unique_ptr<KernelLayer<float>> MakeKernelDropout(const KernelPlace&);
template std::unique_ptr<KernelLayer<double>> MakeKernelDropout(const KernelPlace&);

}  // namespace engine
