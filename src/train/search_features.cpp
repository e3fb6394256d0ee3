#include "train/search_features.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "store/architectures.hpp"
#include "store/model_spec.hpp"
#include "train/frozen.hpp"

namespace train {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int64_t kMostTrialsCounted = 1000;  // they count together what more of them would

const PreparedModel* OfArchitecture(const std::vector<PreparedModel>& models, const PreparedModel& model) {
  const auto like = std::find_if(models.begin(), models.end(), [&](const PreparedModel& other) {
    return other.architecture == model.architecture && &other != &model;
  });
  return like == models.end() ? nullptr : &*like;
}

// Trials are tried with different numbers of epochs; those that are there stand for all.
double MeanEpochs(const PreparedFit& fit) {
  double sum = 0;
  for (const PreparedModel& model : fit.models) sum += model.spec->config.epochs;
  return fit.models.empty() ? 1 : sum / static_cast<double>(fit.models.size());
}

}  // namespace

std::vector<PreparedModel> PrototypesOf(PreparedFit* fit) {
  std::set<int> ids(fit->search->model_ids.begin(), fit->search->model_ids.end());
  for (const PreparedModel& model : fit->models) ids.insert(model.architecture->model_id);  // a person may have added others
  std::vector<PreparedModel> prototypes;
  for (const int id : ids) {
    std::shared_ptr<const store::Architecture>& architecture = fit->architectures[id];
    try {
      if (architecture == nullptr) {
        architecture = std::make_shared<const store::Architecture>(
            store::ReadArchitecture(fit->architecture_table, id, fit->training.spec));
      }
    } catch (const Error&) {
      continue;
    }
    PreparedModel prototype;
    prototype.architecture = architecture;
    auto spec = std::make_shared<store::ModelSpec>();
    spec->graph = architecture->graph;
    prototype.spec = std::move(spec);
    prototypes.push_back(std::move(prototype));
  }
  return prototypes;
}

std::vector<plan::FrozenCandidate> ExpectedTrials(const PreparedFit& fit, const std::vector<plan::FrozenCandidate>& of,
                                                  double scored) {
  const int64_t expected = std::min(fit.policy->MostTrials(), kMostTrialsCounted);
  const size_t trials = std::max(static_cast<size_t>(std::max<int64_t>(expected, 1)), of.size());
  const double work = static_cast<double>(fit.policy->ExpectedWork());
  const double together = std::max(1.0, std::min(static_cast<double>(fit.search->concurrency), static_cast<double>(trials)));
  const double bundles = std::max<double>(1, static_cast<double>(fit.plan.bundles.size()));
  const double iterations = work / static_cast<double>(trials), rounds = work / together;
  std::vector<plan::FrozenCandidate> candidates;
  for (size_t t = 0; t < trials; ++t) {
    plan::FrozenCandidate candidate = of[t % of.size()];
    plan::CountPasses(iterations, MeanEpochs(fit), iterations * scored, &candidate);
    candidate.visits = bundles * rounds * (1 + scored);  // of all bundles: they are counted as one
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

void TrainLikeItsArchitecture(PreparedFit* fit, PreparedModel* model) {
  const PreparedModel* const like = OfArchitecture(PlannedModels(fit), *model);
  if (like == nullptr) {
    throw Error(ErrorCode::kFeatureNotSupported, "a model with an architecture that the run did not begin with cannot join it",
                "The run reads features of frozen layers instead of their inputs.",
                "Begin the run with cerebro.enable_feature_sharing and cerebro.enable_feature_materialization off.");
  }
  if (like->spec->trained == nullptr) return;
  auto spec = std::make_shared<store::ModelSpec>(*model->spec);
  spec->cuts = like->spec->cuts;
  spec->trained = like->spec->trained;
  model->spec = std::move(spec);
  CompileTrained(fit, model);
}

}  // namespace train
