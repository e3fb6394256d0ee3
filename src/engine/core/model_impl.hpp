// What stands behind engine::Model.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/api/autograd.hpp"
#include "engine/core/model.hpp"
#include "engine/core/program_impl.hpp"
#include "engine/native/trainer.hpp"

namespace engine {

/// Rows of the buffer in training that lie decoded in a workspace, for whoever needs the same ones.
struct LoadedRows {
  const native::Trainer* by = nullptr;  // nullptr: none
  int64_t first = 0;
  int64_t rows = 0;
  double seconds = 0;  // that loading took
};

/// How far a model has come in the buffer in training.
struct BufferPosition {
  int epoch = 0;
  int64_t first = 0;    // row of the next mini-batch
  uint64_t number = 0;  // of the next mini-batch in this epoch of the visit
  bool ended = false;   // nothing is left to do, or the model has diverged
};

/// Rows of a visit that wait for others, packed as in their buffers, in the order of training. Less than a mini-batch
/// between two calls of Train.
struct CarriedRows {
  int64_t rows = 0;
  int64_t first = 0;     // on a device: where they begin in the memory for them, around
  uint64_t batches = 0;  // trained of such rows in this visit
  int partition_id = 0;
  std::vector<std::vector<uint8_t>> inputs, targets;  // as base::Buffer's; empty: an input that the model does not read
  std::vector<uint8_t> weights;
};

constexpr uint64_t kFirstCarriedBatch = uint64_t{1} << 31;  // its number: no buffer has so many mini-batches

class DeviceVisit;

/// Model::Impl, for all of this room.
struct ModelInstance {
  ModelInstance(std::shared_ptr<const Program> program, const CompiledProgram& compiled, const base::TrainConfig& config);
  ~ModelInstance();

  std::shared_ptr<const Program> shared_program;
  const CompiledProgram& program;
  base::TrainConfig config;  // what it says of the program is the program's

  std::optional<std::map<int, double>> class_weight;  // in the place of the program's

  // Who computes.
  std::unique_ptr<AutogradTrainer> autograd_trainer;  // nullptr: nothing has needed it yet
  std::unique_ptr<native::Trainer> native_trainer;  // nullptr: training and scoring are by autograd

  std::unique_ptr<DeviceVisit> device_visit;        // of this model alone; models of a group have a common one
  bool on_processor = false;                        // a device's memory was short in this visit

  // The block, and the position in a visit.
  StateCounters* counters = nullptr;  // at the block's start; nullptr: not attached
  uint64_t visits = 0;                // that began
  uint64_t visit_buffers = 0;         // buffers trained in this visit
  uint64_t visit_batches = 0;         // mini-batches of one epoch over those buffers, without carried rows
  BufferEnd buffer_end = BufferEnd::kEndsBatch;
  CarriedRows carried;
  std::vector<int64_t> order;         // of the buffer's rows in this epoch; unused without shuffling
  BufferPosition position;

  StateCounters& attached() const;
  void Attach(void* block);
  void Detach();
  /// Opens the library at the first call in a process. Errors: as AutogradLibrary::MakeTrainer.
  AutogradTrainer& Autograd();
  void CheckBuffer(const base::Buffer& buffer, bool with_targets) const;

  /// Adds the sums of the rows first .. first + n - 1. loaded: rows decoded for scoring by the models that share this
  /// one's workspace. To be called under FtzGuard.
  void EvaluateBatch(const base::Buffer& buffer, int64_t first, int64_t n, LoadedRows* loaded, double* sums,
                     const void* products = nullptr);

  /// BeginBuffer begins a buffer. TrainUntilSwitch then trains at most `batches` mini-batches a call, 0 = all, and is
  /// called until position.ended. loaded: rows decoded for the models that share this one's workspace, those of a call
  /// at once, or nullptr: every mini-batch is decoded for itself. Both are to be called under FtzGuard.
  void BeginBuffer(const base::Buffer& buffer);
  void TrainUntilSwitch(const base::Buffer& buffer, int64_t batches, LoadedRows* loaded, const Poll& poll, TrainResult* result);
  void TrainBatches(const base::Buffer& buffer, int64_t batches, LoadedRows* loaded, const Poll& poll, TrainResult* result);
  /// The most rows of a mini-batch that can come of a buffer of so many rows and the carried ones.
  int64_t RowsAtOnce(int64_t buffer_rows) const;
  /// Trains n rows of a buffer: those of `order` from `first` on, or the rows themselves. False when the model has
  /// diverged.
  bool TrainBatch(const base::Buffer& buffer, bool ordered, int64_t first, int64_t n, const math::DrawKeys& keys, int64_t switch_rows,
                  LoadedRows* loaded, TrainResult* result);
  /// Keeps the rows of this epoch's order from `first` on, and trains the mini-batches that they fill.
  void Carry(const base::Buffer& buffer, int64_t first, LoadedRows* loaded, TrainResult* result);
  /// Trains the first n carried rows.
  void TrainCarried(int64_t n, LoadedRows* loaded, TrainResult* result);
  /// Lets the device train a buffer; false: the processor has to.
  bool TrainOnDevice(const base::Buffer& buffer, const Poll& poll);
  /// Counts a visit that has ended.
  void CountVisit();
  /// Model::EndVisit.
  TrainResult EndVisit(const Poll& poll);
  /// Keys of the random streams of this epoch, without a location.
  math::DrawKeys EpochKeys() const;
  void BeginEpoch(const base::Buffer& buffer);
  /// Returns where the rows first .. first + n - 1 of this epoch's order, or of the buffer, lie among those that the native trainer has
  /// loaded, after loading them if need be. switch_rows: of the mini-batches until the next model's are trained.
  int64_t LoadRows(const base::Buffer& buffer, bool ordered, int64_t first, int64_t n, int64_t switch_rows, LoadedRows* loaded);
};

struct Model::Impl : ModelInstance {
  Impl(std::shared_ptr<const Program> program, const base::TrainConfig& config);
};

/// Rows of a batch in scoring and prediction. It decides bits, so it depends on the configuration only.
int64_t InferenceRows(int batch_size);

}  // namespace engine
