#include "train/run_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <vector>

#include "plan/metric_order.hpp"
#include "plan/ranking.hpp"

namespace train {

const char* StatesLocationName(StatesLocation location) {
  switch (location) {
    case StatesLocation::kSession: return "session memory";
    case StatesLocation::kSharedMemory: return "shared memory";
    case StatesLocation::kMappedFile: return "mapped file";
    case StatesLocation::kSegments: return "segments";
  }
  return "";
}

const char* EndReasonName(EndReason reason) {
  switch (reason) {
    case EndReason::kNone: return "";
    case EndReason::kIterations: return "iterations";
    case EndReason::kStopped: return "stopped";
    case EndReason::kExhausted: return "exhausted";
    case EndReason::kMaxModels: return "max_models";
    case EndReason::kMaxFailures: return "max_failures";
    case EndReason::kTimeBudget: return "time_budget";
    case EndReason::kFinish: return "finish";
  }
  return "";
}

const char* EndReasonText(EndReason reason) {
  switch (reason) {
    case EndReason::kNone: return "";
    case EndReason::kIterations: return "all iterations are done";
    case EndReason::kStopped: return "all models have stopped";
    case EndReason::kExhausted: return "the policy has nothing more to try";
    case EndReason::kMaxModels: return "the search has had max_models trials";
    case EndReason::kMaxFailures: return "more trials have failed than max_failures allows";
    case EndReason::kTimeBudget: return "the time is spent";
    case EndReason::kFinish: return "somebody asked for it";
  }
  return "";
}

std::string LeaderText(const RunRequest& request, const RunResult& so_far) {
  std::vector<const std::vector<std::string>*> names;
  for (size_t m = 0; m < so_far.models.size(); m++) {
    if (so_far.models[m].diverged_step == 0) names.push_back(&request.metric_names[m]);
  }
  const std::string metric = plan::CommonMetric(names);
  const auto standing = [&](size_t m) { return plan::StandingOf(so_far.models[m].evaluations.back().scores(), !metric.empty()); };
  std::optional<size_t> leader;
  for (size_t m = 0; m < so_far.models.size(); m++) {
    if (so_far.models[m].diverged_step != 0) continue;
    if (!leader || plan::IsBetter(metric, standing(m), standing(*leader))) leader = m;
  }
  if (!leader) return "";
  const plan::Evaluation& evaluation = so_far.models[*leader].evaluations.back();
  const std::vector<double>& values = evaluation.scores();
  const bool by_metric = !metric.empty() && values.size() > 1;
  const double value = values.at(by_metric ? 1 : 0);
  if (std::isnan(value)) return "";  // NaN stands last: no model has a number
  char text[192];
  std::snprintf(text, sizeof(text), "; best by %s %s: mst_key=%d with %.6g", evaluation.validation.empty() ? "training" : "validation",
                by_metric ? request.metric_names[*leader][1].c_str() : "loss", request.mst_keys[*leader], value);
  std::string line = text;
  if (by_metric && !std::isnan(values[0])) {
    std::snprintf(text, sizeof(text), " (loss %.6g)", values[0]);
    line += text;
  }
  return line;
}

std::string TrialsText(const std::vector<LivingTrial>& trials) {
  std::map<plan::TrialState, int64_t> counts;
  for (const LivingTrial& trial : trials) counts[trial.trial.state] += trial.deleted && trial.trial.state != plan::TrialState::kFailed ? 0 : 1;
  std::string text;
  for (const auto& [state, count] : counts) {
    if (count == 0) continue;
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + plan::TrialStateName(state);
  }
  return text;
}

BestTrial FindBestTrial(const RunRequest& request, const std::vector<LivingTrial>& trials) {
  BestTrial best;
  for (const LivingTrial& trial : trials) {
    if (trial.deleted) continue;
    for (const plan::TrialPoint& point : trial.trial.points) {
      if (std::isnan(point.value) || (best.trial != nullptr && point.value >= best.value)) continue;
      best.trial = &trial;
      best.iteration = point.iteration;
      best.value = point.value;
    }
  }
  if (best.trial == nullptr) return best;
  const std::vector<std::string>& names = request.metric_names[static_cast<size_t>(best.trial->model)];
  const std::string& monitor = request.living->monitor;
  best.metric = !monitor.empty() ? monitor : names[names.size() > 1 ? 1 : 0];
  if (plan::GoesUp(best.metric)) best.value = -best.value;
  return best;
}

std::string BestTrialText(const RunRequest& request, const std::vector<LivingTrial>& trials) {
  const BestTrial best = FindBestTrial(request, trials);
  if (best.trial == nullptr) return "";
  char number[32];
  std::snprintf(number, sizeof(number), "%.6g", best.value);
  return "; best so far: mst_key=" + std::to_string(best.trial->trial.key) + " with " + best.metric + " " + number + " after iteration " +
         std::to_string(best.iteration);
}

std::string ModelsText(int64_t models, double loss_sum, double rows) {
  std::string line = std::to_string(models) + (models == 1 ? " model" : " models");
  if (rows > 0) {
    char text[64];
    std::snprintf(text, sizeof(text), ", mean training loss %.6g", loss_sum / rows);
    line += text;
  }
  return line;
}

void TimeLeft::TrainingBegins(double now) {
  if (training_began_ == 0) training_began_ = now;
}

void TimeLeft::VisitDone(double started, double cost) {
  const double began = std::max(started, training_began_);
  work_began_ = work_began_ == 0 ? began : std::min(work_began_, began);
  cost_done_ += cost;
}

double TimeLeft::Seconds(double now, double cost_left) const {
  if (cost_done_ <= 0) return -1;
  return (now - work_began_) * cost_left / cost_done_;
}

}  // namespace train
