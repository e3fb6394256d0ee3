// What a group launches for a buffer. Every launch is for all models; a block whose model has nothing to do ends at
// once.
#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "engine/device/group.hpp"
#include "engine/device/kernels/all.hpp"

namespace engine::device {

namespace {

constexpr int kManySteps = 16;                       // in one recording
constexpr size_t kSumsBytes = 256 * sizeof(double);  // of BlockSum

int64_t KernelRowsOf(const Stage& stage) {
  return stage.kind == StageKind::kDense ? stage.inner
                                         : static_cast<int64_t>(stage.rows.window) * stage.columns.window * stage.inner;
}

int64_t OutputRows(const Stage& stage, int64_t batch_rows) {
  return batch_rows *
         (stage.kind == StageKind::kDense ? stage.positions : static_cast<int64_t>(stage.rows.out) * stage.columns.out);
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

void Group::LaunchForward() {
  const int models = view_.models;
  for (int32_t i = 0; i < view_.stage_count; ++i) {
    const Stage& stage = view_.stages[i];
    const StageArguments arguments{device_view_, i};
    if (stage.kind == StageKind::kDense || stage.kind == StageKind::kConvolution) {
      const Grid grid{Tiles(stage.outer, kTileColumns), Tiles(OutputRows(stage, batch_rows_), kTileRows), models};
      const KernelId kernel = stage.kind == StageKind::kDense ? KernelId::kDenseForward : KernelId::kConvolutionForward;
      Launch(kernel, grid, kProductBytes, arguments);
    } else {
      const int64_t unit = stage.kind == StageKind::kSoftmax ? stage.outer : 1;
      Launch(KernelId::kElementForward,
             {Tiles(batch_rows_ * stage.out / unit, ElementForwardKernel::kElements), 1, models}, 0, arguments);
    }
  }
}

void Group::LaunchBackward() {
  const int models = view_.models;
  for (int32_t i = view_.stage_count - 1; i >= 0; --i) {
    const Stage& stage = view_.stages[i];
    const StageArguments arguments{device_view_, i};
    const bool product = stage.kind == StageKind::kDense || stage.kind == StageKind::kConvolution;
    if (stage.wants_gradient != 0) {
      if (product) {
        const Grid grid{Tiles(stage.inner, kTileColumns), Tiles(InputRows(stage, batch_rows_), kTileRows), models};
        const KernelId kernel =
            stage.kind == StageKind::kDense ? KernelId::kDenseInputGradient : KernelId::kConvolutionInputGradient;
        Launch(kernel, grid, kProductBytes, arguments);
      } else {
        const int64_t unit = stage.kind == StageKind::kSoftmax ? stage.outer : 1;
        Launch(KernelId::kElementInputGradient,
               {Tiles(batch_rows_ * stage.in / unit, ElementInputGradientKernel::kElements), 1, models}, 0, arguments);
      }
    }
    const int index = std::max(stage.weight_tensor, stage.bias_tensor);
    if (!product || index < 0) continue;
    const int down = Tiles(KernelRowsOf(stage) + (stage.bias < 0 ? 0 : 1), kTileRows),
              across = Tiles(stage.outer, kTileColumns);
    if (view_.tensors[index].gradient < 0) {
      Launch(KernelId::kDenseUpdate, {across, down, models}, kProductBytes, arguments);
    } else {
      const KernelId kernel =
          stage.kind == StageKind::kDense ? KernelId::kDenseGradient : KernelId::kConvolutionGradient;
      Launch(kernel, {across * down, view_.tensors[index].parts, models}, kProductBytes,
             PartArguments{device_view_, i, across});
    }
    if (stage.wants_gradient == 0) break;
  }
  int64_t largest = 0;
  for (int32_t t = 0; t < view_.tensor_count; ++t) {
    if (view_.tensors[t].gradient >= 0) largest = std::max(largest, view_.tensors[t].count);
  }
  if (largest == 0) return;
  if (norms_)
    Launch(KernelId::kGradientNorms, {1, 1, models}, kSumsBytes, GradientNormsKernel::Arguments{device_view_});
  Launch(KernelId::kUpdate, {Tiles(largest, UpdateKernel::kElements), view_.tensor_count, models}, kSumsBytes,
         UpdateKernel::Arguments{device_view_});
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
  const size_t bytes = static_cast<size_t>(view_.buffer_rows) * sizeof(int32_t);
  const bool in_shared = bytes <= backend_->info().block_memory;
  Launch(KernelId::kRowOrder, {epochs, view_.models, 1}, in_shared ? bytes : 0,
         RowOrderKernel::Arguments{device_view_, in_shared ? 1 : 0});
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
    Launch(KernelId::kPersistent, {view_.models, 1, 1}, persistent_shared_, persistent_arguments_);
    return true;
  }
  if (one_ == nullptr) {
    backend_->Record();
    LaunchStep();
    one_ = backend_->EndRecord();
    backend_->Record();
    for (int i = 0; i < kManySteps; ++i) LaunchStep();
    many_ = backend_->EndRecord();
  }
  size_t done = 0;
  for (; done + kManySteps <= most; done += kManySteps) {
    if (poll) poll();
    backend_->Replay(*many_);
  }
  for (; done < most; ++done) backend_->Replay(*one_);
  return true;
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
  for (size_t i = 0; i < count; ++i) {
    Launch(KernelId::kGather, {Tiles(batch_rows_, GatherKernel::kRows), 1, view_.models}, 0,
           GatherKernel::Arguments{device_view_});
    LaunchForward();
    Launch(KernelId::kScore, {1, 1, view_.models}, kSumsBytes, ScoreKernel::Arguments{device_view_});
  }
  return true;
}

}  // namespace engine::device
