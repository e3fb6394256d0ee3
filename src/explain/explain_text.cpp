// The plan as lines: a node a line, its properties indented below it, estimates in the first parentheses and what a run measured in the second.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/plain_number.hpp"
#include "explain/explain_model.hpp"

namespace explain {
namespace {

constexpr size_t kMostPartitionsShown = 16;

class Lines {
 public:
  explicit Lines(std::vector<std::string>* lines) : lines_(lines) {}
  void Add(int indent, const std::string& text) { lines_->push_back(std::string(static_cast<size_t>(indent), ' ') + text); }

 private:
  std::vector<std::string>* lines_;
};

std::string Number(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

std::string Count(int64_t n) { return std::to_string(n); }
std::string Seconds(double s) { return base::PlainNumber(s, 3) + " s"; }
std::string Saved(double s) { return base::PlainNumber(s, 2) + " s"; }
std::string Percent(double share) { return Number("%.0f %%", 100 * share); }
std::string Ratio(double r) { return Number("%.2f", r); }

std::string Size(double bytes) {
  if (bytes < 10 * 1024) return Number("%.0f B", bytes);
  if (bytes < 10 * 1024 * 1024) return Number("%.0f kB", bytes / 1024);
  return Number("%.0f MB", bytes / 1024 / 1024);
}

template <typename T>
std::string Join(const std::vector<T>& values, const char* between, size_t most) {
  std::string text;
  for (size_t i = 0; i < values.size() && i < most; i++) text += (i > 0 ? between : "") + std::to_string(values[i]);
  return text + (values.size() > most ? " ..." : "");
}

std::string Keys(const std::vector<int>& keys) { return "mst_key: " + Join(keys, ", ", keys.size()); }

std::string Actual(const std::optional<ExplainedActual>& actual) {
  if (!actual) return "";
  std::string text = "  (actual visit=" + Seconds(actual->visit_seconds) + " visits=" + Count(actual->visits) + " rows=" + Count(actual->rows) +
                     " total=" + Seconds(actual->seconds) + " actual/estimated=" + Ratio(actual->ratio);
  if (actual->diverged > 0) text += " diverged=" + Count(actual->diverged);
  if (actual->stopped > 0) text += " stopped=" + Count(actual->stopped);
  return text + ")";
}

void AddRewrites(const std::vector<ExplainedRewrite>& rewrites, int indent, Lines* lines) {
  for (const ExplainedRewrite& rewrite : rewrites) {
    const std::string saved =
        rewrite.applied && rewrite.saved_seconds > 0 ? "  (saves " + Saved(rewrite.saved_seconds) + " an iteration)" : "";
    lines->Add(indent, rewrite.name + ": " + (rewrite.applied ? "" : "declined: ") + rewrite.reason + saved);
  }
}

void AddTable(const char* what, const ExplainedTable& table, Lines* lines) {
  lines->Add(2, std::string(what) + ": " + table.name + "  (rows=" + Count(table.rows) + " partitions=" + Count(table.partitions) +
                    " size=" + Size(table.bytes) + ")");
}

std::string Driver(const ExplainedDriver& driver) {
  if (driver.kind == "segments") {
    return driver.kind + "  (data segments=" + Count(driver.data_segments) + " rounds an iteration=" + Number("%.3g", driver.rounds) +
           " partitions each=" + Count(driver.partitions_each) + ")";
  }
  if (driver.workers > 0) return driver.kind + "  (planned=" + Count(driver.workers) + " cores=" + Count(driver.cores) + ")";
  return driver.kind + (driver.reason.empty() ? "" : " (" + driver.reason + ")");
}

// A cut a line, what is done first.
void AddFeatures(const ExplainedFeatures& features, Lines* lines) {
  const std::string found = features.exact ? "" : ", by search";
  const std::string budgets = "  (models=" + Count(features.models) + " making=" + Seconds(features.store_seconds) + " disk=" + Size(features.disk) +
                              " cerebro.materialize_disk=" + Size(features.disk_budget) + " memory=" + Size(features.memory) +
                              " cerebro.materialize_mem=" + Size(features.memory_budget) + ")";
  lines->Add(2, "Features: " + (features.applied ? features.reason + found + budgets : "declined: " + features.reason));
  for (const ExplainedCut& cut : features.cuts) {
    std::string text = (cut.use == "store" ? "Store " : cut.use == "share" ? "Share " : "Recompute ") + cut.layer + ": " + cut.reason;
    if (cut.use == "recompute") {
      text += "  (size=" + Size(cut.bytes) + ")";
    } else {
      // a column that is made anew may pay only together with others, or for later runs
      text += "  (size=" + Size(cut.bytes) + " saves " +
              (cut.saved_seconds > 0 ? Saved(cut.saved_seconds) : "nothing by itself") + ")";
    }
    lines->Add(4, text);
  }
}

void AddRun(const ExplainedFit& fit, Lines* lines) {
  lines->Add(0, "Model Hopper  (models=" + Count(fit.models) + " bundles=" + Count(static_cast<int64_t>(fit.bundles.size())) +
                    " partitions=" + Count(fit.partitions) + (fit.folds > 0 ? " folds=" + Count(fit.folds) : "") +
                    " iterations=" + Count(fit.iterations) + ")");
  AddTable("Source", fit.source, lines);
  if (fit.validation) AddTable("Validation", *fit.validation, lines);
  lines->Add(2, "Output: " + fit.output + (fit.warm_start ? "  (warm start)" : ""));
  if (fit.search) {
    lines->Add(2, "Metrics: after each of about " + Count(fit.search->rounds) + " rounds, all trials that trained in one shared scan a table");
  } else {
    lines->Add(2, "Metrics: after " + Count(fit.due.count()) + " of " + Count(fit.iterations) +
                      " iterations, all models in one shared scan a table");
  }
  for (const std::string& rule : fit.stopping) lines->Add(2, rule);
  if (fit.search) {
    lines->Add(2, "Search: " + fit.search->policy + "  (trials=" + Count(fit.search->trials) + " model-iterations=" + Count(fit.search->model_iterations) +
                      ", models and bundles are those of the first round)");
    for (const std::string& line : fit.search->lines) lines->Add(4, line);
  }
  lines->Add(2, "Driver: " + Driver(fit.driver));
  const double over = fit.bound_seconds > 0 ? fit.iteration_seconds / fit.bound_seconds : 1;
  lines->Add(2, "Schedule: " + Seconds(fit.iteration_seconds) + " an iteration, lower bound " + Seconds(fit.bound_seconds) + "  (" +
                    Number("%.1f", 100 * std::max(0.0, over - 1)) + " % over it)");
  lines->Add(2, "Estimated: " + Seconds(fit.total_seconds) + " in all: start " + Seconds(fit.start_seconds) + ", training " +
                    Seconds(fit.training_seconds) + ", metrics " + Seconds(fit.metrics_seconds));
  AddRewrites(fit.rewrites, 2, lines);
  if (fit.features) AddFeatures(*fit.features, lines);
}

void AddMemory(const ExplainedMemory& memory, Lines* lines) {
  lines->Add(2, "Training States: " + Size(memory.states) + " in " + memory.states_location +
                    (memory.has_room ? "  (cerebro.shared_state_mem=" + Size(memory.shared_state_mem) + " free shared memory=" +
                                           Size(memory.shared_free) + ")"
                                     : ""));
  lines->Add(2, "Fusion Memory: " + Size(memory.widest_fusion) + " for the largest fusion group  (cerebro.fusion_mem=" + Size(memory.fusion_mem) + ")");
  lines->Add(2, "Data Cache: " + Size(memory.table) + (memory.table <= memory.cache_mem ? ", read once a process" : ", read again at every visit what does not fit") +
                    "  (cerebro.cache_mem=" + Size(memory.cache_mem) + " a process)");
  if (!memory.has_need) return;
  lines->Add(2, "Memory: " + Size(memory.all) + " in all, " + Size(memory.process) + " for " +
                    (memory.processes > 1 ? "each of " + Count(memory.processes) + " processes" : "the process") + " that train" +
                    (memory.processes > 1 ? "" : "s") + ", " + Size(memory.session) + " for the session" +
                    (memory.all > memory.allowed ? ": more than may be used" : "") + "  (" + memory.allowed_by + "=" + Size(memory.allowed) + ")");
}

void AddRunActual(const ExplainedRunActual& actual, Lines* lines) {
  lines->Add(2, "Actual: " + Seconds(actual.seconds) + " in all, " + Seconds(actual.run_seconds) + " of the run, " +
                    Seconds(actual.training_seconds) + " of models' visits, actual/estimated " + Ratio(actual.ratio));
  lines->Add(2, "Actual Work: workers=" + Count(actual.workers) + " visits=" + Count(actual.visits) + " rows=" + Count(actual.rows) +
                    " evaluations=" + Count(actual.evaluations) + " diverged=" + Count(actual.diverged) + " stopped=" + Count(actual.stopped) +
                    " states in " + actual.states_location);
}

void AddFusionGroup(const ExplainedFusionGroup& fusion_group, Lines* lines) {
  lines->Add(8, "->  Fusion Group  (models=" + Count(static_cast<int64_t>(fusion_group.mst_keys.size())) + " visit=" + Seconds(fusion_group.visit_seconds) +
                    " iteration=" + Seconds(fusion_group.iteration_seconds) + " flops=" + Number("%.3g", fusion_group.flops) + ")" + Actual(fusion_group.actual));
  lines->Add(14, Keys(fusion_group.mst_keys));
  lines->Add(14, "Architecture: " + Count(fusion_group.model_id) + (fusion_group.architecture.empty() ? "" : " (" + fusion_group.architecture + ")") +
                     "  (parameters=" + Count(fusion_group.parameters) + " batch_size=" + Count(fusion_group.batch_size) + ")");
  lines->Add(14, "Trainer: " + fusion_group.trainer + "  (states=" + Size(fusion_group.state_bytes) + " workspace=" + Size(fusion_group.workspace_bytes) + ")");
  if (fusion_group.input_density < 1) lines->Add(14, "Input Density: " + Percent(fusion_group.input_density) + "  (the first layer uses the sparse product)");
  AddRewrites(fusion_group.rewrites, 14, lines);
}

void AddBundle(const ExplainedBundle& bundle, size_t number, Lines* lines) {
  lines->Add(2, "->  Bundle " + std::to_string(number) + "  (models=" + Count(static_cast<int64_t>(bundle.mst_keys.size())) +
                    " visit=" + Seconds(bundle.visit_seconds) + " iteration=" + Seconds(bundle.iteration_seconds) + ")" + Actual(bundle.actual));
  lines->Add(8, Keys(bundle.mst_keys));
  lines->Add(8, "partitions: " + Join(bundle.partitions, " ", kMostPartitionsShown));
  AddRewrites(bundle.rewrites, 8, lines);
  for (const ExplainedFusionGroup& fusion_group : bundle.fusion_groups) AddFusionGroup(fusion_group, lines);
}

}  // namespace

std::vector<std::string> ExplainAsText(const ExplainedFit& fit) {
  std::vector<std::string> text;
  Lines lines(&text);
  AddRun(fit, &lines);
  AddMemory(fit.memory, &lines);
  if (fit.actual) AddRunActual(*fit.actual, &lines);
  for (size_t b = 0; b < fit.bundles.size(); b++) AddBundle(fit.bundles[b], b, &lines);
  return text;
}

}  // namespace explain
