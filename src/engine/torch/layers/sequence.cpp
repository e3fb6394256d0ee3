// Masking, Reverse and Slice.
#include <memory>

#include "engine/torch/module.hpp"

namespace engine::torch {

namespace {

class MaskingModule : public Module {
 public:
  explicit MaskingModule(const base::Layer& layer) : value_(NumberAttribute(layer, "mask_value")) {}

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    const at::Tensor& x = inputs[0]->data;
    const at::Tensor mask = x.ne(value_).any(-1);
    return {x * mask.unsqueeze(-1), mask, {}, Squash::kNone};
  }

 private:
  double value_;
};

class ReverseModule : public Module {
 public:
  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    return {inputs[0]->data.flip(1), inputs[0]->mask, {}, Squash::kNone};
  }
};

// Of an output with states behind it, the mask has the output's steps alone.
class SliceModule : public Module {
 public:
  explicit SliceModule(const base::Layer& layer)
      : begin_(IntAttribute(layer, "begin")), size_(IntAttribute(layer, "size")), squeeze_(BoolAttribute(layer, "squeeze")) {}

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    const Value& in = *inputs[0];
    Value out;
    out.data = in.data.narrow(1, begin_, size_);
    if (squeeze_) out.data = out.data.squeeze(1);
    if (!squeeze_ && in.mask.defined() && begin_ + size_ <= in.mask.size(1)) out.mask = in.mask.narrow(1, begin_, size_);
    return out;
  }

 private:
  int64_t begin_;
  int64_t size_;
  bool squeeze_;
};

}  // namespace

std::unique_ptr<Module> MakeMasking(const base::Layer& layer) { return std::make_unique<MaskingModule>(layer); }
std::unique_ptr<Module> MakeReverse(const base::Layer&) { return std::make_unique<ReverseModule>(); }
std::unique_ptr<Module> MakeSlice(const base::Layer& layer) { return std::make_unique<SliceModule>(layer); }

}  // namespace engine::torch
