#include <memory>
#include <string>

#include "engine/torch/module.hpp"

namespace engine::torch {

namespace {

// Rows of a table by index. Weights: embeddings (input_dim, output_dim). With mask_zero, index 0 is padding.
class EmbeddingModule : public Module {
 public:
  explicit EmbeddingModule(const base::Layer& layer)
      : name_(layer.name), count_(IntAttribute(layer, "input_dim")), mask_zero_(BoolAttribute(layer, "mask_zero")) {}

  Value Forward(const Inputs& inputs, const Weights& weights, const Context&) const override {
    const at::Tensor indexes = inputs[0]->data.to(at::kLong);
    Check(indexes);
    Value out;
    out.data = at::embedding(weights[0], indexes);
    if (mask_zero_) out.mask = indexes.ne(0);
    return out;
  }

 private:
  void Check(const at::Tensor& indexes) const {
    if (indexes.numel() > 0) CheckIndexes(name_, indexes.min().item<int64_t>(), indexes.max().item<int64_t>(), count_);
  }

  std::string name_;
  int64_t count_;
  bool mask_zero_;
};

}  // namespace

std::unique_ptr<Module> MakeEmbedding(const base::Layer& layer) { return std::make_unique<EmbeddingModule>(layer); }

}  // namespace engine::torch
