// A model is put together as a Keras text, layer by layer, and read again by ReadKeras: what is stored is what was
// checked.
#include "wire/builders.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "wire/keras.hpp"

namespace wire {
namespace {

using base::Dict;
using base::Error;
using base::ErrorCode;
using base::List;
using base::Shape;
using base::TargetContents;
using base::Value;

constexpr size_t kMostArchitectures = 1000;
constexpr int64_t kMostWeights = 1000000000;
constexpr int64_t kLargestEmbedding = 50;

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

std::string Braces(const Shape& shape) {
  std::string text;
  for (const int64_t size : shape) text += (text.empty() ? "" : ",") + std::to_string(size);
  return "{" + text + "}";
}

std::string Thousands(int64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<size_t>(at), ",");
  return text;
}

[[noreturn]] void Refuse(const std::string& message, const std::string& detail, const std::string& hint) {
  throw Error(ErrorCode::kInvalidParameter, message, detail, hint);
}

// ---------------------------------------------------------------- columns

enum class Role { kNumbers, kIndex, kTokens, kTensor, kImage, kSequence };

/// One input of a model: a column, or columns of numbers that follow one another.
struct InputPart {
  Role role = Role::kNumbers;
  std::string column;   // the first one's name
  Shape shape;          // of a row, as the model's input has it
  Shape seen;           // what the layers take it for, where that is another shape
  int64_t indexes = 0;  // kIndex and kTokens: with the one for unknown strings
  int columns = 1;
  bool wide = false;  // wide_deep: the wide part reads it, too
};

bool IsWhole(base::DType type) { return type != base::DType::kFloat32 && type != base::DType::kFloat64; }

bool IsWide(const BuilderRequest& request, const std::string& column) {
  if (request.family != Family::kWideDeep) return false;
  return !request.wide || std::find(request.wide->begin(), request.wide->end(), column) != request.wide->end();
}

InputPart PartOf(const BuilderRequest& request, const base::ColumnSpec& column) {
  InputPart part;
  part.column = column.name;
  part.shape = column.shape;
  const size_t rank = column.shape.size();
  const int64_t elements = base::ElementCount(column.shape);
  if (!column.dictionary.empty()) {
    part.role = rank == 0 ? Role::kIndex : Role::kTokens;
    part.indexes = static_cast<int64_t>(column.dictionary.size()) + 1;
  } else if (request.family == Family::kRnn && request.vocabulary_size && rank == 1 && IsWhole(column.dtype)) {
    part.role = Role::kTokens;
    part.indexes = *request.vocabulary_size;
  } else if (request.given_shape && rank == 1 && elements == base::ElementCount(*request.given_shape)) {
    part.role = request.family == Family::kCnn ? Role::kImage : Role::kSequence;
    part.seen = *request.given_shape;
  } else if (rank <= 1) {
    part.role = Role::kNumbers;
    part.shape = {elements};
  } else if (request.family == Family::kCnn && rank <= 3) {
    part.role = Role::kImage;
    if (rank == 2) part.shape.push_back(1);
  } else if (request.family == Family::kRnn) {
    part.role = Role::kSequence;
    if (rank > 2) part.seen = {column.shape[0], elements / column.shape[0]};
  } else {
    part.role = Role::kTensor;
  }
  part.wide = IsWide(request, column.name) && (part.role == Role::kNumbers || part.role == Role::kIndex);
  return part;
}

/// Numbers that follow one another are one input.
std::vector<InputPart> PartsOf(const BuilderRequest& request, const std::vector<base::ColumnSpec>& columns) {
  std::vector<InputPart> parts;
  for (const base::ColumnSpec& column : columns) {
    InputPart part = PartOf(request, column);
    InputPart* last = parts.empty() ? nullptr : &parts.back();
    if (last == nullptr || part.role != Role::kNumbers || last->role != Role::kNumbers || part.wide != last->wide) {
      parts.push_back(std::move(part));
      continue;
    }
    last->shape[0] += part.shape[0];
    last->columns += 1;
  }
  return parts;
}

std::string Describe(const base::ColumnSpec& column) {
  const std::string what = column.dictionary.empty() ? "numbers" : "indexes of strings";
  if (column.shape.empty())
    return Quoted(column.name) + (column.dictionary.empty() ? " (a number)" : " (an index of strings)");
  if (column.shape.size() == 1) return Quoted(column.name) + " (" + std::to_string(column.shape[0]) + " " + what + ")";
  return Quoted(column.name) + " " + base::FormatShape(column.shape);
}

std::string DescribeAll(const std::vector<base::ColumnSpec>& columns) {
  constexpr size_t kMostListed = 10;
  std::string list;
  for (size_t i = 0; i < columns.size() && i < kMostListed; ++i) list += (i == 0 ? "" : ", ") + Describe(columns[i]);
  return "The independent columns are " + list + (columns.size() > kMostListed ? ", ..." : "") + ".";
}

// A square image of 1, 3 or 4 channels that a vector of so many numbers may be.
std::optional<Shape> SquareImage(int64_t elements) {
  for (const int64_t channels : {int64_t{1}, int64_t{3}, int64_t{4}}) {
    const auto side =
        static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(elements) / static_cast<double>(channels))));
    if (side >= 2 && side * side * channels == elements) return Shape{side, side, channels};
  }
  return std::nullopt;
}

/// The longest vector of numbers, or nullptr.
const base::ColumnSpec* LongestVector(const std::vector<base::ColumnSpec>& columns) {
  const base::ColumnSpec* longest = nullptr;
  for (const base::ColumnSpec& column : columns) {
    if (column.shape.size() != 1 || !column.dictionary.empty()) continue;
    if (longest == nullptr || column.shape[0] > longest->shape[0]) longest = &column;
  }
  return longest;
}

std::string ShapesArgument(const std::string& column, const Shape& shape) {
  return "shapes => '" + base::FormatJson(Value(Dict{{column, Value(List(shape.begin(), shape.end()))}})) + "'";
}

[[noreturn]] void RefuseNoImage(const std::vector<base::ColumnSpec>& columns) {
  const base::ColumnSpec* vector = LongestVector(columns);
  std::string hint = "An image has the shape (height, width, channels). cerebro.mlp() takes columns of every kind.";
  if (vector != nullptr && vector->shape[0] >= 4) {
    const std::optional<Shape> square = SquareImage(vector->shape[0]);
    const std::string flat = "If " + Quoted(vector->name) + " holds images row by row, ";
    hint = square ? flat + "give image_shape => '" + Braces(*square) + "', or pack it with " +
                        ShapesArgument(vector->name, *square) + "."
                  : flat + "give image_shape => '{height,width,channels}', the product of which is " +
                        std::to_string(vector->shape[0]) + ".";
  }
  Refuse("no independent column holds images", DescribeAll(columns), hint);
}

[[noreturn]] void RefuseNoSequence(const std::vector<base::ColumnSpec>& columns) {
  const base::ColumnSpec* vector = LongestVector(columns);
  std::string hint =
      "A sequence has the shape (time, features), or is an array of strings. cerebro.mlp() takes columns of every "
      "kind.";
  if (vector != nullptr && vector->shape[0] >= 2) {
    const Shape shape = {vector->shape[0], 1};
    hint = "If " + Quoted(vector->name) + " holds a number a time step, give sequence_shape => '" + Braces(shape) +
           "', or pack it with " + ShapesArgument(vector->name, shape) + ".";
    if (IsWhole(vector->dtype)) hint += " If it holds indexes of words, give vocabulary_size.";
  }
  Refuse("no independent column holds sequences", DescribeAll(columns), hint);
}

void CheckColumns(const BuilderRequest& request, const std::vector<base::ColumnSpec>& columns,
                  const std::vector<InputPart>& parts) {
  const auto has = [&parts](Role role) {
    return std::any_of(parts.begin(), parts.end(), [role](const InputPart& part) { return part.role == role; });
  };
  if (columns.empty()) Refuse("the packed table has no independent column", "", "");
  const char* shape_argument = request.family == Family::kCnn ? "image_shape" : "sequence_shape";
  if (request.given_shape) {
    const size_t wanted = request.family == Family::kCnn ? 3 : 2;
    const bool used = std::any_of(parts.begin(), parts.end(), [](const InputPart& part) {
      return !part.seen.empty() &&
             (part.role == Role::kImage || (part.role == Role::kSequence && part.shape.size() == 1));
    });
    if (request.given_shape->size() != wanted) {
      Refuse(std::string(shape_argument) + " has " + std::to_string(request.given_shape->size()) + " dimensions, not " +
                 std::to_string(wanted),
             "",
             request.family == Family::kCnn ? "Give height, width and channels: '{28,28,1}'."
                                            : "Give time steps and features: '{60,4}'.");
    }
    if (!used) {
      Refuse(std::string(shape_argument) + " " + Braces(*request.given_shape) +
                 " fits no independent column: none is a vector of " +
                 Thousands(base::ElementCount(*request.given_shape)) + " numbers",
             DescribeAll(columns), "The product of its sizes is the number of elements of the column.");
    }
  }
  if (request.family == Family::kCnn && !has(Role::kImage)) RefuseNoImage(columns);
  if (request.family == Family::kRnn && request.vocabulary_size && !has(Role::kTokens)) {
    Refuse("vocabulary_size is given, but no independent column is a vector of whole numbers", DescribeAll(columns),
           "Indexes are packed as whole numbers: see dtypes of cerebro.training_preprocessor_dl(). Arrays of strings "
           "need no vocabulary_size.");
  }
  const bool sequence = std::any_of(parts.begin(), parts.end(), [](const InputPart& part) {
    return part.role == Role::kSequence || (part.role == Role::kTokens && part.shape.size() == 1);
  });
  if (request.family == Family::kRnn && !sequence) RefuseNoSequence(columns);
  if (request.wide) {
    for (const std::string& name : *request.wide) {
      const auto same = std::find_if(columns.begin(), columns.end(),
                                     [&](const base::ColumnSpec& column) { return column.name == name; });
      if (same == columns.end())
        Refuse("wide_columns names " + Quoted(name) + ", which is no independent column", DescribeAll(columns), "");
      if (!PartOf(request, *same).wide) {
        Refuse("wide_columns names " + Quoted(name) + ", which is neither a scalar nor a vector of numbers",
               DescribeAll(columns), "The wide part is a linear model of scalars and vectors.");
      }
    }
  }
  if (request.family == Family::kWideDeep &&
      std::none_of(parts.begin(), parts.end(), [](const InputPart& part) { return part.wide; })) {
    Refuse("no independent column is a scalar or a vector of numbers, which the wide part needs", DescribeAll(columns),
           "cerebro.mlp() takes columns of every kind.");
  }
}

// ---------------------------------------------------------------- one architecture

/// One combination of a request's lists.
struct Choice {
  std::vector<int64_t> hidden;
  std::string activation;
  double dropout = 0;
  bool batch_norm = false;
  double l2 = 0;
  int64_t embedding_dim = 0;  // 0: by the rule
  std::vector<int64_t> filters;
  int64_t kernel_size = 0;
  int64_t convolutions = 0;
  std::string pooling;
  bool global_pooling = false;
  std::vector<int64_t> units;
  std::string cell;
  bool bidirectional = false;
};

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
    return std::min(kLargestEmbedding,
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
    Dict config = {{"units", Value(output.units)}};
    if (!reshaped && !wide) config.emplace_back("activation", Value(output.activation));
    AddL2("kernel_regularizer", &config);
    if (!reshaped && !wide) {
      text_.AddNamed("Dense", name, std::move(config), {deep});
    } else {
      std::string sum = text_.Add("Dense", name + (wide ? "_deep" : "_flat"), std::move(config), {deep});
      if (wide) sum = AddWide(name, output.units, inputs, sum);
      if (reshaped)
        sum = text_.Add("Reshape", name + "_shape", {{"target_shape", Value(List(shape.begin(), shape.end()))}}, {sum});
      text_.AddNamed("Activation", name, {{"activation", Value(output.activation)}}, {sum});
    }
    text_.AddOutput(name);
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

// ---------------------------------------------------------------- names

std::string Joined(const std::vector<int64_t>& sizes) {
  std::string text;
  for (const int64_t size : sizes) text += "_" + std::to_string(size);
  return text;
}

std::string NameOf(const BuilderRequest& request, const Choice& choice) {
  const std::string cell = (choice.bidirectional ? "bi" : "") + choice.cell;
  std::string name = request.name;
  if (request.family == Family::kRnn) {
    name += (name.empty() ? "" : "_") + cell + Joined(choice.units);
  } else if (name.empty()) {
    name = FamilyName(request.family);
  }
  if (request.family == Family::kCnn) name += Joined(choice.filters);
  const bool first = request.family == Family::kMlp || request.family == Family::kWideDeep;
  if (first) {
    name += choice.hidden.empty() ? "_linear" : Joined(choice.hidden);
  } else if (!choice.hidden.empty()) {
    name += "_dense" + Joined(choice.hidden);
  }
  if (request.family == Family::kCnn) {
    if (choice.kernel_size != 3) name += "_kernel" + std::to_string(choice.kernel_size);
    if (choice.convolutions != 1) name += "_convolutions" + std::to_string(choice.convolutions);
    if (choice.pooling == "none") name += "_no_pooling";
    if (choice.pooling == "average") name += "_average_pooling";
    if (choice.global_pooling) name += "_global_pooling";
  }
  if (choice.dropout != 0) name += "_dropout" + base::FormatNumber(choice.dropout, true);
  if (choice.batch_norm) name += "_batch_norm";
  if (choice.activation != "relu") name += "_" + choice.activation;
  if (choice.l2 != 0) name += "_l2_" + base::FormatNumber(choice.l2, true);
  if (choice.embedding_dim != 0) name += "_embedding" + std::to_string(choice.embedding_dim);
  return name;
}

// ---------------------------------------------------------------- combinations

std::vector<Choice> Combinations(const BuilderRequest& request) {
  std::vector<Choice> choices(1);
  // each list multiplies what is there; a later list varies faster
  const auto multiply = [&choices](const auto& list, auto member) {
    if (choices.size() * list.size() > kMostArchitectures) {
      throw Error(ErrorCode::kLimitExceeded,
                  "the lists give more than " + Thousands(kMostArchitectures) + " architectures", "",
                  "Give shorter lists, or call the function several times.");
    }
    std::vector<Choice> more;
    for (const Choice& choice : choices) {
      for (const auto& value : list) {
        more.push_back(choice);
        more.back().*member = value;
      }
    }
    choices = std::move(more);
  };
  if (request.family == Family::kCnn) {
    multiply(request.filters, &Choice::filters);
    multiply(request.kernel_size, &Choice::kernel_size);
    multiply(request.convolutions, &Choice::convolutions);
    multiply(request.pooling, &Choice::pooling);
    multiply(request.global_pooling, &Choice::global_pooling);
  }
  if (request.family == Family::kRnn) {
    multiply(request.units, &Choice::units);
    multiply(request.cell, &Choice::cell);
    multiply(request.bidirectional, &Choice::bidirectional);
  }
  multiply(request.hidden, &Choice::hidden);
  multiply(request.activation, &Choice::activation);
  multiply(request.dropout, &Choice::dropout);
  multiply(request.batch_norm, &Choice::batch_norm);
  multiply(request.l2, &Choice::l2);
  if (!request.embedding_dim.empty()) multiply(request.embedding_dim, &Choice::embedding_dim);
  return choices;
}

void CheckSize(const std::string& name, const base::Graph& graph) {
  const int64_t weights = graph.WeightCount();
  if (weights <= kMostWeights) return;
  const base::Layer* largest = nullptr;
  int64_t most = 0;
  for (const base::Layer& layer : graph.layers) {
    int64_t count = 0;
    for (const base::WeightSpec& weight : layer.weights) count += base::ElementCount(weight.shape);
    if (count <= most) continue;
    most = count;
    largest = &layer;
  }
  throw Error(
      ErrorCode::kLimitExceeded,
      "model " + Quoted(name) + " would have " + Thousands(weights) + " weights, more than " + Thousands(kMostWeights),
      "Layer " + Quoted(largest->name) + " alone has " + Thousands(most) + ".",
      largest->kind == base::LayerKind::kEmbedding
          ? "Give a smaller embedding_dim, or pack the column by fewer indexes."
          : "Give fewer units; for images cerebro.cnn() with pooling, or global_pooling => true.");
}

}  // namespace

const char* FamilyName(Family family) {
  switch (family) {
    case Family::kMlp:
      return "mlp";
    case Family::kCnn:
      return "cnn";
    case Family::kRnn:
      return "rnn";
    case Family::kWideDeep:
      return "wide_deep";
  }
  return "";
}

BuilderRequest::BuilderRequest(Family of) : family(of) {
  hidden = of == Family::kCnn   ? std::vector<std::vector<int64_t>>{{64}}
           : of == Family::kRnn ? std::vector<std::vector<int64_t>>{{}}
                                : std::vector<std::vector<int64_t>>{{64, 32}};
}

const std::vector<std::string>& HiddenActivations() {
  static const std::vector<std::string> words = {"relu",  "tanh", "sigmoid",  "elu",      "selu",         "gelu",
                                                 "swish", "mish", "softplus", "softsign", "hard_sigmoid", "linear"};
  return words;
}

const std::vector<std::string>& Poolings() {
  static const std::vector<std::string> words = {"max", "average", "none"};
  return words;
}

const std::vector<std::string>& Cells() {
  static const std::vector<std::string> words = {"lstm", "gru", "simple_rnn"};
  return words;
}

const char* DefaultActivation(TargetContents contents) {
  switch (contents) {
    case TargetContents::kClasses:
      return "softmax";
    case TargetContents::kLabels:
      return "sigmoid";
    case TargetContents::kNumbers:
      break;
  }
  return "linear";
}

std::vector<OutputPlan> PlanOutputs(const base::DataSpec& data, const std::vector<TargetContents>& contents,
                                    const std::vector<std::string>& output_activation) {
  static const std::set<std::string> known = {"linear", "softmax",  "sigmoid",    "tanh",
                                              "relu",   "softplus", "exponential"};
  const size_t targets = data.targets.size();
  if (output_activation.size() > 1 && output_activation.size() != targets) {
    Refuse("output_activation has " + std::to_string(output_activation.size()) + " values for " +
               std::to_string(targets) + (targets == 1 ? " dependent column" : " dependent columns"),
           "", "Give one value, or one for each dependent column.");
  }
  std::vector<OutputPlan> plans;
  for (size_t i = 0; i < targets; ++i) {
    const base::ColumnSpec& target = data.targets[i];
    const bool labelled = target.kind == base::TargetKind::kOneHot || target.kind == base::TargetKind::kClassIndex;
    OutputPlan plan;
    plan.units = labelled ? target.num_classes : base::ElementCount(target.shape);
    plan.activation = DefaultActivation(contents[i]);
    if (labelled && target.num_classes < 2) {
      Refuse("dependent column " + Quoted(target.name) + " has one class, so there is nothing to tell apart", "",
             "Pack rows of two classes at least, or the column by dependent_type => 'real' if it is a number.");
    }
    if (!output_activation.empty())
      plan.activation = output_activation.size() == 1 ? output_activation[0] : output_activation[i];
    const std::string asked = "output_activation " + Quoted(plan.activation);
    if (known.count(plan.activation) == 0) {
      Refuse(asked + " is unknown", "", "Known are linear, softmax, sigmoid, tanh, relu, softplus, exponential.");
    }
    if (labelled && plan.activation == "sigmoid") {
      if (target.kind == base::TargetKind::kOneHot || target.num_classes > 2) {
        Refuse(asked + " does not go with dependent column " + Quoted(target.name) + ", which is packed " +
                   (target.kind == base::TargetKind::kOneHot
                        ? "one-hot"
                        : "as the index of one of " + std::to_string(target.num_classes) + " classes"),
               "",
               target.num_classes > 2
                   ? "Use softmax for classes."
                   : "Pack the column by dependent_type => 'index' for one unit with a sigmoid, or use softmax.");
      }
      plan.units = 1;
    } else if (labelled && plan.activation != "softmax" && plan.activation != "linear") {
      Refuse(asked + " does not go with dependent column " + Quoted(target.name) + ", which holds classes", "",
             "Use softmax, or linear with a loss from logits.");
    }
    if (plan.activation == "softmax" && plan.units < 2) {
      Refuse(asked + " does not go with dependent column " + Quoted(target.name) + ", which holds one number", "",
             "Use linear, or pack labels by dependent_type => 'one_hot' or 'index'.");
    }
    plans.push_back(std::move(plan));
  }
  return plans;
}

MadeArchitectures MakeArchitectures(const base::DataSpec& data, const BuilderRequest& request) {
  const std::vector<base::ColumnSpec> columns = base::SourceColumns(data.inputs);
  const std::vector<InputPart> parts = PartsOf(request, columns);
  CheckColumns(request, columns, parts);
  const std::vector<OutputPlan> outputs = PlanOutputs(data, request.contents, request.output_activation);
  MadeArchitectures made;
  for (const InputPart& part : parts) {
    if (part.role != Role::kTensor) continue;
    made.remarks.push_back({std::string(FamilyName(request.family)) + " reads column " + Quoted(part.column) +
                                " of shape " + base::FormatShape(part.shape) + " as a vector of " +
                                Thousands(base::ElementCount(part.shape)) + " numbers",
                            "cerebro.cnn() is for images, cerebro.rnn() for sequences."});
  }
  for (const Choice& choice : Combinations(request)) {
    MadeArchitecture one;
    one.name = NameOf(request, choice);
    one.json = Maker(request, choice, data, parts, outputs).Make(Text::LayerName(one.name));
    try {
      one.graph = ReadKeras(one.json);
    } catch (const Error& error) {
      throw Error(error.code(), "model " + Quoted(one.name) + ": " + error.what(), error.detail(), error.hint());
    }
    CheckSize(one.name, one.graph);
    one.description = Thousands(one.graph.WeightCount()) + " weights, " +
                      Thousands(std::llround(one.graph.ForwardFlops())) + " FLOPs a row";
    made.architectures.push_back(std::move(one));
  }
  return made;
}

}  // namespace wire
