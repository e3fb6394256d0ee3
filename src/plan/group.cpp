// The cost model of groups. Measured on one core with 16 models, a mini-batch of 32 (docs/internals.md has the figures): what a group saves
// is the gathering of rows that its members see in one order, and the workspace; what it costs is that weights and slots leave the cache
// when another member has its turn. So members of different row orders take whole buffers in turn, and others as many mini-batches as make
// the sum of both least.
#include "plan/group.hpp"

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
constexpr int kTurns[] = {1, 2, 4, 8, 16, 32};

std::string Count(size_t n) { return std::to_string(n); }

std::string Size(double bytes) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.0f kB", std::ceil(bytes / 1024));
  return text;
}

double Buffers(const GroupData& data) { return std::max(1.0, data.buffers); }

double Steps(const GroupModel& model, const GroupData& data) {
  return std::ceil(data.rows / std::max(1, model.batch_size)) * std::max(1, model.epochs);
}

/// What a turn of so many mini-batches saves a model in one step, against gathering for itself with all of a buffer in one turn.
double TurnSaves(int turn, double members, double states, const GroupModel& model, const GroupData& data) {
  const double elements = data.row_elements * model.batch_size;
  const double gathered = elements * kElementBytes * turn;
  const bool states_stay = states + model.workspace_bytes + gathered <= kCacheBytes;
  const double leaving = states / members * (states_stay ? kNearByteSeconds : kMemoryByteSeconds) / turn;
  const double reading = states_stay || gathered <= kCacheBytes / 8 ? 0 : elements * kElementBytes * kMemoryByteSeconds;
  return elements * kGatherSeconds * (1 - 1 / members) - leaving - reading;
}

// Members that see rows in the table's order can take them from one gather.
void ChooseTurn(const std::vector<GroupModel>& models, const GroupData& data, Group* group) {
  double together = 0;
  for (const int m : group->models) together += models[static_cast<size_t>(m)].shuffle ? 0 : 1;
  const GroupModel& first = models[static_cast<size_t>(group->models.front())];
  double saved = 0;
  for (const int turn : kTurns) {
    if (together < 2) break;
    const double saves = TurnSaves(turn, together, group->state_bytes, first, data);
    if (saves <= saved) continue;
    saved = saves;
    group->turn = turn;
  }
  const auto width = static_cast<double>(group->models.size());
  // one by one, every model has a workspace of its own that comes into the cache again with every buffer
  group->horizontal.saved_seconds =
      saved * together * Steps(first, data) + (width - 1) * group->workspace_bytes * kMemoryByteSeconds * Buffers(data);
  group->horizontal.applied = true;
  group->horizontal.reason = "one workspace of " + Size(group->workspace_bytes) + " for " + Count(group->models.size()) + " models; ";
  if (group->turn > 0) {
    group->workspace_bytes += data.row_elements * kElementBytes * first.batch_size * (group->turn - 1);
    group->horizontal.reason += "rows gathered once for " + std::to_string(static_cast<int>(together)) + ", mini-batches a turn: " +
                                std::to_string(group->turn);
  } else if (together < 2) {
    group->horizontal.reason += "each has its own order of rows: whole buffers in turn";
  } else {
    group->horizontal.reason += "their states do not stay in the cache together: whole buffers in turn";
  }
}

void JudgeHorizontal(const std::vector<GroupModel>& models, const GroupData& data, const GroupSwitches& switches, bool parted,
                     Group* group) {
  std::string& reason = group->horizontal.reason;
  if (!switches.horizontal) {
    reason = "cerebro.enable_horizontal is off";
  } else if (!models[static_cast<size_t>(group->models.front())].kernels) {
    reason = "no kernels for this network: trained by autograd, one by one";
  } else if (group->models.size() > 1) {
    ChooseTurn(models, data, group);
  } else {
    reason = parted ? "no room in cerebro.group_mem beside another model of this shape"
                    : "no other model of this shape and batch size in the bundle";
  }
}

void JudgeSharedScan(const Bundle& bundle, const GroupData& data, const GroupSwitches& switches, BundleGroups* made) {
  Rewrite& scan = made->shared_scan;
  if (bundle.models.size() < 2) {
    scan.reason = "one model in the bundle";
    return;
  }
  if (!switches.shared_scan) {
    scan.reason = "cerebro.enable_shared_scan is off";
    return;
  }
  // what is off reads once for each model, or once for each group that trains side by side
  double scans = 0;
  for (const Group& group : made->groups) scans += group.horizontal.applied ? 1 : static_cast<double>(group.models.size());
  const double bytes = data.rows * data.row_bytes;
  const double fetched = std::max(0.0, bytes - data.cached_bytes);
  scan.applied = true;
  scan.reason = "each buffer is read once for " + Count(bundle.models.size()) + " models";
  scan.saved_seconds = (scans - 1) * (kQuerySeconds * data.partitions + fetched * kFetchByteSeconds);
}

}  // namespace

Grouping MakeGrouping(const Plan& plan, const std::vector<GroupModel>& models, const GroupData& data, const GroupSwitches& switches) {
  Grouping grouping;
  for (const Bundle& bundle : plan.bundles) {
    BundleGroups made;
    std::map<std::tuple<std::string, int, bool>, std::vector<size_t>> parts;  // groups of one kind
    for (const int m : bundle.models) {
      const GroupModel& model = models[static_cast<size_t>(m)];
      std::vector<size_t>& kind = parts[{model.signature, model.batch_size, model.kernels}];
      const Group* last = kind.empty() ? nullptr : &made.groups[kind.back()];
      const bool room = last != nullptr && last->state_bytes + model.state_bytes + std::max(last->workspace_bytes, model.workspace_bytes) <=
                                               switches.memory;
      // models without kernels keep nothing between them: no memory bounds their number
      if (last == nullptr || (!room && model.kernels && switches.horizontal)) {
        kind.push_back(made.groups.size());
        made.groups.emplace_back();
      }
      Group& group = made.groups[kind.back()];
      group.models.push_back(m);
      group.state_bytes += model.state_bytes;
      group.workspace_bytes = std::max(group.workspace_bytes, model.workspace_bytes);
    }
    for (auto& [kind, numbers] : parts) {
      for (const size_t number : numbers) {
        Group& group = made.groups[number];
        // rows in the table's order stay gathered only while nobody else gathers
        std::stable_partition(group.models.begin(), group.models.end(), [&](int m) { return !models[static_cast<size_t>(m)].shuffle; });
        JudgeHorizontal(models, data, switches, numbers.size() > 1, &group);
      }
    }
    JudgeSharedScan(bundle, data, switches, &made);
    grouping.bundles.push_back(std::move(made));
  }
  return grouping;
}

}  // namespace plan
