// Keras's OrthogonalRegularizer: how far from orthogonal the rows, or the columns, of a matrix are. With u_i the vectors
// divided by their lengths (by 10^-6 at least), and P pairs of different ones,
//   penalty = factor / P * sum over pairs of |u_i . u_j|
// A single vector has no penalty; Keras divides 0 by 0 there. Overloads for float and double; computed in double, in
// scalar code and one order. Polls for interrupts.
#pragma once

#include <cstdint>

namespace engine::math {

/// Of a row-major matrix: its rows, or its columns.
struct Vectors {
  int64_t rows = 0;
  int64_t columns = 0;
  bool are_columns = false;
};

double OrthogonalPenalty(const float* w, const Vectors& vectors, double factor);
double OrthogonalPenalty(const double* w, const Vectors& vectors, double factor);

/// gradient += that of the penalty, 0 where two vectors are orthogonal.
void AddOrthogonalGradient(const float* w, const Vectors& vectors, double factor, float* gradient);
void AddOrthogonalGradient(const double* w, const Vectors& vectors, double factor, double* gradient);

}  // namespace engine::math
