// What the kernels see of a group: plain structs that lie in the device's memory. Offsets are in elements of float.
//
// GroupView is written once a group, ModelEntry, StepEntry and ColumnView anew for every buffer, ModelProgress by the
// kernels. All models of a group have the same network and the same data; each has its own state, its own position in
// the data and its own optimizer. A kernel's block works for one model, so that no bit of a model depends on its
// neighbours.
#pragma once

#include <cstdint>

#include "engine/device/backend.hpp"
#include "engine/device/block.hpp"
#include "engine/math/activations.hpp"
#include "engine/math/losses.hpp"
#include "engine/math/merge.hpp"
#include "engine/math/optimizer.hpp"
#include "engine/math/pointwise.hpp"

namespace engine::device {

constexpr int kMostStages = 192;
constexpr int kMostTensors = 256;
constexpr int kMostSources = 2;  // values that a stage reads
constexpr int kMostColumns = 64;
constexpr int kMostMetrics = 16;
constexpr int kKeyWords = 4;  // of a stream of random numbers: key and upper half of the counter (base/philox.hpp)

/// Consecutive elements of the rows of a packed column.
struct ColumnView {
  const uint8_t* packed = nullptr;  // first element of the buffer's first row
  int64_t row_bytes = 0;
  int64_t carried = 0;  // where its carried rows begin in a model's memory for these, bytes
  int32_t dtype = 0;    // base::DType
  int32_t element_bytes = 0;
  int32_t elements = 0;
  int32_t first = 0;   // its first element in a row of its input
  int32_t stride = 0;  // elements of a row of its input
  int64_t input = 0;   // where that begins in the workspace
  float scale = 1;
  double exact_scale = 1;
  const float* mean = nullptr;  // an entry an element, as std; nullptr: none
  const float* std = nullptr;
  const double* exact_mean = nullptr;  // likewise, when the two above are nullptr
  const double* exact_std = nullptr;
};

enum class EntryKind : int32_t {
  kTrain = 0,    // rows of the buffer
  kCarried = 1,  // carried rows
  kCarry = 2,    // nothing is trained: rows of the buffer are kept behind the carried ones
  kScore = 3,    // rows of the buffer, for scoring
};

/// What a model does next: an optimizer step, mostly.
struct StepEntry {
  EntryKind kind = EntryKind::kTrain;
  int32_t first = 0;  // row of the epoch's order, or of the memory for carried rows
  int32_t rows = 0;
  int32_t epoch = 0;  // of the buffer
  int32_t at = 0;     // kCarry: where the rows go
  float shrink = 0;   // weight decay times learning rate
  math::Coefficients<float> coefficients;
};

enum class UpdateKind : int32_t {
  kSgd,
  kMomentum,
  kNesterov,
  kRmsprop,
  kRmspropCentered,
  kRmspropMomentum,
  kRmspropCenteredMomentum,
  kAdagrad,
  kAdam,
  kAdamAmsgrad,
  kNadam,
  kAdadelta,
  kAdamax,
  kFtrl,
  kFtrlOfPower,
  kLion,
  kLamb,
};

struct ModelEntry {
  float* state = nullptr;  // the block, counters included
  const StepEntry* entries = nullptr;
  const uint32_t* dropout_keys = nullptr;  // kKeyWords an entry and dropout stage
  const uint32_t* order_keys = nullptr;    // kKeyWords an epoch; nullptr: rows come in the buffer's order
  int32_t* order = nullptr;                // a buffer's rows an epoch
  uint8_t* carried = nullptr;
  int32_t entry_count = 0;
  int32_t epochs = 0;  // of the buffer
  UpdateKind update = UpdateKind::kSgd;
  float clip_value = 0;  // 0: none
  double clip_norm = 0;  // likewise
  double global_clip_norm = 0;
  uint64_t decays[kMostTensors / 64] = {};  // a bit a tensor
};

CEREBRO_KERNEL bool Decays(const ModelEntry& model, int tensor) {
  return (model.decays[tensor / 64] >> (tensor % 64) & 1) != 0;
}

struct ModelProgress {
  double loss_sum = 0;
  int64_t rows = 0;
  int64_t batches = 0;
  int32_t live = 1;      // 0: the loss was not finite
  int32_t cursor = 0;    // the entry that is next in the buffer
  int32_t training = 0;  // rows of the mini-batch whose loss was finite; 0: nothing is to be changed
  int32_t current = 0;   // its entry
  int32_t refused = -1;  // the stage that was given indexes which its table does not have; the model is not live then
  float smallest = 0;    // of these
  float largest = 0;
};

enum class StageKind : int32_t {
  kDense,
  kConvolution,
  kDepthwise,  // each channel by itself
  kMaxPool,
  kMeanPool,
  kPointwise,
  kSoftmax,
  kDropout,
  kMerge,               // of two sources, element by element
  kConcatenate,         // writes a part of its results; the other parts are other stages'
  kMove,                // elements at other positions, or zero
  kRescale,             // x * scale + shift
  kEmbedding,           // rows of a table, by index
  kBatchNormalization,  // over rows and positions, channel by channel
  kRowNormalization,    // over parts of a row
};

/// One dimension under a window: math::Slide.
struct Window {
  int32_t in = 1, out = 1, window = 1, stride = 1, dilation = 1, before = 0;
};

/// Where the elements of a row lie in a row of what is read. nullptr: at the same position.
struct Positions {
  const int32_t* from = nullptr;   // an entry an element of the results; -1: zero
  const int32_t* first = nullptr;  // an entry an element of what is read, and one more: where its readers begin in `to`
  const int32_t* to = nullptr;
};

/// A value that a stage reads.
struct Source {
  int64_t x = 0;              // in the workspace
  int64_t dx = 0;             // its gradient
  int32_t value = -1;         // Network::values
  int32_t elements = 0;       // of a row
  int32_t wants_gradient = 0;
  int32_t adds = 0;           // another stage has given a part of the gradient before
  math::FusedActivation activation = math::FusedActivation::kLinear;  // that made it: its slope is the reader's work
  int32_t table = -1;         // Network::tables, of positions
  Positions positions;
};

struct Stage {
  StageKind kind = StageKind::kDense;
  math::FusedActivation activation = math::FusedActivation::kLinear;  // applied by the stage to its results; no softmax
  Source sources[kMostSources];
  int32_t source_count = 1;
  int32_t value = -1;  // that it makes: Network::values
  int64_t y = 0;       // its results, in the workspace
  int64_t g = 0;       // their gradient
  int32_t in = 0;      // elements of a row
  int32_t out = 0;
  int32_t positions = 1;  // dense, softmax: products of a row; normalisations: positions of a row
  int32_t inner = 0;      // elements of a position; convolutions and pools: channels
  int32_t outer = 0;
  int32_t offset = 0;  // kConcatenate: of its part in a group of `outer` elements
  Window rows, columns;
  int64_t weight = -1;  // in the state; -1: none. Normalisations: gamma
  int64_t bias = -1;    // normalisations: beta
  int64_t statistics[2] = {-1, -1};  // moving mean and variance, in the state
  int32_t weight_tensor = -1;        // in GroupView::tensors; -1: not trained
  int32_t bias_tensor = -1;
  int32_t first_part = 0;  // of its tensors' gradients: a layer may be called several times
  int32_t backward = 0;    // whether its results have a gradient
  int32_t frozen = 0;      // it computes as in scoring, in training, too; batch normalisation: by the moving statistics
  int32_t shares = 0;      // kMaxPool: the largest elements of a window share its gradient
  int32_t dropout = 0;     // its number among dropout stages
  math::MergeKind merge = math::MergeKind::kSum;
  float divisor = 1;    // kMerge: of the result
  float scale = 1;      // kRescale
  float shift = 0;
  double rate = 0;      // of dropout
  float epsilon = 0;    // normalisations
  float momentum = 0;   // kBatchNormalization: what the moving statistics move by
  int32_t image = 0;    // kBatchNormalization: the moving variance is the unbiased one
  int64_t scratch = 0;  // normalisations, in the workspace: kernels/normalize.hpp
  math::PointwiseFunction function;
};

/// What a weight is made to satisfy after every optimizer step: engine::Constraint. Norms are taken over `summed`
/// elements, `inner` apart; there are outer * inner of them.
struct WeightLimit {
  int32_t kind = 0;  // engine::Constraint::Kind; 0: none
  float low = 0, high = 0, rate = 1;
  int64_t outer = 1, summed = 1, inner = 1;
};

/// A weight that the optimizer moves.
struct Tensor {
  int64_t weight = 0;  // in the state
  int64_t slots[math::kMaxSlots] = {};
  int64_t count = 0;
  int64_t gradient = -1;  // in the workspace; -1: it is used up where it is made
  int32_t parts = 1;      // sums that make the gradient, count elements each
  float l1 = 0;
  float l2_twice = 0;
  double l1_exact = 0;
  double l2_exact = 0;
  WeightLimit limit;
};

/// base::LossConfig and native::Loss without texts.
struct LossNumbers {
  int32_t kind = 0;  // base::LossKind
  float smoothing = 0;
  float delta = 1;
  math::FocalNumbers<float> focal;
  double weight = 1;
  int32_t sparse = 0;
  math::FusedActivation squash = math::FusedActivation::kLinear;  // makes predictions of the last stage's results
};

struct MetricNumbers {
  int32_t kind = 0;  // base::MetricKind
  int32_t k = 0;
  float threshold = 0;
};

struct GroupView {
  // the network
  Stage stages[kMostStages];
  Tensor tensors[kMostTensors];
  int32_t stage_count = 0;
  int32_t tensor_count = 0;
  int32_t dropout_stages = 0;
  int32_t any_regularizer = 0;
  int32_t last = 0;  // the stage that makes the output
  LossNumbers loss;
  MetricNumbers metrics[kMostMetrics];
  int32_t metric_count = 0;
  Precision precision = Precision::kFloat32;

  // a mini-batch
  int32_t batch_rows = 0;  // at most
  int32_t positions = 1;   // of the output
  int32_t classes = 1;
  int32_t target_elements = 0;  // of a row
  int64_t target = 0;           // offsets in the workspace
  int64_t losses = 0;
  int64_t clip_factors = 0;  // a tensor
  int64_t work_stride = 0;

  // the group
  int32_t models = 0;
  ModelEntry* entries = nullptr;
  ModelProgress* progress = nullptr;
  float* work = nullptr;
  double* sums = nullptr;  // of scoring
  int32_t sums_stride = 0;
  const float* class_weights = nullptr;
  int32_t class_weight_count = 0;

  // the buffer
  ColumnView columns[kMostColumns];
  ColumnView target_column;
  int32_t column_count = 0;
  const uint8_t* row_weights = nullptr;  // float32
  int64_t carried_weights = 0;
  int64_t carried_room = 0;  // rows that a model's memory for carried rows holds, around
  int64_t buffer_rows = 0;
  int32_t has_row_weights = 0;
};

/// Arguments of most kernels.
struct StageArguments {
  const GroupView* group = nullptr;
  int32_t stage = 0;
  int32_t source = 0;  // whose gradient is made
};

constexpr int kPersistentThreads = 256;
constexpr int64_t kCountersFloats = 64;  // of the state, before the first weight: engine/api/state.hpp

/// From one row of a value to the next.
constexpr int64_t RowStride(int64_t elements) { return elements | 1; }

struct PersistentArguments {
  const GroupView* group = nullptr;
  int32_t first_entry = 0;               // of the buffer's
  int32_t entry_end = 0;
  int64_t weight_floats = 0;             // of the state: all weights, from the first one on
  int64_t slot_floats = 0;               // behind them, in shared memory; 0: they stay where they are
  int64_t values[kMostStages + 1] = {};  // offsets in shared memory: x, then each stage's results
  int64_t gradients[2] = {};
  int64_t target = 0;
  int64_t losses = 0;
  int64_t room = 0;  // even
};

/// Rows of a convolution's or a dense layer's product that make one part of its weight gradient.
constexpr int kPartRows = 2048;

}  // namespace engine::device
