#include "plan/memory.hpp"

#include <algorithm>

namespace plan {
namespace {

constexpr double kMegabyte = 1024 * 1024;
constexpr double kProcessBytes = 40 * kMegabyte;    // a process of the server, and of the BLAS what it uses
constexpr double kAutogradBytes = 160 * kMegabyte;  // LibTorch, as far as a process has it for itself
constexpr double kSessionBytes = 16 * kMegabyte;    // programs, plans, results
constexpr double kModelBytes = 16 * 1024;           // a model: its texts, its program's part, its position
constexpr double kRowOrderBytes = 8;                // a row of a buffer, a model that is trained
constexpr double kBufferCopies = 3;                 // as the server stores it, whole, and in this process's hands
constexpr double kValueCopies = 4;                  // a value on its way into a table: ours, the parameter, compressed, in parts

double Largest(const RunMemory& run, double ModelMemory::*bytes) {
  double largest = 0;
  for (const ModelMemory& model : run.models) largest = std::max(largest, model.*bytes);
  return largest;
}

double Sum(const RunMemory& run, double ModelMemory::*bytes) {
  double sum = 0;
  for (const ModelMemory& model : run.models) sum += model.*bytes;
  return sum;
}

// Models are trained one after the other; each of those that are lent for a visit has its order of rows.
ProcessMemory OfProcess(const RunMemory& run) {
  ProcessMemory process;
  const double autograd = Largest(run, &ModelMemory::autograd_bytes);
  process.libraries = kProcessBytes + (autograd > 0 ? kAutogradBytes : 0);
  process.data = std::min(run.table_bytes, run.cache_bytes) + kBufferCopies * run.buffer_bytes;
  size_t widest = 0;
  for (const std::vector<int>& bundle : run.bundles) widest = std::max(widest, bundle.size());
  process.work = std::max(Largest(run, &ModelMemory::workspace_bytes), autograd) + run.features_bytes;
  process.work += static_cast<double>(widest) * (run.buffer_rows * kRowOrderBytes + run.carried_bytes + kModelBytes);
  if (run.states_in_file) process.work += Largest(run, &ModelMemory::state_bytes);  // the one in training stays in memory
  return process;
}

}  // namespace

double MemoryNeed::Largest() const {
  const double mapped = states + in_file + shared;
  return mapped + (workers > 0 ? std::max(session, process.Sum()) : session + process.Sum());
}

MemoryNeed EstimateMemory(const RunMemory& run) {
  MemoryNeed need;
  need.workers = run.workers;
  (run.states_in_file ? need.in_file : need.states) = Sum(run, &ModelMemory::state_bytes);
  need.shared = run.sums_bytes;
  need.process = OfProcess(run);
  need.session = kSessionBytes + kModelBytes * static_cast<double>(run.models.size());
  const double piece = std::min(run.piece_bytes, Largest(run, &ModelMemory::state_bytes));
  const double column = std::min(run.column_bytes, Largest(run, &ModelMemory::weight_bytes));
  double passing = Largest(run, &ModelMemory::initial_bytes);
  if (run.stored || run.written) passing = std::max(passing, kValueCopies * std::max(piece, column));
  need.session += passing;
  if (run.keep_best) need.session += Sum(run, &ModelMemory::weight_bytes);
  return need;
}

}  // namespace plan
