#include "engine/math/gemm_blas.hpp"

#include <algorithm>

#include "engine/math/blas_library.hpp"
#include "engine/math/poll.hpp"

namespace engine::math {

namespace {

// The reference BLAS's interface: Fortran, everything by reference, column-major.
template <typename T>
using Gemm = void (*)(const char* trans_a, const char* trans_b, const int* m, const int* n, const int* k, const T* alpha, const T* a,
                      const int* lda, const T* b, const int* ldb, const T* beta, T* c, const int* ldc);

struct Blas {
  Gemm<float> sgemm = reinterpret_cast<Gemm<float>>(FindBlasFunction("sgemm_"));
  Gemm<double> dgemm = reinterpret_cast<Gemm<double>>(FindBlasFunction("dgemm_"));
};

const Blas& TheBlas() {
  static const Blas blas;
  return blas;
}

inline Gemm<float> Find(const float*) { return TheBlas().sgemm; }
inline Gemm<double> Find(const double*) { return TheBlas().dgemm; }

template <typename T>
void Call(char trans_a, char trans_b, int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* b, int64_t ldb, T beta, T* c,
          int64_t ldc) {
  const int mi = static_cast<int>(m), ni = static_cast<int>(n), ki = static_cast<int>(k);
  const int ldai = static_cast<int>(lda), ldbi = static_cast<int>(ldb), ldci = static_cast<int>(ldc);
  const T alpha = 1;
  Find(a)(&trans_a, &trans_b, &mi, &ni, &ki, &alpha, a, &ldai, b, &ldbi, &beta, c, &ldci);
}

// A product that takes about a second or more is made in parts of c's rows (in the BLAS's view), so that interrupts are
// served in between. Whether and where it is cut depends on its sizes alone; the last bits of some elements may.
constexpr double kUncutOperations = 3.2e10, kPartOperations = 8e9;
constexpr int64_t kRowsUnit = 192;  // a multiple of what the BLAS's kernels take at once

template <typename T>
void CallInParts(char trans_a, char trans_b, int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* b, int64_t ldb, T beta, T* c,
                 int64_t ldc) {
  const double row = 2.0 * static_cast<double>(n) * static_cast<double>(k);
  const int64_t fitting = std::max<int64_t>(1, static_cast<int64_t>(kPartOperations / row) / kRowsUnit) * kRowsUnit;
  const int64_t rows = row * static_cast<double>(m) <= kUncutOperations ? m : fitting;
  for (int64_t first = 0; first < m; first += rows) {
    if (first > 0) PollInterrupts();
    Call<T>(trans_a, trans_b, std::min(rows, m - first), n, k, trans_a == 'N' ? a + first : a + first * lda, lda, b, ldb, beta, c + first, ldc);
  }
}

}  // namespace

bool HasProducts() { return TheBlas().sgemm != nullptr && TheBlas().dgemm != nullptr; }

// A row-major matrix is its transpose in columns: y^T = w^T x^T, dx^T = w g^T, dw^T = g^T x.

template <typename T>
void Product(const T* x, const T* w, int64_t m, int64_t k, int64_t n, T* y) {
  CallInParts<T>('N', 'N', n, m, k, w, n, x, k, T(0), y, n);
}

template <typename T>
void ProductInputGradient(const T* g, const T* w, int64_t m, int64_t k, int64_t n, T* dx) {
  CallInParts<T>('T', 'N', k, m, n, w, n, g, n, T(0), dx, k);
}

template <typename T>
void ProductWeightGradient(const T* x, const T* g, int64_t m, int64_t k, int64_t n, bool accumulate, T* dw) {
  CallInParts<T>('N', 'T', n, k, m, g, n, x, k, accumulate ? T(1) : T(0), dw, n);
}

template <typename T>
void ProductWeightGradientRows(const T* x, const T* g, int64_t m, int64_t k, int64_t n, int64_t first, int64_t rows, T* dw) {
  CallInParts<T>('N', 'T', n, rows, m, g, n, x + first, k, T(0), dw, n);
}

template void Product(const float*, const float*, int64_t, int64_t, int64_t, float*);
template void Product(const double*, const double*, int64_t, int64_t, int64_t, double*);
template void ProductInputGradient(const float*, const float*, int64_t, int64_t, int64_t, float*);
template void ProductInputGradient(const double*, const double*, int64_t, int64_t, int64_t, double*);
template void ProductWeightGradient(const float*, const float*, int64_t, int64_t, int64_t, bool, float*);
template void ProductWeightGradient(const double*, const double*, int64_t, int64_t, int64_t, bool, double*);
template void ProductWeightGradientRows(const float*, const float*, int64_t, int64_t, int64_t, int64_t, int64_t, float*);
template void ProductWeightGradientRows(const double*, const double*, int64_t, int64_t, int64_t, int64_t, int64_t, double*);

}  // namespace engine::math
