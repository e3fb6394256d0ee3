// The argument `search`: a dictionary literal, in JSON or in Python's notation.
#include "plan/trials.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "definitions/names.hpp"
#include "plan/params_read.hpp"
#include "plan/params_text.hpp"
#include "plan/search/configurations.hpp"

namespace plan {
namespace {

using base::ErrorCode;

constexpr int64_t kMostModels = 1000000, kMostConcurrency = 100000;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr const char* kExample = "Example: search => '{\"policy\": \"asha\", \"max_models\": 64}'.";
const char* const kStates[] = {"trains", "waiting", "paused", "stopped", "finished", "diverged", "failed"};
const char* const kPolicies[] = {"grid", "random", "tpe", "gp", "hyperband", "asha", "bohb", "pbt", "external"};

// A key, how it is read, and the policies that know it; "" for all of them.
struct Key {
  const char* name;
  const char* policies;
  void (*read)(const Parameter&, SearchDescription*);
};

// A grid is a dictionary, or the text of one.
std::string GridText(const Parameter& p, const base::Value& value) {
  return value.is_dict() ? base::FormatPython(value) : p.Text();
}

const Key kKeys[] = {
    {"policy", "", [](const Parameter& p, SearchDescription* d) { d->policy = definitions::Folded(p.Text()); }},
    {"monitor", "", [](const Parameter& p, SearchDescription* d) { d->monitor = p.Text(); }},
    {"max_models", "", [](const Parameter& p, SearchDescription* d) { d->max_models = p.Integer(1, kMostModels); }},
    {"concurrency", "grid random tpe gp hyperband asha bohb pbt",
     [](const Parameter& p, SearchDescription* d) { d->concurrency = p.Integer(1, kMostConcurrency); }},
    {"seeds_per_config", "grid random tpe gp hyperband asha bohb",
     [](const Parameter& p, SearchDescription* d) { d->seeds_per_config = p.Integer(1, 1000); }},
    {"max_failures", "", [](const Parameter& p, SearchDescription* d) { d->max_failures = p.Integer(0, kMostModels); }},
    {"time_budget", "",
     [](const Parameter& p, SearchDescription* d) { d->time_budget = p.Number(0, kInfinity, true); }},
    {"max_parameters", "",
     [](const Parameter& p, SearchDescription* d) { d->max_parameters = p.Integer(1, int64_t{1} << 40); }},
    {"eta", "hyperband asha bohb", [](const Parameter& p, SearchDescription* d) { d->eta = p.Number(1.1, 1e6); }},
    {"min_iterations", "hyperband asha bohb grid random tpe gp",
     [](const Parameter& p, SearchDescription* d) {
       d->min_iterations = p.Integer(1, std::numeric_limits<int>::max());
     }},
    {"brackets", "hyperband bohb",
     [](const Parameter& p, SearchDescription* d) { d->brackets = p.Integer(1, 1000); }},
    {"median_stopping", "grid random tpe gp",
     [](const Parameter& p, SearchDescription* d) { d->median_stopping = p.Boolean(); }},
    {"sampler", "hyperband asha",
     [](const Parameter& p, SearchDescription* d) { d->sampler = definitions::Folded(p.Text()); }},
    {"startup", "tpe gp bohb hyperband asha",
     [](const Parameter& p, SearchDescription* d) { d->startup = p.Integer(2, kMostModels); }},
    {"multivariate", "tpe bohb hyperband asha",
     [](const Parameter& p, SearchDescription* d) { d->multivariate = p.Boolean(); }},
    {"population", "pbt",
     [](const Parameter& p, SearchDescription* d) { d->population = p.Integer(2, kMostConcurrency); }},
    {"interval", "pbt",
     [](const Parameter& p, SearchDescription* d) { d->interval = p.Integer(1, std::numeric_limits<int>::max()); }},
    {"quantile", "pbt", [](const Parameter& p, SearchDescription* d) { d->quantile = p.Number(0, 0.5, true); }},
};

[[noreturn]] void Invalid(const std::string& message, const std::string& hint) {
  throw base::Error(ErrorCode::kInvalidParameter, message, {}, hint);
}

bool HasWord(const std::string& words, const std::string& word) {
  return words.empty() || (" " + words + " ").find(" " + word + " ") != std::string::npos;
}

base::Value ReadDictionary(std::string_view text) {
  base::Value value;
  try {
    value = base::ParseLiteral(text);
  } catch (const base::Error& error) {
    throw base::Error(ErrorCode::kSyntax, std::string("search: ") + error.what(), {}, kExample);
  }
  if (!value.is_dict()) {
    throw base::Error(ErrorCode::kSyntax,
                      std::string("search must be a dictionary, not a value of type ") + value.type_name(), {},
                      kExample);
  }
  return value;
}

void ReadModelIds(const base::Value& value, SearchDescription* d) {
  const char* const example = "Example: 'model_ids': [1, 2].";
  if (!value.is_list() || value.list().empty()) Invalid("model_ids of search is no list of model_ids", example);
  for (const base::Value& id : value.list()) {
    if (!id.is_int() || id.integer() < 0 || id.integer() > std::numeric_limits<int>::max())
      Invalid("model_ids of search is no list of model_ids", example);
    d->model_ids.push_back(static_cast<int>(id.integer()));
  }
}

void ReadArchitectures(const base::Value& value, SearchDescription* d) {
  const char* const example =
      "Example: 'architectures': {1: {'layers': 1, 'units': 32}, 2: {'layers': 2, 'units': 64}}.";
  if (!value.is_dict()) Invalid("architectures of search is no dictionary of model_ids", example);
  for (const auto& [key, parameters] : value.dict()) {
    int64_t id = 0;
    try {
      id = base::ParseLiteral(key).integer();
    } catch (const base::Error&) {
      Invalid("architectures of search has the key " + Quoted(key) + ", which is no model_id", example);
    }
    if (!parameters.is_dict() || id < 0 || id > std::numeric_limits<int>::max()) {
      Invalid("architectures of search says nothing readable about model_id " + Quoted(key), example);
    }
    d->architectures.emplace_back(static_cast<int>(id), parameters.dict());
  }
}

void Check(const SearchDescription& d) {
  if (std::find(std::begin(kPolicies), std::end(kPolicies), d.policy) == std::end(kPolicies)) {
    Invalid("unknown policy " + Quoted(d.policy) + " in search",
            KnownNamesHint(d.policy, std::vector<std::string>(std::begin(kPolicies), std::end(kPolicies)), "policies"));
  }
  if (!HasWord("random grid tpe gp", d.sampler)) {
    Invalid("unknown sampler " + Quoted(d.sampler) + " in search",
            KnownNamesHint(d.sampler, {"random", "grid", "tpe", "gp"}, "samplers"));
  }
  if (d.min_iterations > d.iterations) {
    Invalid("min_iterations of search is " + std::to_string(d.min_iterations) + ", but the run has " +
                Counted(d.iterations, "iteration"),
            "Lower it, or raise num_iterations.");
  }
  if (d.concurrency < d.seeds_per_config) {
    Invalid("concurrency of search is " + std::to_string(d.concurrency) + ", less than seeds_per_config, " +
                std::to_string(d.seeds_per_config),
            "The trials of a configuration train at once.");
  }
  if (d.max_models > 0 && d.max_models < d.seeds_per_config) {
    Invalid("max_models of search is " + std::to_string(d.max_models) + ", less than seeds_per_config, " +
                std::to_string(d.seeds_per_config),
            "max_models counts all trials of all configurations.");
  }
}

bool Learns(const std::string& sampler) { return sampler == "tpe" || sampler == "gp"; }

// What would be read and change nothing is refused: whoever has written it expects something of it.
void CheckTogether(const SearchDescription& d, const std::vector<std::string>& given) {
  const auto has = [&](const char* name) { return std::find(given.begin(), given.end(), name) != given.end(); };
  const bool samples = d.policy == "hyperband" || d.policy == "asha";
  if (samples && has("startup") && !Learns(d.sampler)) {
    Invalid("startup of search means nothing to the sampler " + d.sampler,
            "Give the sampler tpe or gp, or leave startup out.");
  }
  if (samples && has("multivariate") && d.sampler != "tpe") {
    Invalid("multivariate of search means nothing to the sampler " + d.sampler,
            "Give the sampler tpe, or leave multivariate out.");
  }
  if (has("min_iterations") && !d.median_stopping && HasWord("grid random tpe gp", d.policy)) {
    Invalid("min_iterations of search means nothing to the policy " + d.policy + " without median_stopping",
            "Give median_stopping, or leave min_iterations out.");
  }
  if (!d.architectures.empty() && !LearnsFromArchitectures(d)) {
    Invalid("architectures of search means nothing to the policy " + d.policy + ", which learns nothing",
            "Give a policy or a sampler that learns, such as tpe, or leave architectures out.");
  }
  if (d.policy != "pbt") return;
  if (d.interval >= d.iterations) {
    Invalid("interval of search is " + std::to_string(d.interval) + ", but the run has " +
                Counted(d.iterations, "iteration"),
            "Members are compared after every interval but the last one: lower it, or raise num_iterations.");
  }
  if (d.max_models > 0 && d.population > d.max_models) {
    Invalid("population of search is " + std::to_string(d.population) + ", more than max_models, " +
                std::to_string(d.max_models),
            "max_models counts all members and those that take over from them.");
  }
}

}  // namespace

const char* TrialStateName(TrialState state) { return kStates[static_cast<int>(state)]; }

std::optional<TrialState> ReadTrialState(std::string_view name) {
  for (size_t i = 0; i < std::size(kStates); ++i) {
    if (name == kStates[i]) return static_cast<TrialState>(i);
  }
  return std::nullopt;
}

SearchDescription ReadSearch(std::string_view search, int64_t num_iterations) {
  const base::Value dictionary = ReadDictionary(search);
  SearchDescription d;
  d.iterations = num_iterations;
  std::vector<std::string> given;
  for (const auto& [name, value] : dictionary.dict()) {
    const Parameter p("search", name, value);
    const auto key =
        std::find_if(std::begin(kKeys), std::end(kKeys), [&name = name](const Key& k) { return name == k.name; });
    if (key != std::end(kKeys)) {
      key->read(p, &d);
      given.push_back(name);
    } else if (name == "compile_params_grid") {
      d.compile_grid = GridText(p, value);
    } else if (name == "fit_params_grid") {
      d.fit_grid = GridText(p, value);
    } else if (name == "model_ids") {
      ReadModelIds(value, &d);
    } else if (name == "architectures") {
      ReadArchitectures(value, &d);
    } else {
      std::vector<std::string> known = {"compile_params_grid", "fit_params_grid", "model_ids", "architectures"};
      for (const Key& k : kKeys) known.emplace_back(k.name);
      Invalid("unknown key " + Quoted(name) + " in search", KnownNamesHint(name, known, "keys"));
    }
  }
  Check(d);
  const auto has = [&](const char* name) { return std::find(given.begin(), given.end(), name) != given.end(); };
  for (const Key& key : kKeys) {
    if (has(key.name) && !HasWord(key.policies, d.policy)) {
      Invalid(std::string(key.name) + " of search means nothing to the policy " + d.policy,
              "It is known to: " + std::string(key.policies) + ".");
    }
  }
  if (d.policy == "external" && !has("max_models")) Invalid("the policy external needs max_models", "It ends the run.");
  if ((d.policy == "tpe" || d.policy == "gp") && !has("concurrency"))
    d.concurrency = std::max<int64_t>(8, d.seeds_per_config);
  if (d.policy == "pbt") {
    if (!has("concurrency")) d.concurrency = d.population;
    if (d.max_models > 0 && !has("population")) d.population = std::min(d.population, d.max_models);
    if (d.concurrency < d.population) {
      Invalid("concurrency of search is " + std::to_string(d.concurrency) + ", less than population, " +
                  std::to_string(d.population),
              "All members of a population train at once.");
    }
  }
  CheckTogether(d, given);
  return d;
}

bool LearnsFromArchitectures(const SearchDescription& d) {
  return Learns(d.policy) || d.policy == "bohb" || Learns(d.sampler);
}

int64_t RoundsLeft(const SearchDescription& d, const TrialPolicy* policy, const std::vector<Trial>& trials) {
  int64_t longest = 0, done = 0, nearest = d.iterations;  // nearest: that the most advanced trial has left
  for (const Trial& trial : trials) {
    if (trial.state == TrialState::kTrains) longest = std::max(longest, trial.target - trial.iterations);
    if (trial.bracket != kNoBracket) done += trial.iterations - trial.began;
    const bool alive = trial.state == TrialState::kTrains || trial.state == TrialState::kWaiting || trial.state == TrialState::kFinished;
    if (alive) nearest = std::min(nearest, d.iterations - trial.iterations);
  }
  int64_t rounds = std::max<int64_t>(1, longest);
  if (policy == nullptr) return rounds;
  rounds = std::max(rounds, nearest);
  const int64_t at_once = std::min(d.concurrency, policy->MostTrials());
  const int64_t work = std::max<int64_t>(0, policy->ExpectedWork() - done);
  return std::max(rounds, (work + at_once - 1) / std::max<int64_t>(1, at_once));
}

std::string CompleteSearch(std::string_view search, std::string_view compile_grid, std::string_view fit_grid,
                           const std::optional<std::vector<int32_t>>& model_ids) {
  base::Value dictionary = ReadDictionary(search);
  const auto add = [&](const char* key, base::Value value) {
    if (dictionary.Find(key) != nullptr) {
      Invalid(std::string(key) + " is given twice: in search, and beside it", "Leave it out of search.");
    }
    dictionary.dict().emplace_back(key, std::move(value));
  };
  if (!compile_grid.empty()) add("compile_params_grid", base::Value(std::string(compile_grid)));
  if (!fit_grid.empty()) add("fit_params_grid", base::Value(std::string(fit_grid)));
  if (model_ids) {
    base::List ids;
    for (const int32_t id : *model_ids) ids.emplace_back(static_cast<int64_t>(id));
    add("model_ids", base::Value(std::move(ids)));
  }
  return base::FormatPython(dictionary);
}

std::unique_ptr<TrialPolicy> MakePolicy(const SearchDescription& d) {
  Check(d);
  if (d.policy == "hyperband" || d.policy == "bohb") return MakeHyperbandPolicy(d);
  if (d.policy == "asha") return MakeAshaPolicy(d);
  if (d.policy == "pbt") return MakePopulationPolicy(d);
  if (d.policy == "external") return MakeExternalPolicy(d);
  return MakeSamplingPolicy(d);
}

}  // namespace plan
