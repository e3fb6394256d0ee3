// A search space read from the two grids: what can be chosen for each parameter, and how a choice becomes text. Inside of src/plan only.
//
// Random draws: each parameter has a stream of its own, named by (random_state, hash of the parameter's path, number of the draw). So draws
// of two parameters are independent, and adding a parameter leaves the draws of the others as they were.
#pragma once

#include <cstdint>
#include <optional>
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

/// A parameter is there only where another one has one of these values: "model_id", "optimizer", or a key of either grid.
struct Condition {
  std::string key;
  std::vector<base::Value> values;
};

/// What one parameter can be: listed values, or a distribution between two bounds. Either is a list, [0.001, 0.01] and [0.001, 0.1, 'log'], or a
/// dictionary: {'values': [...]} or {'low': 16, 'high': 256, 'distribution': 'log', 'integer': True, 'q': 16}, with 'when': {key: [values]}.
struct Choice {
  enum class Kind { kValues, kLinear, kLog, kLogNearOne };
  std::string name;
  std::string path;  // names its random stream
  Kind kind = Kind::kValues;
  std::vector<base::Value> values;
  double low = 0, high = 0;
  bool integral = false;  // batch_size, epochs, ...: draws are whole numbers, both bounds included
  double quantum = 0;     // draws are low + a multiple of it; 0: any number
  std::vector<Condition> when;  // all of them hold where the parameter is there; only of a searching run

  double Size() const;  // infinite for a distribution of real numbers
  std::vector<base::Value> All() const;  // of a finite choice
  base::Value Sample(const Draw& draw) const;

  // A value's coordinate in [0, 1), of which equal parts are drawn as often: ordered values are near where they are alike.
  base::Value At(double coordinate) const;
  /// nullopt: no value of this choice. The middle of the part that gives the value.
  std::optional<double> CoordinateOf(const base::Value& value) const;
  /// Of the n-th value of All(). REQUIRES a distribution of whole numbers or of multiples.
  double CoordinateOfNumber(double n) const;
  /// Whether values have an order: numbers, NaN not among them.
  bool ordered() const;
  /// As it stands behind "name=".
  std::string Text(const base::Value& value) const;

 private:
  int Digits() const;
  base::Value Numbered(double n) const;
  const std::vector<base::Value>& Ranked() const;
  std::optional<size_t> RankOf(const base::Value& value) const;

  mutable std::vector<base::Value> ranked_;  // the values as Ranked() gives them, when it was asked
  mutable bool sorted_ = false;              // they are numbers, ascending
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
  std::string Sample(const Draw& draw) const;

  /// What is chosen for each parameter; nullopt: it is not there.
  struct Setting {
    std::vector<std::optional<base::Value>> values;  // a choice
    size_t optimizer = 0;                            // of `optimizers`
    std::string optimizer_name;
    std::vector<std::optional<base::Value>> arguments;  // a parameter of that optimizer
  };
  std::string Write(const Setting& setting) const;
  /// The setting of a text; nullopt when it says something that is not in the space. Errors: kSyntax.
  std::optional<Setting> Read(std::string_view text) const;

  std::vector<Choice> choices;               // in the order written
  std::vector<OptimizerChoice> optimizers;   // optimizer_params_list, or empty
  size_t optimizer_position = 0;             // its position among the choices
  std::vector<std::string> order;            // keys that come first in the text

 private:
  std::string Text(const std::vector<std::pair<std::string, std::string>>& parts) const;

 public:
  /// All texts, in the order written, the last parameter varying fastest. None is made before it is asked for: of a grid
  /// with thousands of wrong keys the first one is refused. REQUIRES a space of finite size, which outlives it.
  class Enumeration {
   public:
    explicit Enumeration(const TextSpace* space);
    size_t size() const;
    std::string At(size_t n) const;

   private:
    std::string Optimizer(size_t n) const;

    const TextSpace& space_;
    std::vector<std::vector<base::Value>> choices_;                 // of each choice, and of the optimizer their numbers
    std::vector<std::vector<std::vector<base::Value>>> arguments_;  // of each of `optimizers`
    std::vector<size_t> ends_;                                      // texts of each of them and of those before
  };
};

struct SearchSpace {
  TextSpace compile;
  TextSpace fit;
};

/// What a grid may have beyond lists of values: distributions, and with kConditions parameters that are there only sometimes.
enum class SpaceForm { kValues, kDistributions, kConditions };

/// Errors: kSyntax for a text that is no dictionary literal, kInvalidParameter for wrong keys, lists or distributions, naming the key.
SearchSpace ReadSearchSpace(std::string_view compile_grid, std::string_view fit_grid, SpaceForm form);

}  // namespace plan
