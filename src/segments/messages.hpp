// What a segment is told of a run and of a round, and what it answers: the small records that go between the
// coordinator and the segments. Training states travel beside them, as rows (segments/segment_process.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/graph_cut.hpp"
#include "base/tensor.hpp"
#include "data/buffer_cache.hpp"
#include "data/packed_table.hpp"
#include "train/feature_computer.hpp"

namespace segments {

/// What a row of the aggregate cerebro._fit_bundle is; they come in this order.
enum class RowKind : int { kHeader = -1, kState = 0, kBuffer = 1 };

enum class RoundKind : int { kTrain = 1, kScore = 2 };

/// One statement's request, the same for all segments.
struct RoundRequest {
  uint64_t run = 0;  // names the run: what a process keeps belongs to one run only
  RoundKind kind = RoundKind::kTrain;
  data::CachedTable table = data::CachedTable::kTraining;  // whose buffers follow
  bool has_weights = false;                                // the packed table has sample weights
  bool use_gpus = false;
  bool last = false;                        // nothing that the process keeps is used after this round
  bool living = false;                      // a model's error is its own (engine::OnError)
  std::vector<int32_t> next_key;            // a model: distribution key of the segment where it trains next
  std::vector<int32_t> first_partition;     // a model: it trains on this partition and those behind it,
  std::vector<int32_t> visits;              // so many in all
  std::vector<int32_t> fusion_group;        // a model: number of the fusion group in which it trains side by side with others, -1 = alone
  std::vector<int32_t> batches_per_switch;  // a fusion group: plan::FusionGroup::batches_per_switch
};

std::string WriteRoundRequest(const RoundRequest& request);
RoundRequest ReadRoundRequest(std::string_view bytes);

/// A model of a run as every process of it knows it.
struct RunModel {
  std::shared_ptr<const base::Graph> graph;  // the whole one
  base::TrainConfig config;
  std::vector<base::FeatureCut> cuts;          // store::ModelSpec's
  std::shared_ptr<const base::Graph> trained;  // likewise; the whole graph where there are no cuts
  std::vector<bool> given;  // store::Architecture's
  uint64_t stream = 0;
  int32_t first_partition = 0;  // plan::Sequence::base
  bool kernels = false;  // it needs no LibTorch
  // Of store::StateEncoder::HeadTemplate: decides how its state is cut into pieces. Unused in a run without training.
  size_t template_bytes = 0;
  // of a model that a living run adds
  int32_t like = -1;    // an earlier model of the run with the same graphs, the very objects; -1: none
  int32_t parent = -1;  // with whose state it begins; -1: none
  bool keeps_optimizer = false;  // and with that of its optimizer
};

/// What does not change in a run: written once, and read once by every process. States are counters and tensors alone. A
/// living run writes one more for the models that it adds.
struct RunHeader {
  base::DataSpec data;
  base::DType precision = base::DType::kFloat32;
  uint64_t seed = 0;
  uint32_t visits = 0;  // that each model makes in an iteration
  std::vector<RunModel> models;  // those with the same architecture share its graph, the very object
  data::PackedTable training, validation;  // of them only the feature columns and what is fetched
  std::vector<train::SharedFeature> shared_features;  // train::RunSpec's
  std::vector<bool> model_reads;                      // likewise
  size_t feature_cache = 0;                           // likewise
};

/// Writes each graph once.
std::string WriteRunHeader(const RunHeader& header);
/// Errors: kInternal when the bytes end too early, or are of another version; those of wire::ReadGraph.
RunHeader ReadRunHeader(std::string_view bytes);

/// What follows a model's entry as rows of the same model.
enum class EntryKind : int {
  kFresh = 0,    // nothing: initial weights
  kWeights = 1,  // raw float32 weights in Keras's order, over the initial ones
  kState = 2,    // pieces of a stored training state, which goes on
  kClone = 3,    // pieces of the raw state of the model's parent
  kStoredClone = 4,  // the same, in stored form
};

constexpr int kEntryPiece = -1;  // number of the piece that is an entry

/// A model's entry: the first row of a model that enters the run. Errors of reading: kInternal.
std::string WriteEntry(EntryKind kind);
EntryKind ReadEntry(std::string_view bytes);

/// A model's visit of one partition, as the segment saw it.
struct SegmentVisit {
  int32_t partition = 0;
  double started = 0, ended = 0;  // seconds since the epoch
  double seconds = 0;             // of them the model's own
  double loss = 0;                // mean training loss over the visit's rows
  int64_t rows = 0;               // epochs counted
};

/// What a segment says of a model after a round.
struct ModelReply {
  int32_t model = 0;
  int32_t segment = 0;
  int32_t device = -1;        // -1: CPU
  int32_t kept_buffers = 0;   // found in the process's memory
  int32_t read_buffers = 0;   // fetched from the table
  bool weights_only = false;  // the stored optimizer state was of another optimizer
  uint64_t diverged_step = 0;
  int64_t iterations_done = 0;
  std::string build;  // of a stored state, where it is another than the segment's
  std::string error;  // of a living run: why the model has failed; its state is undefined then
  std::vector<SegmentVisit> visits;
};

std::string WriteModelReply(const ModelReply& record);
ModelReply ReadModelReply(std::string_view bytes);

/// Metric sums of one partition: model indexes, and each model's sums one after another.
struct PartitionSums {
  int32_t partition = 0;
  int64_t rows = 0;
  std::vector<int32_t> models;
  std::vector<std::vector<double>> sums;
  std::vector<std::string> errors;  // of a living run: why a model's sums are not to be used; empty: they are
};

std::string WritePartitionSums(const PartitionSums& sums);
PartitionSums ReadPartitionSums(std::string_view bytes);

}  // namespace segments
