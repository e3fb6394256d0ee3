// Sequential models: a list of layers, each called on what the one before gives.
#include "wire/formats/keras_block.hpp"

namespace wire {
namespace {

using base::ErrorCode;
using base::Value;
using layers::Refuse;
using layers::Where;

class SequentialBlock : public ModelBlock {
 public:
  SequentialBlock(const Value& config, const KerasLayer& model, const Scope& scope)
      : config_(config), model_(model), scope_(scope), entries_(ReadLayers(LayerList(config), !model.trainable)) {
    const size_t first = entries_[0].is_input() ? 1 : 0;
    for (size_t i = first; i < entries_.size(); ++i) blocks_.push_back(MakeBlock(entries_[i], scope, false));
    for (size_t i = 0; i + 1 < blocks_.size(); ++i) {
      if (blocks_[i]->OutputCount() == 1) continue;
      Refuse(ErrorCode::kInvalidParameter, entries_[first + i].where(),
             "has " + std::to_string(blocks_[i]->OutputCount()) + " outputs, a layer inside a Sequential model has one");
    }
  }

  size_t OutputCount() const override { return blocks_.empty() ? 1 : blocks_.back()->OutputCount(); }

  void AddLayers(GraphBuilder* builder) override {
    for (const auto& block : blocks_) block->AddLayers(builder);
  }

  std::vector<int> Call(GraphBuilder* builder, const CallRequest& request) override {
    if (request.inputs.size() != 1) {
      Refuse(ErrorCode::kInvalidParameter, model_.where(), "takes 1 input, got " + std::to_string(request.inputs.size()));
    }
    std::vector<int> outputs{request.inputs.front()};
    for (size_t i = 0; i < blocks_.size(); ++i) {
      builder->CountFollowed();
      const bool last = i + 1 == blocks_.size();
      outputs = blocks_[i]->Call(builder, {outputs, request.inference, last ? request.wanted : std::set<size_t>{0}});
    }
    return outputs;
  }

  // Keras: the first layer's own statement, else the shape that the model was built with.
  Value FirstInputShape(std::string* argument) const override {
    const Value stated = entries_[0].is_input() ? StatedInputShape(entries_[0], argument) : blocks_[0]->FirstInputShape(argument);
    if (!stated.is_null()) return stated;
    const Value* built = config_.is_dict() ? config_.Find("build_input_shape") : nullptr;
    if (built == nullptr || !built->is_list()) return stated;
    // the argument of a layer that has no more than it
    const Value as_argument(base::Dict{{"batch_input_shape", *built}});
    KerasLayer holder = entries_[0];
    holder.config = &as_argument;
    const Value shape = StatedInputShape(holder, argument);
    *argument = "build_input_shape";
    return shape;
  }

  bool HasOpenInput() const override {
    std::string argument;
    return IsOpen(FirstInputShape(&argument));
  }

  base::Graph Build(const InputShapes& shapes) override {
    GraphBuilder builder(model_.name, !shapes.checked_only);
    const KerasLayer& first = entries_[0];
    std::string argument;
    const Value stated = FirstInputShape(&argument);
    const bool lengthy = first.definition != nullptr && layers::HasArgument(*first.definition, "input_length");
    const Where where = stated.is_null() && !first.is_input() ? first.where() : first.where().Inside(argument.empty() ? "batch_input_shape" : argument);
    const Value shape = InputShape(stated, shapes, 0, 1, where,
                                   first.is_input() ? "is missing" : "the first layer of a Sequential model states no input shape",
                                   first.is_input() ? std::string()
                                   : lengthy        ? "Give " + first.class_name + " an input_length, or begin with an InputLayer."
                                                    : std::string("Give it an input_shape, or begin with an InputLayer."));
    const Value input_config = first.is_input() ? InputConfig(first, shape) : Value(base::Dict{{"shape", shape}});
    const int input = builder.AddCall(builder.AddLayer(first.is_input() ? first.name : InputName(), layers::kInput, input_config, true), {});
    if (blocks_.empty()) throw base::Error(ErrorCode::kInvalidParameter, "the model has no layer but its input");
    AddLayers(&builder);
    CallRequest request;
    request.inputs = {input};
    for (size_t i = 0; i < OutputCount(); ++i) request.wanted.insert(i);
    return builder.Finish({input}, Call(&builder, request));
  }

 private:
  // Keras's name of an input that the text does not have as a layer.
  std::string InputName() const {
    std::string name = entries_[0].name.substr(0, kLongestName - 6) + "_input";
    for (const KerasLayer& layer : entries_) {
      if (layer.name == name) name += "_0";
    }
    return name;
  }

  const Value& config_;
  const KerasLayer& model_;
  Scope scope_;
  std::vector<KerasLayer> entries_;
  std::vector<std::unique_ptr<Block>> blocks_;
};

}  // namespace

std::unique_ptr<ModelBlock> MakeSequential(const Value& config, const KerasLayer& model, const Scope& scope) {
  return std::make_unique<SequentialBlock>(config, model, scope);
}

}  // namespace wire
