// Equal for networks of the same layers and sizes, whatever their names, seeds, initialisers, dropout rates and regularisers.
#pragma once

#include <string>

#include "base/graph.hpp"

namespace wire {

/// The canonical text, a line a layer and a line a call.
std::string ShapeText(const base::Graph& graph);

/// Its digest: 32 hexadecimal digits. Compared within a run only, never stored.
std::string ShapeSignature(const base::Graph& graph);

}  // namespace wire
