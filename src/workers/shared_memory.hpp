// The memory of a run that all its processes see: one block, laid out once by the caller, read and written by the
// workers.
//
//   block = SharedRun (head) | specification | bundle states of the scheduler | visit ring |
//           state offsets | sizes of sums | stopped models | metric sums | added models | round | failures |
//           training states (or none: then they lie in a mapped file with the same layout and the same bits)
//
// A living run has room for more models than it begins with. Their specifications are appended, one after the other, and
// never change; the bundles of a round are written anew before it, with a greater number. A process copies them under
// `sync` when it sees that there are others. Whoever meets an error of a model's own writes its text, once, under `sync`;
// from then on nobody trains or scores the model.
//
// Immutable part: written by the caller before any worker starts. Mutable part: under `sync`, but for two things that
// have one owner at a time: a model's training state belongs to the process that holds the task of its bundle
// (Scheduler hands a task to one taker), and the metric sums of (table, model, partition) to the process that took that
// partition's evaluation. The hand-over goes through `sync`, which is a memory barrier. Offsets, not pointers: every
// process maps the block where it likes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.hpp"
#include "engine/core/model.hpp"
#include "pg/parallel.hpp"
#include "plan/fusion.hpp"
#include "plan/schedule.hpp"
#include "train/run.hpp"

namespace workers {

/// What the processes do now.
enum class WorkerPhase : int { kIdle = 0, kTrain = 1, kScore = 2, kStop = 3 };

constexpr int kTrainingTable = 0, kValidationTable = 1;

struct SharedRun {
  // immutable
  uint64_t bytes;
  int32_t models, bundles, partitions, validation_partitions;
  uint64_t ring_size;  // records
  uint64_t spec_offset, spec_bytes, scheduler_offset, ring_offset, state_offsets_offset;
  uint64_t stopped_offset;  // a byte a model, not 0: it does not train any more. Written by the caller while nobody holds a task
  uint64_t sums_offset[2];  // doubles, [partition][sum of all models' sums]
  uint64_t states_offset;   // in this block; unused when states_path is set
  uint64_t states_bytes;
  uint64_t sums_stride;  // doubles of a partition, in sums_offset
  uint64_t sums_sizes_offset;  // uint64_t a model: its doubles among them
  uint64_t added_offset, added_room, round_offset, round_room;  // rooms are 0 unless the run is a living one
  uint64_t failures_offset;  // kFailureBytes a model: a text that ends with 0, empty where it has not failed. 0 unless living
  char states_path[1024];  // of the mapped file, or empty

  // lock for mutable state
  pg::SharedSync sync;

  // mutable state
  uint64_t events;  // counts changes that may give a waiting process something to do
  WorkerPhase phase;
  int32_t score_table;
  int32_t score_next, score_done;  // partitions handed out and finished
  uint64_t ring_head, ring_tail;   // records written and taken, counted from the start
  int64_t rows_trained;
  uint64_t added_bytes;   // that are written
  uint64_t round_bytes;   // likewise
  uint64_t round_number;  // from 1; 0: none yet
  uint64_t failures;      // texts that are written
};

constexpr size_t kFailureBytes = 512;

/// Of a living run: writes down why a model has failed, unless that is done already, and wakes the others.
void WriteFailure(SharedRun* shared, int model, const std::string& text);
/// Whether there is such a text.
bool HasFailed(SharedRun* shared, int model);

std::string WriteRunSpec(const train::RunSpec& spec);
train::RunSpec ReadRunSpec(const char* data, size_t bytes);
/// The last model of the specification, for processes that know those before it.
std::string WriteAddedModel(const train::RunSpec& spec, size_t model);
void ReadAddedModel(std::string_view text, train::RunSpec* spec);
/// Bundles and fusion of a round: what replaces those of the specification.
std::string WriteRound(const train::RoundPlan& round);
void ReadRound(std::string_view text, train::RunSpec* spec);

/// Sizes known before the memory is taken.
struct SharedSizes {
  std::vector<size_t> state_bytes;  // a model
  std::vector<size_t> sums;         // doubles, a model
  // of a living run: room for more
  size_t more_models = 0, more_state_bytes = 0, more_sums = 0;
  size_t added_bytes = 0;  // of specifications of models that are added
  size_t round_bytes = 0;  // of a round's bundles
  size_t SumsStride() const;   // doubles of all models together
  size_t StatesBytes() const;  // every state at a multiple of train::kStateAlignment
  size_t RingSize() const;     // records: more than gather between two looks of the caller
};

/// Bytes of the block without the training states, and with them.
size_t SharedRunBytes(const SharedSizes& sizes, const train::RunSpec& spec, const std::string& spec_text, bool states_inside);

/// Writes head, specification, scheduler and offsets into a block that starts at a multiple of 64, and zeroes the rest
/// of it but for the states, whose contents stay undefined. states_path: empty when the states lie inside.
SharedRun* LayOutSharedRun(void* block, size_t bytes, const SharedSizes& sizes, const train::RunSpec& spec, const std::string& spec_text,
                     const std::string& states_path);

/// Accessors into a laid-out block.
template <typename T>
T* At(SharedRun* shared, uint64_t offset) {
  return reinterpret_cast<T*>(reinterpret_cast<char*>(shared) + offset);
}

}  // namespace workers
