#include "train/worker_choice.hpp"

#include <algorithm>
#include <string>

#include "pg/parallel.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "plan/estimate.hpp"
#include "store/model_spec.hpp"
#include "train/prepare_model.hpp"

namespace train {
namespace {

// Of training and metrics, if the session does all of it alone.
double SessionSeconds(const FitArguments& a, const PreparedFit& fit) {
  const double visits = static_cast<double>(fit.plan.visits()) * a.num_iterations;
  const double scored = static_cast<double>(fit.training.spec.rows + (fit.validation ? fit.validation->spec.rows : 0)) *
                        static_cast<double>(fit.Evaluations(a.num_iterations));
  double seconds = 0;
  for (const PreparedModel& model : fit.models) seconds += model.visit_seconds * visits + model.scored_row_seconds * scored;
  // those of a search are the first of its trials
  return seconds * fit.SearchShare(a.num_iterations) + fit.frozen.decision.column_seconds;  // which is no model's own
}

}  // namespace

void AnnounceProcessor(const PreparedFit& fit) {
  size_t refused = 0;
  std::string why;
  for (const PreparedModel& model : fit.models) {
    const engine::DeviceTraining training = DeviceTrainingOf(fit, model);
    if (training.on_device) continue;
    ++refused;
    if (why.empty()) why = training.refusal;
  }
  if (refused == 0) return;
  pg::Notice(std::to_string(refused) + " of " + std::to_string(fit.models.size()) + " models train on the processor: " + why);
}

void ChooseWorkers(const FitArguments& a, PreparedFit* fit) {
  if (fit->segments) return;  // segments are the workers
  const pg::Settings settings = pg::CurrentSettings();
  int wanted = a.workers ? *a.workers : settings.workers;
  const bool ours = wanted < 0;  // nobody has asked for a number
  if (ours) wanted = std::min(pg::Cores(), pg::WorkerLimit());
  if (OnDevice(*fit)) wanted = std::min(wanted, store::DeviceProcesses());
  fit->workers = std::min(wanted, static_cast<int>(fit->plan.bundles.size()));
  fit->serial_reason.clear();
  fit->too_short = false;
  if (fit->workers == 0) return;
  if (pg::InParallelWorker()) fit->serial_reason = "the function runs in a parallel worker itself";
  if (fit->training.temporary || (fit->validation && fit->validation->temporary)) {
    fit->serial_reason = "parallel workers cannot read temporary tables";
  }
  const bool autograd = std::any_of(fit->models.begin(), fit->models.end(), [](const PreparedModel& model) { return !model.kernels(); });
  fit->too_short = ours && !OnDevice(*fit) && fit->serial_reason.empty() && !plan::WorthWorkers(SessionSeconds(a, *fit), fit->workers, autograd);
  if (!fit->serial_reason.empty() || fit->too_short) fit->workers = 0;
}

}  // namespace train
