// What a layer's arguments say, as bytes that go into digests of graphs. The bytes are part of the formats.
#pragma once

#include "base/graph.hpp"
#include "base/hash.hpp"

namespace layers {

/// As 8-byte little-endian numbers and length-prefixed texts: those of a layer's attributes that differ from their defaults, in the definition's
/// order, and how many dimensions it is distributed over, if any. Left out are initialisers and seeds, which decide neither shape nor function;
/// and defaults, so that an argument that a later version learns leaves old digests as they are.
/// scoring_only: leaves out regularisers, constraints and rates of dropout, too, which no frozen layer computes with.
void HashAttributes(const base::Layer& layer, bool scoring_only, base::Hasher* hasher);

}  // namespace layers
