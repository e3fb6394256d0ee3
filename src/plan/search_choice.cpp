// What one parameter can be: draws, and values as coordinates in [0, 1).
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/hash.hpp"
#include "base/literal.hpp"
#include "plan/search_space.hpp"

namespace plan {
namespace {

using base::Value;

// Drawn numbers keep this many digits: short texts, and far finer than any search needs, but of a range that is narrow
// beside its bounds.
constexpr int kDigits = 6;
constexpr double kMostDigits = 17;
constexpr double kLeastValues = 1000;  // that a range keeps apart

double Rounded(double value, int digits = kDigits) {
  char buffer[64];
  const auto written =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific, digits - 1);
  double out = value;
  std::from_chars(buffer, written.ptr, out);
  return out;
}

// NaN, which some keys take, is one value.
bool Same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

}  // namespace

std::string Choice::Text(const Value& value) const {
  // metrics is a list in the text; one name stands for a list of one
  if (name == "metrics" && value.is_string()) return base::FormatPython(base::List{value});
  return base::FormatPython(value);
}

base::Stream Draw::StreamOf(const std::string& path) const {
  return base::Stream(random_state, base::Hash(path.data(), path.size(), 0).lo, base::Purpose::kSearch, number);
}

size_t Draw::Pick(const std::string& path, size_t count) const {
  return static_cast<size_t>(StreamOf(path).Below(count));
}

double Choice::Size() const {
  if (kind == Kind::kValues) return static_cast<double>(values.size());
  if (quantum > 0) return std::floor((high - low) / quantum * (1 + 1e-12)) + 1;
  return integral ? high - low + 1 : std::numeric_limits<double>::infinity();
}

// Those of a distribution's numbers: more than kDigits where these would make one of several.
int Choice::Digits() const {
  const double largest = std::max(std::fabs(low), std::fabs(high));
  const double wanted = quantum > 0 ? std::ceil(std::log10(largest / quantum)) + 2
                                    : std::ceil(std::log10(largest / (high - low) * kLeastValues));
  return static_cast<int>(std::clamp(wanted, static_cast<double>(kDigits), kMostDigits));
}

std::vector<Value> Choice::All() const {
  if (kind == Kind::kValues) return values;
  std::vector<Value> all;
  const double size = Size();
  for (double n = 0; n < size; ++n) all.push_back(Numbered(n));
  return all;
}

// The n-th number of a distribution of whole numbers or of multiples.
Value Choice::Numbered(double n) const {
  if (quantum == 0) return Value(static_cast<int64_t>(low + n));
  const double number = low + n * quantum;
  return integral ? Value(static_cast<int64_t>(number)) : Value(std::clamp(Rounded(number, Digits()), low, high));
}

Value Choice::Sample(const Draw& draw) const {
  base::Stream random = draw.StreamOf(path);
  if (kind == Kind::kValues) return values[random.Below(values.size())];
  if (integral && kind == Kind::kLinear && quantum == 0) {
    return Value(static_cast<int64_t>(low) + static_cast<int64_t>(random.Below(static_cast<uint64_t>(high - low) + 1)));
  }
  return At(random.Uniform());
}

// Of numbers that are counted, number n has the part of [0, 1) in proportion to its share: 1, or with 'log' log(upper
// edge) - log(lower edge).
Value Choice::At(double u) const {
  if (kind == Kind::kValues)
    return Ranked()[std::min(static_cast<size_t>(u * static_cast<double>(values.size())), values.size() - 1)];
  if (integral || quantum > 0) {
    const double width = quantum > 0 ? quantum : 1, size = Size(), top = low + size * width;
    const double drawn = kind == Kind::kLinear
                             ? u * size
                             : (std::exp(std::log(low) + u * (std::log(top) - std::log(low))) - low) / width;
    return Numbered(std::clamp(std::floor(drawn), 0.0, size - 1));
  }
  double value = 0;
  if (kind == Kind::kLinear) {
    value = Rounded(low + u * (high - low), Digits());
  } else if (kind == Kind::kLog) {
    value = Rounded(std::pow(10.0, std::log10(low) + u * (std::log10(high) - std::log10(low))), Digits());
  } else {
    const double far = std::log10(1 - low), near = std::log10(1 - high);
    const double distance = Rounded(std::pow(10.0, near + u * (far - near)));
    value = 1 - distance;
    // the subtraction leaves digits of rounding behind: keep as many decimals as the distance has
    char buffer[64];
    const int decimals = std::clamp(kDigits + static_cast<int>(std::ceil(-std::log10(distance))), 0, 17);
    const auto written = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed, decimals);
    if (written.ec == std::errc()) std::from_chars(buffer, written.ptr, value);
  }
  return Value(std::clamp(value, low, high));
}

// Listed values: numbers ascending, others in the order written. They are put in order once.
const std::vector<Value>& Choice::Ranked() const {
  if (ranked_.size() == values.size()) return ranked_;
  ranked_ = values;
  sorted_ = ordered();
  if (sorted_)
    std::stable_sort(ranked_.begin(), ranked_.end(),
                     [](const Value& a, const Value& b) { return a.number() < b.number(); });
  return ranked_;
}

std::optional<size_t> Choice::RankOf(const Value& value) const {
  const std::vector<Value>& ranked = Ranked();
  if (sorted_ && value.is_number()) {
    const double number = value.number();
    const auto at = std::lower_bound(ranked.begin(), ranked.end(), number,
                                     [](const Value& listed, double wanted) { return listed.number() < wanted; });
    if (at == ranked.end() || at->number() != number) return std::nullopt;
    return static_cast<size_t>(at - ranked.begin());
  }
  const std::string text = Text(value);
  for (size_t i = 0; i < ranked.size(); ++i) {
    const bool same =
        value.is_number() && ranked[i].is_number() ? Same(value.number(), ranked[i].number()) : Text(ranked[i]) == text;
    if (same) return i;
  }
  return std::nullopt;
}

bool Choice::ordered() const {
  return kind != Kind::kValues ||
         (values.size() > 1 && std::all_of(values.begin(), values.end(), [](const Value& v) {
            return v.is_number() && !std::isnan(v.number());
          }));
}

double Choice::CoordinateOfNumber(double n) const {
  const double width = quantum > 0 ? quantum : 1, size = Size();
  if (kind == Kind::kLinear) return (n + 0.5) / size;
  return (std::log(low + (n + 0.5) * width) - std::log(low)) / (std::log(low + size * width) - std::log(low));
}

std::optional<double> Choice::CoordinateOf(const Value& value) const {
  if (kind == Kind::kValues) {
    const std::optional<size_t> rank = RankOf(value);
    if (rank) return (static_cast<double>(*rank) + 0.5) / static_cast<double>(values.size());
    return std::nullopt;
  }
  if (!value.is_number() || !(value.number() >= low && value.number() <= high)) return std::nullopt;
  const double number = value.number();
  if (integral || quantum > 0) {
    const double width = quantum > 0 ? quantum : 1;
    const double n = std::clamp(std::round((number - low) / width), 0.0, Size() - 1);
    // written with few digits, a multiple may be further from itself than a tolerance allows
    if (std::fabs(low + n * width - number) > 1e-5 * width && Numbered(n).number() != number) return std::nullopt;
    return CoordinateOfNumber(n);
  }
  if (kind == Kind::kLinear) return (number - low) / (high - low);
  if (kind == Kind::kLog) return (std::log10(number) - std::log10(low)) / (std::log10(high) - std::log10(low));
  const double far = std::log10(1 - low), near = std::log10(1 - high);
  return std::clamp((std::log10(1 - number) - near) / (far - near), 0.0, 1.0);
}

}  // namespace plan
