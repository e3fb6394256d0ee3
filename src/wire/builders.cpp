// Columns become parts of a model, lists of a request become choices, and each choice a Keras text, which is read again
// by ReadKeras: what is stored is what was checked.
#include "wire/builders.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/plain_number.hpp"
#include "wire/architecture_maker.hpp"
#include "wire/keras.hpp"

namespace wire {
namespace {

using base::Dict;
using base::Error;
using base::ErrorCode;
using base::List;
using base::Shape;
using base::Thousands;
using base::TargetContents;
using base::Value;

constexpr size_t kMostArchitectures = 1000;
constexpr int64_t kMostWeights = 1000000000;

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

std::string Braces(const Shape& shape) {
  std::string text;
  for (const int64_t size : shape) text += (text.empty() ? "" : ",") + std::to_string(size);
  return "{" + text + "}";
}

[[noreturn]] void Refuse(const std::string& message, const std::string& detail, const std::string& hint) {
  throw Error(ErrorCode::kInvalidParameter, message, detail, hint);
}

// ---------------------------------------------------------------- columns

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
    one.json = MakeKerasText(one.name, request, choice, data, parts, outputs);
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
