// Recurrent layers: SimpleRNN, LSTM and GRU, the same steps as engine/torch/layers/recurrent.cpp.
//
// The inputs of all time steps are multiplied with the kernel at once. A step then adds the product of the state before
// it and does the rest of the cell in one pass (engine/math/recurrent.hpp). Backward goes through the steps from the
// last and leaves the gradients of all pre-activations. Each weight's gradient, and that of the inputs, is one product
// with them. Inside, matrices have the time in front: those of one step lie together. The kernels are packed into
// panels once a mini-batch.
//
// Inputs: the sequence, perhaps the initial states, perhaps the mask. A step is made for all rows. A row that it does not
// count in then gets the state before it back; in Backward the gradient of that state is held before the step, and put
// back behind it. What such a row gives is its state, which is the output before it. Where there are initial states, or
// zero_output_for_mask, outputs are apart from the states: see engine/torch/layers/recurrent.cpp.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/dropout_mask.hpp"
#include "engine/math/gemm_pack.hpp"
#include "engine/math/gemm_tiles.hpp"
#include "engine/math/merge.hpp"
#include "engine/math/pointwise.hpp"
#include "engine/math/poll.hpp"
#include "engine/math/recurrent.hpp"
#include "engine/native/layers/recurrent_scratch.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

template <typename T>
class Recurrent : public Layer<T> {
 public:
  explicit Recurrent(const RecurrentOptions& options)
      : Layer<T>(InputElements(options), OutputRows(options) * options.units, options.graph_layer),
        o_(options),
        apart_(options.apart()),
        u_(options.units),
        n_(options.units * Gates(options.cell)) {}

  int64_t ScratchElements(int64_t rows) const override { return Areas(o_, rows).elements; }

  bool backward_reads_y() const override { return false; }
  int64_t row_elements() const override { return o_.steps * n_ + this->output_elements(); }

  void Forward(const LayerCall<T>& call) const override {
    const Areas areas(o_, call.rows);
    const int64_t state = call.rows * u_;
    T* scratch = call.scratch;
    if (call.training) DrawMasks(call, areas);
    const math::GemmKernels<T>& kernels = math::TheGemmKernels<T>();
    const T* input_bias = o_.use_bias ? call.weights[2] : nullptr;
    kernels.product(Inputs(call, areas), math::PackPanels(call.weights[0], o_.features, n_, scratch + areas.panels), input_bias, false,
                    scratch + areas.gates);
    if (o_.cell == Cell::kGRUResetBefore) Split(call.weights[1], scratch + areas.split);
    const RecurrentPanels panels = PackRecurrent(call, areas);
    Begin(call, areas);
    if (apart_) std::fill_n(scratch + areas.output, state, T(0));
    for (int64_t i = 0; i < o_.steps; ++i) {
      math::PollInterrupts();
      Step(call, areas, panels, i);
      if (apart_) StepOutput(call, areas, i);
      if (o_.sequences) Give(apart_ ? scratch + areas.output : State(call, areas, i + 1), call, i);
    }
    const T* last = State(call, areas, o_.steps);
    if (!o_.sequences) Give(apart_ ? scratch + areas.output : last, call, 0);
    if (!o_.states) return;
    const int64_t row = o_.sequences ? o_.steps : 1;
    Give(last, call, row);
    if (o_.cell == Cell::kLSTM) Give(CellState(call, areas, o_.steps), call, row + 1);
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const* gradients) const override {
    const Areas areas(o_, call.rows);
    const int64_t state = call.rows * u_, m = o_.steps * call.rows;
    T* scratch = call.scratch;
    T* dstate = scratch + areas.dstate;
    PackTransposes(call, areas);
    std::fill_n(dstate, state, T(0));
    std::fill_n(scratch + areas.dcell, o_.cell == Cell::kLSTM ? state : 0, T(0));
    if (o_.states) {
      const int64_t row = o_.sequences ? o_.steps : 1;
      Take(g, call, row, dstate);
      if (o_.cell == Cell::kLSTM) Take(g, call, row + 1, scratch + areas.dcell);
    }
    T* doutput = apart_ ? scratch + areas.output : dstate;
    if (apart_) std::fill_n(doutput, state, T(0));
    if (!o_.sequences) Take(g, call, 0, doutput);
    for (int64_t i = o_.steps; i-- > 0;) {
      math::PollInterrupts();
      if (o_.sequences) Take(g, call, i, doutput);
      if (apart_) TakeOutput(call, areas, i);
      if (o_.masked) Hold(areas, state, scratch);
      StepGradient(call, areas, i);
      if (o_.masked) PutBack(call, areas, i);
    }
    if (o_.begins) {
      const auto give = [&](const T* from, T* to) {
        if (to != nullptr) std::copy_n(from, state, to);
      };
      give(dstate, call.input_gradients[1]);
      if (o_.cell == Cell::kLSTM) give(scratch + areas.dcell, call.input_gradients[2]);
    }
    const T* dgates = scratch + areas.gates;
    if (gradients != nullptr) WeightGradients(call, areas, m, gradients);
    if (dx == nullptr) return;
    // rows in front again
    const math::Panels<T> transposed = math::PackTransposed(call.weights[0], o_.features, n_, scratch + areas.panels);
    const int64_t stride = call.rows * n_;
    const math::Patches<T> patches{o_.backwards ? dgates + (o_.steps - 1) * stride : dgates,
                                   call.rows,
                                   o_.steps,
                                   n_,
                                   o_.backwards ? -stride : stride,
                                   &kNoOffset,
                                   1,
                                   n_};
    math::TheGemmKernels<T>().product(patches, transposed, nullptr, false, dx);
    if (o_.dropout > 0) MaskInputs(call, areas, dx, dx);
  }

 private:
  using Areas = RecurrentAreas;

  static constexpr int64_t kNoOffset = 0;

  struct RecurrentPanels {
    math::Panels<T> recurrent, candidate;
  };

  // Backward needs every step's values; without it two states take turns.
  int64_t Slot(const LayerCall<T>& call, int64_t i) const { return (call.training ? i : i % 2) * call.rows * u_; }
  T* State(const LayerCall<T>& call, const Areas& a, int64_t i) const { return call.scratch + a.states + Slot(call, i); }
  T* Seen(const LayerCall<T>& call, const Areas& a, int64_t i) const {
    return call.scratch + (call.training ? a.seen : a.states) + Slot(call, i);
  }
  T* CellState(const LayerCall<T>& call, const Areas& a, int64_t i) const { return call.scratch + a.cells + Slot(call, i); }
  T* Active(const LayerCall<T>& call, const Areas& a, int64_t i) const { return call.scratch + a.active + Slot(call, call.training ? i : 0); }
  T* StepGates(const LayerCall<T>& call, const Areas& a, int64_t i) const { return call.scratch + a.gates + i * call.rows * n_; }
  T* Inner(const LayerCall<T>& call, const Areas& a, int64_t i) const {
    return call.scratch + a.inner + (o_.cell == Cell::kGRU && call.training ? i : 0) * call.rows * n_;
  }

  // `rows` rows of `length` elements, every `stride`.
  static math::Patches<T> Rows(const T* values, int64_t rows, int64_t stride, int64_t length) {
    return {values, 1, rows, 0, stride, &kNoOffset, 1, length};
  }

  static void CopySteps(const T* from, int64_t rows, int64_t n, int64_t from_stride, int64_t to_stride, T* to) {
    for (int64_t r = 0; r < rows; ++r) std::copy_n(from + r * from_stride, n, to + r * to_stride);
  }

  // A state to row `row` of every output; the gradient of such rows, added to a state's.
  void Give(const T* state, const LayerCall<T>& call, int64_t row) const {
    CopySteps(state, call.rows, u_, u_, this->output_elements(), call.y + row * u_);
  }
  void Take(const T* g, const LayerCall<T>& call, int64_t row, T* dstate) const {
    for (int64_t r = 0; r < call.rows; ++r) math::AddTo(g + r * this->output_elements() + row * u_, u_, dstate + r * u_);
  }

  // The state before the first step.
  void Begin(const LayerCall<T>& call, const Areas& a) const {
    const int64_t state = call.rows * u_;
    T* h = call.scratch + a.states;
    T* cell = call.scratch + a.cells;
    const int64_t cells = o_.cell == Cell::kLSTM ? state : 0;
    if (!o_.begins) {
      std::fill_n(h, state, T(0));
      std::fill_n(cell, cells, T(0));
      return;
    }
    std::copy_n(call.inputs[1], state, h);
    if (cells > 0) std::copy_n(call.inputs[2], cells, cell);
    if (call.training && o_.recurrent_dropout > 0) math::Multiply(h, call.scratch + a.state_mask, state, call.scratch + a.seen);
  }

  // Whether step i counts in a row.
  bool Counts(const LayerCall<T>& call, int64_t row, int64_t i) const {
    const T* mask = call.inputs[this->inputs() - 1];
    return mask[row * o_.steps + (o_.backwards ? o_.steps - 1 - i : i)] != 0;
  }

  // Calls each(offset of the row in (rows, units), row) for the rows in which step i does not count.
  template <class Each>
  void ForMasked(const LayerCall<T>& call, int64_t i, const Each& each) const {
    for (int64_t r = 0; r < call.rows; ++r) {
      if (!Counts(call, r, i)) each(r * u_, r);
    }
  }

  // The output of step i, from the one before.
  void StepOutput(const LayerCall<T>& call, const Areas& a, int64_t i) const {
    T* output = call.scratch + a.output;
    const T* h = State(call, a, i + 1);
    for (int64_t r = 0; r < call.rows; ++r) {
      if (Counts(call, r, i)) {
        std::copy_n(h + r * u_, u_, output + r * u_);
      } else if (o_.zeros) {
        std::fill_n(output + r * u_, u_, T(0));
      }
    }
  }

  // The gradient of step i's output: of its state, or of the output before.
  void TakeOutput(const LayerCall<T>& call, const Areas& a, int64_t i) const {
    T* doutput = call.scratch + a.output;
    for (int64_t r = 0; r < call.rows; ++r) {
      const bool counts = Counts(call, r, i);
      if (counts) math::AddTo(doutput + r * u_, u_, call.scratch + a.dstate + r * u_);
      if (counts || o_.zeros) std::fill_n(doutput + r * u_, u_, T(0));
    }
  }

  void Hold(const Areas& a, int64_t state, T* scratch) const {
    std::copy_n(scratch + a.dstate, state, scratch + a.held);
    if (o_.cell == Cell::kLSTM) std::copy_n(scratch + a.dcell, state, scratch + a.held + state);
  }

  // Behind a step: where it does not count, the gradients of its states are those of the states before, and those of the
  // pre-activations are zero.
  void PutBack(const LayerCall<T>& call, const Areas& a, int64_t i) const {
    T* scratch = call.scratch;
    const int64_t state = call.rows * u_;
    ForMasked(call, i, [&](int64_t at, int64_t row) {
      std::copy_n(scratch + a.held + at, u_, scratch + a.dstate + at);
      if (o_.cell == Cell::kLSTM) std::copy_n(scratch + a.held + state + at, u_, scratch + a.dcell + at);
      std::fill_n(StepGates(call, a, i) + row * n_, n_, T(0));
      if (o_.cell == Cell::kGRU) std::fill_n(Inner(call, a, i) + row * n_, n_, T(0));
      if (o_.cell == Cell::kGRUResetBefore) std::fill_n(scratch + a.dcandidate + i * state + at, u_, T(0));
    });
  }

  // One mask for all steps, as Keras has it. A state of zeros before the first step is one, masked or not.
  void DrawMasks(const LayerCall<T>& call, const Areas& a) const {
    if (o_.dropout > 0) {
      math::FillDropoutMask(o_.dropout, *call.keys, o_.site | uint64_t{1} << 32, call.rows * o_.features, call.scratch + a.input_mask);
      MaskInputs(call, a, call.x, call.scratch + a.inputs);
    }
    if (o_.recurrent_dropout > 0) {
      math::FillDropoutMask(o_.recurrent_dropout, *call.keys, o_.site | uint64_t{2} << 32, call.rows * u_, call.scratch + a.state_mask);
      std::fill_n(call.scratch + a.seen, call.rows * u_, T(0));
    }
  }

  void MaskInputs(const LayerCall<T>& call, const Areas& a, const T* x, T* out) const {
    const int64_t f = o_.features;
    for (int64_t r = 0; r < call.rows; ++r) {
      const T* mask = call.scratch + a.input_mask + r * f;
      for (int64_t t = r * o_.steps; t < (r + 1) * o_.steps; ++t) math::Multiply(x + t * f, mask, f, out + t * f);
    }
  }

  // The inputs with the time in front, in the order of the steps.
  math::Patches<T> Inputs(const LayerCall<T>& call, const Areas& a) const {
    const T* x = call.training && o_.dropout > 0 ? call.scratch + a.inputs : call.x;
    const int64_t f = o_.features;
    return {o_.backwards ? x + (o_.steps - 1) * f : x, o_.steps, call.rows, o_.backwards ? -f : f, o_.steps * f, &kNoOffset, 1, f};
  }

  // The recurrent kernel (units, 3 units) into the columns of update and reset, and those of the candidate.
  void Split(const T* w, T* split) const {
    CopySteps(w, u_, 2 * u_, n_, 2 * u_, split);
    CopySteps(w + 2 * u_, u_, u_, n_, u_, split + 2 * u_ * u_);
  }

  RecurrentPanels PackRecurrent(const LayerCall<T>& call, const Areas& a) const {
    T* scratch = call.scratch;
    if (o_.cell != Cell::kGRUResetBefore) return {math::PackPanels(call.weights[1], u_, n_, scratch + a.recurrent), {}};
    const T* split = scratch + a.split;
    return {math::PackPanels(split, u_, 2 * u_, scratch + a.recurrent),
            math::PackPanels(split + 2 * u_ * u_, u_, u_, scratch + a.candidate)};
  }

  void PackTransposes(const LayerCall<T>& call, const Areas& a) const {
    T* scratch = call.scratch;
    if (o_.cell != Cell::kGRUResetBefore) {
      math::PackTransposed(call.weights[1], u_, n_, scratch + a.transposed);
      return;
    }
    math::PackTransposed(scratch + a.split, u_, 2 * u_, scratch + a.transposed);
    math::PackTransposed(scratch + a.split + 2 * u_ * u_, u_, u_, scratch + a.transposed_candidate);
  }

  void Step(const LayerCall<T>& call, const Areas& a, const RecurrentPanels& panels, int64_t i) const {
    const math::GemmKernels<T>& kernels = math::TheGemmKernels<T>();
    const T* before = State(call, a, i);
    const T* seen = Seen(call, a, i);
    T* h = State(call, a, i + 1);
    T* gates = StepGates(call, a, i);
    T* inner = Inner(call, a, i);
    const T* bias = o_.cell == Cell::kGRU && o_.use_bias ? call.weights[2] + n_ : nullptr;
    kernels.product(Rows(seen, call.rows, u_, u_), panels.recurrent, bias, false, inner);
    switch (o_.cell) {
      case Cell::kSimpleRNN:
        math::SimpleRNNStep(o_.functions.state, call.rows, u_, inner, gates, h);
        break;
      case Cell::kLSTM:
        math::LSTMStep(o_.functions, call.rows, u_, inner, CellState(call, a, i), gates, CellState(call, a, i + 1), Active(call, a, i), h);
        break;
      case Cell::kGRU:
        math::GRUStep(o_.functions, call.rows, u_, inner, before, gates, h);
        break;
      case Cell::kGRUResetBefore:
        math::GRUGates(o_.functions, call.rows, u_, inner, seen, gates, Active(call, a, i));
        kernels.product(Rows(Active(call, a, i), call.rows, u_, u_), panels.candidate, nullptr, false, inner);
        math::GRUCandidate(o_.functions, call.rows, u_, inner, before, gates, h);
        break;
    }
    if (o_.masked) {
      ForMasked(call, i, [&](int64_t at, int64_t) {
        std::copy_n(before + at, u_, h + at);
        if (o_.cell == Cell::kLSTM) std::copy_n(CellState(call, a, i) + at, u_, CellState(call, a, i + 1) + at);
      });
    }
    if (call.training && o_.recurrent_dropout > 0) math::Multiply(h, call.scratch + a.state_mask, call.rows * u_, Seen(call, a, i + 1));
  }

  // dstate: of the state behind the step, becomes that of the one before it, but for zeros before the first step.
  void StepGradient(const LayerCall<T>& call, const Areas& a, int64_t i) const {
    const int64_t rows = call.rows, state = rows * u_;
    T* scratch = call.scratch;
    T* dstate = scratch + a.dstate;
    T* direct = scratch + a.direct;
    const bool ends = i == 0 && !o_.begins;
    T* gates = StepGates(call, a, i);
    const T* before = State(call, a, i);
    const math::Panels<T> transposed{scratch + a.transposed, u_, math::kPanelColumns,
                                     math::kPanelColumns * (o_.cell == Cell::kGRUResetBefore ? 2 * u_ : n_)};
    const auto product = [&](const T* g, int64_t length, const math::Panels<T>& w, T* out) {
      math::TheGemmKernels<T>().product(Rows(g, rows, n_, length), w, nullptr, false, out);
    };
    switch (o_.cell) {
      case Cell::kSimpleRNN:
        math::SimpleRNNGradient(o_.functions.state, rows, u_, State(call, a, i + 1), dstate, gates);
        break;
      case Cell::kLSTM:
        math::LSTMGradient(o_.functions, rows, u_, CellState(call, a, i), Active(call, a, i), dstate, scratch + a.dcell, gates);
        break;
      case Cell::kGRU:
        math::GRUGradient(o_.functions, rows, u_, before, dstate, gates, Inner(call, a, i), direct);
        break;
      case Cell::kGRUResetBefore: {
        math::GRUCandidateGradient(o_.functions, rows, u_, before, dstate, gates, direct);
        T* dseen = scratch + a.dcandidate + i * state;
        CopySteps(gates + 2 * u_, rows, u_, n_, u_, dseen);  // kept for the weights' gradient
        const math::Panels<T> w{scratch + a.transposed_candidate, u_, math::kPanelColumns, math::kPanelColumns * u_};
        product(gates + 2 * u_, u_, w, dstate);
        math::GRUResetGradient(o_.functions, rows, u_, Seen(call, a, i), dstate, gates);
        if (ends) return;
        product(gates, 2 * u_, transposed, Inner(call, a, i));
        math::AddTo(Inner(call, a, i), state, dstate);
        break;
      }
    }
    if (ends) return;
    if (o_.cell != Cell::kGRUResetBefore) product(o_.cell == Cell::kGRU ? Inner(call, a, i) : gates, n_, transposed, dstate);
    if (o_.recurrent_dropout > 0) math::Multiply(dstate, scratch + a.state_mask, state, dstate);
    if (o_.cell == Cell::kGRU || o_.cell == Cell::kGRUResetBefore) math::AddTo(direct, state, dstate);
  }

  // m: rows of all steps.
  void WeightGradients(const LayerCall<T>& call, const Areas& a, int64_t m, T* const* gradients) const {
    const math::GemmKernels<T>& kernels = math::TheGemmKernels<T>();
    const T* dgates = call.scratch + a.gates;
    const T* dinner = o_.cell == Cell::kGRU ? call.scratch + a.inner : dgates;
    if (gradients[0] != nullptr) kernels.gradient(Inputs(call, a), dgates, n_, false, gradients[0]);
    if (gradients[1] != nullptr) {
      kernels.gradient(Rows(call.scratch + a.seen, m, u_, u_), dinner, n_, false, gradients[1]);
      if (o_.cell == Cell::kGRUResetBefore) {  // the candidate's columns saw reset seen
        T* square = call.scratch + a.square;
        kernels.gradient(Rows(call.scratch + a.active, m, u_, u_), call.scratch + a.dcandidate, u_, false, square);
        CopySteps(square, u_, u_, u_, n_, gradients[1] + 2 * u_);
      }
    }
    if (!o_.use_bias || gradients[2] == nullptr) return;
    kernels.column_sums(dgates, m, n_, false, gradients[2]);
    if (o_.cell == Cell::kGRU) kernels.column_sums(dinner, m, n_, false, gradients[2] + n_);
  }

  RecurrentOptions o_;
  bool apart_;  // outputs are not the states
  int64_t u_;  // units
  int64_t n_;  // columns of both kernels
};

bool FindCellActivation(const base::Layer& layer, const char* name, math::CellActivation* activation) {
  switch (ActivationAttribute(layer, name)) {
    case Activation::kLinear: *activation = math::CellActivation::kLinear; return true;
    case Activation::kReLU: *activation = math::CellActivation::kReLU; return true;
    case Activation::kSigmoid: *activation = math::CellActivation::kSigmoid; return true;
    case Activation::kTanh: *activation = math::CellActivation::kTanh; return true;
    case Activation::kHardSigmoid: *activation = math::CellActivation::kHardSigmoid; return true;
    default: return false;
  }
}

bool IsTrue(const base::Layer& layer, const char* name) {
  const base::Value* value = layer.attributes.Find(name);
  return value != nullptr && value->is_bool() && value->boolean();
}

template <typename T>
std::unique_ptr<Layer<T>> MakeRecurrent(const CallSite& site, Cell cell, bool masked) {
  const base::Layer& layer = site.layer();
  RecurrentOptions options;
  options.cell = cell;
  if (site.input_shape.size() != 2) return nullptr;
  if (!FindCellActivation(layer, "activation", &options.functions.state)) return nullptr;
  if (cell != Cell::kSimpleRNN && !FindCellActivation(layer, "recurrent_activation", &options.functions.gate)) return nullptr;
  options.steps = site.input_shape[0];
  options.features = site.input_shape[1];
  options.units = IntAttribute(layer, "units");
  options.use_bias = BoolAttribute(layer, "use_bias");
  options.sequences = BoolAttribute(layer, "return_sequences");
  options.backwards = BoolAttribute(layer, "go_backwards");
  options.states = IsTrue(layer, "return_state");
  options.begins = site.inputs() > 1;
  options.masked = masked;
  options.zeros = IsTrue(layer, "zero_output_for_mask");
  if (!site.inference()) {
    FindNumber(layer, "dropout", &options.dropout);
    FindNumber(layer, "recurrent_dropout", &options.recurrent_dropout);
  }
  options.site = static_cast<uint64_t>(site.random_site());
  options.graph_layer = site.graph_call().layer;
  return std::make_unique<Recurrent<T>>(options);
}

template <typename T>
bool AddRecurrent(const CallSite& site, Cell cell, Stages<T>* stages) {
  const bool masked = stages->masked();
  std::unique_ptr<Layer<T>> layer = MakeRecurrent<T>(site, cell, masked);
  return masked && layer ? stages->AddMasked(std::move(layer)) : stages->Add(std::move(layer));
}

}  // namespace

template <typename T>
bool JoinSimpleRNN(const CallSite& site, Stages<T>* stages) {
  return AddRecurrent(site, Cell::kSimpleRNN, stages);
}

template <typename T>
bool JoinLSTM(const CallSite& site, Stages<T>* stages) {
  return AddRecurrent(site, Cell::kLSTM, stages);
}

template <typename T>
bool JoinGRU(const CallSite& site, Stages<T>* stages) {
  return AddRecurrent(site, BoolAttribute(site.layer(), "reset_after") ? Cell::kGRU : Cell::kGRUResetBefore, stages);
}

template bool JoinSimpleRNN(const CallSite&, Stages<float>*);
template bool JoinSimpleRNN(const CallSite&, Stages<double>*);
template bool JoinLSTM(const CallSite&, Stages<float>*);
template bool JoinLSTM(const CallSite&, Stages<double>*);
template bool JoinGRU(const CallSite&, Stages<float>*);
template bool JoinGRU(const CallSite&, Stages<double>*);

}  // namespace engine::native
