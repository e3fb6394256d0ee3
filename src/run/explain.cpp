// cerebro.explain_fit_multiple_model: the plan in the manner of the server's EXPLAIN.
#include <algorithm>
#include <cstdio>
#include <map>

#include "pg/parallel.hpp"
#include "pg/settings.hpp"
#include "run/fit.hpp"
#include "run/fit_prepare.hpp"
#include "run/hop_memory.hpp"

namespace run {
namespace {

std::string Format(const char* format, double a, double b = 0, double c = 0) {
  char text[256];
  std::snprintf(text, sizeof(text), format, a, b, c);
  return text;
}

std::string Size(double bytes) {
  if (bytes < 10 * 1024) return Format("%.0f B", bytes);
  if (bytes < 10 * 1024 * 1024) return Format("%.0f kB", bytes / 1024);
  return Format("%.0f MB", bytes / 1024 / 1024);
}

std::string Keys(const PreparedFit& fit, const std::vector<int>& models) {
  std::string text;
  for (const int m : models) text += (text.empty() ? "" : ", ") + std::to_string(fit.models[static_cast<size_t>(m)].mst_key);
  return text;
}

void ExplainRewrite(const char* name, const plan::Rewrite& rewrite, const std::string& indent, std::vector<std::string>* lines) {
  lines->push_back(indent + name + ": " + (rewrite.applied ? "" : "declined: ") + rewrite.reason +
                   (rewrite.applied ? Format("  (saves %.2g s an iteration)", rewrite.saved_seconds) : ""));
}

void ExplainGroups(const PreparedFit& fit, const plan::BundleGroups& together, std::vector<std::string>* lines) {
  ExplainRewrite("Shared Scan", together.shared_scan, "        ", lines);
  for (const plan::Group& group : together.groups) {
    lines->push_back(Format("        ->  Group  (models=%.0f", static_cast<double>(group.models.size())) + " states=" +
                     Size(group.state_bytes) + " workspace=" + Size(group.workspace_bytes) + ")");
    lines->push_back("              mst_key: " + Keys(fit, group.models));
    ExplainRewrite("Horizontal", group.horizontal, "              ", lines);
  }
}

}  // namespace

std::vector<std::string> ExplainFit(const FitArguments& arguments) {
  const PreparedFit fit = PrepareFit(arguments);
  std::vector<std::string> lines;
  const auto iterations = static_cast<double>(arguments.num_iterations);
  double epoch = 0;
  for (const PreparedModel& model : fit.models) epoch += model.visit_seconds * fit.plan.partitions;
  const int hands = std::max(1, fit.workers);
  const double bound = fit.plan.LowerBound(hands);
  lines.push_back(Format("Model Hopper  (models=%.0f bundles=%.0f", static_cast<double>(fit.models.size()),
                         static_cast<double>(fit.plan.bundles.size())) +
                  Format(" partitions=%.0f iterations=%.0f)", fit.plan.partitions, iterations));
  lines.push_back("  Source: " + fit.training.name.Sql() +
                  Format("  (rows=%.0f partitions=%.0f)", static_cast<double>(fit.training.spec.rows), fit.plan.partitions));
  if (fit.validation) {
    lines.push_back(
        "  Validation: " + fit.validation->name.Sql() +
        Format("  (rows=%.0f partitions=%.0f)", static_cast<double>(fit.validation->spec.rows), fit.validation->spec.num_partitions));
  }
  lines.push_back(Format("  Metrics: after %.0f of %.0f iterations, all models in one shared scan a table",
                         static_cast<double>(fit.due.size()), iterations));
  for (const std::string& line : plan::DescribeStopping(fit.stopping, static_cast<int64_t>(fit.models.size()), arguments.num_iterations)) {
    lines.push_back("  " + line);
  }
  lines.push_back(fit.workers > 0 ? Format("  Driver: parallel workers  (planned=%.0f)", fit.workers)
                                  : "  Driver: this session" + (fit.serial_reason.empty() ? "" : " (" + fit.serial_reason + ")"));
  lines.push_back(Format("  Estimated: %.3g s an iteration, lower bound %.3g s, %.3g s in all", std::max(bound, epoch / hands), bound,
                         std::max(bound, epoch / hands) * iterations));
  const auto states = static_cast<double>(fit.StateBytes());
  const double room =
      std::min(static_cast<double>(pg::CurrentSettings().shared_state_mem), 0.8 * static_cast<double>(pg::FreeSharedMemory()));
  lines.push_back("  Training states: " + Size(states) +
                  (fit.workers == 0 ? " in session memory"
                   : states <= room ? " in shared memory"
                                    : " in a mapped file") +
                  (fit.workers == 0 ? "" : " (room in shared memory: " + Size(room) + ")"));
  std::map<int, std::vector<int>> by_model_id;
  for (size_t m = 0; m < fit.models.size(); m++) by_model_id[fit.models[m].architecture->model_id].push_back(static_cast<int>(m));
  for (const auto& [model_id, members] : by_model_id) {
    const PreparedModel& model = fit.models[static_cast<size_t>(members.front())];
    const std::string& name = model.architecture->name;
    lines.push_back(
        "  ->  Architecture " + std::to_string(model_id) + (name.empty() ? "" : " (" + name + ")") +
        Format("  (models=%.0f parameters=%.0f", static_cast<double>(members.size()), static_cast<double>(model.spec.graph.WeightCount())) +
        Format(" flops_per_row=%.3g", model.cost.flops_per_row) + " state=" + Size(static_cast<double>(model.state_bytes)) + ")");
    lines.push_back("        mst_key: " + Keys(fit, members));
  }
  for (size_t b = 0; b < fit.plan.bundles.size(); b++) {
    const plan::Bundle& bundle = fit.plan.bundles[b];
    std::string order;
    const int shown = std::min(fit.plan.partitions, 16);
    for (int v = 0; v < shown; v++) {
      order += (v > 0 ? " " : "") + std::to_string(fit.plan.PartitionAt(static_cast<int>(b), fit.first_iteration[b], v));
    }
    lines.push_back(Format("  ->  Bundle %.0f  (models=%.0f visit=%.3g s)", static_cast<double>(b),
                           static_cast<double>(bundle.models.size()), bundle.visit_cost));
    lines.push_back("        mst_key: " + Keys(fit, bundle.models));
    lines.push_back("        partitions: " + order + (shown < fit.plan.partitions ? " ..." : ""));
    ExplainGroups(fit, fit.grouping.bundles[b], &lines);
  }
  return lines;
}

}  // namespace run
