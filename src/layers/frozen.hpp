// Which part of a model is frozen: what it computes from a row never changes while it trains.
#pragma once

#include <vector>

#include "base/graph.hpp"

namespace layers {

/// Whether a layer draws random numbers in training: random layers, and those with a dropout of their own.
bool IsRandom(const base::Layer& layer);

/// Whether a layer that is no longer trained passes its input on unchanged: random layers without weights, such as Dropout.
bool IsIdentityInScoring(const base::Layer& layer);

/// The frozen part: a call belongs to it when its layer has no trained weight, when it computes in training what it computes in scoring, and
/// when all calls that it reads are Inputs or belong to it. Inputs belong to it. A BatchNormalization or a random layer belongs to it when
/// it is marked `trainable: false` (or called with training = False): it then behaves as in inference. A random layer that is not marked ends
/// the frozen part. By call.
std::vector<bool> FrozenCalls(const base::Graph& graph);

/// Frozen calls at which the graph may be cut: their values say all that their readers get from them. No Input is one, no output of the
/// model, and no call with a mask, which travels beside its values. By call.
std::vector<bool> CutCalls(const base::Graph& graph, const std::vector<bool>& frozen);

/// The deepest cuts: calls of CutCalls that are read by what is not computed before them. With them cut, no other call of CutCalls is computed
/// any more. A model without any has no frozen part that could be computed once. Ascending.
std::vector<int> DeepestCuts(const base::Graph& graph);

}  // namespace layers
