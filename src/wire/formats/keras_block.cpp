#include "wire/formats/keras_block.hpp"

#include <algorithm>
#include <map>

namespace wire {
namespace {

using base::ErrorCode;
using base::LayerKind;
using base::Value;
using layers::Got;
using layers::LayerDefinition;
using layers::Quote;
using layers::Refuse;

bool Flag(const Value& config, const char* name) {
  const Value* value = config.Find(name);
  return value != nullptr && value->is_bool() && value->boolean();
}

// A copy of a configuration with another value of one entry.
Value With(const Value& config, const char* name, Value value) {
  base::Dict changed = config.dict();
  const auto same = std::find_if(changed.begin(), changed.end(), [&](const auto& entry) { return entry.first == name; });
  if (same != changed.end()) {
    same->second = std::move(value);
  } else {
    changed.emplace_back(name, std::move(value));
  }
  return Value(std::move(changed));
}

// Layers without weights that a block needs beside those of the text: made when they are first called.
class HelperLayers {
 public:
  int Call(GraphBuilder* builder, const std::string& name, const LayerDefinition& definition, const Value& config, int time_distributed,
           std::vector<int> inputs) {
    const auto found = layers_.find(name);
    const int layer = found != layers_.end() ? found->second : builder->AddLayer(name, definition, config, true, time_distributed);
    layers_.emplace(name, layer);
    return builder->AddCall(layer, std::move(inputs));
  }

 private:
  std::map<std::string, int> layers_;
};

// ---------------------------------------------------------------- a layer

// Whether a layer computes the same on all dimensions before the last ones, so that it need not be told of leading ones.
bool IsEverywhereAlike(const KerasLayer& layer) {
  const Value* noise = layer.config->Find("noise_shape");
  const Value* length = layer.config->Find("input_length");
  switch (layer.definition->kind) {
    case LayerKind::kDense:
    case LayerKind::kActivation:
    case LayerKind::kReLU:
    case LayerKind::kLeakyReLU:
    case LayerKind::kELU:
    case LayerKind::kAdd:
    case LayerKind::kMultiply:
    case LayerKind::kAverage:
    case LayerKind::kMaximum: return true;
    case LayerKind::kDropout: return noise == nullptr || noise->is_null();
    case LayerKind::kEmbedding: return length == nullptr || length->is_null();
    default: return false;
  }
}

class LayerBlock : public Block {
 public:
  LayerBlock(const KerasLayer& layer, const Scope& scope, bool causal)
      : layer_(layer), name_(scope.prefix + layer.name), time_distributed_(IsEverywhereAlike(layer) ? 0 : scope.time_distributed) {
    if (layer.is_input()) {
      Refuse(ErrorCode::kInvalidParameter, layer.where(), "stands inside a Sequential model, an InputLayer can only be the first layer");
    }
    if (!causal) return;
    const bool heads = layer.definition->kind == LayerKind::kMultiHeadAttention;
    config_ = With(*layer.config, heads ? "use_causal_mask" : "causal", Value(true));
  }

  void AddLayers(GraphBuilder* builder) override {
    const Value& config = config_.is_null() ? *layer_.config : config_;
    index_ = builder->AddLayer(name_, *layer_.definition, config, layer_.trainable, time_distributed_);
  }

  std::vector<int> Call(GraphBuilder* builder, const CallRequest& request) override {
    return {builder->AddCall(index_, request.inputs, request.inference)};
  }

  Value FirstInputShape(std::string* argument) const override { return StatedInputShape(layer_, argument); }

 private:
  const KerasLayer& layer_;
  std::string name_;
  int time_distributed_;
  Value config_;
  int index_ = 0;
};

// ---------------------------------------------------------------- recurrent layers

bool IsRecurrent(const LayerDefinition* definition) {
  return definition != nullptr &&
         (definition->kind == LayerKind::kLSTM || definition->kind == LayerKind::kGRU || definition->kind == LayerKind::kSimpleRNN);
}

// One recurrent layer with its outputs apart.
class Recurrent {
 public:
  Recurrent(const LayerDefinition& definition, std::string name, const Scope& scope, const Value& config, bool trainable)
      : definition_(definition), name_(std::move(name)), scope_(scope), config_(config), trainable_(trainable) {}

  size_t StateCount() const { return definition_.kind == LayerKind::kLSTM ? 2 : 1; }
  bool returns_sequences() const { return Flag(config_, "return_sequences"); }
  bool returns_state() const { return Flag(config_, "return_state"); }
  size_t OutputCount() const { return returns_state() ? 1 + StateCount() : 1; }

  void AddLayer(GraphBuilder* builder) {
    index_ = builder->AddLayer(name_, definition_, config_, trainable_, scope_.time_distributed);
  }

  std::vector<int> Call(GraphBuilder* builder, const CallRequest& request) {
    const int all = builder->AddCall(index_, request.inputs, request.inference);
    if (!returns_state()) return {all};
    std::vector<int> outputs(OutputCount(), -1);
    const char* const names[] = {"/output", "/state_h", "/state_c"};
    int64_t rows = 1;
    if (returns_sequences() && builder->has_shapes()) {
      rows = builder->OutputShape(all)[static_cast<size_t>(scope_.time_distributed)] - static_cast<int64_t>(StateCount());
    }
    for (const size_t i : request.wanted) {
      const bool sequence = i == 0 && returns_sequences();
      base::Dict config;
      config.emplace_back("begin", i == 0 ? int64_t{0} : rows + static_cast<int64_t>(i) - 1);
      config.emplace_back("size", sequence ? rows : int64_t{1});
      config.emplace_back("squeeze", !sequence);
      outputs[i] = slices_.Call(builder, name_ + names[i], layers::kSlice, Value(std::move(config)), scope_.time_distributed, {all});
    }
    return outputs;
  }

 private:
  const LayerDefinition& definition_;
  std::string name_;
  Scope scope_;
  Value config_;
  bool trainable_;
  int index_ = 0;
  HelperLayers slices_;
};

class RecurrentBlock : public Block {
 public:
  RecurrentBlock(const KerasLayer& layer, const Scope& scope)
      : layer_(layer), recurrent_(*layer.definition, scope.prefix + layer.name, scope, *layer.config, layer.trainable) {}

  size_t OutputCount() const override { return recurrent_.OutputCount(); }
  void AddLayers(GraphBuilder* builder) override { recurrent_.AddLayer(builder); }
  std::vector<int> Call(GraphBuilder* builder, const CallRequest& request) override { return recurrent_.Call(builder, request); }
  Value FirstInputShape(std::string* argument) const override { return StatedInputShape(layer_, argument); }

 private:
  const KerasLayer& layer_;
  Recurrent recurrent_;
};

// ---------------------------------------------------------------- Bidirectional

// Keras's rules: the backward layer is a copy that goes the other way, unless the text has one of its own. What it gives is turned round
// where it is a sequence, and what is masked of sequences is zero. States and initial states are the forward layer's, then the backward one's.
class BidirectionalBlock : public Block {
 public:
  BidirectionalBlock(const KerasLayer& wrapper, const Scope& scope) : wrapper_(wrapper), name_(scope.prefix + wrapper.name), scope_(scope) {
    inner_ = ReadWrapped(wrapper, "layer");
    CheckWrapped(inner_);
    KerasLayer backward = inner_;
    const Value* own = wrapper.config->Find("backward_layer");
    if (own != nullptr && !own->is_null()) {
      backward = ReadWrapped(wrapper, "backward_layer");
      CheckWrapped(backward);
    } else {
      backward.rewritten = std::make_shared<const Value>(With(*inner_.config, "go_backwards", Value(!Flag(*inner_.config, "go_backwards"))));
      backward.config = backward.rewritten.get();
    }
    if (inner_.definition != backward.definition) {
      Refuse(ErrorCode::kFeatureNotSupported, wrapper.where().Inside("backward_layer"),
             "is of class " + Quote(backward.class_name) + ", the forward layer of class " + Quote(inner_.class_name));
    }
    for (const char* common : {"return_sequences", "return_state"}) {
      if (Flag(*inner_.config, common) == Flag(*backward.config, common)) continue;
      Refuse(ErrorCode::kInvalidParameter, wrapper.where().Inside("backward_layer"),
             std::string("must have the forward layer's \"") + common + "\"");
    }
    if (Flag(*inner_.config, "go_backwards") == Flag(*backward.config, "go_backwards")) {
      Refuse(ErrorCode::kInvalidParameter, wrapper.where().Inside("backward_layer"), "must go the other way than the forward layer");
    }
    forward_ = MakeHalf("/forward_", inner_);
    backward_ = MakeHalf("/backward_", backward);
    ReadMode();
  }

  size_t OutputCount() const override { return MergedCount() + (forward_->returns_state() ? 2 * forward_->StateCount() : 0); }

  void AddLayers(GraphBuilder* builder) override {
    forward_->AddLayer(builder);
    backward_->AddLayer(builder);
  }

  std::vector<int> Call(GraphBuilder* builder, const CallRequest& request) override {
    const size_t states = forward_->StateCount(), merged = MergedCount();
    const size_t given = request.inputs.empty() ? 1 : request.inputs.size() - 1;
    if (given != 0 && given != 2 * states) {
      Refuse(ErrorCode::kInvalidParameter, wrapper_.where(),
             "takes a sequence alone or with " + std::to_string(2 * states) + " tensors of an initial state, got " +
                 std::to_string(request.inputs.size()) + " inputs");
    }
    CallRequest there, back;
    there.inputs = back.inputs = {request.inputs[0]};
    there.inputs.insert(there.inputs.end(), request.inputs.begin() + 1, request.inputs.begin() + 1 + static_cast<std::ptrdiff_t>(given / 2));
    back.inputs.insert(back.inputs.end(), request.inputs.begin() + 1 + static_cast<std::ptrdiff_t>(given / 2), request.inputs.end());
    there.inference = back.inference = request.inference;
    for (const size_t output : request.wanted) {
      if (output >= merged + states) {
        back.wanted.insert(output - merged - states + 1);
      } else if (output >= merged) {
        there.wanted.insert(output - merged + 1);
      } else if (merged == 1) {
        there.wanted.insert(0);
        back.wanted.insert(0);
      } else {
        (output == 0 ? there : back).wanted.insert(0);
      }
    }
    const std::vector<int> a = forward_->Call(builder, there);
    std::vector<int> b = backward_->Call(builder, back);
    std::vector<int> outputs(OutputCount(), -1);
    if (back.wanted.count(0) > 0 && backward_->returns_sequences()) b[0] = Help(builder, "/reverse", layers::kReverse, {b[0]});
    if (merged == 2) {
      outputs[0] = there.wanted.count(0) > 0 ? a[0] : -1;
      outputs[1] = back.wanted.count(0) > 0 ? b[0] : -1;
    } else if (request.wanted.count(0) > 0) {
      outputs[0] = Help(builder, "", *merge_, {a[0], b[0]});
    }
    for (size_t i = 1; i < a.size(); ++i) {
      outputs[merged + i - 1] = a[i];
      outputs[merged + states + i - 1] = b[i];
    }
    return outputs;
  }

  Value FirstInputShape(std::string* argument) const override {
    const Value stated = StatedInputShape(wrapper_, argument);
    return stated.is_null() ? StatedInputShape(inner_, argument) : stated;
  }

 private:
  size_t MergedCount() const { return merge_ == nullptr ? 2 : 1; }

  void CheckWrapped(const KerasLayer& layer) const {
    if (IsRecurrent(layer.definition)) return;
    Refuse(ErrorCode::kFeatureNotSupported, wrapper_.where().Inside("layer"), "is of class " + Quote(layer.class_name) + ", which is not supported",
           "Bidirectional takes LSTM, GRU and SimpleRNN.");
  }

  std::unique_ptr<Recurrent> MakeHalf(const char* which, const KerasLayer& layer) const {
    const Value* stated = layer.config->Find("name");
    const std::string own = stated != nullptr && stated->is_string() ? stated->string() : layer.class_name;
    const std::string begin = which + 1;
    const std::string suffix = own.compare(0, begin.size(), begin) == 0 ? "/" + own : which + own;
    Value config = *layer.config;
    if (Flag(config, "return_sequences")) config = With(config, "zero_output_for_mask", Value(true));
    return std::make_unique<Recurrent>(*layer.definition, name_ + suffix, scope_, config, layer.trainable);
  }

  void ReadMode() {
    const Value* mode = wrapper_.config->Find("merge_mode");
    if (mode != nullptr && mode->is_null()) return;
    const std::string name = mode == nullptr ? "concat" : mode->is_string() ? mode->string() : std::string();
    const std::pair<const char*, const LayerDefinition*> modes[] = {
        {"concat", &layers::kConcatenate}, {"sum", &layers::kAdd}, {"mul", &layers::kMultiply}, {"ave", &layers::kAverage}};
    for (const auto& [known, definition] : modes) {
      if (name == known) merge_ = definition;
    }
    if (merge_ != nullptr) return;
    Refuse(ErrorCode::kInvalidParameter, wrapper_.where().Inside("merge_mode"), "must be null or one of \"concat\", \"sum\", \"mul\", \"ave\"" + Got(*mode));
  }

  int Help(GraphBuilder* builder, const char* suffix, const LayerDefinition& definition, std::vector<int> inputs) {
    // a merge element by element, or along the last dimension, need not know which dimensions are the batch's
    const int leading = definition.kind == LayerKind::kReverse ? scope_.time_distributed : 0;
    return helpers_.Call(builder, name_ + suffix, definition, Value(base::Dict{}), leading, std::move(inputs));
  }

  const KerasLayer& wrapper_;
  std::string name_;
  Scope scope_;
  KerasLayer inner_;
  std::unique_ptr<Recurrent> forward_, backward_;
  const LayerDefinition* merge_ = nullptr;  // nullptr: both outputs are returned
  HelperLayers helpers_;
};

// ---------------------------------------------------------------- TimeDistributed

class TimeDistributedBlock : public Block {
 public:
  TimeDistributedBlock(const KerasLayer& wrapper, Scope scope, bool causal) : wrapper_(wrapper), inner_(ReadWrapped(wrapper, "layer")) {
    ++scope.time_distributed;
    block_ = MakeBlock(inner_, scope, causal);
  }

  size_t OutputCount() const override { return block_->OutputCount(); }
  void AddLayers(GraphBuilder* builder) override { block_->AddLayers(builder); }
  std::vector<int> Call(GraphBuilder* builder, const CallRequest& request) override { return block_->Call(builder, request); }
  Value FirstInputShape(std::string* argument) const override { return StatedInputShape(wrapper_, argument); }

 private:
  const KerasLayer& wrapper_;
  KerasLayer inner_;
  std::unique_ptr<Block> block_;
};

std::unique_ptr<Block> MakeModel(const KerasLayer& layer, Scope scope) {
  scope.prefix += layer.name + "/";
  const bool sequential = layer.config->is_list() || layer.class_name == "Sequential";
  if (sequential) return MakeSequential(*layer.config, layer, scope);
  return MakeFunctional(*layer.config, layer, scope);
}

}  // namespace

std::unique_ptr<Block> MakeBlock(const KerasLayer& layer, const Scope& scope, bool causal) {
  switch (layer.form) {
    case KerasLayer::Form::kModel: return MakeModel(layer, scope);
    case KerasLayer::Form::kBidirectional: return std::make_unique<BidirectionalBlock>(layer, scope);
    case KerasLayer::Form::kTimeDistributed: return std::make_unique<TimeDistributedBlock>(layer, scope, causal);
    case KerasLayer::Form::kLayer: break;
  }
  if (IsRecurrent(layer.definition)) return std::make_unique<RecurrentBlock>(layer, scope);
  return std::make_unique<LayerBlock>(layer, scope, causal);
}

}  // namespace wire
