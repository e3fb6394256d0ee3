#include <memory>
#include <string>

#include "base/error.hpp"
#include "engine/module.hpp"

namespace engine {

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
    if (indexes.numel() == 0) return;
    const int64_t low = indexes.min().item<int64_t>(), high = indexes.max().item<int64_t>();
    if (low >= 0 && high < count_) return;
    throw base::Error(base::ErrorCode::kInvalidData,
                      "index " + std::to_string(low < 0 ? low : high) + " is outside the table of layer \"" + name_ + "\"",
                      "The layer has input_dim = " + std::to_string(count_) + ": indexes 0 to " + std::to_string(count_ - 1) + ".",
                      "Set input_dim to the largest index plus one.");
  }

  std::string name_;
  int64_t count_;
  bool mask_zero_;
};

}  // namespace

std::unique_ptr<Module> MakeEmbedding(const base::Layer& layer) { return std::make_unique<EmbeddingModule>(layer); }

}  // namespace engine
