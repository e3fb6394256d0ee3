// A search space read from the two grids: what can be chosen for each parameter, and how a choice becomes text. Inside of src/plan only.
//
// Random draws: each parameter has a stream of its own, named by (random_state, hash of the parameter's path, number of the draw). So draws
// of two parameters are independent, and adding a parameter leaves the draws of the others as they were.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/philox.hpp"
#include "base/value.hpp"

namespace plan {

/// One draw of a whole configuration.
struct Draw {
  uint64_t random_state = 0;
  uint64_t number = 0;

  base::Stream StreamOf(const std::string& path) const;
  size_t Pick(const std::string& path, size_t count) const;
};

/// What one parameter can be: listed values, or a distribution between two bounds.
struct Choice {
  enum class Kind { kValues, kLinear, kLog, kLogNearOne };
  std::string name;
  std::string path;  // names its random stream
  Kind kind = Kind::kValues;
  std::vector<base::Value> values;
  double low = 0, high = 0;
  bool integral = false;  // batch_size, epochs, ...: draws are whole numbers, both bounds included

  double Size() const;  // infinite for a distribution of real numbers
  std::vector<base::Value> All() const;  // of a finite choice
  base::Value Sample(const Draw& draw) const;
};

/// Parameters that are chosen together: a list of alternatives, each a product of choices. An optimizer's parameters are one such set.
struct OptimizerChoice {
  Choice name;
  std::vector<Choice> parameters;
};

/// The space of one text, compile_params or fit_params.
class TextSpace {
 public:
  double Size() const;
  /// All texts, in the order written, the last parameter varying fastest. Only for spaces of finite size.
  std::vector<std::string> Enumerate() const;
  std::string Sample(const Draw& draw) const;

  std::vector<Choice> choices;               // in the order written
  std::vector<OptimizerChoice> optimizers;   // optimizer_params_list, or empty
  size_t optimizer_position = 0;             // its position among the choices
  std::vector<std::string> order;            // keys that come first in the text

 private:
  std::vector<std::string> EnumerateOptimizers() const;
  std::string Text(const std::vector<std::pair<std::string, std::string>>& parts) const;
};

struct SearchSpace {
  TextSpace compile;
  TextSpace fit;
};

/// Errors: kSyntax for a text that is no dictionary literal, kInvalidParameter for wrong keys, lists or distributions, naming the key.
SearchSpace ReadSearchSpace(std::string_view compile_grid, std::string_view fit_grid, bool distributions);

}  // namespace plan
