#include "train/run_log.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "pg/report.hpp"
#include "plan/metric_order.hpp"
#include "train/run.hpp"

namespace train {
namespace {

std::string Seconds(double s) {
  char text[32];
  std::snprintf(text, sizeof(text), s < 10 ? "%.2f s" : "%.0f s", s);
  return text;
}

// Whether values a (engine::Model::Finish) are better than b: by the first metric if its name is given, equal ones by the loss.
bool BetterValues(const std::string& metric, const std::vector<double>& a, const std::vector<double>& b) {
  if (!metric.empty() && a.size() > 1 && b.size() > 1) {
    if (plan::BetterMetric(metric, a[1], b[1])) return true;
    if (plan::BetterMetric(metric, b[1], a[1])) return false;
  }
  return plan::BetterMetric("loss", a[0], b[0]);
}

}  // namespace

RunLog::RunLog(const RunRequest& request, std::vector<std::vector<std::string>> metric_names, const std::string& model_table)
    : request_(request),
      metric_names_(std::move(metric_names)),
      model_table_(model_table),
      started_(pg::Now()),
      progress_(model_table),
      iteration_started_(started_),
      visits_done_(metric_names_.size(), 0),
      iteration_loss_sum_(static_cast<size_t>(request.iterations), 0.0),
      iteration_rows_(static_cast<size_t>(request.iterations), 0.0) {
  result_.models.resize(metric_names_.size());
}

int64_t RunLog::ModelsThatTrain() const {
  return std::count_if(result_.models.begin(), result_.models.end(), [](const ModelResult& m) { return m.trains(); });
}

void RunLog::BeginTraining() {
  if (iterations_reported_ == 0 && trained_seconds_ == 0) iteration_started_ = pg::Now();
  training_since_ = pg::Now();
}

void RunLog::EndTraining() {
  trained_seconds_ += pg::Now() - training_since_;
  training_since_ = 0;
}

void RunLog::AddVisit(const VisitRecord& record, double seconds) {
  const auto m = static_cast<size_t>(record.model);
  ModelResult& model = result_.models[m];
  model.training_seconds += seconds;
  if (record.diverged_step != 0 && model.diverged_step == 0) {
    model.diverged_step = record.diverged_step;
    pg::Warning("model mst_key=" + std::to_string(request_.mst_keys[m]) + " diverged at step " + std::to_string(record.diverged_step) +
                    ": its loss is NaN or infinite",
                "The other models go on. A lower learning rate, clipnorm, or standardised inputs usually help.");
  }
  visits_done_[m]++;
  cost_done_ += request_.spec.costs[m];
  if (std::isfinite(record.loss)) {
    iteration_loss_sum_[static_cast<size_t>(record.iteration)] += record.loss * static_cast<double>(record.rows);
    iteration_rows_[static_cast<size_t>(record.iteration)] += static_cast<double>(record.rows);
  }
  result_.visits.push_back(record);
}

void RunLog::ReportIteration() {
  iterations_reported_++;
  pg::Info("iteration " + std::to_string(iterations_reported_) + " of " + std::to_string(request_.iterations) + ": " +
           Seconds(pg::Now() - iteration_started_) + ", " + MetricsLine(ModelsThatTrain()));
  iteration_started_ = pg::Now();
}

void RunLog::AddScores(size_t m, bool validation, std::vector<double> values) {
  ModelResult& model = result_.models[m];
  (validation ? model.validation : model.training).push_back(std::move(values));
}

RunLog::Verdict RunLog::Conclude(int64_t iteration) {
  Verdict verdict;
  for (size_t m = 0; m < result_.models.size(); m++) {
    if (result_.models[m].stopped_iteration != 0) continue;
    result_.models[m].elapsed.push_back(pg::Now() - started_);
    if (request_.keep_best && IsBest(m)) verdict.best.push_back(static_cast<int>(m));
  }
  const std::string leader = Leader();
  iterations_reported_ = iteration;
  result_.due.push_back(iteration);
  const int64_t trained = ModelsThatTrain();
  const std::string stops = Stop(iteration, &verdict.stopped);
  pg::Info("iteration " + std::to_string(iteration) + " of " + std::to_string(request_.iterations) + ": " +
           Seconds(pg::Now() - iteration_started_) + ", " + MetricsLine(trained) + leader + stops);
  iteration_started_ = pg::Now();
  return verdict;
}

std::string RunLog::Leader() const {
  const bool by_metric = HaveOneMetric();
  size_t best = 0;
  for (size_t m = 1; m < result_.models.size(); m++) {
    if (BetterValues(by_metric ? LeadMetric(m) : "", Scores(m).back(), Scores(best).back())) best = m;
  }
  const std::vector<double>& values = Scores(best).back();
  const char* table = result_.models[best].validation.empty() ? "training" : "validation";
  char text[192];
  if (by_metric && values.size() > 1) {
    std::snprintf(text, sizeof(text), "; best by %s %s: mst_key=%d with %.6g (loss %.6g)", table, LeadMetric(best).c_str(),
                  request_.mst_keys[best], values[1], values[0]);
  } else {
    std::snprintf(text, sizeof(text), "; best by %s loss: mst_key=%d with %.6g", table, request_.mst_keys[best], values[0]);
  }
  return text;
}

// Marks the models that stop here and says how many; nothing at the run's end, where all stop.
std::string RunLog::Stop(int64_t iteration, std::vector<int>* stopped) {
  if (!request_.stopping.any() || iteration == request_.iterations) return "";
  std::vector<plan::ModelHistory> models(result_.models.size());
  for (size_t m = 0; m < models.size(); m++) {
    const ModelResult& result = result_.models[m];
    models[m] = plan::ModelHistory{request_.mst_keys[m], result.trains(), &metric_names_[m], &result.training, &result.validation};
  }
  for (const plan::Stop& stop : plan::DecideStops(request_.stopping, iteration, models)) {
    ModelResult& result = result_.models[static_cast<size_t>(stop.model)];
    result.stopped_iteration = iteration;
    result.stopped_by = stop.by;
    stopped->push_back(stop.model);
    pg::Debug("model mst_key=" + std::to_string(request_.mst_keys[static_cast<size_t>(stop.model)]) + " stops after iteration " +
              std::to_string(iteration) + " by " + stop.by);
  }
  if (stopped->empty()) return "";
  return "; " + std::to_string(stopped->size()) + (stopped->size() == 1 ? " model stops, " : " models stop, ") +
         std::to_string(ModelsThatTrain()) + (ModelsThatTrain() == 1 ? " goes on" : " go on");
}

std::string RunLog::MetricsLine(int64_t trained) const {
  const auto i = static_cast<size_t>(iterations_reported_ > 0 ? iterations_reported_ - 1 : 0);
  char text[160];
  std::snprintf(text, sizeof(text), "%d model%s, mean training loss %.6g", static_cast<int>(trained), trained == 1 ? "" : "s",
                iteration_rows_[i] > 0 ? iteration_loss_sum_[i] / iteration_rows_[i] : std::nan(""));
  std::string line = text;
  const double left = SecondsLeft();
  if (left > 0) line += ", about " + Seconds(left) + " left";
  return line;
}

double RunLog::SecondsLeft() const {
  if (cost_done_ <= 0) return -1;
  double cost_left = 0;  // of the models that still train
  for (size_t m = 0; m < result_.models.size(); m++) {
    if (!result_.models[m].trains()) continue;
    const int64_t all = request_.iterations * request_.spec.plan.partitions;
    cost_left += request_.spec.costs[m] * static_cast<double>(std::max<int64_t>(0, all - visits_done_[m]));
  }
  return (pg::Now() - started_) * cost_left * ShareAfterHalving() / cost_done_;
}

// What halving leaves of the rest of the run, as far as it is known beforehand.
double RunLog::ShareAfterHalving() const {
  if (!request_.stopping.halving) return 1;
  plan::Halving rest = *request_.stopping.halving;
  const int64_t done = iterations_reported_, left = request_.iterations - done, models = ModelsThatTrain();
  rest.iterations.erase(rest.iterations.begin(), std::upper_bound(rest.iterations.begin(), rest.iterations.end(), done));
  for (int64_t& iteration : rest.iterations) iteration -= done;
  if (left <= 0 || models == 0) return 1;
  return static_cast<double>(plan::HalvingWork(rest, models, left)) / static_cast<double>(models * left);
}

// The first metric after the loss; empty when there is none.
std::string RunLog::LeadMetric(size_t model) const {
  const std::vector<std::string>& names = metric_names_[model];
  return names.size() > 1 ? names[1] : std::string();
}

// Only a metric that all models have tells which of them is better, as in cerebro.leaderboard().
bool RunLog::HaveOneMetric() const {
  std::string metric;
  for (size_t m = 0; m < metric_names_.size(); m++) {
    if (result_.models[m].diverged_step != 0) continue;
    const std::string own = LeadMetric(m);
    if (own.empty() || (!metric.empty() && own != metric)) return false;
    metric = own;
  }
  return !metric.empty();
}

// A model's values at each due iteration that counts for comparisons.
const std::vector<std::vector<double>>& RunLog::Scores(size_t model) const {
  const ModelResult& result = result_.models[model];
  return result.validation.empty() ? result.training : result.validation;
}

bool RunLog::IsBest(size_t m) {
  ModelResult& model = result_.models[m];
  if (model.diverged_step != 0) return false;
  const std::vector<std::vector<double>>& history = Scores(m);
  const size_t now = history.size() - 1;
  if (model.best_due >= 0 && !BetterValues(LeadMetric(m), history[now], history[static_cast<size_t>(model.best_due)])) return false;
  model.best_due = static_cast<int64_t>(now);
  return true;
}

void RunLog::Show(pg::Phase phase, int64_t rows_trained) {
  pg::ProgressRow row;
  row.model_table = model_table_;
  row.phase = phase;
  row.iteration = std::min(iterations_reported_ + 1, request_.iterations);
  row.iterations = request_.iterations;
  row.visits_done = static_cast<int64_t>(result_.visits.size());
  for (const ModelResult& model : result_.models) {
    row.visits_total += request_.spec.plan.partitions * (model.stopped_iteration != 0 ? model.stopped_iteration : request_.iterations);
  }
  row.models = static_cast<int>(result_.models.size());
  row.models_training = static_cast<int>(ModelsThatTrain());
  row.workers = result_.workers;
  const double seconds = trained_seconds_ + (training_since_ > 0 ? pg::Now() - training_since_ : 0);
  if (seconds > 0) row.rows_per_second = static_cast<double>(rows_trained) / seconds;
  row.seconds_left = SecondsLeft();
  progress_.Update(row);
}

}  // namespace train
