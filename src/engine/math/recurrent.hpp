// One time step of the cells of recurrent layers, and its gradient, for all rows of a mini-batch. Matrices are row-major without gaps; the
// products with the kernels are made before (inner) and after (of the gradients) by whoever calls.
//
// Every element is made by the same operations in the same order wherever it lies and however wide the vectors are
// (engine/math/simd/clones.hpp). Overloads for float and double.
#pragma once

#include <cstdint>

namespace engine::math {

/// The functions of a cell whose derivatives are made from their results.
enum class CellActivation { kLinear, kReLU, kSigmoid, kTanh, kHardSigmoid };

struct CellFunctions {
  CellActivation gate = CellActivation::kSigmoid;
  CellActivation state = CellActivation::kTanh;
};

#define CEREBRO_KERNELS_OF(T)                                                                                                             \
  /** h = f(x + inner); x, inner, h: (rows, units). */                                                                                    \
  void SimpleRNNStep(CellActivation f, int64_t rows, int64_t units, const T* inner, const T* x, T* h);                                    \
  /** dx = dh f'(h). */                                                                                                                   \
  void SimpleRNNGradient(CellActivation f, int64_t rows, int64_t units, const T* h, const T* dh, T* dx);                                  \
  /** gates (rows, 4 units: input, forget, candidate, output): pre-activations of x, which become the gates' values with inner's added;   \
      new_cell = forget cell + input candidate, active = f(new_cell), h = output active. */                                               \
  void LSTMStep(const CellFunctions& f, int64_t rows, int64_t units, const T* inner, const T* cell, T* gates, T* new_cell, T* active,     \
                T* h);                                                                                                                    \
  /** gates become the gradients of their pre-activations; dcell: of new_cell from the step behind, becomes that of cell. */              \
  void LSTMGradient(const CellFunctions& f, int64_t rows, int64_t units, const T* cell, const T* active, const T* dh, T* dcell, T* gates);\
  /** reset_after. gates (rows, 3 units: update, reset, candidate): as LSTMStep's; h = update h_before + (1 - update) candidate, where    \
      the candidate is f(x + reset inner). */                                                                                             \
  void GRUStep(const CellFunctions& f, int64_t rows, int64_t units, const T* inner, const T* h_before, T* gates, T* h);                   \
  /** gates and inner become the gradients of x's and of the recurrent products; direct = dh update, the part of h_before's gradient that \
      takes no product. */                                                                                                                \
  void GRUGradient(const CellFunctions& f, int64_t rows, int64_t units, const T* h_before, const T* dh, T* gates, T* inner, T* direct);   \
  /** Reset before the product, first half. inner: (rows, 2 units); update and reset get their values; reset_seen = reset seen. */        \
  void GRUGates(const CellFunctions& f, int64_t rows, int64_t units, const T* inner, const T* seen, T* gates, T* reset_seen);             \
  /** Second half. inner: (rows, units), of reset_seen. */                                                                                \
  void GRUCandidate(const CellFunctions& f, int64_t rows, int64_t units, const T* inner, const T* h_before, T* gates, T* h);              \
  /** The gradients of update's and the candidate's pre-activations, in gates; direct as GRUGradient's; reset keeps its value. */         \
  void GRUCandidateGradient(const CellFunctions& f, int64_t rows, int64_t units, const T* h_before, const T* dh, T* gates, T* direct);    \
  /** dseen: of reset_seen, becomes that of seen by this way; gates' reset becomes the gradient of its pre-activation. */                 \
  void GRUResetGradient(const CellFunctions& f, int64_t rows, int64_t units, const T* seen, T* dseen, T* gates)

CEREBRO_KERNELS_OF(float);
CEREBRO_KERNELS_OF(double);

#undef CEREBRO_KERNELS_OF

}  // namespace engine::math
