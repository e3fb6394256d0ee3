// Passes over the source: each asks for the statistics that are not known yet, and that what is known allows to ask for.
// Quantiles narrow in brackets from pass to pass (pack/column_statistics.hpp); sums of clipped values wait for the bounds.
#include "pack/column_learner.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "base/error.hpp"
#include "data/encoder.hpp"
#include "pack/column_statistics.hpp"
#include "pg/sql.hpp"

namespace pack {
namespace {

using base::ColumnSpec;
using base::Encoding;
using base::Error;
using base::ErrorCode;
using base::Imputation;
using base::Scaling;
using base::SourceInput;
using base::TargetKind;

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

/// A value that is sought by its rank among the values of a column.
struct SoughtRank {
  int64_t rank = 0;
  std::optional<double> value;
  uint64_t low = 0, high = 0;  // bracket that has it
  int64_t below = 0;           // values below the bracket
  size_t bracket = 0;          // its number in the request of a pass
};

/// Quantiles of a column, of which each lies between two ranks.
class Quantiles {
 public:
  void Want(double fraction) {
    if (std::find(fractions_.begin(), fractions_.end(), fraction) == fractions_.end()) fractions_.push_back(fraction);
  }
  bool wanted() const { return !fractions_.empty(); }
  bool known() const {
    return !wanted() || (!ranks_.empty() && std::all_of(ranks_.begin(), ranks_.end(),
                                                        [](const SoughtRank& r) { return r.value.has_value(); }));
  }

  std::vector<std::pair<uint64_t, uint64_t>> Brackets(uint64_t low, uint64_t high) {
    if (!wanted()) return {};
    if (ranks_.empty()) return {{low, high}};
    std::vector<std::pair<uint64_t, uint64_t>> brackets;
    for (SoughtRank& r : ranks_) {
      if (r.value) continue;
      const std::pair<uint64_t, uint64_t> bracket(r.low, r.high);
      const auto found = std::find(brackets.begin(), brackets.end(), bracket);
      r.bracket = static_cast<size_t>(found - brackets.begin());
      if (found == brackets.end()) brackets.push_back(bracket);
    }
    return brackets;
  }

  void Learn(const ColumnStatistics& statistics) {
    if (!wanted() || known()) return;
    if (ranks_.empty()) {
      for (const double fraction : fractions_) {
        const double position = Position(fraction, statistics.present);
        for (const double rank : {std::floor(position), std::ceil(position)}) {
          ranks_.emplace_back();
          ranks_.back().rank = static_cast<int64_t>(rank);
        }
      }
    }
    for (SoughtRank& r : ranks_) {
      if (r.value) continue;
      const Bracket::Found found = statistics.brackets.at(r.bracket).Find(r.rank - r.below);
      if (found.value) r.value = NumberAt(*found.value);
      r.low = found.low;
      r.high = found.high;
      r.below += found.below;
    }
    rows_ = statistics.present;
  }

  /// Linear between neighbouring ranks, as percentile_cont has it. REQUIRES known().
  double At(double fraction) const {
    const auto i = static_cast<size_t>(std::find(fractions_.begin(), fractions_.end(), fraction) - fractions_.begin());
    const double low = *ranks_.at(2 * i).value, high = *ranks_.at(2 * i + 1).value;
    const double position = Position(fraction, rows_), part = position - std::floor(position);
    if (low == high || part == 0) return low;
    const double width = high - low;  // infinite between large numbers of two signs
    return std::isfinite(width) ? low + width * part : low * (1 - part) + high * part;
  }

 private:
  static double Position(double fraction, int64_t rows) {
    return static_cast<double>(std::max<int64_t>(rows, 1) - 1) * fraction;
  }

  std::vector<double> fractions_;
  std::vector<SoughtRank> ranks_;  // two a fraction
  int64_t rows_ = 0;
};

constexpr double kLongTail = 10;  // deviations from the mean; of a normal distribution no value is so far off
constexpr double kMedian = 0.5, kLowQuartile = 0.25, kHighQuartile = 0.75;

class Learner {
 public:
  Learner(const Source& source, const Profile& profile, const std::vector<ColumnSpec>& targets,
          const ColumnChoice& choice)
      : source_(source),
        profile_(profile),
        choice_(choice),
        quantiles_(choice.columns.size()),
        clip_known_(choice.columns.size()),
        summed_(choice.columns.size(), false) {
    for (const ChosenColumn& c : choice.columns) sources_.push_back(c.source);
    DescribeTarget(targets);
    for (size_t i = 0; i < sources_.size(); ++i) {
      const SourceInput& s = sources_[i];
      if (!IsNumber(s)) continue;
      if (s.imputation == Imputation::kMedian) quantiles_[i].Want(kMedian);
      if (s.scaling == Scaling::kRobust) {
        for (const double fraction : {kLowQuartile, kMedian, kHighQuartile}) quantiles_[i].Want(fraction);
      }
      const std::optional<double>& clip = choice.columns[i].clip_fraction;
      clip_known_[i] = !clip;
      if (!clip) continue;
      quantiles_[i].Want(*clip);
      quantiles_[i].Want(1 - *clip);
    }
  }

  std::vector<SourceInput> Learn() {
    for (bool first = true;; first = false) {
      StatisticsRequest request = target_;
      bool any = false;
      for (size_t i = 0; i < sources_.size(); ++i) {
        request.columns.push_back(Ask(i, first));
        const StatisticsRequest::Column& asked = request.columns.back();
        any = any || asked.mean || asked.moments || asked.counts || asked.categories || !asked.brackets.empty();
      }
      if (!any) break;
      const Statistics statistics = Scan(request);
      for (size_t i = 0; i < sources_.size(); ++i) Take(i, request, statistics.columns()[i]);
    }
    for (size_t i = 0; i < sources_.size(); ++i) {
      SourceInput& s = sources_[i];
      if (!IsNumber(s) || s.scaling != Scaling::kMinMax) continue;
      const double low = Low(s, profile_.columns[i]), high = High(s, profile_.columns[i]);
      SetScale(low, high - low, &s);
    }
    return std::move(sources_);
  }

 private:
  static bool IsNumber(const SourceInput& s) { return !s.categorical() && !IsArrayOrImage(s.value_class); }

  void DescribeTarget(const std::vector<ColumnSpec>& targets) {
    target_.fold_cells = source_.inputs + source_.targets;
    target_.target_cell = source_.inputs;
    const auto encoded = std::find_if(sources_.begin(), sources_.end(),
                                      [](const SourceInput& s) { return s.encoding == Encoding::kTarget; });
    if (encoded == sources_.end()) return;
    const ColumnSpec& target = targets.at(0);
    const SourceColumn& column = source_.columns[source_.inputs];
    if (target.kind == TargetKind::kArray || target.class_values.size() > kMostTargetClasses) {
      throw Error(
          ErrorCode::kInvalidParameter,
          "preprocess of column " + Quoted(encoded->name) + " has encode \"target\", but dependent column " +
              Quoted(target.name) +
              (target.kind == TargetKind::kArray ? " is an array"
                                                 : " has " + std::to_string(target.class_values.size()) + " classes"),
          "",
          "It must be a number, or a label of at most " + std::to_string(kMostTargetClasses) +
              " classes. Use \"one_hot\", \"index\" or \"hash\".");
    }
    if (column.labels()) {
      target_.classes = target.class_values;
      return;
    }
    target_.target_low = profile_.columns[source_.inputs].min;
    target_.target_high = profile_.columns[source_.inputs].max;
  }

  StatisticsRequest::Column Ask(size_t i, bool first) {
    const SourceInput& s = sources_[i];
    const ColumnProfile& p = profile_.columns[i];
    StatisticsRequest::Column asked;
    asked.source = s;
    if (s.categorical()) {
      const bool codes = s.encoding != Encoding::kHash || s.imputation == Imputation::kMode;
      asked.categories = first && codes;
      asked.target = asked.categories && s.encoding == Encoding::kTarget;
      return asked;
    }
    if (!IsNumber(s)) return asked;
    asked.counts = first && s.imputation == Imputation::kMode;
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    const bool infinite = p.nonfinite > 0;
    if (!quantiles_[i].known())
      asked.brackets =
          quantiles_[i].Brackets(OrderOf(infinite ? -kInfinity : p.min), OrderOf(infinite ? kInfinity : p.max));
    if (!clip_known_[i] || summed_[i]) return asked;
    summed_[i] = true;
    asked.mean = s.imputation == Imputation::kMean;
    asked.moments = s.scaling == Scaling::kStandard || s.scaling == Scaling::kLog;
    asked.low = Low(s, p);
    asked.high = High(s, p);
    return asked;
  }

  /// The range of clipped values.
  static double Low(const SourceInput& s, const ColumnProfile& p) {
    return p.nonfinite > 0 && s.clip_low ? *s.clip_low : data::ClippedNumber(s, p.min);
  }
  static double High(const SourceInput& s, const ColumnProfile& p) {
    return p.nonfinite > 0 && s.clip_high ? *s.clip_high : data::ClippedNumber(s, p.max);
  }

  Statistics Scan(const StatisticsRequest& request) const {
    const std::string bytes = request.Write();
    const pg::Result result = pg::Execute(
        "SELECT cerebro._column_statistics($1, " + RowSql(source_, "s") + ") FROM " + source_.From(), {pg::Bytea{bytes}});
    if (result.empty() || !result.at(0, 0)) {
      throw Error(ErrorCode::kInvalidData, "table " + source_.Text() + " was changed while it was being packed");
    }
    return Statistics::Read(*result.at(0, 0));
  }

  /// A spread of 0 is that of a column that is constant but for missing values: it becomes 1.
  static void SetScale(double center, double spread, SourceInput* s) {
    s->center = center;
    s->spread = spread > 0 && std::isfinite(spread) ? spread : 1;
  }

  void Take(size_t i, const StatisticsRequest& request, const ColumnStatistics& found) {
    const StatisticsRequest::Column& asked = request.columns[i];
    SourceInput& s = sources_[i];
    if (asked.categories) TakeCategories(request, found, &s);
    if (!IsNumber(s)) return;
    if (asked.counts) TakeMode(found, &s);
    if (!asked.brackets.empty()) {
      quantiles_[i].Learn(found);
      if (quantiles_[i].known()) TakeQuantiles(i);
    }
    if (asked.mean) s.fill = found.mean.Mean();
    if (asked.moments) TakeMoments(i, asked, found.moments);
  }

  /// A number that goes far beyond the others has a long tail: its logarithm is standardised, in a further pass.
  void TakeMoments(size_t i, const StatisticsRequest::Column& asked, const RangeSums& moments) {
    SourceInput& s = sources_[i];
    const double mean = moments.Mean(), deviation = moments.Deviation();
    SetScale(mean, deviation, &s);
    if (!choice_.columns[i].may_be_log || s.scaling != Scaling::kStandard) return;
    if (std::max(asked.high - mean, mean - asked.low) <= kLongTail * deviation) return;
    s.scaling = Scaling::kLog;
    summed_[i] = false;
  }

  void TakeQuantiles(size_t i) {
    SourceInput& s = sources_[i];
    const Quantiles& q = quantiles_[i];
    if (const auto& clip = choice_.columns[i].clip_fraction) {
      s.clip_low = q.At(*clip);
      s.clip_high = q.At(1 - *clip);
      if (!std::isfinite(*s.clip_low) || !std::isfinite(*s.clip_high)) {
        throw Error(ErrorCode::kInvalidData,
                    "the quantiles that column " + Quoted(s.name) + " is to be clipped at are infinite", "",
                    "Give two bounds, such as \"clip\": [0, 100].");
      }
      clip_known_[i] = true;
    }
    if (s.imputation == Imputation::kMedian) s.fill = data::ClippedNumber(s, q.At(kMedian));
    if (s.scaling == Scaling::kRobust) {
      const double low = data::ClippedNumber(s, q.At(kLowQuartile)), high = data::ClippedNumber(s, q.At(kHighQuartile));
      SetScale(data::ClippedNumber(s, q.At(kMedian)), high - low, &s);
    }
  }

  void TakeMode(const ColumnStatistics& found, SourceInput* s) const {
    if (found.counts.size() > ColumnStatistics::kMostCounted) {
      throw Error(ErrorCode::kLimitExceeded,
                  "column " + Quoted(s->name) + " has more than " + std::to_string(ColumnStatistics::kMostCounted) +
                      " different numbers: its mode is not sought",
                  "", "Use \"impute\": \"median\".");
    }
    std::pair<int64_t, uint64_t> best(0, 0);
    for (const auto& [order, rows] : found.counts) {
      if (rows > best.first || (rows == best.first && order < best.second)) best = {rows, order};
    }
    if (best.first > 0) s->fill = NumberAt(best.second);
  }

  static int64_t Rows(const TargetSums& sums) {
    int64_t rows = 0;
    for (const int64_t n : sums.rows) rows += n;
    return rows;
  }

  void TakeCategories(const StatisticsRequest& request, const ColumnStatistics& found, SourceInput* s) const {
    std::map<std::string, TargetSums> categories = found.categories;
    const bool many = categories.size() > ColumnStatistics::kMostCounted ||
                      (s->encoding == Encoding::kOneHot && categories.size() > kMostOneHot);
    if (many && s->encoding != Encoding::kHash && s->categories.empty()) {
      throw Error(ErrorCode::kLimitExceeded,
                  "column " + Quoted(s->name) + " has more than " +
                      std::to_string(s->encoding == Encoding::kOneHot ? kMostOneHot : ColumnStatistics::kMostCounted) +
                      " categories, too many for encode \"" + base::NameOf(s->encoding) + "\"",
                  "", "Use \"encode\": \"hash\", or leave the column out by exclude.");
    }
    if (s->imputation == Imputation::kMode) s->fill_category = Mode(categories, *s);
    TargetSums missing = found.missing_target;
    int64_t missing_rows = found.missing;
    if (s->fill_category && found.missing > 0) {  // they are rows of that category from now on
      TargetSums& filled = categories[*s->fill_category];
      if (missing.rows.empty()) missing.rows.assign(1, found.missing);
      filled.Merge(missing);
      missing = TargetSums();
      missing_rows = 0;
    }
    if (s->encoding == Encoding::kHash) return;
    if (s->categories.empty()) {
      for (const auto& [category, unused] : categories) s->categories.push_back(category);
      if (s->fill_category && categories.count(*s->fill_category) == 0) {
        s->categories.insert(std::lower_bound(s->categories.begin(), s->categories.end(), *s->fill_category),
                             *s->fill_category);
      }
    } else if (s->fill_category &&
               std::find(s->categories.begin(), s->categories.end(), *s->fill_category) == s->categories.end()) {
      throw Error(ErrorCode::kInvalidParameter,
                  "preprocess of column " + Quoted(s->name) + " has the value " + Quoted(*s->fill_category) +
                      ", which is none of its categories",
                  "", "Add it to categories, or choose one of them.");
    }
    if (s->encoding == Encoding::kOrdinal) ScaleOrdinal(categories, missing_rows, s);
    if (s->encoding == Encoding::kTarget) LearnTargets(request, categories, missing, s);
  }

  static std::optional<std::string> Mode(const std::map<std::string, TargetSums>& categories, const SourceInput& s) {
    std::optional<std::string> mode;
    int64_t most = 0;
    for (const auto& [category, sums] : categories) {
      const bool known =
          s.categories.empty() || std::find(s.categories.begin(), s.categories.end(), category) != s.categories.end();
      if (!known || Rows(sums) <= most) continue;
      most = Rows(sums);
      mode = category;
    }
    return mode;
  }

  static void ScaleOrdinal(const std::map<std::string, TargetSums>& categories, int64_t missing_rows, SourceInput* s) {
    if (s->scaling == Scaling::kMinMax) return SetScale(1, static_cast<double>(s->categories.size()) - 1, s);
    if (s->scaling != Scaling::kStandard) return;
    std::vector<std::pair<double, double>> weighted = {{0.0, static_cast<double>(missing_rows)}};
    for (size_t i = 0; i < s->categories.size(); ++i) {
      const auto found = categories.find(s->categories[i]);
      weighted.emplace_back(static_cast<double>(i + 1),
                            found == categories.end() ? 0.0 : static_cast<double>(Rows(found->second)));
    }
    Standardise(weighted, s);
  }

  /// values with their numbers of rows
  static void Standardise(const std::vector<std::pair<double, double>>& weighted, SourceInput* s) {
    double rows = 0, sum = 0, squares = 0;
    for (const auto& [value, n] : weighted) {
      rows += n;
      sum += n * value;
    }
    if (rows == 0) return SetScale(0, 1, s);
    const double mean = sum / rows;
    for (const auto& [value, n] : weighted) squares += n * (value - mean) * (value - mean);
    SetScale(mean, std::sqrt(squares / rows), s);
  }

  static void LearnTargets(const StatisticsRequest& request, const std::map<std::string, TargetSums>& categories,
                           const TargetSums& missing, SourceInput* s) {
    TargetSums all = missing;
    for (const auto& [category, sums] : categories) all.Merge(sums);
    const auto learn = [&](int without_fold, std::vector<double>* prior, std::vector<std::vector<double>>* values,
                           std::vector<double>* missing_values) {
      *prior = SmoothedTargets(request, all, without_fold, {}, 0);
      for (const std::string& category : s->categories) {
        const auto found = categories.find(category);
        values->push_back(found == categories.end()
                              ? *prior
                              : SmoothedTargets(request, found->second, without_fold, *prior, s->smoothing));
      }
      *missing_values =
          missing.rows.empty() ? *prior : SmoothedTargets(request, missing, without_fold, *prior, s->smoothing);
    };
    learn(-1, &s->prior, &s->category_values, &s->missing_values);
    for (int fold = 0; fold < data::kTargetFolds; ++fold) {
      SourceInput::Fold& values = s->folds.emplace_back();
      std::vector<double> prior;
      learn(fold, &prior, &values.category_values, &values.missing_values);
    }
    std::vector<std::pair<double, double>> weighted;
    double low = std::numeric_limits<double>::infinity(), high = -low;
    const auto weigh = [&](const std::vector<double>& values, int64_t rows) {
      for (const double v : values) {
        weighted.emplace_back(v, static_cast<double>(rows));
        low = std::min(low, v);
        high = std::max(high, v);
      }
    };
    weigh(s->missing_values, Rows(missing));
    for (size_t i = 0; i < s->categories.size(); ++i) {
      const auto found = categories.find(s->categories[i]);
      weigh(s->category_values[i], found == categories.end() ? 0 : Rows(found->second));
    }
    if (s->scaling == Scaling::kStandard) Standardise(weighted, s);
    if (s->scaling == Scaling::kMinMax) SetScale(low, high - low, s);
  }

  const Source& source_;
  const Profile& profile_;
  const ColumnChoice& choice_;
  std::vector<SourceInput> sources_;
  std::vector<Quantiles> quantiles_;
  std::vector<bool> clip_known_;
  std::vector<bool> summed_;  // whether what needs the clip was asked for
  StatisticsRequest target_;
};

}  // namespace

bool IsArrayOrImage(base::ValueClass value_class) {
  return value_class == base::ValueClass::kArray || value_class == base::ValueClass::kBytes;
}

std::vector<SourceInput> LearnColumns(const Source& source, const Profile& profile, const std::vector<ColumnSpec>& targets,
                                      const ColumnChoice& choice) {
  return Learner(source, profile, targets, choice).Learn();
}

}  // namespace pack
