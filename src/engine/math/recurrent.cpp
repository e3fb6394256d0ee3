#include "engine/math/recurrent.hpp"

#include <limits>

#include "engine/math/simd/clones.hpp"
#include "engine/math/simd/exp.hpp"

namespace engine::math {

namespace {

struct SigmoidFunction {
  template <typename T>
  CEREBRO_INLINE T operator()(T x) const {
    return Sigmoid(x);
  }
};

struct TanhFunction {
  template <typename T>
  CEREBRO_INLINE T operator()(T x) const {
    return Tanh(x);
  }
};

template <typename T>
CEREBRO_INLINE T HardSigmoid(T x) {
  const T v = x * T(0.2) + T(0.5);
  const T low = v < 0 ? T(0) : v;
  return low > 1 ? T(1) : low;
}

struct HardSigmoidFunction {
  template <typename T>
  CEREBRO_INLINE T operator()(T x) const {
    return HardSigmoid(x);
  }
};

struct AnyFunction {
  CellActivation kind;
  template <typename T>
  CEREBRO_INLINE T operator()(T x) const {
    switch (kind) {
      case CellActivation::kLinear: return x;
      case CellActivation::kReLU: return x < 0 ? T(0) : x;
      case CellActivation::kSigmoid: return Sigmoid(x);
      case CellActivation::kTanh: return Tanh(x);
      case CellActivation::kHardSigmoid: return HardSigmoid(x);
    }
    return x;
  }
};

// f'(x) from y = f(x): (a + b y) (c + d y) between `low` and `high`, and zero elsewhere. A product of two factors, of which one vanishes
// where f saturates, has no cancellation there.
template <typename T>
struct Derivative {
  T a = 1, b = 0, c = 1, d = 0;
  T low = -std::numeric_limits<T>::infinity(), high = std::numeric_limits<T>::infinity();

  explicit CEREBRO_INLINE Derivative(CellActivation f) {
    switch (f) {
      case CellActivation::kLinear:
        break;
      case CellActivation::kReLU:
        low = 0;
        break;
      case CellActivation::kSigmoid:
        a = 0;
        b = 1;
        d = -1;
        break;
      case CellActivation::kTanh:
        b = 1;
        d = -1;
        break;
      case CellActivation::kHardSigmoid:
        a = T(0.2);
        low = 0;
        high = 1;
        break;
    }
  }
  CEREBRO_INLINE T operator()(T y) const {
    const T inside = (a + b * y) * (c + d * y);
    return (y > low) & (y < high) ? inside : T(0);
  }
};

// The bodies below are compiled for the usual functions, whose loops become vector code without a branch, and for any others.
template <class Body>
CEREBRO_INLINE void WithFunctions(const CellFunctions& f, const Body& body) {
  if (f.state == CellActivation::kTanh && f.gate == CellActivation::kSigmoid) return body(SigmoidFunction(), TanhFunction());
  if (f.state == CellActivation::kTanh && f.gate == CellActivation::kHardSigmoid) return body(HardSigmoidFunction(), TanhFunction());
  body(AnyFunction{f.gate}, AnyFunction{f.state});
}

template <typename T, class Gate, class State>
CEREBRO_INLINE void LSTM(const Gate& gate, const State& state, int64_t rows, int64_t units, const T* __restrict inner,
                         const T* __restrict cell, T* __restrict gates, T* __restrict new_cell, T* __restrict active, T* __restrict h) {
  for (int64_t r = 0; r < rows; ++r) {
    const T* from = inner + r * 4 * units;
    T* row = gates + r * 4 * units;
    const int64_t at = r * units;
#pragma GCC ivdep
    for (int64_t j = 0; j < units; ++j) {
      const T input = gate(row[j] + from[j]), forget = gate(row[units + j] + from[units + j]);
      const T candidate = state(row[2 * units + j] + from[2 * units + j]), output = gate(row[3 * units + j] + from[3 * units + j]);
      const T c = forget * cell[at + j] + input * candidate, a = state(c);
      row[j] = input;
      row[units + j] = forget;
      row[2 * units + j] = candidate;
      row[3 * units + j] = output;
      new_cell[at + j] = c;
      active[at + j] = a;
      h[at + j] = output * a;
    }
  }
}

template <typename T>
CEREBRO_INLINE void OfLSTM(const CellFunctions& f, int64_t rows, int64_t units, const T* __restrict cell, const T* __restrict active,
                           const T* __restrict dh, T* __restrict dcell, T* __restrict gates) {
  const Derivative<T> gate(f.gate), state(f.state);
  for (int64_t r = 0; r < rows; ++r) {
    T* row = gates + r * 4 * units;
    const int64_t at = r * units;
#pragma GCC ivdep
    for (int64_t j = 0; j < units; ++j) {
      const T input = row[j], forget = row[units + j], candidate = row[2 * units + j], output = row[3 * units + j];
      const T g = dh[at + j], a = active[at + j];
      const T dc = dcell[at + j] + g * output * state(a);
      row[j] = dc * candidate * gate(input);
      row[units + j] = dc * cell[at + j] * gate(forget);
      row[2 * units + j] = dc * input * state(candidate);
      row[3 * units + j] = g * a * gate(output);
      dcell[at + j] = dc * forget;
    }
  }
}

template <typename T, class Gate, class State>
CEREBRO_INLINE void GRU(const Gate& gate, const State& state, int64_t rows, int64_t units, const T* __restrict inner,
                        const T* __restrict before, T* __restrict gates, T* __restrict h) {
  for (int64_t r = 0; r < rows; ++r) {
    const T* from = inner + r * 3 * units;
    T* row = gates + r * 3 * units;
    const int64_t at = r * units;
#pragma GCC ivdep
    for (int64_t j = 0; j < units; ++j) {
      const T update = gate(row[j] + from[j]), reset = gate(row[units + j] + from[units + j]);
      const T candidate = state(row[2 * units + j] + reset * from[2 * units + j]);
      row[j] = update;
      row[units + j] = reset;
      row[2 * units + j] = candidate;
      h[at + j] = update * before[at + j] + (T(1) - update) * candidate;
    }
  }
}

template <typename T>
CEREBRO_INLINE void OfGRU(const CellFunctions& f, int64_t rows, int64_t units, const T* __restrict before, const T* __restrict dh,
                          T* __restrict gates, T* __restrict inner, T* __restrict direct) {
  const Derivative<T> gate(f.gate), state(f.state);
  for (int64_t r = 0; r < rows; ++r) {
    T* row = gates + r * 3 * units;
    T* from = inner + r * 3 * units;
    const int64_t at = r * units;
#pragma GCC ivdep
    for (int64_t j = 0; j < units; ++j) {
      const T update = row[j], reset = row[units + j], candidate = row[2 * units + j], g = dh[at + j];
      const T dcandidate = g * (T(1) - update) * state(candidate);
      const T dupdate = g * (before[at + j] - candidate) * gate(update);
      const T dreset = dcandidate * from[2 * units + j] * gate(reset);
      row[j] = from[j] = dupdate;
      row[units + j] = from[units + j] = dreset;
      row[2 * units + j] = dcandidate;
      from[2 * units + j] = dcandidate * reset;
      direct[at + j] = g * update;
    }
  }
}

template <typename T, class Gate>
CEREBRO_INLINE void Gates(const Gate& gate, int64_t rows, int64_t units, const T* __restrict inner, const T* __restrict seen,
                          T* __restrict gates, T* __restrict reset_seen) {
  for (int64_t r = 0; r < rows; ++r) {
    const T* from = inner + r * 2 * units;
    T* row = gates + r * 3 * units;
    const int64_t at = r * units;
#pragma GCC ivdep
    for (int64_t j = 0; j < units; ++j) {
      const T update = gate(row[j] + from[j]), reset = gate(row[units + j] + from[units + j]);
      row[j] = update;
      row[units + j] = reset;
      reset_seen[at + j] = reset * seen[at + j];
    }
  }
}

template <typename T, class State>
CEREBRO_INLINE void Candidate(const State& state, int64_t rows, int64_t units, const T* __restrict inner, const T* __restrict before,
                              T* __restrict gates, T* __restrict h) {
  for (int64_t r = 0; r < rows; ++r) {
    T* row = gates + r * 3 * units;
    const int64_t at = r * units;
#pragma GCC ivdep
    for (int64_t j = 0; j < units; ++j) {
      const T update = row[j], candidate = state(row[2 * units + j] + inner[at + j]);
      row[2 * units + j] = candidate;
      h[at + j] = update * before[at + j] + (T(1) - update) * candidate;
    }
  }
}

template <typename T>
CEREBRO_INLINE void OfCandidate(const CellFunctions& f, int64_t rows, int64_t units, const T* __restrict before, const T* __restrict dh,
                                T* __restrict gates, T* __restrict direct) {
  const Derivative<T> gate(f.gate), state(f.state);
  for (int64_t r = 0; r < rows; ++r) {
    T* row = gates + r * 3 * units;
    const int64_t at = r * units;
#pragma GCC ivdep
    for (int64_t j = 0; j < units; ++j) {
      const T update = row[j], candidate = row[2 * units + j], g = dh[at + j];
      row[j] = g * (before[at + j] - candidate) * gate(update);
      row[2 * units + j] = g * (T(1) - update) * state(candidate);
      direct[at + j] = g * update;
    }
  }
}

template <typename T>
CEREBRO_INLINE void OfReset(const CellFunctions& f, int64_t rows, int64_t units, const T* __restrict seen, T* __restrict dseen,
                            T* __restrict gates) {
  const Derivative<T> gate(f.gate);
  for (int64_t r = 0; r < rows; ++r) {
    T* resets = gates + r * 3 * units + units;
    const int64_t at = r * units;
#pragma GCC ivdep
    for (int64_t j = 0; j < units; ++j) {
      const T reset = resets[j], g = dseen[at + j];
      resets[j] = g * seen[at + j] * gate(reset);
      dseen[at + j] = g * reset;
    }
  }
}

template <typename T, class Function>
CEREBRO_INLINE void Plain(const Function& function, int64_t n, const T* __restrict inner, const T* __restrict x, T* __restrict h) {
  for (int64_t i = 0; i < n; ++i) h[i] = function(x[i] + inner[i]);
}

}  // namespace

#define CEREBRO_INLINE_LAMBDA [&](const auto& gate, const auto& state) __attribute__((always_inline))

// One function a kernel and type: clones are made of plain functions, not of templates.
#define CEREBRO_DEFINE_ALL(T)                                                                                                             \
  CEREBRO_CLONES void SimpleRNNStep(CellActivation f, int64_t rows, int64_t units, const T* inner, const T* x, T* h) {                    \
    if (f == CellActivation::kTanh) return Plain(TanhFunction(), rows * units, inner, x, h);                                              \
    Plain(AnyFunction{f}, rows * units, inner, x, h);                                                                                     \
  }                                                                                                                                       \
  CEREBRO_CLONES void SimpleRNNGradient(CellActivation f, int64_t rows, int64_t units, const T* h, const T* dh, T* dx) {                  \
    const Derivative<T> derivative(f);                                                                                                    \
    for (int64_t i = 0; i < rows * units; ++i) dx[i] = dh[i] * derivative(h[i]);                                                          \
  }                                                                                                                                       \
  CEREBRO_CLONES void LSTMStep(const CellFunctions& f, int64_t rows, int64_t units, const T* inner, const T* cell, T* gates, T* new_cell, \
                               T* active, T* h) {                                                                                         \
    WithFunctions(f, CEREBRO_INLINE_LAMBDA { LSTM(gate, state, rows, units, inner, cell, gates, new_cell, active, h); });              \
  }                                                                                                                                       \
  CEREBRO_CLONES void LSTMGradient(const CellFunctions& f, int64_t rows, int64_t units, const T* cell, const T* active, const T* dh,      \
                                   T* dcell, T* gates) {                                                                                  \
    OfLSTM(f, rows, units, cell, active, dh, dcell, gates);                                                                               \
  }                                                                                                                                       \
  CEREBRO_CLONES void GRUStep(const CellFunctions& f, int64_t rows, int64_t units, const T* inner, const T* h_before, T* gates, T* h) {   \
    WithFunctions(f, CEREBRO_INLINE_LAMBDA { GRU(gate, state, rows, units, inner, h_before, gates, h); });                             \
  }                                                                                                                                       \
  CEREBRO_CLONES void GRUGradient(const CellFunctions& f, int64_t rows, int64_t units, const T* h_before, const T* dh, T* gates,          \
                                  T* inner, T* direct) {                                                                                  \
    OfGRU(f, rows, units, h_before, dh, gates, inner, direct);                                                                            \
  }                                                                                                                                       \
  CEREBRO_CLONES void GRUGates(const CellFunctions& f, int64_t rows, int64_t units, const T* inner, const T* seen, T* gates,              \
                               T* reset_seen) {                                                                                           \
    WithFunctions(f, [&](const auto& gate, const auto&) __attribute__((always_inline)) {                                                  \
      Gates(gate, rows, units, inner, seen, gates, reset_seen);                                                                           \
    });                                                                                                                                   \
  }                                                                                                                                       \
  CEREBRO_CLONES void GRUCandidate(const CellFunctions& f, int64_t rows, int64_t units, const T* inner, const T* h_before, T* gates,      \
                                   T* h) {                                                                                                \
    WithFunctions(f, [&](const auto&, const auto& state) __attribute__((always_inline)) {                                                 \
      Candidate(state, rows, units, inner, h_before, gates, h);                                                                           \
    });                                                                                                                                   \
  }                                                                                                                                       \
  CEREBRO_CLONES void GRUCandidateGradient(const CellFunctions& f, int64_t rows, int64_t units, const T* h_before, const T* dh, T* gates, \
                                           T* direct) {                                                                                   \
    OfCandidate(f, rows, units, h_before, dh, gates, direct);                                                                             \
  }                                                                                                                                       \
  CEREBRO_CLONES void GRUResetGradient(const CellFunctions& f, int64_t rows, int64_t units, const T* seen, T* dseen, T* gates) {          \
    OfReset(f, rows, units, seen, dseen, gates);                                                                                          \
  }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

}  // namespace engine::math
