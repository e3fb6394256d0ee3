#include "engine/math/gemm_blas.hpp"

#include "engine/math/blas_library.hpp"

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
void Call(char trans_a, char trans_b, int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* b, int64_t ldb, T beta, T* c) {
  const int mi = static_cast<int>(m), ni = static_cast<int>(n), ki = static_cast<int>(k);
  const int ldai = static_cast<int>(lda), ldbi = static_cast<int>(ldb);
  const T alpha = 1;
  Find(a)(&trans_a, &trans_b, &mi, &ni, &ki, &alpha, a, &ldai, b, &ldbi, &beta, c, &mi);
}

}  // namespace

bool HasProducts() { return TheBlas().sgemm != nullptr && TheBlas().dgemm != nullptr; }

// A row-major matrix is its transpose in columns: y^T = w^T x^T, dx^T = w g^T, dw^T = g^T x.

template <typename T>
void Product(const T* x, const T* w, int64_t m, int64_t k, int64_t n, T* y) {
  Call<T>('N', 'N', n, m, k, w, n, x, k, T(0), y);
}

template <typename T>
void ProductInputGradient(const T* g, const T* w, int64_t m, int64_t k, int64_t n, T* dx) {
  Call<T>('T', 'N', k, m, n, w, n, g, n, T(0), dx);
}

template <typename T>
void ProductWeightGradient(const T* x, const T* g, int64_t m, int64_t k, int64_t n, bool accumulate, T* dw) {
  Call<T>('N', 'T', n, k, m, g, n, x, k, accumulate ? T(1) : T(0), dw);
}

template <typename T>
void ProductWeightGradientRows(const T* x, const T* g, int64_t m, int64_t k, int64_t n, int64_t first, int64_t rows, T* dw) {
  Call<T>('N', 'T', n, rows, m, g, n, x + first, k, T(0), dw);
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
