// What a group launches for a buffer. Every launch is for all models; a block whose model has nothing to do ends at
// once.
#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "engine/device/group.hpp"
#include "engine/device/group_layout.hpp"
#include "engine/device/kernels/all.hpp"

namespace engine::device {

namespace {

constexpr int kManySteps = 16;                       // in one recording, and in one portion of a buffer
constexpr int kPersistentSteps = 256;                // in one portion; these steps are short
constexpr size_t kSumsBytes = 256 * sizeof(double);  // of BlockSum

int64_t KernelRowsOf(const Stage& stage) {
  return stage.kind == StageKind::kDense ? stage.inner
                                         : static_cast<int64_t>(stage.rows.window) * stage.columns.window * stage.inner;
}

int64_t InputRows(const Stage& stage, int64_t batch_rows) {
  return batch_rows *
         (stage.kind == StageKind::kDense ? stage.positions : static_cast<int64_t>(stage.rows.in) * stage.columns.in);
}

}  // namespace

template <class Arguments>
void Group::Launch(KernelId kernel, const Grid& grid, size_t shared, const Arguments& arguments) {
  backend_->Launch(kernel, grid, shared, &arguments, sizeof(arguments));
}

void Group::LaunchElements(KernelId kernel, int stage, int source, int64_t elements) {
  const int64_t items = batch_rows_ * elements / ElementsTogether(view_.stages[stage]);
  Launch(kernel, {Tiles(items, ElementForwardKernel::kElements), 1, view_.models}, 0,
         StageArguments{device_view_, stage, source});
}

void Group::LaunchNormalization(int stage_index) {
  const int models = view_.models;
  const Stage& stage = view_.stages[stage_index];
  const StageArguments arguments{device_view_, stage_index};
  if (stage.kind == StageKind::kRowNormalization) {
    const int blocks = Tiles(NormItems(stage, batch_rows_), kRowItems);
    return Launch(KernelId::kRowNormForward, {blocks, 1, models}, kRowNormBytes, arguments);
  }
  if (stage.frozen == 0) {
    const auto parts = static_cast<int>(NormPartsOf(stage, batch_rows_));
    Launch(KernelId::kBatchSums, {Tiles(stage.outer, kNormColumns), parts, models}, kNormBytes, arguments);
  }
  Launch(KernelId::kBatchMoments, {Tiles(stage.outer, BatchMomentsKernel::kThreads), 1, models}, 0, arguments);
  LaunchElements(KernelId::kElementForward, stage_index, 0, stage.out);
}

void Group::LaunchForward() {
  const int models = view_.models;
  for (int32_t i = 0; i < view_.stage_count; ++i) {
    const Stage& stage = view_.stages[i];
    const StageArguments arguments{device_view_, i};
    switch (stage.kind) {
      case StageKind::kDense:
      case StageKind::kConvolution: {
        const Grid grid{Tiles(OutputRows(stage, batch_rows_), kTileRows), Tiles(stage.outer, kTileColumns), models};
        const bool dense = stage.kind == StageKind::kDense;
        Launch(dense ? KernelId::kDenseForward : KernelId::kConvolutionForward, grid, kProductBytes, arguments);
        break;
      }
      case StageKind::kBatchNormalization:
      case StageKind::kRowNormalization:
        LaunchNormalization(i);
        break;
      case StageKind::kEmbedding:
        Launch(KernelId::kCheckIndexes, {1, 1, models}, CheckIndexesKernel::kBytes, arguments);
        LaunchElements(KernelId::kElementForward, i, 0, stage.out);
        break;
      default:
        LaunchElements(KernelId::kElementForward, i, 0, stage.out);
    }
  }
}

// What the gradients of a normalisation are made of, and those of its weights.
void Group::LaunchNormGradient(int stage_index) {
  const Stage& stage = view_.stages[stage_index];
  const StageArguments arguments{device_view_, stage_index};
  const bool trains = stage.weight_tensor >= 0 || stage.bias_tensor >= 0;
  const bool moves = stage.kind == StageKind::kBatchNormalization && stage.sources[0].wants_gradient != 0;
  if (!trains && (!moves || stage.frozen != 0)) return;
  const auto parts = static_cast<int>(NormPartsOf(stage, batch_rows_));
  Launch(KernelId::kNormGradientSums, {Tiles(stage.outer, kNormColumns), parts, view_.models}, kNormBytes, arguments);
  Launch(KernelId::kNormGradient, {Tiles(stage.outer, NormGradientKernel::kThreads), 1, view_.models}, 0, arguments);
}

void Group::LaunchInputGradients(int stage_index) {
  const int models = view_.models;
  const Stage& stage = view_.stages[stage_index];
  for (int32_t s = 0; s < stage.source_count; ++s) {
    if (stage.sources[s].wants_gradient == 0) continue;
    const StageArguments arguments{device_view_, stage_index, s};
    switch (stage.kind) {
      case StageKind::kDense:
      case StageKind::kConvolution: {
        const Grid grid{Tiles(InputRows(stage, batch_rows_), kTileRows), Tiles(stage.inner, kTileColumns), models};
        const bool dense = stage.kind == StageKind::kDense;
        Launch(dense ? KernelId::kDenseInputGradient : KernelId::kConvolutionInputGradient, grid, kProductBytes,
               arguments);
        break;
      }
      case StageKind::kRowNormalization: {
        const int blocks = Tiles(NormItems(stage, batch_rows_), kRowItems);
        Launch(KernelId::kRowNormInputGradient, {blocks, 1, models}, kRowNormBytes, arguments);
        break;
      }
      default:
        LaunchElements(KernelId::kElementInputGradient, stage_index, s, stage.sources[s].elements);
    }
  }
}

void Group::LaunchWeightGradient(int stage_index) {
  const int models = view_.models;
  const Stage& stage = view_.stages[stage_index];
  const StageArguments arguments{device_view_, stage_index};
  const int index = std::max(stage.weight_tensor, stage.bias_tensor);
  if (index < 0) return;
  const int parts = GradientParts(stage, batch_rows_);
  switch (stage.kind) {
    case StageKind::kDense:
    case StageKind::kConvolution: {
      const int down = Tiles(KernelRowsOf(stage) + (stage.bias < 0 ? 0 : 1), kTileRows),
                across = Tiles(stage.outer, kTileColumns);
      if (view_.tensors[index].gradient < 0)
        return Launch(KernelId::kDenseUpdate, {across, down, models}, kProductBytes, arguments);
      const bool dense = stage.kind == StageKind::kDense;
      return Launch(dense ? KernelId::kDenseGradient : KernelId::kConvolutionGradient, {across * down, parts, models},
                    kProductBytes, PartArguments{device_view_, stage_index, across});
    }
    case StageKind::kDepthwise: {
      const int64_t elements = (static_cast<int64_t>(stage.rows.window) * stage.columns.window + 1) * stage.outer;
      return Launch(KernelId::kDepthwiseGradient, {Tiles(elements, DepthwiseGradientKernel::kThreads), parts, models},
                    0, arguments);
    }
    case StageKind::kEmbedding: {
      constexpr int64_t kThreads = 4096;  // a model, at least, where the table has so many elements
      int slices = 1;
      while (int64_t{slices} * stage.inner < kThreads && slices * 2 <= stage.positions) slices *= 2;
      const int blocks = Tiles(int64_t{slices} * stage.inner, TableGradientKernel::kThreads);
      return Launch(KernelId::kTableGradient, {blocks, 1, models}, TableGradientKernel::kBytes,
                    TableGradientKernel::Arguments{device_view_, stage_index, slices});
    }
    default:
      return;  // with what its input's gradient is made of
  }
}

void Group::LaunchBackward() {
  for (int32_t i = view_.stage_count - 1; i >= 0; --i) {
    const Stage& stage = view_.stages[i];
    if (stage.backward == 0) continue;
    if (stage.kind == StageKind::kBatchNormalization || stage.kind == StageKind::kRowNormalization)
      LaunchNormGradient(i);
    LaunchInputGradients(i);
    LaunchWeightGradient(i);
  }
  LaunchUpdates();
}

void Group::LaunchUpdates() {
  const int models = view_.models;
  int64_t largest = 0;
  for (int32_t t = 0; t < view_.tensor_count; ++t) {
    if (view_.tensors[t].gradient >= 0) largest = std::max(largest, view_.tensors[t].count);
  }
  if (norms_)
    Launch(KernelId::kGradientNorms, {1, 1, models}, kSumsBytes, GradientNormsKernel::Arguments{device_view_});
  if (largest > 0)
    Launch(KernelId::kUpdate, {Tiles(largest, UpdateKernel::kElements), view_.tensor_count, models}, kSumsBytes,
           UpdateKernel::Arguments{device_view_});
  if (most_norms_ > 0)
    Launch(KernelId::kLimitWeights, {Tiles(most_norms_, LimitWeightsKernel::kThreads), view_.tensor_count, models}, 0,
           LimitWeightsKernel::Arguments{device_view_});
  for (int32_t i = 0; i < view_.stage_count; ++i) {
    const Stage& stage = view_.stages[i];
    if (stage.kind != StageKind::kBatchNormalization || stage.frozen != 0) continue;
    Launch(KernelId::kMoveStatistics, {Tiles(stage.outer, MoveStatisticsKernel::kThreads), 1, models}, 0,
           StageArguments{device_view_, i});
  }
}

void Group::LaunchStep() {
  Launch(KernelId::kGather, {Tiles(batch_rows_, GatherKernel::kRows), 1, view_.models}, 0,
         GatherKernel::Arguments{device_view_});
  LaunchForward();
  Launch(KernelId::kLoss, {1, 1, view_.models}, kSumsBytes, LossKernel::Arguments{device_view_});
  LaunchBackward();
}

void Group::LaunchRowOrder(const std::vector<MemberPlan>& plans) {
  int epochs = 0;
  for (const MemberPlan& plan : plans) {
    if (!plan.order_keys.empty()) epochs = std::max(epochs, plan.epochs);
  }
  if (epochs == 0) return;
  int32_t in_shared = RowOrderKernel::kOrderAndDraws;
  while (RowOrderKernel::Bytes(view_.buffer_rows, in_shared) > backend_->info().block_memory) --in_shared;
  Launch(KernelId::kRowOrder, {epochs, view_.models, 1}, RowOrderKernel::Bytes(view_.buffer_rows, in_shared),
         RowOrderKernel::Arguments{device_view_, in_shared});
}

bool Group::Train(const base::Buffer& buffer, uint64_t content, const std::vector<MemberPlan>& plans,
                  const WaitPoll& poll) {
  size_t most = 0;
  for (const MemberPlan& plan : plans) most = std::max(most, plan.entries.size());
  if (most == 0) return true;
  // a visit's end has carried rows only
  if (buffer.rows > 0 && !HoldBuffer(buffer, content)) return false;
  if (buffer.rows == 0) view_.buffer_rows = 0;
  if (!SendTables(plans, poll)) return false;
  Launch(KernelId::kBegin, {}, 0, BeginKernel::Arguments{device_view_});
  if (buffer.rows > 0) LaunchRowOrder(plans);
  if (persistent_) {
    for (size_t done = 0; done < most; done += kPersistentSteps) {
      persistent_arguments_.first_entry = static_cast<int32_t>(done);
      persistent_arguments_.entry_end = static_cast<int32_t>(std::min(most, done + kPersistentSteps));
      GivePortion(poll, [&] {
        Launch(KernelId::kPersistent, {view_.models, 1, 1}, persistent_shared_, persistent_arguments_);
      });
    }
    return true;
  }
  if (one_ == nullptr) one_ = RecordSteps(1);
  if (many_ == nullptr) many_ = RecordSteps(kManySteps);
  size_t done = 0;
  for (; done + kManySteps <= most; done += kManySteps) GivePortion(poll, [&] { backend_->Replay(*many_); });
  if (done == most) return true;
  GivePortion(poll, [&] {
    for (; done < most; ++done) backend_->Replay(*one_);
  });
  return true;
}

template <class Work>
void Group::GivePortion(const WaitPoll& poll, const Work& work) {
  Event* portion = portions_[next_portion_].get();
  if (poll) poll();
  WaitFor(*portion, poll);
  work();
  backend_->Mark(portion);
  next_portion_ = (next_portion_ + 1) % kPortions;
}

// Whatever fails, the stream does not stay in the state of recording.
std::unique_ptr<Recording> Group::RecordSteps(int steps) {
  backend_->Record();
  try {
    for (int i = 0; i < steps; ++i) LaunchStep();
  } catch (...) {
    backend_->DropRecord();
    throw;
  }
  return backend_->EndRecord();
}

bool Group::Score(const base::Buffer& buffer, uint64_t content, int64_t rows, const WaitPoll& poll) {
  if (buffer.rows == 0) return true;
  if (!HoldBuffer(buffer, content)) return false;
  MemberPlan plan;
  for (int64_t first = 0; first < buffer.rows; first += rows) {
    StepEntry entry;
    entry.kind = EntryKind::kScore;
    entry.first = static_cast<int32_t>(first);
    entry.rows = static_cast<int32_t>(std::min(rows, buffer.rows - first));
    plan.entries.push_back(entry);
  }
  const size_t count = plan.entries.size();
  if (!SendTables({std::move(plan)}, poll)) return false;
  Launch(KernelId::kBegin, {}, 0, BeginKernel::Arguments{device_view_});
  for (size_t done = 0; done < count;) {
    GivePortion(poll, [&] {
      for (const size_t end = std::min(count, done + kManySteps); done < end; ++done) {
        Launch(KernelId::kGather, {Tiles(batch_rows_, GatherKernel::kRows), 1, view_.models}, 0,
               GatherKernel::Arguments{device_view_});
        LaunchForward();
        Launch(KernelId::kScore, {1, 1, view_.models}, kSumsBytes, ScoreKernel::Arguments{device_view_});
      }
    });
  }
  return true;
}

}  // namespace engine::device
