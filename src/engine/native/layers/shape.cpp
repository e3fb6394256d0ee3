#include <algorithm>
#include <memory>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

// Zeros around images.
template <typename T>
class ZeroPadding2D : public Layer<T> {
 public:
  /// row, full_row: elements of a row without and with its zeros; left: zeros before a row; top: rows before the first.
  ZeroPadding2D(int64_t rows, int64_t row, int64_t full_rows, int64_t full_row, int64_t top, int64_t left)
      : Layer<T>(rows * row, full_rows * full_row, -1), rows_(rows), row_(row), full_row_(full_row), top_(top), left_(left) {}

  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_y() const override { return false; }

  void Forward(const LayerCall<T>& call) const override {
    std::fill_n(call.y, call.rows * this->output_elements(), T(0));
    for (int64_t i = 0; i < call.rows; ++i) {
      const T* x = call.x + i * this->input_elements();
      for (int64_t r = 0; r < rows_; ++r) std::copy_n(x + r * row_, row_, call.y + Offset(i, r));
    }
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx == nullptr) return;
    for (int64_t i = 0; i < call.rows; ++i) {
      for (int64_t r = 0; r < rows_; ++r) std::copy_n(g + Offset(i, r), row_, dx + i * this->input_elements() + r * row_);
    }
  }

 private:
  int64_t Offset(int64_t image, int64_t row) const { return image * this->output_elements() + (row + top_) * full_row_ + left_; }

  int64_t rows_;
  int64_t row_;
  int64_t full_row_;
  int64_t top_;
  int64_t left_;
};

template <typename T>
std::unique_ptr<Layer<T>> MakeZeroPadding2D(const CallSite& site) {
  const base::Shape& in = site.input_shape;
  const base::Shape& out = site.graph_call().output_shape;
  if (in.size() != 3 || out.size() != 3) return nullptr;
  const base::List& sides = Attribute(site.layer(), "padding").list();
  const int64_t top = sides.at(0).list().at(0).integer(), left = sides.at(1).list().at(0).integer();
  return std::make_unique<ZeroPadding2D<T>>(in[0], in[1] * in[2], out[0], out[1] * out[2], top, left * in[2]);
}

}  // namespace

// Flatten and Reshape change no value and no order.
template <typename T>
bool JoinFlatten(const CallSite& /*site*/, Stages<T>* stages) {
  return stages->Skip();
}

template <typename T>
bool JoinReshape(const CallSite& /*site*/, Stages<T>* stages) {
  return stages->Skip();
}

template <typename T>
bool JoinZeroPadding2D(const CallSite& site, Stages<T>* stages) {
  return stages->Add(MakeZeroPadding2D<T>(site));
}

template bool JoinFlatten(const CallSite&, Stages<float>*);
template bool JoinFlatten(const CallSite&, Stages<double>*);
template bool JoinReshape(const CallSite&, Stages<float>*);
template bool JoinReshape(const CallSite&, Stages<double>*);
template bool JoinZeroPadding2D(const CallSite&, Stages<float>*);
template bool JoinZeroPadding2D(const CallSite&, Stages<double>*);

}  // namespace engine::native
