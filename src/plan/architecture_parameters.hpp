// What a sampler may learn of architectures: numbers and words by which they are alike.
#pragma once

#include "base/graph.hpp"
#include "base/value.hpp"

namespace plan {

/// "layers": those that multiply by a matrix; "weights": of all; "units_1", "units_2", ...: of the first of them, as
/// far as they are there, without the last; "activation" of the first; "rate": the largest of dropout, 0 without it.
base::Dict ArchitectureParameters(const base::Graph& graph);

}  // namespace plan
