#include "report/worth.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <numeric>

#include "report/axis.hpp"
#include "report/text.hpp"

namespace report {
namespace {

constexpr size_t kMostValues = 4;  // of numbers, where more than half of the models have one of their own: ranges beyond
constexpr size_t kModelsForThirds = 9;

// Settings of a model, before ranges are made.
struct Values {
  std::vector<std::string> texts;  // a model
  std::vector<double> numbers;     // likewise, where all that are given are numbers
  bool numeric = true;
};

Values ValuesOf(const Run& run, const std::string& setting) {
  Values values;
  for (const Model& model : run.models) {
    const std::string text = ValueOf(model, setting);
    double number = kNoNumber;
    if (!text.empty() && !ReadNumber(text, &number)) values.numeric = false;
    values.texts.push_back(text.empty() ? kDefaultValue : text);
    values.numbers.push_back(number);
  }
  return values;
}

// The level of each model; levels in their order.
std::vector<size_t> LevelsOf(const Values& values, std::vector<Level>* levels) {
  std::vector<std::string> names = values.texts;
  const auto before = [&](const std::string& a, const std::string& b) {
    double x = 0, y = 0;
    const bool first = values.numeric && ReadNumber(a, &x), second = values.numeric && ReadNumber(b, &y);
    if (first != second) return second;  // "default" comes first
    return first && x != y ? x < y : a < b;
  };
  std::sort(names.begin(), names.end(), before);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::map<std::string, size_t> index;
  for (const std::string& name : names) {
    index.emplace(name, levels->size());
    levels->push_back({});
    levels->back().value = name;
  }
  std::vector<size_t> level;
  for (const std::string& text : values.texts) level.push_back(index[text]);
  return level;
}

// Ranges of about equally many models; equal numbers are in one range.
std::vector<size_t> RangesOf(const Values& values, std::vector<Level>* levels) {
  std::vector<size_t> order(values.numbers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values.numbers[a] < values.numbers[b]; });
  const size_t ranges = order.size() >= kModelsForThirds ? 3 : 2;
  std::vector<size_t> level(order.size());
  size_t from = 0;
  for (size_t r = 0; r < ranges && from < order.size(); r++) {
    size_t to = std::max(from + 1, order.size() * (r + 1) / ranges);
    while (to < order.size() && values.numbers[order[to]] == values.numbers[order[to - 1]]) to++;
    for (size_t i = from; i < to; i++) level[order[i]] = levels->size();
    levels->push_back({});
    levels->back().value = Number(values.numbers[order[from]]) + " to " + Number(values.numbers[order[to - 1]]);
    from = to;
  }
  return level;
}

struct Score {
  bool there = false;
  double value = 0;
};

Worth MeasureOne(const Run& run, const std::string& setting, const std::vector<Score>& scores, bool logarithm) {
  Worth worth;
  worth.setting = setting;
  const Values values = ValuesOf(run, setting);
  std::vector<size_t> level = LevelsOf(values, &worth.levels);
  const bool all_given = std::none_of(values.numbers.begin(), values.numbers.end(), [](double x) { return std::isnan(x); });
  if (values.numeric && all_given && worth.levels.size() > kMostValues && 2 * worth.levels.size() > run.models.size()) {
    worth.levels.clear();
    worth.ranges = true;
    level = RangesOf(values, &worth.levels);
  }
  double n = 0, sum = 0;
  std::vector<double> sums(worth.levels.size(), 0);
  for (size_t m = 0; m < scores.size(); m++) {
    Level& own = worth.levels[level[m]];
    if (run.models[m].diverged) own.diverged++;
    if (!scores[m].there) continue;
    own.models++;
    n++;
    sum += scores[m].value;
    sums[level[m]] += scores[m].value;
  }
  double within = 0, all = 0, levels = 0;
  for (size_t l = 0; l < worth.levels.size(); l++) {
    Level& own = worth.levels[l];
    if (own.models == 0) continue;
    levels++;
    sums[l] /= static_cast<double>(own.models);
    own.mean = logarithm ? std::exp(sums[l]) : sums[l];
  }
  for (size_t m = 0; m < scores.size(); m++) {
    if (!scores[m].there) continue;
    within += std::pow(scores[m].value - sums[level[m]], 2);
    all += std::pow(scores[m].value - sum / n, 2);
  }
  if (levels > 1 && n > levels && all > 0) worth.share = std::clamp(1 - within / (n - levels) / (all / (n - 1)), 0.0, 1.0);
  return worth;
}

}  // namespace

std::string ValueOf(const Model& model, const std::string& setting) {
  for (const Setting& own : model.settings) {
    if (own.name == setting) return own.value;
  }
  return "";
}

bool ReadNumber(const std::string& text, double* value) {
  if (text.empty()) return false;
  char* end = nullptr;
  *value = std::strtod(text.c_str(), &end);
  return *end == '\0' && IsFinite(*value);
}

std::vector<std::string> VaryingSettings(const Run& run) {
  std::vector<std::string> names, varying;
  for (const Model& model : run.models) {
    for (const Setting& setting : model.settings) {
      if (std::find(names.begin(), names.end(), setting.name) == names.end()) names.push_back(setting.name);
    }
  }
  for (const std::string& name : names) {
    const std::string first = ValueOf(run.models.front(), name);
    const bool differs = std::any_of(run.models.begin(), run.models.end(), [&](const Model& model) { return ValueOf(model, name) != first; });
    if (differs) varying.push_back(name);
  }
  return varying;
}

Worths MeasureWorths(const Run& run) {
  Worths worths;
  Range range;
  std::vector<Score> scores;
  for (const Model& model : run.models) {
    Score score;
    score.value = ScoreOf(run, model);
    score.there = !model.diverged && IsFinite(score.value);
    if (score.there) range.Add(score.value);
    worths.models += score.there ? 1 : 0;
    scores.push_back(score);
  }
  worths.logarithm = SuitsLogarithm(range);
  if (worths.logarithm) {
    for (Score& score : scores) score.value = score.there ? std::log(score.value) : 0;
  }
  for (const std::string& name : VaryingSettings(run)) worths.settings.push_back(MeasureOne(run, name, scores, worths.logarithm));
  // no share is less than any
  const auto rank = [](const Worth& worth) { return std::isnan(worth.share) ? -1.0 : worth.share; };
  std::stable_sort(worths.settings.begin(), worths.settings.end(), [&](const Worth& a, const Worth& b) { return rank(a) > rank(b); });
  if (worths.settings.empty()) {
    worths.absent = run.models.size() < 2 ? "There is one model: nothing can be compared." : "All models have the same parameters.";
  } else if (worths.models < 3) {
    worths.absent = "It takes three models with a score to compare parameters; this run has " + std::to_string(worths.models) + ".";
  } else if (range.least == range.greatest) {
    worths.absent = "All models have the same " + ScoreName(run) + ": no parameter made a difference.";
  } else if (rank(worths.settings.front()) < 0) {
    worths.absent = "Every model has values of its own: it takes several models with a value in common to tell what a parameter is worth.";
  }
  return worths;
}

}  // namespace report
