#include "data/group_constants.hpp"

#include <cmath>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/value.hpp"

namespace data {
namespace {

using base::Value;

Value Numbers(const std::vector<double>& values) {
  base::List list;
  for (const double v : values) list.emplace_back(v);
  return Value(std::move(list));
}

Value Bound(const std::optional<double>& bound) { return bound ? Value(*bound) : Value(); }

[[noreturn]] void Corrupted() {
  throw base::Error(base::ErrorCode::kDataCorrupted, "the constants of a group cannot be read", "",
                    "Pack the data again.");
}

const base::List& ListOf(const Value& value) {
  if (!value.is_list()) Corrupted();
  return value.list();
}

double NumberOf(const Value& value) {
  if (!value.is_number() || !std::isfinite(value.number())) Corrupted();
  return value.number();
}

std::optional<double> BoundOf(const Value& value) {
  return value.is_null() ? std::nullopt : std::optional<double>(NumberOf(value));
}

std::vector<double> NumbersOf(const Value& value, size_t count) {
  std::vector<double> numbers;
  for (const Value& v : ListOf(value)) numbers.push_back(NumberOf(v));
  if (numbers.size() != count) Corrupted();
  return numbers;
}

}  // namespace

std::string WriteConstants(const base::Preprocessing& preprocessing) {
  base::List sources;
  for (const base::SourceInput& s : preprocessing.sources) {
    base::List values;
    for (const std::vector<double>& of_category : s.category_values) values.push_back(Numbers(of_category));
    base::List list;
    list.emplace_back(s.fill);
    list.push_back(s.fill_category ? Value(*s.fill_category) : Value());
    list.push_back(Bound(s.clip_low));
    list.push_back(Bound(s.clip_high));
    list.emplace_back(s.center);
    list.emplace_back(s.spread);
    list.emplace_back(std::move(values));
    list.push_back(Numbers(s.missing_values));
    list.push_back(Numbers(s.prior));
    sources.emplace_back(std::move(list));
  }
  return base::FormatJson(Value(std::move(sources)));
}

void ApplyConstants(std::string_view text, base::DataSpec* spec) {
  if (!spec->preprocessing) Corrupted();
  auto own = std::make_shared<base::Preprocessing>(*spec->preprocessing);
  const Value read = base::ParseLiteral(text);
  const base::List& sources = ListOf(read);
  if (sources.size() != own->sources.size()) Corrupted();
  for (size_t i = 0; i < sources.size(); ++i) {
    const base::List& list = ListOf(sources[i]);
    if (list.size() != 9) Corrupted();
    base::SourceInput& s = own->sources[i];
    s.fill = NumberOf(list[0]);
    s.fill_category.reset();
    if (list[1].is_string()) s.fill_category = list[1].string();
    s.clip_low = BoundOf(list[2]);
    s.clip_high = BoundOf(list[3]);
    s.center = NumberOf(list[4]);
    s.spread = NumberOf(list[5]);
    if (!(s.spread > 0)) Corrupted();
    // as many as the whole table's: a value is found by its category
    const size_t outputs = s.prior.size(), categories = s.encoding == base::Encoding::kTarget ? s.categories.size() : 0;
    s.category_values.clear();
    for (const Value& values : ListOf(list[6])) s.category_values.push_back(NumbersOf(values, outputs));
    if (s.category_values.size() != categories) Corrupted();
    s.missing_values = NumbersOf(list[7], outputs);
    s.prior = NumbersOf(list[8], outputs);
  }
  spec->preprocessing = std::move(own);
}

}  // namespace data
