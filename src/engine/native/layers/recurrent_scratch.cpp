#include "engine/native/layers/recurrent_scratch.hpp"

#include <algorithm>

#include "engine/math/gemm_pack.hpp"

namespace engine::native {

int64_t OutputRows(const RecurrentOptions& o) {
  return (o.sequences ? o.steps : 1) + (!o.states ? 0 : o.cell == Cell::kLSTM ? 2 : 1);
}

std::vector<int64_t> InputElements(const RecurrentOptions& o) {
  std::vector<int64_t> elements{o.steps * o.features};
  if (o.begins) elements.insert(elements.end(), o.cell == Cell::kLSTM ? 2 : 1, o.units);
  if (o.masked) elements.push_back(o.steps);
  return elements;
}

RecurrentAreas::RecurrentAreas(const RecurrentOptions& o, int64_t rows) {
  constexpr int64_t kUnit = 16;
  const auto take = [this](int64_t* at, bool wanted, int64_t size) {
    *at = elements;
    if (wanted) elements += (size + kUnit - 1) / kUnit * kUnit;
  };
  const bool lstm = o.cell == Cell::kLSTM, gru = o.cell == Cell::kGRU, before = o.cell == Cell::kGRUResetBefore;
  const int64_t u = o.units, n = u * Gates(o.cell), f = o.features, state = rows * u;
  take(&gates, true, o.steps * rows * n);
  take(&inner, true, (gru ? o.steps : 1) * rows * n);
  take(&states, true, (1 + o.steps) * state);
  seen = states;
  if (o.recurrent_dropout > 0) take(&seen, true, (1 + o.steps) * state);
  take(&cells, lstm, (1 + o.steps) * state);
  take(&active, lstm || before, o.steps * state);
  take(&panels, true, std::max(math::PackedElements(f, n), math::PackedElements(n, f)));
  take(&recurrent, true, math::PackedElements(u, n));
  take(&candidate, before, math::PackedElements(u, u));
  take(&split, before, u * n);
  take(&transposed, true, math::PackedElements(n, u));
  take(&transposed_candidate, before, math::PackedElements(u, u));
  take(&inputs, o.dropout > 0, rows * o.steps * f);
  take(&input_mask, o.dropout > 0, rows * f);
  take(&state_mask, o.recurrent_dropout > 0, state);
  take(&dstate, true, state);
  take(&dcell, lstm, state);
  take(&direct, gru || before, state);
  take(&dcandidate, before, o.steps * state);
  take(&square, before, u * u);
  take(&output, o.apart(), state);
  take(&held, o.masked, (lstm ? 2 : 1) * state);
}

}  // namespace engine::native
