#include "pack/column_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/error.hpp"
#include "base/record.hpp"

namespace pack {
namespace {

using base::Error;
using base::ErrorCode;
using base::RecordReader;
using base::RecordWriter;

constexpr double kUnit = 4611686018427387904.0;  // 2^62
constexpr const char* kWhat = "statistics of columns";

int64_t Fixed(double u) { return std::llround(std::clamp(u, -1.0, 1.0) * kUnit); }

/// In [-1, 1]. Halves are subtracted, so that no range is too wide.
double InRange(double v, double middle, double half) { return half > 0 ? (v / 2 - middle / 2) / (half / 2) : 0; }

double MiddleOf(double low, double high) { return low / 2 + high / 2; }
double HalfOf(double low, double high) { return high / 2 - low / 2; }

void WriteWide(RecordWriter* w, __int128 v) {
  w->Number(static_cast<int64_t>(v >> 64));
  w->Number(static_cast<int64_t>(static_cast<uint64_t>(v)));
}

__int128 ReadWide(RecordReader* r) {
  const auto high = static_cast<uint64_t>(r->Number()), low = static_cast<uint64_t>(r->Number());
  return static_cast<__int128>((static_cast<unsigned __int128>(high) << 64) | low);
}

void WriteCounts(RecordWriter* w, const std::unordered_map<uint64_t, int64_t>& counts) {
  w->Number(static_cast<int64_t>(counts.size()));
  for (const auto& [order, rows] : counts) {
    w->Number(static_cast<int64_t>(order));
    w->Number(rows);
  }
}

std::unordered_map<uint64_t, int64_t> ReadCounts(RecordReader* r) {
  std::unordered_map<uint64_t, int64_t> counts;
  for (int64_t n = r->Number(); n > 0; --n) {
    const auto order = static_cast<uint64_t>(r->Number());
    counts[order] = r->Number();
  }
  return counts;
}

void WriteTarget(RecordWriter* w, const TargetSums& t) {
  w->Number(static_cast<int64_t>(t.rows.size()));
  for (const int64_t rows : t.rows) w->Number(rows);
  w->Number(static_cast<int64_t>(t.sums.size()));
  for (const __int128 sum : t.sums) WriteWide(w, sum);
}

TargetSums ReadTarget(RecordReader* r) {
  TargetSums t;
  for (int64_t n = r->Number(); n > 0; --n) t.rows.push_back(r->Number());
  for (int64_t n = r->Number(); n > 0; --n) t.sums.push_back(ReadWide(r));
  return t;
}

}  // namespace

uint64_t OrderOf(double v) {
  if (v == 0) v = 0;  // the negative one, too
  uint64_t bits;
  std::memcpy(&bits, &v, sizeof(bits));
  constexpr uint64_t kSign = uint64_t{1} << 63;
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

double NumberAt(uint64_t order) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  const uint64_t bits = (order & kSign) != 0 ? order & ~kSign : ~order;
  double v;
  std::memcpy(&v, &bits, sizeof(v));
  return v;
}

// ---------------------------------------------------------------- RangeSums

RangeSums::RangeSums(double low, double high) : middle_(MiddleOf(low, high)), half_(HalfOf(low, high)) {}

void RangeSums::Add(double v) {
  const double u = InRange(v, middle_, half_);
  sum_ += Fixed(u);
  squares_ += Fixed(u * u);
  ++count_;
}

void RangeSums::Merge(const RangeSums& other) {
  sum_ += other.sum_;
  squares_ += other.squares_;
  count_ += other.count_;
}

double RangeSums::Mean() const {
  if (count_ == 0) return 0;
  const long double mean =
      static_cast<long double>(sum_) / static_cast<long double>(count_) / static_cast<long double>(kUnit);
  return static_cast<double>(static_cast<long double>(middle_) + mean * static_cast<long double>(half_));
}

double RangeSums::Deviation() const {
  if (count_ == 0) return 0;
  const auto n = static_cast<long double>(count_), unit = static_cast<long double>(kUnit);
  const long double mean = static_cast<long double>(sum_) / n / unit;
  const long double variance = static_cast<long double>(squares_) / n / unit - mean * mean;
  return static_cast<double>(std::sqrt(std::max(variance, 0.0L)) * static_cast<long double>(half_));
}

std::string RangeSums::Write() const {
  RecordWriter w;
  w.Real(middle_);
  w.Real(half_);
  w.Number(count_);
  WriteWide(&w, sum_);
  WriteWide(&w, squares_);
  return w.Take();
}

RangeSums RangeSums::Read(std::string_view bytes) {
  RecordReader r(bytes, kWhat);
  RangeSums sums;
  sums.middle_ = r.Real();
  sums.half_ = r.Real();
  sums.count_ = r.Number();
  sums.sum_ = ReadWide(&r);
  sums.squares_ = ReadWide(&r);
  return sums;
}

// ---------------------------------------------------------------- Bracket

void Bracket::CountInBins() {
  bins_.assign(kBins, 0);
  for (const auto& [order, rows] : counts_) bins_[BinOf(order)] += rows;
  counts_.clear();
}

void Bracket::Add(uint64_t order) {
  if (order < low_ || order > high_) return;
  if (!bins_.empty()) {
    ++bins_[BinOf(order)];
    return;
  }
  ++counts_[order];
  if (counts_.size() > kMostDistinct) CountInBins();
}

void Bracket::Merge(const Bracket& other) {
  if (bins_.empty() && other.bins_.empty()) {
    for (const auto& [order, rows] : other.counts_) counts_[order] += rows;
    if (counts_.size() > kMostDistinct) CountInBins();
    return;
  }
  if (bins_.empty()) CountInBins();
  for (size_t i = 0; i < other.bins_.size(); ++i) bins_[i] += other.bins_[i];
  for (const auto& [order, rows] : other.counts_) bins_[BinOf(order)] += rows;
}

Bracket::Found Bracket::Find(int64_t rank) const {
  Found found;
  if (bins_.empty()) {
    std::vector<std::pair<uint64_t, int64_t>> sorted(counts_.begin(), counts_.end());
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [order, rows] : sorted) {
      if (rank < found.below + rows) {
        found.value = order;
        return found;
      }
      found.below += rows;
    }
  }
  for (size_t i = 0; i < bins_.size(); ++i) {
    if (rank >= found.below + bins_[i]) {
      found.below += bins_[i];
      continue;
    }
    found.low = low_ + (static_cast<uint64_t>(i) << shift_);
    const uint64_t width = (uint64_t{1} << shift_) - 1;
    found.high = high_ - found.low < width ? high_ : found.low + width;
    if (found.low == found.high) found.value = found.low;
    return found;
  }
  throw Error(ErrorCode::kInternal, "a quantile was sought among fewer values");
}

std::string Bracket::Write() const {
  RecordWriter w;
  w.Number(static_cast<int64_t>(low_));
  w.Number(static_cast<int64_t>(high_));
  WriteCounts(&w, counts_);
  w.Number(static_cast<int64_t>(bins_.size()));
  for (const int64_t rows : bins_) w.Number(rows);
  return w.Take();
}

Bracket Bracket::Read(std::string_view bytes) {
  RecordReader r(bytes, kWhat);
  const auto low = static_cast<uint64_t>(r.Number()), high = static_cast<uint64_t>(r.Number());
  Bracket bracket(low, high);
  bracket.counts_ = ReadCounts(&r);
  for (int64_t n = r.Number(); n > 0; --n) bracket.bins_.push_back(r.Number());
  return bracket;
}

// ---------------------------------------------------------------- the request

std::string StatisticsRequest::Write() const {
  RecordWriter w;
  w.Number(static_cast<int64_t>(columns.size()));
  for (const Column& c : columns) {
    w.Text(c.source.name);
    w.Number(static_cast<int64_t>(c.source.value_class));
    w.Number(static_cast<int64_t>(c.source.scaling));
    for (const std::optional<double>& clip : {c.source.clip_low, c.source.clip_high}) {
      w.Number(clip ? 1 : 0);
      w.Real(clip.value_or(0));
    }
    w.Number((c.mean ? 1 : 0) | (c.moments ? 2 : 0) | (c.counts ? 4 : 0) | (c.categories ? 8 : 0) |
             (c.target ? 16 : 0));
    w.Real(c.low);
    w.Real(c.high);
    w.Number(static_cast<int64_t>(c.brackets.size()));
    for (const auto& [low, high] : c.brackets) {
      w.Number(static_cast<int64_t>(low));
      w.Number(static_cast<int64_t>(high));
    }
  }
  w.Number(static_cast<int64_t>(fold_cells));
  w.Number(static_cast<int64_t>(target_cell));
  w.Number(static_cast<int64_t>(classes.size()));
  for (const std::string& c : classes) w.Text(c);
  w.Real(target_low);
  w.Real(target_high);
  return w.Take();
}

StatisticsRequest StatisticsRequest::Read(std::string_view bytes) {
  RecordReader r(bytes, kWhat);
  StatisticsRequest request;
  for (int64_t n = r.Number(); n > 0; --n) {
    Column c;
    c.source.name = r.Text();
    c.source.value_class = static_cast<base::ValueClass>(r.Number());
    c.source.scaling = static_cast<base::Scaling>(r.Number());
    for (std::optional<double>* clip : {&c.source.clip_low, &c.source.clip_high}) {
      const bool there = r.Number() != 0;
      const double bound = r.Real();
      if (there) *clip = bound;
    }
    const int64_t flags = r.Number();
    c.mean = (flags & 1) != 0;
    c.moments = (flags & 2) != 0;
    c.counts = (flags & 4) != 0;
    c.categories = (flags & 8) != 0;
    c.target = (flags & 16) != 0;
    c.low = r.Real();
    c.high = r.Real();
    for (int64_t k = r.Number(); k > 0; --k) {
      const auto low = static_cast<uint64_t>(r.Number()), high = static_cast<uint64_t>(r.Number());
      c.brackets.emplace_back(low, high);
    }
    request.columns.push_back(std::move(c));
  }
  request.fold_cells = static_cast<size_t>(r.Number());
  request.target_cell = static_cast<size_t>(r.Number());
  for (int64_t n = r.Number(); n > 0; --n) request.classes.push_back(r.Text());
  request.target_low = r.Real();
  request.target_high = r.Real();
  return request;
}

// ---------------------------------------------------------------- the statistics

void TargetSums::Merge(const TargetSums& other) {
  if (rows.empty()) rows.assign(other.rows.size(), 0);
  if (sums.empty()) sums.assign(other.sums.size(), 0);
  for (size_t i = 0; i < other.rows.size(); ++i) rows[i] += other.rows[i];
  for (size_t i = 0; i < other.sums.size(); ++i) sums[i] += other.sums[i];
}

Statistics::Statistics(StatisticsRequest request) : request_(std::move(request)) {
  for (const StatisticsRequest::Column& c : request_.columns) {
    ColumnStatistics column;
    if (c.mean) column.mean = RangeSums(c.low, c.high);
    if (c.moments)
      column.moments = RangeSums(data::TransformedNumber(c.source, c.low), data::TransformedNumber(c.source, c.high));
    for (const auto& [low, high] : c.brackets) column.brackets.emplace_back(low, high);
    columns_.push_back(std::move(column));
  }
  for (size_t i = 0; i < request_.classes.size(); ++i) class_codes_.emplace(request_.classes[i], i);
}

void Statistics::AddTarget(const data::Cell* cells, TargetSums* sums) const {
  const size_t outputs = request_.target_outputs();
  if (sums->rows.empty()) {
    sums->rows.assign(data::kTargetFolds, 0);
    sums->sums.assign(data::kTargetFolds * outputs, 0);
  }
  const auto fold = static_cast<size_t>(data::FoldOf(cells, request_.fold_cells));
  ++sums->rows[fold];
  const data::Cell& cell = cells[request_.target_cell];
  if (cell.type == data::CellType::kNull) return;  // the conversion refuses it
  if (request_.classes.empty()) {
    const double middle = MiddleOf(request_.target_low, request_.target_high),
                 half = HalfOf(request_.target_low, request_.target_high);
    sums->sums[fold] += Fixed(InRange(data::NumberOf(cell), middle, half));
    return;
  }
  const std::string text(reinterpret_cast<const char*>(cell.texts[0].data), cell.texts[0].size);
  auto found = class_codes_.find(text);
  if (found == class_codes_.end()) found = class_codes_.find(data::CanonicalNumber(text));
  if (found == class_codes_.end()) return;
  if (outputs > 1)
    ++sums->sums[fold * outputs + found->second];
  else if (found->second == 1)
    ++sums->sums[fold];
}

// The aggregate can be called by anyone, with any request and any row.
void Statistics::CheckRow(const std::vector<data::Cell>& cells) const {
  const auto refuse = [](size_t column) {
    throw Error(ErrorCode::kDatatypeMismatch,
                "column " + std::to_string(column + 1) + " of the row is not what statistics are gathered of");
  };
  bool target = false;
  if (cells.size() < columns_.size()) refuse(cells.size());
  for (size_t i = 0; i < columns_.size(); ++i) {
    const StatisticsRequest::Column& asked = request_.columns[i];
    const bool read = asked.categories || asked.mean || asked.moments || asked.counts || !asked.brackets.empty();
    if (!read || cells[i].type == data::CellType::kNull) {
      target = target || (asked.categories && asked.target);
      continue;
    }
    if (cells[i].count < 1 || asked.categories != (cells[i].type == data::CellType::kText)) refuse(i);
    target = target || asked.target;
  }
  if (!target) return;
  if (cells.size() < request_.fold_cells) refuse(cells.size());
  if (cells.size() <= request_.target_cell) refuse(request_.target_cell);
  const data::Cell& cell = cells[request_.target_cell];
  if (cell.type == data::CellType::kNull) return;
  if (cell.count < 1 || request_.classes.empty() == (cell.type == data::CellType::kText)) refuse(request_.target_cell);
}

void Statistics::Add(const std::vector<data::Cell>& row) {
  CheckRow(row);
  const data::Cell* const cells = row.data();
  for (size_t i = 0; i < columns_.size(); ++i) {
    const StatisticsRequest::Column& asked = request_.columns[i];
    ColumnStatistics& column = columns_[i];
    const data::Cell& cell = cells[i];
    if (asked.categories) {
      if (cell.type == data::CellType::kNull) {
        ++column.missing;
        if (asked.target) AddTarget(cells, &column.missing_target);
      } else if (column.categories.size() <= ColumnStatistics::kMostCounted) {
        ++column.present;
        const std::string text(reinterpret_cast<const char*>(cell.texts[0].data), cell.texts[0].size);
        TargetSums& sums = column.categories[text];
        if (asked.target) {
          AddTarget(cells, &sums);
        } else {
          if (sums.rows.empty()) sums.rows.assign(1, 0);
          ++sums.rows[0];
        }
      }
      continue;
    }
    if (!asked.mean && !asked.moments && !asked.counts && asked.brackets.empty()) continue;
    const double v = data::NumberOf(cell);
    if (std::isnan(v)) {
      ++column.missing;
      continue;
    }
    ++column.present;
    const double clipped = data::ClippedNumber(asked.source, v);
    if (std::isfinite(clipped)) {
      if (asked.mean) column.mean.Add(clipped);
      if (asked.moments) column.moments.Add(data::TransformedNumber(asked.source, v));
    }
    if (asked.counts && column.counts.size() <= ColumnStatistics::kMostCounted) ++column.counts[OrderOf(v)];
    for (Bracket& bracket : column.brackets) bracket.Add(OrderOf(v));
  }
}

void Statistics::Merge(const Statistics& other) {
  if (other.columns_.size() != columns_.size())
    throw Error(ErrorCode::kInternal, "statistics of different numbers of columns");
  for (size_t i = 0; i < columns_.size(); ++i) {
    ColumnStatistics& mine = columns_[i];
    const ColumnStatistics& theirs = other.columns_[i];
    mine.present += theirs.present;
    mine.missing += theirs.missing;
    mine.mean.Merge(theirs.mean);
    mine.moments.Merge(theirs.moments);
    for (const auto& [order, rows] : theirs.counts) {
      if (mine.counts.size() <= ColumnStatistics::kMostCounted) mine.counts[order] += rows;
    }
    for (const auto& [text, sums] : theirs.categories) {
      if (mine.categories.size() <= ColumnStatistics::kMostCounted) mine.categories[text].Merge(sums);
    }
    mine.missing_target.Merge(theirs.missing_target);
    for (size_t k = 0; k < mine.brackets.size(); ++k) mine.brackets[k].Merge(theirs.brackets.at(k));
  }
}

std::string Statistics::Write() const {
  RecordWriter w;
  w.Text(request_.Write());
  for (const ColumnStatistics& c : columns_) {
    w.Number(c.present);
    w.Number(c.missing);
    w.Text(c.mean.Write());
    w.Text(c.moments.Write());
    WriteCounts(&w, c.counts);
    w.Number(static_cast<int64_t>(c.categories.size()));
    for (const auto& [text, sums] : c.categories) {
      w.Text(text);
      WriteTarget(&w, sums);
    }
    WriteTarget(&w, c.missing_target);
    for (const Bracket& bracket : c.brackets) w.Text(bracket.Write());
  }
  return w.Take();
}

Statistics Statistics::Read(std::string_view bytes) {
  RecordReader r(bytes, kWhat);
  Statistics statistics(StatisticsRequest::Read(r.Text()));
  for (ColumnStatistics& c : statistics.columns_) {
    c.present = r.Number();
    c.missing = r.Number();
    c.mean = RangeSums::Read(r.Text());
    c.moments = RangeSums::Read(r.Text());
    c.counts = ReadCounts(&r);
    for (int64_t n = r.Number(); n > 0; --n) {
      std::string text = r.Text();
      c.categories.emplace(std::move(text), ReadTarget(&r));
    }
    c.missing_target = ReadTarget(&r);
    for (Bracket& bracket : c.brackets) bracket = Bracket::Read(r.Text());
  }
  return statistics;
}

std::vector<double> SmoothedTargets(const StatisticsRequest& request, const TargetSums& sums, int without_fold,
                                    const std::vector<double>& prior, double prior_weight) {
  const size_t outputs = request.target_outputs();
  int64_t rows = 0;
  std::vector<__int128> totals(outputs, 0);
  for (size_t fold = 0; fold < sums.rows.size(); ++fold) {
    if (static_cast<int>(fold) == without_fold) continue;
    rows += sums.rows[fold];
    for (size_t o = 0; o < outputs; ++o) totals[o] += sums.sums[fold * outputs + o];
  }
  std::vector<double> values;
  const double weight = static_cast<double>(rows) + prior_weight;
  for (size_t o = 0; o < outputs; ++o) {
    if (weight == 0) {
      values.push_back(prior.empty() ? 0 : prior[o]);
      continue;
    }
    double total = static_cast<double>(totals[o]);
    if (request.classes.empty()) {
      const double middle = MiddleOf(request.target_low, request.target_high),
                   half = HalfOf(request.target_low, request.target_high);
      total = middle * static_cast<double>(rows) +
              half * static_cast<double>(static_cast<long double>(totals[o]) / static_cast<long double>(kUnit));
    }
    values.push_back((total + (prior.empty() ? 0 : prior_weight * prior[o])) / weight);
  }
  return values;
}

}  // namespace pack
