// A run as both drivers see it: what is asked (RunRequest), and what came of it (RunResult). Plain values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/tensor.hpp"
#include "engine/core/model_pool.hpp"
#include "plan/due_iterations.hpp"
#include "plan/evaluation.hpp"
#include "plan/fusion.hpp"
#include "plan/schedule.hpp"
#include "plan/stopping.hpp"
#include "data/packed_table.hpp"
#include "store/model_spec.hpp"
#include "train/feature_computer.hpp"
#include "train/trials.hpp"
#include "train/visit_log.hpp"

namespace train {

/// One visit as logged: a model, one pass over one partition.
struct VisitRecord {
  int32_t model = 0;
  int32_t visit = 0;      // within the iteration
  int64_t iteration = 0;  // of this run, from 0
  int32_t partition = 0;
  int32_t worker = -1;            // -1: the session itself; a segment's content id on Greenplum
  int32_t device = -1;            // of CUDA; -1: the CPU
  // Seconds since the epoch. The models of a bundle train interleaved; in the log they follow each other, each in an
  // interval as long as its own work and its share of what all of them need (train/bundle_visit.hpp), so that intervals
  // add up to the visit.
  double started = 0, ended = 0;
  double seconds = 0;             // of the interval the model's own work
  double loss = 0;                // mean training loss over the visit's rows
  int64_t rows = 0;
  uint64_t diverged_step = 0;
};

/// What a process needs to know to work: workers read it from the shared block.
struct RunSpec {
  data::PackedTable training;    // with the feature columns of the run
  data::PackedTable validation;  // likewise; partitions = 0: none
  std::vector<std::shared_ptr<const store::ModelSpec>> models;
  std::vector<double> costs;  // seconds of a visit, a model
  plan::Plan plan;
  plan::Fusion fusion;  // of the plan's bundles; empty when nothing is trained
  base::DType precision = base::DType::kFloat32;
  bool use_gpus = false;
  std::vector<SharedFeature> shared_features;  // columns of both tables that are computed while a buffer is visited
  size_t feature_cache = 0;                    // bytes of features that a process may keep from visit to visit
  std::vector<bool> model_reads;               // by input column: whether a model reads it; empty: there are no features
};

/// What a model brings along from earlier runs.
struct ModelPast {
  int64_t iterations = 0;                     // done
  std::vector<plan::Evaluation> evaluations;  // ascending
  double training_seconds = 0;
  bool diverged = false;
  int parent = -1;  // of a model that a living run adds: the model with whose state it begins; -1: none
};

/// One model's record of the run.
struct ModelResult {
  // Those of earlier runs, then one for each due iteration until the model stopped. A model that diverged before this
  // run gets no more.
  std::vector<plan::Evaluation> evaluations;
  double training_seconds = 0;    // of this run: sum of the visits' intervals
  int64_t iterations_done = 0;    // over all runs; set when the states are collected
  uint64_t diverged_step = 0;     // 0 = never
  int64_t stopped_iteration = 0;  // of this run, from 1; 0 = never
  std::string stopped_by;         // plan::Stop::by
  int64_t best = -1;              // index into evaluations, of this run: whose weights are kept; -1 = the last ones
  bool rests = false;             // of a living run: its trial does not train in the next round
  bool failed = false;            // of a living run: by an error of its own; nothing is kept of it
  bool trains() const { return diverged_step == 0 && stopped_iteration == 0 && !rests && !failed; }
};

/// What a durable run has behind it: it goes on as if it had never been interrupted. Models are where their states are.
struct RunProgress {
  int64_t iteration = 0;            // of this run: over for all models, and said so
  double seconds = 0;               // that the run has taken, without the time between its parts
  int64_t visits = 0;
  std::vector<int64_t> due;         // evaluated
  std::vector<ModelResult> models;
  // of a living run
  std::vector<LivingTrial> trials;
  int64_t decided = 0;  // rounds before which it was decided who trains: one more than `iteration` within a round
};

/// Where the training states of a run lie.
enum class StatesLocation : int { kSession = 0, kSharedMemory = 1, kMappedFile = 2, kSegments = 3 };
const char* StatesLocationName(StatesLocation location);  // "session memory", "shared memory", "mapped file", "segments"

/// A state shares no cache line, and no pair of lines that a processor fetches together, with another one.
constexpr size_t kStateAlignment = 128;
inline size_t AlignedState(size_t bytes) { return (bytes + kStateAlignment - 1) / kStateAlignment * kStateAlignment; }

/// The decision where states lie, and what it was made from. Made once, before the run; EXPLAIN prints it and the
/// driver follows it.
struct StatesDecision {
  StatesLocation location = StatesLocation::kSession;
  size_t bytes = 0;             // of all states, each at a multiple of kStateAlignment
  uint64_t shared_state_mem = 0;  // the setting
  uint64_t shared_free = 0;       // of /dev/shm; 0 where nobody looked
};

struct RunRequest {
  RunSpec spec;
  std::shared_ptr<engine::ModelPool> pool;  // of this process
  std::vector<std::shared_ptr<const engine::Program>> programs;  // a model: the pool's
  std::vector<int> mst_keys;                            // a model
  std::vector<std::vector<std::string>> metric_names;   // a model: the loss first
  std::vector<ModelPast> past;                          // a model; empty: all are new
  int64_t iterations = 1;  // in which every model visits the partitions of its sequence
  plan::DueIterations due;  // iterations, from 1, after which models that train are scored; the last is `iterations`
  plan::StoppingPolicy stopping;
  int workers = 0;         // wanted; 0 = train in this session
  StatesDecision states;
  double curves_memory = std::numeric_limits<double>::infinity();  // bytes that the evaluations of all models may take in the session
  MakeVisitStore make_visit_store;  // of the log; empty: it stays in memory
  bool keep_best = false;  // keep each model's weights of its best due iteration of this run
  // of a part of a run
  std::optional<RunProgress> progress;  // the parts before this one; none: the run begins
  int64_t until = 0;                    // the part ends with this iteration at the latest; 0: with the run
  std::function<bool()> pause;          // whether the part is to end now, behind the visits that are under way; empty: no
  bool quiet = false;  // as FitArguments has it
  std::optional<double> deadline;  // seconds since the epoch: the run ends with the first evaluation behind it
  std::function<bool()> wanted;  // whether somebody wants to change the run: the part ends with the round that is under way; empty: no
  std::optional<LivingRun> living;  // its models change between rounds; iterations and due are those of each model then
  int64_t LastIteration() const { return until > 0 ? std::min(until, iterations) : iterations; }
};

struct RunResult {
  VisitLog visits;
  std::vector<ModelResult> models;
  std::vector<int64_t> due;     // those of the request that the run came to (it ends early when all models have stopped), from 1
  int workers = 0;              // that took part; 0 = the session trained
  std::string states_location;  // "shared memory", "mapped file", "session memory", "segments"
  double seconds = 0;           // of all parts
  int64_t iteration = 0;        // RunProgress::iteration
  bool complete = false;        // nothing is left to train; false: this was a part of the run
  EndReason end_reason = EndReason::kNone;  // of a complete one
  std::vector<LivingTrial> trials;     // of a living run
  int64_t decided = 0;                 // RunProgress::decided
  bool between_rounds = true;          // all models have done `iteration` iterations, or of a living run the round is over
  bool waits = false;                  // of a living run: nothing trains until a person adds a model
  std::vector<ControlAction> actions;  // that took effect in this part, with what came of them
  int64_t ModelsThatTrain() const;
};

/// What a scored model's metrics say of a table: engine::Program::metric_names and Finish. NaN for a model that has
/// diverged.
struct ModelScores {
  std::vector<std::string> names;
  std::vector<double> values;
};

}  // namespace train
