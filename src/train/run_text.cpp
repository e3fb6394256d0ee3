#include "train/run_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <vector>

#include "plan/ranking.hpp"

namespace train {

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
