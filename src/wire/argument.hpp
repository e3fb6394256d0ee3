// Reading dictionaries of arguments by a list of rules: a layer's, or those of an initialiser, a regulariser, a constraint.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/value.hpp"
#include "wire/layer_table.hpp"
#include "wire/where.hpp"

namespace wire {

/// Largest value of a dimension or of an argument that becomes one.
constexpr int64_t kLargestDimension = int64_t{1} << 31;

/// Checks and normalises one value. `siblings`: the arguments read before it.
base::Value ReadArgument(const Argument& rule, const base::Value& value, const base::Dict& siblings, const Where& where);

/// Reads `config` by the rules; null counts as {}. Keys in `ignored` are skipped, any other key without a rule is an error.
base::Dict ReadArguments(const std::vector<Argument>& rules, const std::vector<const char*>& ignored, const base::Value& config,
                         const Where& where);

/// True and the integer, for an integer or a double with an integral value.
bool AsInteger(const base::Value& value, int64_t* integer);

}  // namespace wire
