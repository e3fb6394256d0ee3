// The cost model of fusion groups. Measured on one core with 16 models, a mini-batch of 32 (docs/performance.md has the figures): what a fusion group saves
// is the gathering of rows that its members see in one order, and the workspace; what it costs is that weights and slots leave the cache
// when another member is trained. So members whose rows are ordered differently take whole buffers in turn, and others as many mini-batches as make
// the sum of both least.
#include "plan/fusion.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <tuple>
#include <utility>

#include "plan/cost.hpp"

namespace plan {
namespace {

constexpr double kGatherSeconds = 0.08e-9;        // an element of an input, packed to floating-point
constexpr double kMemoryByteSeconds = 0.033e-9;   // a byte of a state or of gathered rows that has left the cache
constexpr double kNearByteSeconds = 0.004e-9;     // ... that has left the first-level cache only
constexpr double kCacheBytes = 2 * 1024 * 1024;   // plan/cost.cpp has the same
constexpr double kElementBytes = 4;
constexpr int kBatchesPerSwitch[] = {1, 2, 4, 8, 16, 32};

std::string Count(size_t n) { return std::to_string(n); }

std::string Size(double bytes) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.0f kB", std::ceil(bytes / 1024));
  return text;
}

double Buffers(const FusionData& data) { return std::max(1.0, data.buffers); }

double Batches(const FusionModel& model, const FusionData& data) {
  return std::ceil(data.rows / std::max(1, model.batch_size)) * std::max(1, model.epochs);
}

/// What so many mini-batches per switch save a model in each of them, against gathering for itself with all of a buffer at once.
double SwitchSaves(int batches_per_switch, double members, double states, const FusionModel& model, const FusionData& data) {
  const double elements = data.row_elements * model.batch_size;
  const double gathered = elements * kElementBytes * batches_per_switch;
  const bool states_stay = states + model.workspace_bytes + gathered <= kCacheBytes;
  const double leaving = states / members * (states_stay ? kNearByteSeconds : kMemoryByteSeconds) / batches_per_switch;
  const double reading = states_stay || gathered <= kCacheBytes / 8 ? 0 : elements * kElementBytes * kMemoryByteSeconds;
  return elements * kGatherSeconds * (1 - 1 / members) - leaving - reading;
}

// Members that see rows in the table's order can take them from one gather.
void ChooseBatchesPerSwitch(const std::vector<FusionModel>& models, const FusionData& data, FusionGroup* fusion_group) {
  double together = 0;
  for (const int m : fusion_group->models) together += models[static_cast<size_t>(m)].shuffle ? 0 : 1;
  const FusionModel& first = models[static_cast<size_t>(fusion_group->models.front())];
  double saved = 0;
  for (const int batches_per_switch : kBatchesPerSwitch) {
    if (together < 2) break;
    const double saves = SwitchSaves(batches_per_switch, together, fusion_group->state_bytes, first, data);
    if (saves <= saved) continue;
    saved = saves;
    fusion_group->batches_per_switch = batches_per_switch;
  }
  const auto width = static_cast<double>(fusion_group->models.size());
  // one by one, every model has a workspace of its own that comes into the cache again with every buffer
  fusion_group->horizontal.saved_seconds =
      saved * together * Batches(first, data) + (width - 1) * fusion_group->workspace_bytes * kMemoryByteSeconds * Buffers(data);
  fusion_group->horizontal.applied = true;
  fusion_group->horizontal.reason = "one workspace of " + Size(fusion_group->workspace_bytes) + " for " + Count(fusion_group->models.size()) + " models; ";
  if (fusion_group->batches_per_switch > 0) {
    fusion_group->workspace_bytes += data.row_elements * kElementBytes * first.batch_size * (fusion_group->batches_per_switch - 1);
    fusion_group->horizontal.reason += "rows gathered once for " + std::to_string(static_cast<int>(together)) + ", mini-batches a switch: " +
                                std::to_string(fusion_group->batches_per_switch);
  } else if (together < 2) {
    fusion_group->horizontal.reason += "each has its own order of rows: whole buffers in turn";
  } else {
    fusion_group->horizontal.reason += "their states do not stay in the cache together: whole buffers in turn";
  }
}

void JudgeHorizontal(const std::vector<FusionModel>& models, const FusionData& data, const FusionSwitches& switches, bool parted,
                     FusionGroup* fusion_group) {
  std::string& reason = fusion_group->horizontal.reason;
  if (!switches.horizontal) {
    reason = "cerebro.enable_horizontal is off";
  } else if (!models[static_cast<size_t>(fusion_group->models.front())].kernels) {
    reason = "no kernels for this network: trained by autograd, one by one";
  } else if (fusion_group->models.size() > 1) {
    ChooseBatchesPerSwitch(models, data, fusion_group);
  } else {
    reason = parted ? "no room in cerebro.fusion_mem beside another model of this shape"
                    : "no other model of this shape and batch size in the bundle";
  }
}

void JudgeSharedScan(const Bundle& bundle, const FusionData& data, const FusionSwitches& switches, BundleFusion* made) {
  Rewrite& scan = made->shared_scan;
  if (bundle.models.size() < 2) {
    scan.reason = "one model in the bundle";
    return;
  }
  if (!switches.shared_scan) {
    scan.reason = "cerebro.enable_shared_scan is off";
    return;
  }
  // what is off reads once for each model, or once for each fusion group that trains side by side
  double scans = 0;
  for (const FusionGroup& fusion_group : made->fusion_groups) scans += fusion_group.horizontal.applied ? 1 : static_cast<double>(fusion_group.models.size());
  const double bytes = data.rows * data.row_bytes;
  const double fetched = std::max(0.0, bytes - data.cached_bytes);
  scan.applied = true;
  scan.reason = "each buffer is read once for " + Count(bundle.models.size()) + " models";
  scan.saved_seconds = (scans - 1) * (kQuerySeconds * data.partitions + fetched * kFetchByteSeconds);
}

}  // namespace

Fusion PlanFusion(const Plan& plan, const std::vector<FusionModel>& models, const FusionData& data, const FusionSwitches& switches) {
  Fusion fusion;
  for (const Bundle& bundle : plan.bundles) {
    BundleFusion made;
    std::map<std::tuple<std::string, int, bool>, std::vector<size_t>> parts;  // fusion groups of one kind
    for (const int m : bundle.models) {
      const FusionModel& model = models[static_cast<size_t>(m)];
      std::vector<size_t>& kind = parts[{model.signature, model.batch_size, model.kernels}];
      const FusionGroup* last = kind.empty() ? nullptr : &made.fusion_groups[kind.back()];
      const bool room = last != nullptr && last->state_bytes + model.state_bytes + std::max(last->workspace_bytes, model.workspace_bytes) <=
                                               switches.memory;
      // models without kernels keep nothing between them: no memory bounds their number
      if (last == nullptr || (!room && model.kernels && switches.horizontal)) {
        kind.push_back(made.fusion_groups.size());
        made.fusion_groups.emplace_back();
      }
      FusionGroup& fusion_group = made.fusion_groups[kind.back()];
      fusion_group.models.push_back(m);
      fusion_group.state_bytes += model.state_bytes;
      fusion_group.workspace_bytes = std::max(fusion_group.workspace_bytes, model.workspace_bytes);
    }
    for (auto& [kind, numbers] : parts) {
      for (const size_t number : numbers) {
        FusionGroup& fusion_group = made.fusion_groups[number];
        // rows in the table's order stay gathered only while nobody else gathers
        std::stable_partition(fusion_group.models.begin(), fusion_group.models.end(), [&](int m) { return !models[static_cast<size_t>(m)].shuffle; });
        JudgeHorizontal(models, data, switches, numbers.size() > 1, &fusion_group);
      }
    }
    JudgeSharedScan(bundle, data, switches, &made);
    fusion.bundles.push_back(std::move(made));
  }
  return fusion;
}

}  // namespace plan
