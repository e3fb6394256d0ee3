// Forward passes and gradients of the layers.
//
// The gradient with respect to a stage's input is turned at once into the gradient before the activation of the stage
// below (StoreGradient), so that activations need no pass of their own.
#pragma once

#include "engine/device/kernels/product.hpp"
#include "engine/device/kernels/random.hpp"
#include "engine/device/kernels/update.hpp"
#include "engine/math/pointwise_formula.hpp"

namespace engine::device {

/// Gives the stage below `stage` the gradient of element i of its results.
CEREBRO_KERNEL void StoreGradient(const GroupView& group, int stage, float* work, int64_t i, float g) {
  const Stage& below = group.stages[stage - 1];
  work[group.gradients[(stage - 1) & 1] + i] = ActivationSlope(below.activation, work[below.y + i], g);
}

/// y = f(x W + b). Grid: tiles of columns, tiles of rows, models.
struct DenseForwardKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = kProductThreads;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z();
    const int64_t rows = static_cast<int64_t>(ForwardRows(group, m)) * stage.positions;
    if (static_cast<int64_t>(block.y()) * kTileRows >= rows) return;
    float* work = WorkOf(group, m);
    const float* x = work + stage.x;
    const float* w = group.entries[m].state + stage.weight;
    const float* bias = stage.bias < 0 ? nullptr : group.entries[m].state + stage.bias;
    Product<false>(
        block, {rows, stage.outer, 0, stage.inner}, group.precision, block.y(), block.x(),
        [&](int64_t row, int64_t k) { return x[row * stage.inner + k]; },
        [&](int64_t k, int64_t column) { return w[k * stage.outer + column]; },
        [&](int64_t row, int64_t column, float sum) {
          work[stage.y + row * stage.outer + column] =
              Activated(stage.activation, bias == nullptr ? sum : sum + bias[column]);
        });
  }
};

/// dx = g W^T. Grid: as above, for dx.
struct DenseInputGradientKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = kProductThreads;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z();
    const int64_t rows = static_cast<int64_t>(BackwardRows(group, m)) * stage.positions;
    if (static_cast<int64_t>(block.y()) * kTileRows >= rows) return;
    float* work = WorkOf(group, m);
    const float* g = work + group.gradients[a.stage & 1];
    const float* w = group.entries[m].state + stage.weight;
    Product<false>(
        block, {rows, stage.inner, 0, stage.outer}, group.precision, block.y(), block.x(),
        [&](int64_t row, int64_t k) { return g[row * stage.outer + k]; },
        [&](int64_t k, int64_t column) { return w[column * stage.outer + k]; },
        [&](int64_t row, int64_t column, float sum) {
          StoreGradient(group, a.stage, work, row * stage.inner + column, sum);
        });
  }
};

/// The gradient of a dense layer's kernel, with that of the bias as a row more, by a function that takes what a tile
/// has.
template <class Block, class Store>
CEREBRO_KERNEL void DenseWeightGradient(const Block& block, const GroupView& group, int stage_index, int model,
                                        int part, int tile_row, int tile_column, const Store& store) {
  const Stage& stage = group.stages[stage_index];
  const int64_t rows = static_cast<int64_t>(BackwardRows(group, model)) * stage.positions;
  const float* work = WorkOf(group, model);
  const float* x = work + stage.x;
  const float* g = work + group.gradients[stage_index & 1];
  const int64_t first = static_cast<int64_t>(part) * kPartRows, last = first + kPartRows;
  Product<true>(
      block, {stage.inner + (stage.bias < 0 ? 0 : 1), stage.outer, first, last < rows ? last : rows}, group.precision,
      tile_row, tile_column,
      [&](int64_t row, int64_t k) { return row < stage.inner ? x[k * stage.inner + row] : 1.0f; },
      [&](int64_t k, int64_t column) { return g[k * stage.outer + column]; }, store);
}

/// Gradient and optimizer step in one, where no norm of the gradient is wanted and it has one part. Grid: tiles of
/// columns, tiles of the kernel's rows and the bias, models.
struct DenseUpdateKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = kProductThreads;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z();
    if (BackwardRows(group, m) == 0) return;
    const ModelEntry& model = group.entries[m];
    const StepEntry& entry = model.entries[group.progress[m].current];
    DenseWeightGradient(block, group, a.stage, m, 0, block.y(), block.x(), [&](int64_t row, int64_t column, float g) {
      const int index = row < stage.inner ? stage.weight_tensor : stage.bias_tensor;
      if (index < 0) return;
      const Tensor& tensor = group.tensors[index];
      const int64_t i = row < stage.inner ? row * stage.outer + column : column;
      const float prepared = PreparedGradient(tensor, model.clip_value, model.state[tensor.weight + i], g);
      UpdateElement(model, entry, tensor, index, i, prepared, model.state, model.state);
    });
  }
};

/// Element (row, column) of a part of a weight gradient goes to the workspace; the row behind the kernel's is the
/// bias's.
CEREBRO_KERNEL void StoreWeightGradient(const GroupView& group, const Stage& stage, float* work, int part,
                                        int64_t kernel_rows, int64_t row, int64_t column, float g) {
  const int index = row < kernel_rows ? stage.weight_tensor : stage.bias_tensor;
  if (index < 0) return;
  const Tensor& tensor = group.tensors[index];
  work[tensor.gradient + part * tensor.count + (row < kernel_rows ? row * stage.outer + column : column)] = g;
}

struct PartArguments {
  const GroupView* group = nullptr;
  int32_t stage = 0;
  int32_t tiles_across = 1;  // tiles of columns
};

/// Grid: tiles of columns and rows, parts, models.
struct DenseGradientKernel {
  using Arguments = PartArguments;
  static constexpr int kThreads = kProductThreads;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z(), part = block.y();
    if (BackwardRows(group, m) == 0) return;
    float* work = WorkOf(group, m);
    DenseWeightGradient(block, group, a.stage, m, part, block.x() / a.tiles_across, block.x() % a.tiles_across,
                        [&](int64_t row, int64_t column, float g) {
                          StoreWeightGradient(group, stage, work, part, stage.inner, row, column, g);
                        });
  }
};

/// Where element `tap` of the window at `at` lies; -1: in the padding.
CEREBRO_KERNEL int32_t WindowElement(const Window& w, int32_t at, int32_t tap) {
  const int32_t i = at * w.stride + tap * w.dilation - w.before;
  return i >= 0 && i < w.in ? i : -1;
}

/// The window whose element `tap` is i; -1: none.
CEREBRO_KERNEL int32_t WindowAt(const Window& w, int32_t i, int32_t tap) {
  const int32_t distance = i + w.before - tap * w.dilation;
  if (distance < 0 || distance % w.stride != 0) return -1;
  const int32_t at = distance / w.stride;
  return at < w.out ? at : -1;
}

/// Element k of the patch of an image under a window at a position, both counted over the batch; k in the order of the
/// kernel: (row, column, channel).
CEREBRO_KERNEL float PatchElement(const Stage& stage, const float* x, int64_t of_position, int64_t of_k) {
  const int32_t across = stage.columns.out, each = stage.rows.out * across;
  const auto position = static_cast<int32_t>(of_position), k = static_cast<int32_t>(of_k);
  const int32_t image = position / each, at = position % each, channel = k % stage.inner, tap = k / stage.inner;
  const int32_t row = WindowElement(stage.rows, at / across, tap / stage.columns.window);
  const int32_t column = WindowElement(stage.columns, at % across, tap % stage.columns.window);
  if (row < 0 || column < 0) return 0;
  return x[static_cast<int64_t>(image) * stage.in +
           (static_cast<int64_t>(row) * stage.columns.in + column) * stage.inner + channel];
}

CEREBRO_KERNEL int64_t KernelRows(const Stage& stage) {
  return static_cast<int64_t>(stage.rows.window) * stage.columns.window * stage.inner;
}
CEREBRO_KERNEL int64_t OutputPositions(const Stage& stage) {
  return static_cast<int64_t>(stage.rows.out) * stage.columns.out;
}

/// Grid: tiles of channels, tiles of positions, models.
struct ConvolutionForwardKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = kProductThreads;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z();
    const int64_t rows = ForwardRows(group, m) * OutputPositions(stage);
    if (static_cast<int64_t>(block.y()) * kTileRows >= rows) return;
    float* work = WorkOf(group, m);
    const float* x = work + stage.x;
    const float* w = group.entries[m].state + stage.weight;
    const float* bias = stage.bias < 0 ? nullptr : group.entries[m].state + stage.bias;
    Product<false>(
        block, {rows, stage.outer, 0, KernelRows(stage)}, group.precision, block.y(), block.x(),
        [&](int64_t row, int64_t k) { return PatchElement(stage, x, row, k); },
        [&](int64_t k, int64_t column) { return w[k * stage.outer + column]; },
        [&](int64_t row, int64_t column, float sum) {
          work[stage.y + row * stage.outer + column] =
              Activated(stage.activation, bias == nullptr ? sum : sum + bias[column]);
        });
  }
};

/// Each element of dx gathers from the windows that it lies in. Grid: tiles of channels, tiles of the images' pixels,
/// models.
struct ConvolutionInputGradientKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = kProductThreads;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z();
    const int32_t across = stage.columns.in, pixels = stage.rows.in * across;
    const int64_t rows = static_cast<int64_t>(BackwardRows(group, m)) * pixels;
    if (static_cast<int64_t>(block.y()) * kTileRows >= rows) return;
    float* work = WorkOf(group, m);
    const float* g = work + group.gradients[a.stage & 1];
    const float* w = group.entries[m].state + stage.weight;
    const int64_t taps = static_cast<int64_t>(stage.rows.window) * stage.columns.window;
    Product<false>(
        block, {rows, stage.inner, 0, taps * stage.outer}, group.precision, block.y(), block.x(),
        [&](int64_t of_row, int64_t of_k) {
          const auto row = static_cast<int32_t>(of_row), k = static_cast<int32_t>(of_k);
          const int32_t pixel = row % pixels, tap = k / stage.outer;
          const int32_t at_row = WindowAt(stage.rows, pixel / across, tap / stage.columns.window);
          const int32_t at_column = WindowAt(stage.columns, pixel % across, tap % stage.columns.window);
          if (at_row < 0 || at_column < 0) return 0.0f;
          const int64_t position =
              row / pixels * OutputPositions(stage) + static_cast<int64_t>(at_row) * stage.columns.out + at_column;
          return g[position * stage.outer + k % stage.outer];
        },
        [&](int64_t of_k, int64_t column) {
          const auto k = static_cast<int32_t>(of_k);
          return w[(k / stage.outer * stage.inner + column) * stage.outer + k % stage.outer];
        },
        [&](int64_t row, int64_t column, float sum) {
          StoreGradient(group, a.stage, work, row * stage.inner + column, sum);
        });
  }
};

/// Grid: tiles of columns and rows, parts, models.
struct ConvolutionGradientKernel {
  using Arguments = PartArguments;
  static constexpr int kThreads = kProductThreads;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z(), part = block.y();
    if (BackwardRows(group, m) == 0) return;
    float* work = WorkOf(group, m);
    const float* x = work + stage.x;
    const float* g = work + group.gradients[a.stage & 1];
    const int64_t positions = BackwardRows(group, m) * OutputPositions(stage), kernel_rows = KernelRows(stage);
    const int64_t first = static_cast<int64_t>(part) * kPartRows, last = first + kPartRows;
    Product<true>(
        block, {kernel_rows + (stage.bias < 0 ? 0 : 1), stage.outer, first, last < positions ? last : positions},
        group.precision, block.x() / a.tiles_across, block.x() % a.tiles_across,
        [&](int64_t row, int64_t k) { return row < kernel_rows ? PatchElement(stage, x, k, row) : 1.0f; },
        [&](int64_t k, int64_t column) { return g[k * stage.outer + column]; },
        [&](int64_t row, int64_t column, float sum) {
          StoreWeightGradient(group, stage, work, part, kernel_rows, row, column, sum);
        });
  }
};

/// The largest value or the mean of a window: math::PoolKernels.
CEREBRO_KERNEL float Pooled(const Stage& stage, const float* x, int64_t image, int32_t row, int32_t column,
                            int32_t channel, int32_t* count) {
  const bool largest = stage.kind == StageKind::kMaxPool;
  float result = 0;
  *count = 0;
  for (int32_t i = 0; i < stage.rows.window; ++i) {
    for (int32_t j = 0; j < stage.columns.window; ++j) {
      const int32_t from_row = WindowElement(stage.rows, row, i), from_column = WindowElement(stage.columns, column, j);
      if (from_row < 0 || from_column < 0) continue;
      const float value = x[image * stage.in +
                            (static_cast<int64_t>(from_row) * stage.columns.in + from_column) * stage.inner + channel];
      if (largest) {
        if (*count == 0 || value > result || value != value) result = value;
      } else {
        result += value;
      }
      ++*count;
    }
  }
  return largest ? result : result / static_cast<float>(*count);
}

/// What an element of an image gets from the windows that it lies in.
CEREBRO_KERNEL float PoolGradient(const Stage& stage, const float* x, const float* y, const float* g, int64_t image,
                                  int32_t row, int32_t column, int32_t channel) {
  const int64_t from = image * stage.in, to = image * stage.out;
  const float value = x[from + (static_cast<int64_t>(row) * stage.columns.in + column) * stage.inner + channel];
  float sum = 0;
  for (int32_t i = 0; i < stage.rows.window; ++i) {
    for (int32_t j = 0; j < stage.columns.window; ++j) {
      const int32_t at_row = WindowAt(stage.rows, row, i), at_column = WindowAt(stage.columns, column, j);
      if (at_row < 0 || at_column < 0) continue;
      const int64_t at = to + (static_cast<int64_t>(at_row) * stage.columns.out + at_column) * stage.inner + channel;
      if (stage.kind == StageKind::kMeanPool) {
        int32_t count = 0;
        Pooled(stage, x, image, at_row, at_column, channel, &count);
        sum += g[at] / static_cast<float>(count);
        continue;
      }
      if (value != y[at]) continue;
      // the first element of the window that has the largest value takes all
      bool first = true;
      for (int32_t tap = 0; tap < i * stage.columns.window + j && first; ++tap) {
        const int32_t r = WindowElement(stage.rows, at_row, tap / stage.columns.window);
        const int32_t c = WindowElement(stage.columns, at_column, tap % stage.columns.window);
        first = r < 0 || c < 0 ||
                x[from + (static_cast<int64_t>(r) * stage.columns.in + c) * stage.inner + channel] != y[at];
      }
      if (first) sum += g[at];
    }
  }
  return sum;
}

CEREBRO_KERNEL const uint32_t* DropoutKeys(const GroupView& group, int model, int entry, const Stage& stage) {
  return group.entries[model].dropout_keys +
         (static_cast<int64_t>(entry) * group.dropout_stages + stage.dropout) * kKeyWords;
}

/// Pools, dropout and activations that are stages. Grid: parts of kElements elements of the results, 1, models.
struct ElementForwardKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = 256;
  static constexpr int kElements = 2048;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z(), rows = ForwardRows(group, m);
    float* work = WorkOf(group, m);
    const float* x = work + stage.x;
    float* y = work + stage.y;
    const int32_t unit = stage.kind == StageKind::kSoftmax ? stage.outer : 1;  // elements of an item
    const int64_t items = static_cast<int64_t>(rows) * stage.out / unit,
                  first = static_cast<int64_t>(block.x()) * kElements;
    if (first >= items) return;
    const ModelProgress& progress = group.progress[m];
    const bool scoring = group.entries[m].entries[progress.cursor].kind == EntryKind::kScore;
    block.ForEach(static_cast<int32_t>(items - first < kElements ? items - first : kElements), [&](int32_t offset) {
      const auto i = static_cast<int32_t>(first + offset);
      switch (stage.kind) {
        case StageKind::kPointwise:
          math::pointwise::Apply(stage.function, x + i, 1, y + i);
          y[i] = Activated(stage.activation, y[i]);
          return;
        case StageKind::kDropout:
          y[i] = scoring ? x[i] : x[i] * DropoutFactor(DropoutKeys(group, m, progress.cursor, stage), stage.rate, i);
          return;
        case StageKind::kSoftmax:
          return Softmax(x + i * unit, unit, y + i * unit);
        default:
          break;
      }
      int32_t count = 0;
      const auto channel = static_cast<int32_t>(i % stage.inner);
      const int32_t position = i / stage.inner, each = stage.rows.out * stage.columns.out, at = position % each;
      y[i] = Pooled(stage, x, position / each, at / stage.columns.out, at % stage.columns.out, channel, &count);
    });
  }

  static CEREBRO_KERNEL void Softmax(const float* x, int64_t n, float* y) {
    const float largest = math::RowMax(x, n);
    for (int64_t j = 0; j < n; ++j) y[j] = math::Exp(x[j] - largest);
    const float sum = math::RowSum(y, n);
    for (int64_t j = 0; j < n; ++j) y[j] /= sum;
  }
};

/// Grid: parts of kElements elements of the input, 1, models.
struct ElementInputGradientKernel {
  using Arguments = StageArguments;
  static constexpr int kThreads = 256;
  static constexpr int kElements = 2048;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const Stage& stage = group.stages[a.stage];
    const int m = block.z(), rows = BackwardRows(group, m);
    float* work = WorkOf(group, m);
    const float* x = work + stage.x;
    const float* y = work + stage.y;
    const float* g = work + group.gradients[a.stage & 1];
    const int32_t unit = stage.kind == StageKind::kSoftmax ? stage.outer : 1;
    const int64_t items = static_cast<int64_t>(rows) * stage.in / unit,
                  first = static_cast<int64_t>(block.x()) * kElements;
    if (first >= items) return;
    block.ForEach(static_cast<int32_t>(items - first < kElements ? items - first : kElements), [&](int32_t offset) {
      const auto i = static_cast<int32_t>(first + offset);
      float dx = 0;
      switch (stage.kind) {
        case StageKind::kPointwise:
          math::pointwise::Gradient(stage.function, x + i, g + i, 1, &dx);
          break;
        case StageKind::kDropout:
          dx = g[i] * DropoutFactor(DropoutKeys(group, m, group.progress[m].current, stage), stage.rate, i);
          break;
        case StageKind::kSoftmax: {
          const int64_t at = i * unit;
          float sum = 0;
          for (int64_t j = 0; j < unit; ++j) sum += g[at + j] * y[at + j];
          for (int64_t j = 0; j < unit; ++j) StoreGradient(group, a.stage, work, at + j, (g[at + j] - sum) * y[at + j]);
          return;
        }
        default: {
          const auto channel = static_cast<int32_t>(i % stage.inner);
          const int32_t position = i / stage.inner, each = stage.rows.in * stage.columns.in, at = position % each;
          dx = PoolGradient(stage, x, y, g, position / each, at / stage.columns.in, at % stage.columns.in, channel);
        }
      }
      StoreGradient(group, a.stage, work, i, dx);
    });
  }
};

}  // namespace engine::device
