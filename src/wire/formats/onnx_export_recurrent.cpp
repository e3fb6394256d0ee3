// LSTM and GRU as ONNX operators.
#include "wire/formats/onnx_exporter.hpp"

#include <limits>
#include "layers/refusal.hpp"

namespace wire {
namespace onnx {
namespace {

using base::LayerKind;
using layers::Quote;

}  // namespace

std::vector<float> Exporter::Gates(const std::vector<float>& ours, size_t rows, const std::vector<size_t>& order) {
  const size_t columns = ours.size() / rows, units = columns / order.size();
  std::vector<float> theirs;
  theirs.reserve(ours.size());
  for (const size_t gate : order) {
    for (size_t unit = 0; unit < units; ++unit) {
      for (size_t row = 0; row < rows; ++row) theirs.push_back(ours[row * columns + gate * units + unit]);
    }
  }
  return theirs;
}

std::string Exporter::ActivationOfGate(const char* argument) {
  const std::string& activation = Text(*layer_, argument);
  struct Known { const char* ours; const char* theirs; };
  constexpr Known kKnown[] = {{"sigmoid", "Sigmoid"}, {"tanh", "Tanh"}, {"relu", "Relu"}, {"softsign", "Softsign"}, {"softplus", "Softplus"}};
  for (const Known& known : kKnown) {
    if (activation == known.ours) return known.theirs;
  }
  Refuse(*layer_, "has the activation " + Quote(activation));
}

Names Exporter::Recurrent(const char* op) {
  if (call_->inputs.size() > 1) Refuse(*layer_, "starts from an initial state");
  if (Flag(*layer_, "return_state")) Refuse(*layer_, "returns its states");
  const bool lstm = layer_->kind == LayerKind::kLSTM;
  const std::vector<size_t> order = lstm ? std::vector<size_t>{0, 3, 1, 2} : std::vector<size_t>{0, 1, 2};
  const int64_t units = Integer(*layer_, "units"), features = InputShape()[1], columns = units * static_cast<int64_t>(order.size());
  const bool sequences = Flag(*layer_, "return_sequences");
  std::string x = LastInput();
  const bool backwards = Flag(*layer_, "go_backwards");
  x = Op("Transpose", {x});
  SetInts("perm", {1, 0, 2});
  std::vector<std::string> inputs = {x};
  inputs.push_back(Made("W", {1, columns, features}, [&] { return Gates(Values("kernel"), static_cast<size_t>(features), order); }));
  inputs.push_back(Made("R", {1, columns, units}, [&] { return Gates(Values("recurrent_kernel"), static_cast<size_t>(units), order); }));
  if (Has("bias")) {
    inputs.push_back(Made("B", {1, 2 * columns}, [&] {
      std::vector<float> ours = Values("bias");
      ours.resize(static_cast<size_t>(2 * columns));  // a second bias of zeros where there is one
      std::vector<float> theirs;
      for (int row = 0; row < 2; ++row) {
        const auto begin = ours.begin() + row * columns;
        const std::vector<float> part = Gates(std::vector<float>(begin, begin + columns), 1, order);
        theirs.insert(theirs.end(), part.begin(), part.end());
      }
      return theirs;
    }));
  }
  const std::string all = NewName(), final_state = NewName();
  cerebro::onnx::Node* node = AddNode(op, inputs, all);
  node->add_output(final_state);
  SetInt("hidden_size", units);
  if (backwards) SetText("direction", "reverse");
  cerebro::onnx::Attribute* activations = Attribute("activations", 8);
  activations->add_strings(ActivationOfGate("recurrent_activation"));
  activations->add_strings(ActivationOfGate("activation"));
  if (lstm) activations->add_strings(ActivationOfGate("activation"));
  if (!lstm) SetInt("linear_before_reset", Flag(*layer_, "reset_after") ? 1 : 0);
  if (!sequences) return AsLast(Op("Squeeze", {final_state, Ints({0})}));
  const std::string y = Op("Transpose", {Op("Squeeze", {all, Ints({1})})});
  SetInts("perm", {1, 0, 2});
  return AsLast(backwards ? Reversed(y) : y);  // ONNX has the time steps in the order of the inputs
}

std::string Exporter::Reversed(const std::string& x) {
  return Op("Slice", {x, Ints({-1}), Ints({std::numeric_limits<int64_t>::min()}), Ints({1}), Ints({-1})});
}

}  // namespace onnx
}  // namespace wire
