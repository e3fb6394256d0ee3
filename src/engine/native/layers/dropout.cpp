#include <algorithm>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/dropout_mask.hpp"
#include "engine/math/pointwise.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

// y = x * mask, with the mask of the autograd path (engine/math/dropout_mask.hpp).
template <typename T>
class Dropout : public Layer<T> {
 public:
  Dropout(int64_t elements, double rate, int site) : Layer<T>(elements, elements, -1), rate_(rate), site_(site) {}

  int64_t ScratchElements(int64_t rows) const override { return rows * this->input_elements(); }

  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_y() const override { return false; }
  bool keeps_zeros() const override { return true; }

  void Forward(const LayerCall<T>& call) const override {
    const int64_t n = call.rows * this->input_elements();
    if (!call.training) {
      std::copy(call.x, call.x + n, call.y);
      return;
    }
    math::FillDropoutMask(rate_, *call.keys, static_cast<uint64_t>(site_), n, call.scratch);
    math::Multiply(call.x, call.scratch, n, call.y);
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx != nullptr) math::Multiply(g, call.scratch, call.rows * this->input_elements(), dx);
  }

 private:
  double rate_;
  int site_;
};

template <typename T>
std::unique_ptr<Layer<T>> MakeDropout(const CallSite& site) {
  const base::Value* noise = site.layer().attributes.Find("noise_shape");
  if (noise != nullptr && !noise->is_null()) return nullptr;
  return std::make_unique<Dropout<T>>(base::ElementCount(site.input_shape), NumberAttribute(site.layer(), "rate"), site.call);
}

}  // namespace

template <typename T>
bool JoinDropout(const CallSite& site, Stages<T>* stages) {
  if (NumberAttribute(site.layer(), "rate") <= 0) return stages->Skip();
  return stages->Add(MakeDropout<T>(site));
}

template bool JoinDropout(const CallSite&, Stages<float>*);
template bool JoinDropout(const CallSite&, Stages<double>*);

}  // namespace engine::native
