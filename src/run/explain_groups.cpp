// The plan of a run over groups as lines of text.
#include "run/groups.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "data/groups.hpp"
#include "pg/names.hpp"
#include "store/group_tables.hpp"
#include "train/prepare_model.hpp"

namespace run {
namespace {

std::string Seconds(double s) {
  char text[32];
  std::snprintf(text, sizeof(text), s < 10 ? "%.2f s" : "%.0f s", s);
  return text;
}

std::string Count(int64_t n, const char* what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); }

/// "kernels", or where configurations differ "kernels (3 configurations), autograd (1 configuration)".
std::string TrainersOf(const train::PreparedFit& fit) {
  std::vector<std::pair<std::string, int64_t>> trainers;
  for (const train::PreparedModel& model : fit.models) {
    const bool on_device = train::DeviceTrainingOf(fit, model).on_device;
    const std::string name = on_device ? "device" : model.kernels() ? "kernels" : "autograd";
    const auto found =
        std::find_if(trainers.begin(), trainers.end(), [&name](const auto& trainer) { return trainer.first == name; });
    if (found == trainers.end()) {
      trainers.emplace_back(name, 1);
    } else {
      ++found->second;
    }
  }
  if (trainers.size() == 1) return trainers.front().first;
  std::string list;
  for (const auto& [name, count] : trainers)
    list += (list.empty() ? "" : ", ") + name + " (" + Count(count, "configuration") + ")";
  return list;
}

}  // namespace

std::vector<std::string> ExplainGroups(const train::FitArguments& a, const train::PreparedFit& fit) {
  const GroupPlan plan = PlanGroups(a, fit);
  const data::GroupedTable training = data::OpenGroupedTable(a.source_table, "source_table");
  std::string keys;
  for (const pg::Column& key : training.keys) keys += (keys.empty() ? "" : ", ") + pg::QuoteIdent(key.name);
  std::vector<std::string> lines;
  lines.push_back("Run over groups: " + Count(plan.trained_groups, "group") + " of " + fit.training.name.Text() +
                  " by " + keys + ", " + Count(static_cast<int64_t>(fit.models.size()), "configuration") + ", " +
                  Count(plan.trained_groups * static_cast<int64_t>(fit.models.size()), "model") + ", " +
                  Count(a.num_iterations, "iteration"));
  const int64_t skipped = plan.groups - plan.trained_groups;
  lines.push_back("  Rows: " + std::to_string(plan.rows) + ", largest group " + std::to_string(plan.largest_rows) +
                  ", mean " + std::to_string(plan.rows / std::max<int64_t>(1, plan.trained_groups)) +
                  (skipped > 0 ? "; " + Count(skipped, "group") + " skipped when packed" : ""));
  if (fit.validation)
    lines.push_back("  Validation: " + std::to_string(fit.validation->spec.rows) + " rows of " +
                    fit.validation->name.Text() + ", by group");
  const std::string trainers = plan.on_segments ? Count(plan.processes, "segment") + ", each the groups that lie on it"
                               : plan.processes > 0 ? Count(plan.processes, "worker") + ", whole groups, largest first"
                               : plan.too_short   ? "this session: workers would take longer to start than they save"
                               : plan.serial_reason.empty() ? "this session"
                                                            : "this session: " + plan.serial_reason;
  lines.push_back("  Trained by: " + trainers);
  if (plan.largest_hops)
    lines.push_back("  Groups of more than " + std::to_string(plan.rows / std::max(1, plan.processes)) +
                    " rows hop between their partitions");
  const auto windows =
      (static_cast<size_t>(plan.trained_groups) + plan.groups_at_once - 1) / std::max<size_t>(1, plan.groups_at_once);
  lines.push_back("  Windows: " + std::to_string(windows) + " of up to " +
                  Count(static_cast<int64_t>(plan.groups_at_once), "group") + ", " +
                  std::to_string((plan.group_bytes + 1023) / 1024) + " kB a group (cerebro.group_mem)");
  lines.push_back("  Trainer: " + TrainersOf(fit));
  if (a.global_model) {
    lines.push_back("  Global models: trained before on " + fit.training.name.WithSuffix(data::kPooledSuffix).Text() +
                    ", into " + fit.output.models.WithSuffix(store::kGlobalSuffix).Text() +
                    (a.warm_start_groups ? "; groups begin with their weights" : "") +
                    (a.promote ? "; a group's own model must beat the best of them" : ""));
  }
  lines.push_back("  Estimated time: " + Seconds(plan.seconds) + (a.global_model ? ", without the global models" : ""));
  return lines;
}

}  // namespace run
