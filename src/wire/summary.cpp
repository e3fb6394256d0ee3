#include "wire/summary.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/plain_number.hpp"
#include "layers/definition.hpp"

namespace wire {
namespace {

enum Column { kLayer, kShape, kParameters, kConnected, kFlops, kColumns };
using Row = std::array<std::string, kColumns>;

// Characters of a UTF-8 text.
size_t Width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string Thousands(double number) { return base::Thousands(std::llround(number)); }

// As Keras prints sizes.
std::string Bytes(double bytes) {
  const char* const units[] = {"Byte", "KB", "MB", "GB", "TB"};
  size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < std::size(units); ++unit) bytes /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %s", bytes, units[unit]);
  return text;
}

std::string Parameters(const char* what, int64_t count) {
  const double number = static_cast<double>(count);
  return std::string(what) + ": " + Thousands(number) + " (" + Bytes(number * sizeof(float)) + ")";
}

std::string ClassName(const base::Layer& layer) {
  std::string name = layers::DefinitionOf(layer).class_names[0];
  for (int i = 0; i < layer.time_distributed; ++i) name = "TimeDistributed(" + name + ")";
  return name;
}

std::string WithBatch(const base::Shape& shape) {
  std::string text = "(None";
  for (const int64_t size : shape) text += ", " + std::to_string(size);
  return text + (shape.empty() ? ",)" : ")");
}

std::string Dashes(size_t width, char c) { return std::string(width, c); }

class Summary {
 public:
  explicit Summary(const base::Graph& graph) : graph_(graph), node_(graph.calls.size()) {
    std::vector<int> calls(graph.layers.size());
    for (size_t i = 0; i < graph.calls.size(); ++i) node_[i] = calls[static_cast<size_t>(graph.calls[i].layer)]++;
  }

  std::vector<std::string> Lines() {
    rows_.push_back({"Layer (type)", "Output Shape", "Param #", "Connected to", "FLOPs"});
    std::vector<bool> added(graph_.layers.size());
    for (const base::Call& call : graph_.calls) {  // a layer stands where it is first called
      const auto layer = static_cast<size_t>(call.layer);
      if (!added[layer]) AddLayer(layer);
      added[layer] = true;
    }
    std::array<size_t, kColumns> widths{};
    for (const Row& row : rows_) {
      for (size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], Width(row[i]));
    }
    size_t total = kColumns * 2;
    for (const size_t width : widths) total += width;
    std::vector<std::string> lines = {"Model: \"" + graph_.name + "\"", Dashes(total, '_')};
    for (size_t i = 0; i < rows_.size(); ++i) {
      lines.push_back(Line(rows_[i], widths));
      if (i == 0) lines.push_back(Dashes(total, '='));
    }
    lines.push_back(Dashes(total, '='));
    AddTotals(&lines);
    lines.push_back(Dashes(total, '_'));
    return lines;
  }

 private:
  // Numbers stand at the right of their columns.
  static std::string Line(const Row& row, const std::array<size_t, kColumns>& widths) {
    std::string line;
    for (size_t i = 0; i < kColumns; ++i) {
      const std::string blanks(widths[i] - Width(row[i]), ' ');
      const bool right = i == kParameters || i == kFlops;
      line += " " + (right ? blanks + row[i] : row[i] + blanks) + " ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
  }

  void AddLayer(size_t index) {
    const base::Layer& layer = graph_.layers[index];
    std::string shape;
    std::vector<std::string> inputs;
    double flops = 0;
    for (const base::Call& call : graph_.calls) {
      if (static_cast<size_t>(call.layer) != index) continue;
      const std::string this_shape = WithBatch(call.output_shape);
      shape = shape.empty() || shape == this_shape ? this_shape : "multiple";
      flops += call.forward_flops;
      for (const int input : call.inputs) {
        const auto from = static_cast<size_t>(input);
        inputs.push_back(graph_.layers[static_cast<size_t>(graph_.calls[from].layer)].name + "[" +
                         std::to_string(node_[from]) + "][0]");
      }
    }
    int64_t parameters = 0;
    for (const base::WeightSpec& weight : layer.weights) {
      const int64_t count = base::ElementCount(weight.shape);
      parameters += count;
      (weight.trainable ? trainable_ : layer.trainable ? constant_ : frozen_) += count;
    }
    flops_ += flops;
    const std::string what = layer.name + " (" + ClassName(layer) + ")" + (layer.trainable ? "" : " frozen");
    rows_.push_back(
        {what, shape, Thousands(static_cast<double>(parameters)), inputs.empty() ? "" : inputs[0], Thousands(flops)});
    for (size_t i = 1; i < inputs.size(); ++i) rows_.push_back({"", "", "", inputs[i], ""});
  }

  void AddTotals(std::vector<std::string>* lines) const {
    lines->push_back(Parameters("Total params", trainable_ + frozen_ + constant_));
    lines->push_back(Parameters("Trainable params", trainable_));
    std::string rest = Parameters("Non-trainable params", frozen_ + constant_);
    if (frozen_ > 0) rest += ", of frozen layers: " + Thousands(static_cast<double>(frozen_));
    if (constant_ > 0) rest += ", statistics and constants: " + Thousands(static_cast<double>(constant_));
    lines->push_back(rest);
    lines->push_back("FLOPs of the forward pass of one row: " + Thousands(flops_));
  }

  const base::Graph& graph_;
  std::vector<int> node_;  // of each call: its number among the calls of its layer
  std::vector<Row> rows_;
  int64_t trainable_ = 0, frozen_ = 0, constant_ = 0;
  double flops_ = 0;
};

}  // namespace

std::vector<std::string> Summarize(const base::Graph& graph) { return Summary(graph).Lines(); }

}  // namespace wire
