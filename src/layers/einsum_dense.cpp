// EinsumDense: equation ! string, output_shape ! open shape, activation linear, bias_axes string or null (null),
// kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint.
// Weights: kernel, and with bias_axes a bias, both shaped as the equation says.
//
// The equation names the dimensions of input, kernel and output, batch included: "abc,cd->abd". Dots in front or behind
// stand for any others: "...x,xy->...y". A dimension's size is the input's or that of output_shape, which leaves the
// batch and the dots' dimensions out.
#include <algorithm>
#include <cctype>
#include <map>

#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::Shape;
using T = ArgumentType;

const char* const kForms = "Forms are \"ab,bc->ac\", \"...ab,bc->...ac\" and \"ab...,bc->ac...\", one letter a dimension, the batch first.";

struct Equation {
  std::string input, kernel, output;       // letters
  bool dots_in_front = false, dots_behind = false;
};

bool AreDifferentLetters(const std::string& text) {
  std::string sorted = text;
  std::sort(sorted.begin(), sorted.end());
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }) &&
         std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
}

// Takes the dots off one end; true when they were there.
bool TakeDots(std::string* text, bool front) {
  const std::string dots = "...";
  if (text->size() < dots.size() || text->compare(front ? 0 : text->size() - dots.size(), dots.size(), dots) != 0) return false;
  text->erase(front ? 0 : text->size() - dots.size(), dots.size());
  return true;
}

Equation Parse(const Layer& layer) {
  std::string text;
  for (const char c : Text(layer, "equation")) {
    if (c != ' ') text += c;
  }
  const size_t comma = text.find(','), arrow = text.find("->");
  const auto refuse = [&]() { Unfit(layer, "argument \"equation\" " + Quote(Text(layer, "equation")) + " has another form", kForms); };
  if (comma == std::string::npos || arrow == std::string::npos || comma > arrow) refuse();
  Equation equation{text.substr(0, comma), text.substr(comma + 1, arrow - comma - 1), text.substr(arrow + 2)};
  equation.dots_in_front = TakeDots(&equation.input, true);
  equation.dots_behind = !equation.dots_in_front && TakeDots(&equation.input, false);
  const bool front = TakeDots(&equation.output, true), behind = !front && TakeDots(&equation.output, false);
  const bool same_dots = front == equation.dots_in_front && behind == equation.dots_behind;
  if (!same_dots || !AreDifferentLetters(equation.input) || !AreDifferentLetters(equation.kernel) ||
      !AreDifferentLetters(equation.output)) {
    refuse();
  }
  for (const char letter : equation.output) {
    if (equation.input.find(letter) == std::string::npos && equation.kernel.find(letter) == std::string::npos) {
      Unfit(layer, std::string("the dimension \"") + letter + "\" of the equation's output is neither in the input nor in the kernel", kForms);
    }
  }
  return equation;
}

struct Sizes {
  Shape output, kernel, bias;  // the output without the batch
};

// As Keras's _analyze_split_string.
Sizes Analyze(const Layer& layer, const Shape& input) {
  const Equation equation = Parse(layer);
  const bool dots = equation.dots_in_front || equation.dots_behind;
  const size_t letters = equation.input.size(), rank = input.size() + 1;
  // dots in front stand for the batch and more, dots behind may stand for nothing
  const bool fits = dots ? letters + (equation.dots_in_front ? 1 : 0) <= rank : letters == rank;
  if (!fits) {
    Unfit(layer, "the equation " + Quote(Text(layer, "equation")) + " does not fit the input " + base::FormatShape(input),
          "The batch is a dimension of the equation's input.");
  }
  const size_t elided = rank - letters;
  Shape whole{-1};  // with the batch
  whole.insert(whole.end(), input.begin(), input.end());
  Shape output{-1};
  if (equation.dots_in_front) output.insert(output.end(), whole.begin() + 1, whole.begin() + static_cast<std::ptrdiff_t>(elided));
  const base::List& given = layer.attributes.Find("output_shape")->list();
  for (const base::Value& size : given) output.push_back(size.is_null() ? 0 : size.integer());
  if (equation.dots_behind) output.insert(output.end(), whole.end() - static_cast<std::ptrdiff_t>(elided), whole.end());
  const size_t skipped = equation.dots_in_front ? elided : 0;
  if (output.size() != equation.output.size() + elided) {
    Unfit(layer, "argument \"output_shape\" has " + std::to_string(given.size()) + " dimensions, the equation " +
                     Quote(Text(layer, "equation")) + " wants " +
                     std::to_string(equation.output.size() - (equation.dots_in_front ? 0 : 1)),
          "The batch and the dots' dimensions are not counted.");
  }
  std::map<char, int64_t> sizes;
  for (size_t i = 0; i < letters; ++i) sizes[equation.input[i]] = whole[i + skipped];
  for (size_t i = 0; i < equation.output.size(); ++i) {
    int64_t& size = output[i + skipped];
    const auto known = sizes.find(equation.output[i]);
    if (known == sizes.end()) {
      if (size <= 0) {
        Unfit(layer, std::string("argument \"output_shape\" leaves the size of \"") + equation.output[i] + "\" open, which the input does not say");
      }
      sizes[equation.output[i]] = size;
    } else if (size == 0) {
      size = known->second;
    } else if (size != known->second) {
      Unfit(layer, "argument \"output_shape\" gives the dimension \"" + std::string(1, equation.output[i]) + "\" the size " +
                       std::to_string(size) + ", the input " + base::FormatShape(input) + " has " + std::to_string(known->second));
    }
  }
  Sizes result;
  for (const char letter : equation.kernel) {
    const auto known = sizes.find(letter);
    if (known == sizes.end() || known->second < 1) {
      Unfit(layer, std::string("the dimension \"") + letter + "\" of the equation's kernel is " +
                       (known == sizes.end() ? "neither in the input nor in the output" : "the batch"), kForms);
    }
    result.kernel.push_back(known->second);
  }
  const base::Value& axes = *layer.attributes.Find("bias_axes");
  if (!axes.is_null() && !axes.string().empty()) {
    size_t first = equation.output.size();
    for (const char letter : axes.string()) {
      const size_t at = equation.output.find(letter);
      if (at == std::string::npos || output[at + skipped] < 1) {
        Unfit(layer, "argument \"bias_axes\" " + Quote(axes.string()) + " names a dimension that the equation's output " +
                         Quote(equation.output) + " does not have, or the batch");
      }
      first = std::min(first, at);
    }
    for (size_t i = first; i < equation.output.size(); ++i) {
      result.bias.push_back(axes.string().find(equation.output[i]) == std::string::npos ? 1 : output[i + skipped]);
    }
    if (equation.dots_behind) result.bias.resize(result.bias.size() + elided, 1);
  }
  result.output.assign(output.begin() + 1, output.end());
  return result;
}

Shape OutputShape(const Layer& layer, const Shapes& inputs) { return Analyze(layer, inputs[0]).output; }

std::vector<base::WeightSpec> Weights(const Layer& layer, const Shapes& inputs) {
  const Sizes sizes = Analyze(layer, inputs[0]);
  std::vector<base::WeightSpec> weights = {Weight(layer, "kernel", "kernel", sizes.kernel)};
  if (!sizes.bias.empty()) weights.push_back(Weight(layer, "bias", "bias", sizes.bias));
  return weights;
}

// A term for each element of the output and of what is summed over.
double Flops(const Layer& layer, const Shapes& inputs, const Shape& output) {
  const Equation equation = Parse(layer);
  const Sizes sizes = Analyze(layer, inputs[0]);
  double terms = Elements(output);
  for (size_t i = 0; i < equation.kernel.size(); ++i) {
    if (equation.output.find(equation.kernel[i]) == std::string::npos) terms *= static_cast<double>(sizes.kernel[i]);
  }
  return 2 * terms + Elements(output) * ((sizes.bias.empty() ? 0 : 1) + (Text(layer, "activation") == "linear" ? 0 : 1));
}

LayerDefinition Define() {
  LayerDefinition dense;
  dense.kind = base::LayerKind::kEinsumDense;
  dense.class_names = {"EinsumDense"};
  dense.arguments = {{"equation", T::kText}, {"output_shape", T::kOpenShape}, Activation("activation", "'linear'"),
                     {"bias_axes", T::kTextOrNull, "None"}, kKernelInitializer, kBiasInitializer, Regularizer("kernel_regularizer"),
                     Regularizer("bias_regularizer"), Constraint("kernel_constraint"), Constraint("bias_constraint"),
                     kNoActivityRegularizer, Absent("lora_rank"), Absent("lora_alpha"), Absent("gptq_unpacked_column_size")};
  dense.shape = OutputShape;
  dense.weights = Weights;
  dense.cost.work = Work::kDense;
  dense.cost.operations = 8;  // a dense layer's, and what LibTorch does to make a product of it
  dense.cost.flops = Flops;
  dense.zeros = ZerosOfActivation;
  dense.range = RangeOfActivation;
  dense.exchange.onnx = "Einsum";
  return dense;
}

}  // namespace

const LayerDefinition kEinsumDense = Define();

}  // namespace layers
