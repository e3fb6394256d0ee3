// A layer that is distributed over leading dimensions (Keras's TimeDistributed): those are a part of the rows, as far as
// it is concerned. Rows times parts lie one after another as rows do.
#include <memory>
#include <utility>
#include <vector>

#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

template <typename T>
class Distributed : public Layer<T> {
 public:
  Distributed(std::unique_ptr<Layer<T>> each, int64_t times)
      : Layer<T>(InputElements(*each, times), each->output_elements() * times, each->graph_layer()), each_(std::move(each)), times_(times) {}

  int64_t ScratchElements(int64_t rows) const override { return each_->ScratchElements(rows * times_); }
  int64_t row_elements() const override { return each_->row_elements() * times_; }
  void Forward(const LayerCall<T>& call) const override { each_->Forward(OfEach(call)); }
  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const* gradients) const override {
    each_->Backward(OfEach(call), g, dx, gradients);
  }
  bool moves_statistics() const override { return each_->moves_statistics(); }
  void UpdateMovingStatistics(const LayerCall<T>& call) const override { each_->UpdateMovingStatistics(OfEach(call)); }
  bool backward_reads_inputs() const override { return each_->backward_reads_inputs(); }
  bool backward_reads_y() const override { return each_->backward_reads_y(); }
  bool differentiable() const override { return each_->differentiable(); }
  bool hands_gradient_on() const override { return each_->hands_gradient_on(); }
  bool keeps_zeros() const override { return each_->keeps_zeros(); }
  bool uses_sparse_product() const override { return each_->uses_sparse_product(); }
  double Density(const T* x, int64_t rows) const override { return each_->Density(x, rows * times_); }
  bool TakeActivation(math::FusedActivation activation) override { return each_->TakeActivation(activation); }
  bool TakePointwise(const math::PointwiseFunction& function) override { return each_->TakePointwise(function); }
  math::FusedActivation DropActivation() override { return each_->DropActivation(); }

 private:
  static std::vector<int64_t> InputElements(const Layer<T>& each, int64_t times) {
    std::vector<int64_t> elements;
    for (size_t i = 0; i < each.inputs(); ++i) elements.push_back(each.input_elements(i) * times);
    return elements;
  }

  LayerCall<T> OfEach(LayerCall<T> call) const {
    call.rows *= times_;
    call.y_stride = each_->output_elements();
    return call;
  }

  std::unique_ptr<Layer<T>> each_;
  int64_t times_;
};

}  // namespace

template <typename T>
std::unique_ptr<Layer<T>> MakeDistributed(std::unique_ptr<Layer<T>> each, int64_t times) {
  return std::make_unique<Distributed<T>>(std::move(each), times);
}

template std::unique_ptr<Layer<float>> MakeDistributed(std::unique_ptr<Layer<float>>, int64_t);
template std::unique_ptr<Layer<double>> MakeDistributed(std::unique_ptr<Layer<double>>, int64_t);

}  // namespace engine::native
