// Graphs cut in two at the end of their frozen part. The prefix computes features from raw inputs; what remains reads them as inputs.
//
// Both halves keep all layers of the whole graph, in its order. So the layout of a state, the order of the weights and the initial values are
// the whole graph's, and a state of one is a state of the other. They have fewer calls, copied with all that they say (Call::site included),
// in the whole graph's order.
#pragma once

#include <string>
#include <vector>

#include "base/graph.hpp"

namespace base {

/// A call whose value is read from a column instead of being computed.
struct FeatureCut {
  int call = 0;        // index into the whole graph's calls
  std::string column;  // of the run's DataSpec
};

/// The attribute of an Input layer that is bound to the column of this name, a text. Input layers of whole graphs do not have it.
constexpr const char* kFeatureAttribute = "feature";

/// The column of a feature Input; nullptr for every other layer.
const std::string* FeatureColumnOf(const Layer& layer);

/// What is left when some calls are read from columns: the calls that the outputs still need. Graph::inputs has the whole graph's inputs
/// first, in their order, even those that nobody reads any more; then an Input for each cut, in the order of `cuts`. The layers of these are
/// appended behind all others and named as their columns; a column of several cuts has one Input a cut, the later ones with "_2", "_3", ...
/// behind the name. REQUIRES frozen calls (Call::frozen), each once, which are neither Inputs nor outputs; throws kInternal otherwise.
Graph CutGraph(const Graph& whole, const std::vector<FeatureCut>& cuts);

/// What computes the values of some calls from raw inputs. Its outputs are these calls, in their order; its inputs the whole graph's, in their
/// order, even those that nobody reads. REQUIRES frozen calls, each once; throws kInternal otherwise.
Graph PrefixGraph(const Graph& whole, const std::vector<int>& calls);

}  // namespace base
