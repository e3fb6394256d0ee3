// Reads compile_params and fit_params texts (MADlib's notation) into a base::TrainConfig, with Keras's names and defaults.
#pragma once

#include <string>
#include <string_view>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/value.hpp"

namespace plan {

/// Top-level "key=value, key=value" text to a dictionary. Values are literals (base::ParseLiteral); an optimizer value is kept as a
/// string: Name, Name() or Name(k=v, ...), quoted or not. Errors: kSyntax / kInvalidParameter naming the key.
base::Dict ParseAssignments(std::string_view text, const char* what);

/// Reads and checks both texts; unknown keys, losses, optimizers, metrics, parameters and values out of range are errors with a hint that
/// lists what is known. fit_params may be empty.
base::TrainConfig ReadConfig(std::string_view compile_params, std::string_view fit_params);

/// The same for a model: losses, loss weights and metrics that are given by the names of outputs are put into the order of its outputs.
/// Errors: kInvalidParameter for a name that is no output's, for an output without a loss, and for lists of metrics that are not as many
/// as outputs.
base::TrainConfig ReadConfig(std::string_view compile_params, std::string_view fit_params, const base::Graph& graph);

/// Canonical texts: two spellings of one configuration give the same text (white space and key order do not matter).
std::string CanonicalParams(std::string_view text, const char* what);

}  // namespace plan
