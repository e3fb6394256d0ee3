// What a recurrent layer is made of, and where its values lie in the scratch. In layers/recurrent.cpp only.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/math/recurrent.hpp"

namespace engine::native {

enum class Cell { kSimpleRNN, kLSTM, kGRU, kGRUResetBefore };

/// Columns of both kernels, in units.
inline int64_t Gates(Cell cell) { return cell == Cell::kSimpleRNN ? 1 : cell == Cell::kLSTM ? 4 : 3; }

struct RecurrentOptions {
  Cell cell = Cell::kSimpleRNN;
  int64_t steps = 0, features = 0, units = 0;
  bool use_bias = true, sequences = false, states = false, backwards = false;
  bool begins = false;                 // with states that are given
  bool masked = false, zeros = false;  // zeros: the output of a step that does not count
  double dropout = 0, recurrent_dropout = 0;
  math::CellFunctions functions;
  uint64_t site = 0;
  int graph_layer = -1;

  /// Whether outputs are not the states.
  bool apart() const { return masked && (begins || zeros); }
};

/// Of an output: those of the sequence, and of the states behind it.
int64_t OutputRows(const RecurrentOptions& o);

/// Elements of a row of each input.
std::vector<int64_t> InputElements(const RecurrentOptions& o);

/// Offsets in the scratch. One with a comment is there for some layers only. n: columns of both kernels.
struct RecurrentAreas {
  RecurrentAreas(const RecurrentOptions& o, int64_t rows);

  int64_t gates = 0;       // (steps, rows, n): pre-activations, values, and in Backward the pre-activations' gradients
  int64_t inner = 0;       // (rows, n): products of the state; GRU: of every step, and in Backward their gradients
  int64_t states = 0;      // (1 + steps, rows, units)
  int64_t seen = 0;        // likewise, with recurrent dropout; else the states themselves
  int64_t cells = 0;       // LSTM: (1 + steps, rows, units)
  int64_t active = 0;      // LSTM: (steps, rows, units): f(cell). GRUResetBefore: reset seen
  int64_t panels = 0;      // of the kernel, and in Backward of its transpose
  int64_t recurrent = 0;   // panels of the recurrent kernel
  int64_t candidate = 0;   // GRUResetBefore: those of its last third; `recurrent` has the others
  int64_t split = 0;       // GRUResetBefore: the recurrent kernel in these two parts
  int64_t transposed = 0;  // panels of the recurrent kernel's transpose
  int64_t transposed_candidate = 0;  // GRUResetBefore
  int64_t inputs = 0;      // dropout: (rows, steps, features)
  int64_t input_mask = 0;  // dropout: (rows, features)
  int64_t state_mask = 0;  // recurrent dropout: (rows, units)
  int64_t dstate = 0;      // (rows, units)
  int64_t dcell = 0;       // LSTM: (rows, units)
  int64_t direct = 0;      // GRUs: (rows, units)
  int64_t dcandidate = 0;  // GRUResetBefore: (steps, rows, units)
  int64_t square = 0;      // GRUResetBefore: (units, units)
  int64_t output = 0;      // outputs apart: (rows, units), the last one; in Backward the gradient of the one before
  int64_t held = 0;        // masked: (rows, units), twice
  int64_t elements = 0;    // of all
};

}  // namespace engine::native
