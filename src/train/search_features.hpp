// Stored features of frozen layers in a search, whose models are made while it goes on.
//
// What a frozen part gives depends on the architecture and its weights, not on hyper-parameters. So the features are
// planned once, before the first round, for the architectures of the search instead of its models: one prototype stands
// for all trials of an architecture. A trial that is made later reads what its architecture's prototype reads.
//
// Features are stored, never shared within a visit: who shares lends the weights of a model of the run, and the
// processes know those that it began with only.
#pragma once

#include <vector>

#include "plan/frozen.hpp"
#include "train/prepare.hpp"

namespace train {

/// A model of each architecture that the search may try or has tried, without a program. One that cannot be read is left
/// out: its trials fail. REQUIRES a search.
std::vector<PreparedModel> PrototypesOf(PreparedFit* fit);

/// The trials that the policy expects, as many of each architecture, with their expected iterations. of: an
/// architecture. The first ones are those of `of`, in its order. scored: rows that an evaluation scores, in parts of
/// those that are trained on.
std::vector<plan::FrozenCandidate> ExpectedTrials(const PreparedFit& fit, const std::vector<plan::FrozenCandidate>& of,
                                                  double scored);

/// What the features of a run are planned for: its models, or the prototypes of a search.
inline std::vector<PreparedModel>& PlannedModels(PreparedFit* fit) {
  return fit->policy ? fit->prototypes : fit->models;
}

/// Gives the model what is left of its graph where its architecture reads features in this run, with its program and its
/// costs. Errors: kFeatureNotSupported for an architecture that nothing was planned for. REQUIRES that the run reads
/// features.
void TrainLikeItsArchitecture(PreparedFit* fit, PreparedModel* model);

}  // namespace train
