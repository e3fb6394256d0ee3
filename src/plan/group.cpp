#include "plan/group.hpp"

#include <map>
#include <utility>

namespace plan {

Grouping MakeGrouping(const Plan& plan, const std::vector<GroupModel>& models, const GroupData& /*data*/, const GroupSwitches& switches) {
  Grouping grouping;
  for (const Bundle& bundle : plan.bundles) {
    BundleGroups made;
    made.shared_scan.applied = switches.shared_scan && bundle.models.size() > 1;
    std::map<std::pair<std::string, int>, size_t> open;  // group with room by signature and batch size
    for (const int m : bundle.models) {
      const GroupModel& model = models[static_cast<size_t>(m)];
      const std::pair<std::string, int> key(model.signature, model.batch_size);
      const auto it = open.find(key);
      const bool fits = switches.horizontal && it != open.end() &&
                        made.groups[it->second].state_bytes + model.state_bytes + model.workspace_bytes <= switches.memory;
      if (!fits) {
        open[key] = made.groups.size();
        made.groups.emplace_back();
      }
      Group& group = made.groups[open[key]];
      group.models.push_back(m);
      group.state_bytes += model.state_bytes;
      group.workspace_bytes = model.workspace_bytes;
      group.horizontal.applied = group.models.size() > 1;
    }
    grouping.bundles.push_back(std::move(made));
  }
  return grouping;
}

}  // namespace plan
