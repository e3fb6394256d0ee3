// What each parameter of a search is worth: functional analysis of variance over random forests (Hutter, Hoos and
// Leyton-Brown, "An efficient approach for assessing hyperparameter importance", ICML 2014).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace plan {

/// One trial: its parameters by name, as FlatParams gives them (and whatever else tells trials apart), and its loss:
/// smaller is better.
struct ImportanceTrial {
  std::vector<std::pair<std::string, std::string>> parameters;
  double loss = 0;
};

struct ParameterImportance {
  std::string name;
  double importance = 0;  // the part of the loss's variance that this parameter explains alone
  double deviation = 0;   // among the trees
};

/// Most important first; parameters with one value are left out. The parts add up to at most 1: what is missing is
/// interactions. Losses that are far worse than most count as bad, not as how bad: they are cut off at as far above the
/// median as three times the way from the best to it. A parameter's values count as often as trials have them. Work
/// grows with trials x log(trials) x parameters. poll is called between parts of it, and may throw to end it. Errors:
/// kPrerequisiteState when there are fewer than 4 trials, or all have one loss.
std::vector<ParameterImportance> ParameterImportances(const std::vector<ImportanceTrial>& trials, uint64_t seed,
                                                      const std::function<void()>& poll);

}  // namespace plan
