#include "plan/search.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>
#include <utility>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/literal.hpp"
#include "base/philox.hpp"
#include "definitions/names.hpp"
#include "plan/params.hpp"
#include "plan/params_text.hpp"
#include "plan/search_space.hpp"

namespace plan {
namespace {

using base::ErrorCode;

enum class SearchType { kGrid, kRandom };

SearchType ReadSearchType(std::string_view text) {
  const std::string folded = definitions::Folded(Trim(text));
  if (!folded.empty() && std::string("grid").compare(0, folded.size(), folded) == 0) return SearchType::kGrid;
  if (!folded.empty() && std::string("random").compare(0, folded.size(), folded) == 0) return SearchType::kRandom;
  throw base::Error(ErrorCode::kInvalidParameter, "search_type must be either 'grid' or 'random', not " + Quoted(text), {},
                    "Any prefix of the two words will do.");
}

// Collects candidates: each configuration once, each text checked once.
class Collector {
 public:
  explicit Collector(std::vector<Candidate>* out) : out_(out) {}

  // False when an equal candidate is there already.
  bool Add(int model_id, const ParamTexts& texts) {
    Check(texts);
    if (!seen_.insert({model_id, canonical_compile_, canonical_fit_}).second) return false;
    out_->push_back(Candidate{model_id, texts});
    return true;
  }

 private:
  void Check(const ParamTexts& texts) {
    try {
      if (checked_compile_.count(texts.compile_params) == 0 || checked_fit_.count(texts.fit_params) == 0) {
        ReadConfig(texts.compile_params, texts.fit_params);
        checked_compile_.insert(texts.compile_params);
        checked_fit_.insert(texts.fit_params);
      }
      canonical_compile_ = CanonicalParams(texts.compile_params, "compile_params");
      canonical_fit_ = CanonicalParams(texts.fit_params, "fit_params");
    } catch (const base::Error& error) {
      throw base::Error(error.code(), error.what(),
                        "The configuration is compile_params $$" + texts.compile_params + "$$, fit_params $$" + texts.fit_params + "$$.",
                        error.hint());
    }
  }

  std::vector<Candidate>* out_;
  std::set<std::tuple<int, std::string, std::string>> seen_;
  std::set<std::string> checked_compile_, checked_fit_;
  std::string canonical_compile_, canonical_fit_;
};

void AddGrid(const std::vector<int>& models, const SearchSpace& space, Collector* collector) {
  const TextSpace::Enumeration compiles(&space.compile), fits(&space.fit);
  for (int model : models) {
    for (size_t c = 0; c < compiles.size(); ++c) {
      const std::string compile = compiles.At(c);
      for (size_t f = 0; f < fits.size(); ++f) collector->Add(model, ParamTexts{compile, fits.At(f)});
    }
  }
}

[[noreturn]] void TooFew(size_t found, int wanted) {
  throw base::Error(ErrorCode::kInvalidParameter,
                    "num_configs is " + std::to_string(wanted) + ", but the search space has only " + std::to_string(found) +
                        " different configurations",
                    {}, "Lower num_configs, add values, or use search_type => 'grid' to try all of them.");
}

// The space is too large to be counted: its values say the same in many ways.
[[noreturn]] void TooFewDrawn(size_t found, int wanted, uint64_t draws) {
  throw base::Error(ErrorCode::kInvalidParameter,
                    "num_configs is " + std::to_string(wanted) + ", but " + std::to_string(draws) +
                        " draws from the search space gave only " + std::to_string(found) + " different configurations",
                    {}, "Lower num_configs, widen ranges, or leave out values that say the same.");
}

// Draws until enough different candidates are found. A finite space that is nearly used up is enumerated, and the rest is drawn from what
// is left.
void AddRandom(const std::vector<int>& models, const SearchSpace& space, int wanted, uint64_t seed, std::vector<Candidate>* out) {
  Collector collector(out);
  const double size = static_cast<double>(models.size()) * space.compile.Size() * space.fit.Size();
  if (size < wanted) {
    std::vector<Candidate> all;
    Collector whole(&all);
    AddGrid(models, space, &whole);
    TooFew(all.size(), wanted);
  }
  const uint64_t attempts = 1000 + 5 * static_cast<uint64_t>(wanted);
  for (uint64_t draw = 0; draw < attempts && out->size() < static_cast<size_t>(wanted); ++draw) {
    const Draw random{seed, draw};
    const int model = models[random.Pick("model_id", models.size())];
    collector.Add(model, ParamTexts{space.compile.Sample(random), space.fit.Sample(random)});
  }
  if (out->size() == static_cast<size_t>(wanted)) return;
  if (size > kMaxCandidates) TooFewDrawn(out->size(), wanted, attempts);
  std::vector<Candidate> rest;
  Collector whole(&rest);
  AddGrid(models, space, &whole);
  for (uint64_t draw = attempts; out->size() < static_cast<size_t>(wanted); ++draw) {
    if (rest.empty()) TooFew(out->size(), wanted);
    const size_t pick = Draw{seed, draw}.Pick("rest", rest.size());
    collector.Add(rest[pick].model_id, rest[pick].params);
    std::swap(rest[pick], rest.back());
    rest.pop_back();
  }
}

}  // namespace

std::vector<Candidate> GenerateCandidates(const std::vector<int>& model_ids, std::string_view compile_grid, std::string_view fit_grid,
                                          std::string_view search_type, std::optional<int> num_configs,
                                          std::optional<int64_t> random_state) {
  const SearchType type = ReadSearchType(search_type);
  if (type == SearchType::kGrid && (num_configs || random_state)) {
    throw base::Error(ErrorCode::kInvalidParameter, "num_configs and random_state must be NULL for grid search", {},
                      "A grid search tries every combination; use search_type => 'random' to draw some.");
  }
  if (type == SearchType::kRandom && (!num_configs || *num_configs < 1)) {
    throw base::Error(ErrorCode::kInvalidParameter, "num_configs must be a positive number for random search", {},
                      "Example: num_configs => 20.");
  }
  if (num_configs.value_or(1) > kMaxCandidates) {
    throw base::Error(ErrorCode::kLimitExceeded,
                      "num_configs is " + std::to_string(*num_configs) + ", more than " + std::to_string(kMaxCandidates), {},
                      "Lower num_configs.");
  }
  std::vector<int> models;
  for (int id : model_ids) {
    if (std::find(models.begin(), models.end(), id) == models.end()) models.push_back(id);
  }
  if (models.empty()) {
    throw base::Error(ErrorCode::kInvalidParameter, "model_id_list is empty", {}, "Example: model_id_list => ARRAY[1, 2].");
  }

  const SearchSpace space = ReadSearchSpace(compile_grid, fit_grid, type == SearchType::kRandom ? SpaceForm::kDistributions : SpaceForm::kValues);
  const double size = static_cast<double>(models.size()) * space.compile.Size() * space.fit.Size();
  std::vector<Candidate> out;
  if (type == SearchType::kRandom) {
    AddRandom(models, space, *num_configs, static_cast<uint64_t>(random_state.value_or(0)), &out);
    return out;
  }
  if (size > kMaxCandidates) {
    throw base::Error(ErrorCode::kLimitExceeded,
                      "the grid has " + base::FormatNumber(size, true) + " configurations, more than " + std::to_string(kMaxCandidates), {},
                      "Use search_type => 'random' with num_configs.");
  }
  Collector collector(&out);
  AddGrid(models, space, &collector);
  return out;
}

}  // namespace plan
