#include "plan/search/point_space.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/philox.hpp"
#include "plan/params.hpp"
#include "plan/params_text.hpp"

namespace plan {
namespace {

using base::ErrorCode;
using base::Value;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kMostEnumerated = 100000;
constexpr int kDuplicatesInARow = 200;  // before what is left of a finite space is enumerated
constexpr uint64_t kMostParts = 32 * 1024 * 1024;  // of a Latin hypercube, all dimensions together, that are kept

Choice ListedChoice(const std::string& name, const std::string& path, std::vector<Value> values) {
  Choice choice;
  choice.name = name;
  choice.path = path;
  choice.values = std::move(values);
  return choice;
}

// Of each value of a finite choice, in the order of Choice::All.
std::vector<double> CoordinatesOf(const Dimension& dimension) {
  const std::vector<Value> values = dimension.choice.All();
  std::vector<double> coordinates;
  for (size_t v = 0; v < values.size(); ++v) {
    const auto number = static_cast<double>(v);
    coordinates.push_back(!dimension.ordered        ? number
                          : dimension.values() == 0 ? dimension.choice.CoordinateOfNumber(number)
                                                    : dimension.choice.CoordinateOf(values[v]).value());
  }
  return coordinates;
}

}  // namespace

PointSpace::PointSpace(const SearchDescription& description)
    : space_(ReadSearchSpace(description.compile_grid, description.fit_grid, SpaceForm::kConditions)),
      seed_(description.seed) {
  AddArchitectures(description);
  AddText(space_.compile, &compile_);
  AddText(space_.fit, &fit_);
  CheckTexts();
}

void PointSpace::AddArchitectures(const SearchDescription& description) {
  if (description.model_ids.empty()) {
    throw base::Error(ErrorCode::kInvalidParameter, "a search needs an architecture", {},
                      "Name at least one model_id.");
  }
  std::vector<Value> ids;
  for (int id : description.model_ids) ids.emplace_back(static_cast<int64_t>(id));
  AddDimension(ListedChoice("model_id", "model_id", std::move(ids)), {});
  dimensions_[0].ordered = false;
  AddFeatures(description);
}

// Features of architectures: numbers by their rank, others by the number of their text.
void PointSpace::AddFeatures(const SearchDescription& description) {
  std::vector<std::string> names;
  for (const auto& [id, parameters] : description.architectures) {
    for (const auto& [name, value] : parameters) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  features_.assign(names.empty() ? 0 : description.model_ids.size(), std::vector<double>(names.size(), kNone));
  for (size_t f = 0; f < names.size(); ++f) {
    std::vector<const Value*> given(description.model_ids.size(), nullptr);
    std::vector<Value> values;
    bool numbers = true;
    for (size_t m = 0; m < given.size(); ++m) {
      for (const auto& [id, parameters] : description.architectures) {
        if (id != description.model_ids[m]) continue;
        for (const auto& [name, value] : parameters) {
          if (name == names[f]) given[m] = &value;
        }
      }
      if (given[m] == nullptr) continue;
      numbers = numbers && given[m]->is_number();
      if (std::find(values.begin(), values.end(), *given[m]) == values.end()) values.push_back(*given[m]);
    }
    if (numbers)
      std::sort(values.begin(), values.end(), [](const Value& a, const Value& b) { return a.number() < b.number(); });
    feature_ordered_.push_back(numbers);
    for (size_t m = 0; m < given.size(); ++m) {
      if (given[m] == nullptr) continue;
      const auto rank = static_cast<double>(std::find(values.begin(), values.end(), *given[m]) - values.begin());
      features_[m][f] = numbers ? (rank + 0.5) / static_cast<double>(values.size()) : rank;
    }
  }
}

void PointSpace::AddDimension(const Choice& choice, std::vector<Dimension::Where> when) {
  Dimension dimension;
  dimension.name = choice.name;
  dimension.choice = choice;
  dimension.ordered = choice.ordered();
  for (const Condition& condition : choice.when) when.push_back(Holds(choice, condition));
  dimension.when = std::move(when);
  dimensions_.push_back(std::move(dimension));
}

// Of the dimensions before `choice` those with the condition's key: each entry of optimizer_params_list has its own optimizer.
Dimension::Where PointSpace::Holds(const Choice& choice, const Condition& condition) const {
  Dimension::Where where;
  std::vector<bool> known(condition.values.size(), condition.key == "model_id");  // some architectures are not searched
  const Choice* last = nullptr;
  for (size_t d = 0; d < dimensions_.size(); ++d) {
    const Dimension& other = dimensions_[d];
    if (other.name != condition.key || other.values() == 0) continue;
    last = &other.choice;
    Dimension::Where::Values held{d, std::vector<bool>(other.values(), false)};
    for (size_t v = 0; v < condition.values.size(); ++v) {
      const std::optional<double> at = other.choice.CoordinateOf(condition.values[v]);
      if (!at) continue;
      known[v] = true;
      held.values[static_cast<size_t>(*at * static_cast<double>(other.values()))] = true;
    }
    where.any.push_back(std::move(held));
  }
  for (size_t v = 0; last != nullptr && v < known.size(); ++v) {
    if (known[v]) continue;
    throw base::Error(ErrorCode::kInvalidParameter,
                      "when of " + choice.path + " names " + last->Text(condition.values[v]) +
                          ", which is no value of " + condition.key,
                      {}, "Name values that the list of " + condition.key + " has.");
  }
  if (last != nullptr) return where;
  throw base::Error(ErrorCode::kInvalidParameter,
                    "when of " + choice.path + " names " + Quoted(condition.key) +
                        ", which is no list of values that comes before it",
                    {},
                    "A condition is on model_id, or on a key with listed values that is written before the parameter.");
}

void PointSpace::AddText(const TextSpace& text, std::vector<size_t>* choices) {
  for (size_t i = 0; i <= text.choices.size(); ++i) {
    if (!text.optimizers.empty() && i == text.optimizer_position) {
      std::vector<Value> entries;
      for (size_t e = 0; e < text.optimizers.size(); ++e) entries.emplace_back(static_cast<int64_t>(e));
      entry_ = dimensions_.size();
      AddDimension(ListedChoice("optimizer_params_list", "optimizer_params_list", std::move(entries)), {});
      dimensions_[entry_].ordered = false;
      for (size_t e = 0; e < text.optimizers.size(); ++e) {
        Dimension::Where where{{{entry_, std::vector<bool>(text.optimizers.size(), false)}}};
        where.any[0].values[e] = true;
        names_.push_back(dimensions_.size());
        AddDimension(text.optimizers[e].name, {where});
        arguments_.emplace_back();
        for (const Choice& parameter : text.optimizers[e].parameters) {
          arguments_.back().push_back(dimensions_.size());
          AddDimension(parameter, {where});
        }
      }
    }
    if (i == text.choices.size()) return;
    choices->push_back(dimensions_.size());
    AddDimension(text.choices[i], {});
  }
}

bool PointSpace::IsThere(size_t d, const Point& point) const {
  const auto holds = [&](const Dimension::Where::Values& held) {
    const double at = point[held.dimension];
    if (std::isnan(at)) return false;
    const Dimension& other = dimensions_[held.dimension];
    const double count = static_cast<double>(other.values());
    return static_cast<bool>(held.values[static_cast<size_t>(other.ordered ? std::min(at * count, count - 1) : at)]);
  };
  return std::all_of(dimensions_[d].when.begin(), dimensions_[d].when.end(),
                     [&](const Dimension::Where& where) { return std::any_of(where.any.begin(), where.any.end(), holds); });
}

// Counts the tree of conditions: a dimension's factor counts where it is there only.
double PointSpace::Size() const {
  for (const Dimension& dimension : dimensions_) {
    if (std::isinf(dimension.choice.Size())) return std::numeric_limits<double>::infinity();
  }
  bool conditions = false;
  for (const auto* text : {&space_.compile, &space_.fit}) {
    for (const Choice& choice : text->choices) conditions = conditions || !choice.when.empty();
    for (const OptimizerChoice& optimizer : text->optimizers) {
      for (const Choice& choice : optimizer.parameters) conditions = conditions || !choice.when.empty();
    }
  }
  const double product = dimensions_[0].choice.Size() * space_.compile.Size() * space_.fit.Size();
  if (!conditions || product > kMostEnumerated) return product;
  return static_cast<double>(Enumerate().size());
}

std::vector<Point> PointSpace::Enumerate() const {
  std::vector<Point> points = {Point()};
  for (size_t d = 0; d < dimensions_.size(); ++d) {
    const Dimension& dimension = dimensions_[d];
    const std::vector<double> coordinates = CoordinatesOf(dimension);
    std::vector<Point> next;
    for (Point& point : points) {
      point.push_back(kNone);
      if (!IsThere(d, point) || coordinates.size() == 1) {
        if (IsThere(d, point)) point[d] = coordinates[0];
        next.push_back(std::move(point));
        continue;
      }
      for (const double coordinate : coordinates) {
        point[d] = coordinate;
        next.push_back(point);
      }
    }
    points = std::move(next);
  }
  return points;
}

Point PointSpace::Completed(Point point, uint64_t number) const {
  for (size_t d = 0; d < dimensions_.size(); ++d) {
    if (!IsThere(d, point)) {
      point[d] = kNone;
    } else if (std::isnan(point[d])) {
      SetCoordinate(d, dimensions_[d].choice.Sample(Draw{seed_, number}), &point);
    }
  }
  return point;
}

Point PointSpace::Sample(uint64_t number) const { return Completed(Point(dimensions_.size(), kNone), number); }

Point PointSpace::Spread(uint64_t number, uint64_t size) const {
  Point point(dimensions_.size(), kNone);
  for (size_t d = 0; d < dimensions_.size(); ++d) {
    if (!IsThere(d, point)) continue;
    const double at = SpreadOne(d, number, size);
    point[d] = dimensions_[d].ordered ? at : std::floor(at * static_cast<double>(dimensions_[d].values()));
  }
  return point;
}

// A hypercube's order is drawn once: `size` may be a million, and each of so many suggestions asks for one part of it.
double PointSpace::SpreadOne(size_t d, uint64_t number, uint64_t size) const {
  if (parts_number_ != number / size || parts_size_ != size || parts_.size() * size > kMostParts) parts_.clear();
  parts_number_ = number / size;
  parts_size_ = size;
  auto known = parts_.find(d);
  if (known == parts_.end()) {
    base::Stream random(seed_, base::Hash("spread", 6, 0).lo, base::Purpose::kSearch, number / size, d);
    std::vector<uint32_t> order(size);
    std::iota(order.begin(), order.end(), uint32_t{0});
    for (uint64_t i = size; i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
    known = parts_.emplace(d, Parts{std::move(order), random, random, 0}).first;
  }
  Parts& parts = known->second;
  if (parts.read > number % size) {
    parts.next = parts.first;
    parts.read = 0;
  }
  double within = 0;
  for (; parts.read <= number % size; ++parts.read) within = parts.next.Uniform();
  return (static_cast<double>(parts.order[number % size]) + within) / static_cast<double>(size);
}

Value PointSpace::ValueAt(size_t d, const Point& point) const {
  const Choice& choice = dimensions_[d].choice;
  return dimensions_[d].ordered ? choice.At(point[d]) : choice.values[static_cast<size_t>(point[d])];
}

bool PointSpace::SetCoordinate(size_t d, const Value& value, Point* point) const {
  const std::optional<double> at = dimensions_[d].choice.CoordinateOf(value);
  if (!at) return false;
  (*point)[d] = dimensions_[d].ordered ? *at : std::floor(*at * static_cast<double>(dimensions_[d].values()));
  return true;
}

TextSpace::Setting PointSpace::SettingOf(const TextSpace& text, const std::vector<size_t>& choices,
                                         const Point& point) const {
  TextSpace::Setting setting;
  const auto value = [&](size_t d) {
    return std::isnan(point[d]) ? std::optional<Value>() : std::optional<Value>(ValueAt(d, point));
  };
  for (size_t d : choices) setting.values.push_back(value(d));
  if (text.optimizers.empty()) return setting;
  setting.optimizer = static_cast<size_t>(point[entry_]);
  setting.optimizer_name = value(names_[setting.optimizer])->string();
  for (size_t d : arguments_[setting.optimizer]) setting.arguments.push_back(value(d));
  return setting;
}

Candidate PointSpace::Write(const Point& point) const {
  Candidate candidate;
  candidate.model_id = static_cast<int>(ValueAt(0, point).integer());
  candidate.params.compile_params = space_.compile.Write(SettingOf(space_.compile, compile_, point));
  candidate.params.fit_params = space_.fit.Write(SettingOf(space_.fit, fit_, point));
  return candidate;
}

bool PointSpace::SetCoordinates(const TextSpace& text, const std::vector<size_t>& choices,
                                const TextSpace::Setting& setting, Point* point) const {
  for (size_t i = 0; i < choices.size(); ++i) {
    if (setting.values[i] && !SetCoordinate(choices[i], *setting.values[i], point)) return false;
  }
  if (text.optimizers.empty()) return true;
  (*point)[entry_] = static_cast<double>(setting.optimizer);
  if (!SetCoordinate(names_[setting.optimizer], Value(setting.optimizer_name), point)) return false;
  const std::vector<size_t>& arguments = arguments_[setting.optimizer];
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (setting.arguments[i] && !SetCoordinate(arguments[i], *setting.arguments[i], point)) return false;
  }
  return true;
}

std::optional<Point> PointSpace::Locate(const Candidate& candidate) const {
  const std::string key = KeyOf(candidate);
  const auto known = located_.find(key);
  if (known != located_.end()) return known->second;
  std::optional<Point>& out = located_[key];
  Point point(dimensions_.size(), kNone);
  if (!SetCoordinate(0, Value(static_cast<int64_t>(candidate.model_id)), &point)) return out;
  try {
    const auto compile = space_.compile.Read(candidate.params.compile_params);
    const auto fit = space_.fit.Read(candidate.params.fit_params);
    if (!compile || !fit || !SetCoordinates(space_.compile, compile_, *compile, &point) ||
        !SetCoordinates(space_.fit, fit_, *fit, &point)) {
      return out;
    }
  } catch (const base::Error&) {
    return out;  // a text of another notation is not one of this space
  }
  for (size_t d = 0; d < dimensions_.size(); ++d) {
    if (IsThere(d, point) == std::isnan(point[d])) return out;
  }
  out = std::move(point);
  return out;
}

// Sets what the dimension's conditions are on to the first values with which it is there.
void PointSpace::MakeRoomFor(size_t d, Point* point) const {
  for (const Dimension::Where& where : dimensions_[d].when) {
    for (const Dimension::Where::Values& held : where.any) {
      const auto at = std::find(held.values.begin(), held.values.end(), true) - held.values.begin();
      const Dimension& other = dimensions_[held.dimension];
      if (static_cast<size_t>(at) == other.values()) continue;  // never with this one
      MakeRoomFor(held.dimension, point);
      (*point)[held.dimension] = other.ordered ? (static_cast<double>(at) + 0.5) / static_cast<double>(other.values())
                                               : static_cast<double>(at);
      break;
    }
  }
}

// Every value and both bounds once: with them each text that can be written can be read.
void PointSpace::CheckTexts() const {
  const Point base = Sample(0);
  std::set<std::string> checked;
  const auto check = [&](Point point) {
    const Candidate candidate = Write(Completed(std::move(point), 0));
    if (!checked.insert(KeyOf(candidate)).second) return;
    try {
      ReadConfig(candidate.params.compile_params, candidate.params.fit_params);
    } catch (const base::Error& error) {
      throw base::Error(error.code(), error.what(),
                        "The configuration is compile_params $$" + candidate.params.compile_params +
                            "$$, fit_params $$" + candidate.params.fit_params + "$$.",
                        error.hint());
    }
  };
  check(base);
  for (size_t d = 1; d < dimensions_.size(); ++d) {
    const Dimension& dimension = dimensions_[d];
    Point point = base;
    MakeRoomFor(d, &point);
    point = Completed(std::move(point), 0);
    if (std::isnan(point[d])) continue;
    const size_t count = dimension.values();
    for (size_t v = 0; v < std::max<size_t>(count, 2); ++v) {
      point[d] = count == 0          ? static_cast<double>(v)
                 : dimension.ordered ? (static_cast<double>(v) + 0.5) / static_cast<double>(count)
                                     : static_cast<double>(v);
      if (count == 1 && v == 1) break;
      check(point);
    }
  }
}

std::string KeyOf(const Candidate& candidate) {
  return std::to_string(candidate.model_id) + "\n" + candidate.params.compile_params + "\n" +
         candidate.params.fit_params;
}

std::optional<Candidate> RandomSequence::Next(const std::set<std::string>& seen, size_t* from) const {
  for (;; ++*from) {
    if (*from == drawn_.size() && !Extend()) return std::nullopt;
    if (seen.count(*drawn_[*from].key) == 0) return drawn_[*from].candidate;
  }
}

bool RandomSequence::Append(Candidate candidate, std::vector<Drawn>* out) const {
  const auto [key, added] = keys_.insert(KeyOf(candidate));
  if (added) out->push_back({std::move(candidate), &*key});
  return added;
}

bool RandomSequence::Extend() const {
  for (int duplicates = 0; !rest_ && duplicates < kDuplicatesInARow; ++duplicates) {
    if (Append(space_->Write(space_->Sample(draws_++)), &drawn_)) return true;
  }
  if (!rest_ && space_->Size() <= kMostEnumerated) {
    for (const Point& point : space_->Enumerate()) Append(space_->Write(point), &left_);
  }
  rest_ = true;
  if (left_.empty()) return false;
  const size_t pick = Draw{seed_, draws_++}.Pick("rest", left_.size());
  std::swap(left_[pick], left_.back());
  drawn_.push_back(std::move(left_.back()));
  left_.pop_back();
  return true;
}

}  // namespace plan
