#include "wire/architecture_maker.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>
#include <utility>

#include "base/literal.hpp"

namespace wire {
namespace {

using base::Dict;
using base::List;
using base::Shape;
using base::Value;

/// A functional model's text.
class Text {
 public:
  /// Keras's names of layers begin with a letter or a digit and have letters, digits and _.-; what else a column's name
  /// has becomes "_".
  static std::string LayerName(const std::string& column) {
    std::string name;
    for (const char c : column) {
      const auto byte = static_cast<unsigned char>(c);
      if ((byte & 0xC0) == 0x80) continue;  // the rest of a UTF-8 character
      name += byte < 0x80 && (std::isalnum(byte) || c == '_' || c == '.' || c == '-') ? c : '_';
    }
    return name.empty() || !std::isalnum(static_cast<unsigned char>(name[0])) ? "column" + name : name;
  }

  std::string Unique(const std::string& wanted) {
    std::string name = wanted;
    for (int n = 2; !names_.insert(name).second; ++n) name = wanted + "_" + std::to_string(n);
    return name;
  }

  std::string AddInput(const std::string& wanted, const Shape& shape) {
    const std::string name = Unique(wanted);
    List sizes = {Value()};
    for (const int64_t size : shape) sizes.emplace_back(size);
    Push("InputLayer", name, {{"batch_input_shape", Value(std::move(sizes))}, {"dtype", Value("float32")}}, {});
    inputs_.push_back(End(name));
    return name;
  }

  std::string Add(const char* class_name, const std::string& wanted, Dict config,
                  const std::vector<std::string>& inputs) {
    const std::string name = Unique(wanted);
    Push(class_name, name, std::move(config), inputs);
    return name;
  }

  /// A layer whose name was taken by Unique before.
  void AddNamed(const char* class_name, const std::string& name, Dict config, const std::vector<std::string>& inputs) {
    Push(class_name, name, std::move(config), inputs);
  }

  void AddOutput(const std::string& name) { outputs_.push_back(End(name)); }

  std::string Finish(const std::string& model) {
    Dict config = {{"name", Value(model)},
                   {"layers", Value(std::move(layers_))},
                   {"input_layers", Value(std::move(inputs_))},
                   {"output_layers", Value(std::move(outputs_))}};
    return base::FormatJson(Value(Dict{{"class_name", Value("Functional")},
                                       {"config", Value(std::move(config))},
                                       {"keras_version", Value("2.10.0")},
                                       {"backend", Value("tensorflow")}}));
  }

 private:
  static Value End(const std::string& name) { return Value(List{Value(name), Value(0), Value(0)}); }

  void Push(const char* class_name, const std::string& name, Dict config, const std::vector<std::string>& inputs) {
    config.insert(config.begin(), {"name", Value(name)});
    List node, nodes;
    for (const std::string& input : inputs) node.emplace_back(List{Value(input), Value(0), Value(0), Value(Dict{})});
    if (!node.empty()) nodes.emplace_back(std::move(node));
    layers_.emplace_back(Dict{{"class_name", Value(class_name)},
                              {"config", Value(std::move(config))},
                              {"name", Value(name)},
                              {"inbound_nodes", Value(std::move(nodes))}});
  }

  std::set<std::string> names_;
  List layers_, inputs_, outputs_;
};

class Maker {
 public:
  Maker(const BuilderRequest& request, const Choice& choice, const base::DataSpec& data,
        const std::vector<InputPart>& parts, const std::vector<OutputPlan>& outputs)
      : request_(request), choice_(choice), data_(data), parts_(parts), outputs_(outputs) {}

  std::string Make(const std::string& model) {
    for (const base::ColumnSpec& target : data_.targets)
      output_names_.push_back(text_.Unique(Text::LayerName(target.name)));
    std::vector<std::string> inputs, vectors;
    for (const InputPart& part : parts_)
      inputs.push_back(text_.AddInput(part.columns > 1 ? "numbers" : Text::LayerName(part.column), part.shape));
    for (size_t i = 0; i < parts_.size(); ++i) vectors.push_back(Encode(parts_[i], inputs[i]));
    std::string deep =
        vectors.size() == 1 ? vectors[0] : text_.Add("Concatenate", "concatenate", {{"axis", Value(-1)}}, vectors);
    for (size_t i = 0; i < choice_.hidden.size(); ++i) {
      const std::string number = "_" + std::to_string(i + 1);
      deep = Activated("Dense", "hidden" + number, number, {{"units", Value(choice_.hidden[i])}}, deep);
      deep = Dropout("dropout" + number, deep);
    }
    for (size_t i = 0; i < outputs_.size(); ++i) AddOutput(i, inputs, deep);
    return text_.Finish(model);
  }

 private:
  void AddL2(const char* argument, Dict* config) const {
    if (choice_.l2 == 0) return;
    config->emplace_back(argument,
                         Value(Dict{{"class_name", Value("L2")}, {"config", Value(Dict{{"l2", Value(choice_.l2)}})}}));
  }

  /// A layer with the kernel's regularizer and the activation, or a BatchNormalization between the two; a bias is no
  /// use before that.
  std::string Activated(const char* class_name, const std::string& name, const std::string& suffix, Dict config,
                        const std::string& input) {
    const bool plain = !choice_.batch_norm;
    if (plain) config.emplace_back("activation", Value(choice_.activation));
    if (!plain) config.emplace_back("use_bias", Value(false));
    AddL2("kernel_regularizer", &config);
    const std::string made = text_.Add(class_name, name, std::move(config), {input});
    if (plain) return made;
    const std::string normalized = text_.Add("BatchNormalization", "batch_norm" + suffix, {}, {made});
    return text_.Add("Activation", "activation" + suffix, {{"activation", Value(choice_.activation)}}, {normalized});
  }

  std::string Dropout(const std::string& name, const std::string& input) {
    return choice_.dropout == 0 ? input : text_.Add("Dropout", name, {{"rate", Value(choice_.dropout)}}, {input});
  }

  int64_t EmbeddingSize(int64_t indexes) const {
    if (choice_.embedding_dim > 0) return choice_.embedding_dim;
    return std::min(request_.largest_embedding,
                    static_cast<int64_t>(std::llround(1.6 * std::pow(static_cast<double>(indexes), 0.56))));
  }

  std::string Embed(const InputPart& part, const std::string& input, bool mask) {
    Dict config = {{"input_dim", Value(part.indexes)}, {"output_dim", Value(EmbeddingSize(part.indexes))}};
    if (mask) config.emplace_back("mask_zero", Value(true));
    return text_.Add("Embedding", input + "_embedding", std::move(config), {input});
  }

  std::string Reshaped(const InputPart& part, const std::string& input) {
    if (part.seen.empty()) return input;
    return text_.Add("Reshape", input + "_shape", {{"target_shape", Value(List(part.seen.begin(), part.seen.end()))}},
                     {input});
  }

  std::string Encode(const InputPart& part, const std::string& input) {
    switch (part.role) {
      case Role::kNumbers:
        return input;
      case Role::kIndex:
        return Embed(part, input, false);
      case Role::kTokens:
        return EncodeTokens(part, input);
      case Role::kImage:
        return EncodeImage(part, input);
      case Role::kSequence:
        return EncodeSequence(Reshaped(part, input), input);
      case Role::kTensor:
        break;
    }
    return text_.Add("Flatten", input + "_flat", {}, {input});
  }

  std::string EncodeTokens(const InputPart& part, const std::string& input) {
    const bool sequence = request_.family == Family::kRnn && part.shape.size() == 1;
    std::string embedded = Embed(part, input, sequence);
    if (sequence) return EncodeSequence(embedded, input);
    if (part.shape.size() > 1) {
      const Shape flat = {base::ElementCount(part.shape), EmbeddingSize(part.indexes)};
      embedded = text_.Add("Reshape", input + "_sequence", {{"target_shape", Value(List(flat.begin(), flat.end()))}},
                           {embedded});
    }
    return text_.Add("GlobalAveragePooling1D", input + "_average", {}, {embedded});
  }

  /// "" for the only one of its role, else the input's name.
  std::string Prefix(Role role, const std::string& input) const {
    const auto same = std::count_if(parts_.begin(), parts_.end(), [role](const InputPart& part) {
      return part.role == role || (role == Role::kSequence && part.role == Role::kTokens);
    });
    return same > 1 ? input + "_" : "";
  }

  std::string EncodeImage(const InputPart& part, const std::string& input) {
    const std::string prefix = Prefix(Role::kImage, input);
    std::string image = Reshaped(part, input);
    const Shape& shape = part.seen.empty() ? part.shape : part.seen;
    int64_t height = shape[0], width = shape[1];
    for (size_t block = 0; block < choice_.filters.size(); ++block) {
      const std::string number = std::to_string(block + 1);
      for (int64_t i = 1; i <= choice_.convolutions; ++i) {
        const std::string suffix = number + (choice_.convolutions > 1 ? "_" + std::to_string(i) : "");
        Dict config = {{"filters", Value(choice_.filters[block])},
                       {"kernel_size", Value(List{Value(choice_.kernel_size), Value(choice_.kernel_size)})},
                       {"padding", Value("same")}};
        image = Activated("Conv2D", prefix + "conv" + suffix, "_conv" + suffix, std::move(config), image);
      }
      if (choice_.pooling == "none" || height < 2 || width < 2) continue;
      const char* const pool = choice_.pooling == "max" ? "MaxPooling2D" : "AveragePooling2D";
      image = text_.Add(pool, prefix + "pool" + number, {{"pool_size", Value(List{Value(2), Value(2)})}}, {image});
      height /= 2;
      width /= 2;
    }
    return choice_.global_pooling ? text_.Add("GlobalAveragePooling2D", prefix + "global_pool", {}, {image})
                                  : text_.Add("Flatten", prefix + "flat", {}, {image});
  }

  std::string EncodeSequence(std::string sequence, const std::string& input) {
    const std::string prefix = Prefix(Role::kSequence, input);
    const char* const class_name = choice_.cell == "lstm" ? "LSTM" : choice_.cell == "gru" ? "GRU" : "SimpleRNN";
    for (size_t i = 0; i < choice_.units.size(); ++i) {
      const std::string number = "_" + std::to_string(i + 1), name = prefix + choice_.cell + number;
      Dict config = {{"units", Value(choice_.units[i])}, {"return_sequences", Value(i + 1 < choice_.units.size())}};
      AddL2("kernel_regularizer", &config);
      if (choice_.bidirectional) {
        config.insert(config.begin(), {"name", Value(name)});
        sequence =
            text_.Add("Bidirectional", prefix + "bidirectional" + number,
                      {{"layer", Value(Dict{{"class_name", Value(class_name)}, {"config", Value(std::move(config))}})},
                       {"merge_mode", Value("concat")}},
                      {sequence});
      } else {
        sequence = text_.Add(class_name, name, std::move(config), {sequence});
      }
      sequence = Dropout(prefix + choice_.cell + "_dropout" + number, sequence);
    }
    return sequence;
  }

  void AddOutput(size_t i, const std::vector<std::string>& inputs, const std::string& deep) {
    const OutputPlan& output = outputs_[i];
    const std::string& name = output_names_[i];
    const Shape& shape = data_.targets[i].shape;
    const bool reshaped = data_.targets[i].kind == base::TargetKind::kArray && shape.size() > 1,
               wide = request_.family == Family::kWideDeep;
    const NumberRange* const range = RangeOf(i);
    Dict config = {{"units", Value(output.units)}};
    if (!reshaped && !wide) config.emplace_back("activation", Value(output.activation));
    AddL2("kernel_regularizer", &config);
    if (!reshaped && !wide && range == nullptr) {
      text_.AddNamed("Dense", name, std::move(config), {deep});
    } else if (range != nullptr) {
      std::string sum = text_.Add("Dense", name + (wide ? "_deep" : "_standard"), std::move(config), {deep});
      if (wide) sum = AddWide(name, output.units, inputs, sum);
      text_.AddNamed("Rescaling", name, {{"scale", Value(range->deviation)}, {"offset", Value(range->mean)}}, {sum});
    } else {
      std::string sum = text_.Add("Dense", name + (wide ? "_deep" : "_flat"), std::move(config), {deep});
      if (wide) sum = AddWide(name, output.units, inputs, sum);
      if (reshaped)
        sum = text_.Add("Reshape", name + "_shape", {{"target_shape", Value(List(shape.begin(), shape.end()))}}, {sum});
      text_.AddNamed("Activation", name, {{"activation", Value(output.activation)}}, {sum});
    }
    text_.AddOutput(name);
  }

  /// Of the linear output of a number, where the request has it.
  const NumberRange* RangeOf(size_t i) const {
    const bool has = i < request_.ranges.size() && request_.ranges[i] && outputs_[i].activation == "linear" &&
                     data_.targets[i].kind == base::TargetKind::kReal;
    return has ? &*request_.ranges[i] : nullptr;
  }

  /// A linear model of the wide columns, which begins with zeros; an Embedding is one of a one-hot vector.
  std::string AddWide(const std::string& name, int64_t units, const std::vector<std::string>& inputs,
                      const std::string& deep) {
    std::vector<std::string> terms = {deep};
    for (size_t i = 0; i < parts_.size(); ++i) {
      if (!parts_[i].wide) continue;
      const std::string wanted = name + "_wide_" + inputs[i];
      if (parts_[i].role == Role::kIndex) {
        terms.push_back(text_.Add("Embedding", wanted,
                                  {{"input_dim", Value(parts_[i].indexes)},
                                   {"output_dim", Value(units)},
                                   {"embeddings_initializer", Value("zeros")}},
                                  {inputs[i]}));
        continue;
      }
      Dict config = {{"units", Value(units)}, {"use_bias", Value(false)}, {"kernel_initializer", Value("zeros")}};
      AddL2("kernel_regularizer", &config);
      terms.push_back(text_.Add("Dense", wanted, std::move(config), {inputs[i]}));
    }
    return text_.Add("Add", name + "_sum", {}, terms);
  }

  const BuilderRequest& request_;
  const Choice& choice_;
  const base::DataSpec& data_;
  const std::vector<InputPart>& parts_;
  const std::vector<OutputPlan>& outputs_;
  std::vector<std::string> output_names_;
  Text text_;
};

}  // namespace

std::string MakeKerasText(const std::string& name, const BuilderRequest& request, const Choice& choice,
                          const base::DataSpec& data, const std::vector<InputPart>& parts,
                          const std::vector<OutputPlan>& outputs) {
  return Maker(request, choice, data, parts, outputs).Make(Text::LayerName(name));
}

}  // namespace wire
