// Cuts are found by four queries of the table of hashes: the rows of each class; what its parts are to be; a histogram
// of each class's hashes by their first bits, which tells the bin in which a cut lies; the rows of these bins, numbered
// by the server. Only bins and cuts come to the session.
#include "pack/row_split.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/plain_number.hpp"
#include "data/row_sql.hpp"
#include "pack/class_cuts.hpp"
#include "pack/null_labels.hpp"
#include "pack/schema_inference.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"

namespace pack {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int64_t kMostFolds = 1000;
constexpr size_t kMostCombinations = 100000;  // of the classes of several label columns
constexpr int64_t kMostCuts = 1000000;        // of all classes together
constexpr int kMostBinBits = 16;
constexpr int64_t kMostBins = int64_t{1} << 17;  // of all classes together
constexpr int64_t kRowsOfBin = 64;

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

std::string Count(int64_t rows) { return std::to_string(rows) + (rows == 1 ? " row" : " rows"); }

std::string Both(const std::string& a, const std::string& b) { return a.empty() ? b : b.empty() ? a : a + " AND " + b; }

// ---------------------------------------------------------------- by content

/// A cut of a class: behind so many of its rows.
struct Cut {
  size_t class_index = 0;
  int64_t behind = 0;      // rows; 0 and all of them are cuts, too
  bool keeps_row = false;  // it may not be behind the last row
  int64_t last_key = 0;    // found: the last key before it
  int64_t rows = 0;        // found: the rows before it
};

class ContentSplit {
 public:
  /// filter: the rows that are split.
  ContentSplit(const Source& source, const std::string& filter, uint64_t seed, const pg::TableName& beside,
               bool temporary);

  /// Rows of each class, by the hash of its labels, ascending.
  const std::vector<std::pair<int64_t, int64_t>>& classes() const { return classes_; }
  /// Fills the cuts.
  void Find(std::vector<Cut>* cuts) const;
  /// A row's part, from 0: SQL over s.
  std::string PartSql(const std::vector<ClassCuts>& cuts) const;
  void Drop() const { pg::Execute("DROP TABLE " + table_.Sql()); }

 private:
  void CheckClasses(size_t classes) const;
  int BinBits() const;

  Source source_;  // the rows that are split
  std::string class_, key_;  // of a row: SQL over s
  pg::TableName table_;
  std::vector<std::pair<int64_t, int64_t>> classes_;
};

ContentSplit::ContentSplit(const Source& source, const std::string& filter, uint64_t seed, const pg::TableName& beside,
                           bool temporary)
    : source_(source), class_(LabelKeySql(source)), key_(ContentKeySql(source, seed)), table_(beside) {
  source_.filter = filter;
  table_.name = "_cerebro_split_" + pg::Execute("SELECT pg_catalog.pg_backend_pid()").Text();
  pg::Execute((temporary ? "CREATE TEMPORARY TABLE " : "CREATE UNLOGGED TABLE ") + table_.Sql() +
              " (class bigint, key bigint)" + pg::DistributedBy("key"));
  pg::Execute("INSERT INTO " + table_.Sql() + " (class, key) SELECT " + class_ + ", " + key_ + " FROM " +
              source_.From());
  pg::Execute("ANALYZE " + table_.Sql());
  const pg::Result rows = pg::Execute("SELECT k.class, pg_catalog.count(*) FROM " + table_.Sql() +
                                      " AS k GROUP BY k.class ORDER BY k.class LIMIT " +
                                      std::to_string(kMostCombinations + 1));
  CheckClasses(rows.rows.size());
  for (const auto& row : rows.rows) classes_.emplace_back(base::WholeNumber(row[0]), base::WholeNumber(row[1]));
}

void ContentSplit::CheckClasses(size_t classes) const {
  std::vector<const SourceColumn*> labels;
  for (size_t i = source_.inputs; i < source_.inputs + source_.targets; ++i) {
    if (source_.columns[i].labels()) labels.push_back(&source_.columns[i]);
  }
  if (labels.size() == 1 && classes > kMaxClasses) RefuseClasses(labels[0]->column.name);
  if (classes <= kMostCombinations) return;
  throw Error(ErrorCode::kLimitExceeded,
              "the labels of table " + source_.Text() + " occur in more than " + std::to_string(kMostCombinations) +
                  " combinations, too many to split each of them",
              "", "Split by a column or by time instead: split_column, split_by_time.");
}

std::string ContentSplit::PartSql(const std::vector<ClassCuts>& cuts) const {
  const std::string part = "cerebro._split_part(" + pg::QuoteLiteral(WriteCuts(cuts)) + "::pg_catalog.text, " +
                           class_ + ", " + key_ + ")";
  if (source_.filter.empty()) return part;
  return "CASE WHEN " + source_.filter + " THEN " + part + " END";  // rows that were not split have no class
}

int ContentSplit::BinBits() const {
  int64_t rows = 0;
  for (const auto& [id, count] : classes_) rows += count;
  int bits = 1;
  while (bits < kMostBinBits && (rows >> bits) > kRowsOfBin &&
         (static_cast<int64_t>(classes_.size()) << (bits + 1)) <= kMostBins)
    ++bits;
  return bits;
}

void ContentSplit::Find(std::vector<Cut>* cuts) const {
  std::map<int64_t, std::vector<size_t>> of_class;  // by the class's hash: cuts among its rows
  for (size_t i = 0; i < cuts->size(); ++i) {
    Cut& cut = (*cuts)[i];
    const int64_t rows = classes_[cut.class_index].second;
    cut.rows = cut.behind;
    cut.last_key = cut.behind == 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
    if (cut.behind > 0 && cut.behind < rows) of_class[classes_[cut.class_index].first].push_back(i);
  }
  const std::string bin = "k.key OPERATOR(pg_catalog.>>) " + std::to_string(64 - BinBits());
  const pg::Result bins = pg::Execute("SELECT k.class, " + bin + " AS bin, pg_catalog.count(*) FROM " + table_.Sql() +
                                      " AS k GROUP BY 1, 2 ORDER BY 1, 2");
  // where the bins begin, and which of them have cuts
  std::vector<int64_t> number, cut_class, cut_bin, nth, read_class, read_bin;
  std::map<size_t, int64_t> rows_before;  // by cut: in earlier bins of its class
  int64_t before = 0;
  const std::string* last_class = nullptr;
  for (const auto& row : bins.rows) {
    const int64_t id = base::WholeNumber(row[0]), bin_id = base::WholeNumber(row[1]),
                  count = base::WholeNumber(row[2]);
    if (last_class == nullptr || *last_class != *row[0]) before = 0;
    last_class = &*row[0];
    bool read = false;
    for (const size_t i : of_class[id]) {
      const int64_t behind = (*cuts)[i].behind;
      if (behind <= before || behind > before + count) continue;
      number.push_back(static_cast<int64_t>(i));
      cut_class.push_back(id);
      cut_bin.push_back(bin_id);
      nth.push_back(behind - before);
      rows_before[i] = before;
      read = true;
    }
    if (read) {
      read_class.push_back(id);
      read_bin.push_back(bin_id);
    }
    before += count;
  }
  if (number.empty()) return;
  // of rows of equal contents the first and the last number
  const pg::Result found = pg::Execute(
      "SELECT w.number, w.nth, g.key, g.upto, g.rows FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), "
      "pg_catalog.unnest($3),"
      " pg_catalog.unnest($4)) AS w(number, class, bin, nth) JOIN (SELECT e.class, e.bin, e.key, e.rows, "
      "(pg_catalog.sum(e.rows) OVER (PARTITION BY"
      " e.class, e.bin ORDER BY e.key))::bigint AS upto FROM (SELECT b.class, b.bin, k.key, pg_catalog.count(*) AS "
      "rows FROM"
      " ROWS FROM (pg_catalog.unnest($5), pg_catalog.unnest($6)) AS b(class, bin) JOIN " +
          table_.Sql() + " AS k ON k.class OPERATOR(pg_catalog.=) b.class AND (" + bin +
          ") OPERATOR(pg_catalog.=) b.bin GROUP BY 1, 2, 3) AS e) AS g"
          " ON g.class OPERATOR(pg_catalog.=) w.class AND g.bin OPERATOR(pg_catalog.=) w.bin AND g.upto "
          "OPERATOR(pg_catalog.>=) w.nth"
          " AND (g.upto OPERATOR(pg_catalog.-) g.rows) OPERATOR(pg_catalog.<) w.nth",
      {number, cut_class, cut_bin, nth, read_class, read_bin});
  if (found.rows.size() != number.size()) {
    throw Error(ErrorCode::kInternal,
                std::to_string(found.rows.size()) + " cuts were found of " + std::to_string(number.size()));
  }
  for (const auto& row : found.rows) {
    const auto value = [&row](size_t i) { return static_cast<int64_t>(base::WholeNumber(row[i])); };
    const auto i = static_cast<size_t>(value(0));
    Cut& cut = cuts->at(i);
    const int64_t wanted = value(1), key = value(2), upto = value(3), first = value(3) - value(4);
    const bool all = rows_before[i] + upto == classes_[cut.class_index].second;
    const bool behind = upto - wanted <= wanted - first && !(all && cut.keeps_row);
    cut.last_key = behind ? key : key - 1;  // keys are never the smallest number
    cut.rows = rows_before[i] + (behind ? upto : first);
  }
}

/// Cuts the rows that pass `filter` by their contents, and sets what follows from it. fraction: 0: none of them
/// validate.
void SplitByContent(const Source& source, const std::string& filter, double fraction, int64_t folds, uint64_t seed,
                    const pg::TableName& beside, bool temporary, RowSplit* split) {
  const ContentSplit content(source, filter, seed, beside, temporary);
  std::vector<int64_t> class_rows;
  int64_t rows = 0;
  for (const auto& [id, count] : content.classes()) {
    class_rows.push_back(count);
    rows += count;
  }
  const std::vector<ClassShare> shares = ShareRows(class_rows, fraction, folds);
  const size_t first_fold = fraction > 0 ? 1 : 0;
  const size_t parts = first_fold + static_cast<size_t>(std::max<int64_t>(folds, 1));
  if (static_cast<int64_t>(shares.size() * (parts - 1)) > kMostCuts) {
    throw Error(
        ErrorCode::kLimitExceeded,
        std::to_string(folds) + " folds of " + std::to_string(shares.size()) + " classes are more than can be made", "",
        "Ask for fewer folds.");
  }
  std::vector<Cut> cuts;
  for (size_t c = 0; c < shares.size(); ++c) {
    std::vector<int64_t> sizes = shares[c].folds;
    if (first_fold == 1) sizes.insert(sizes.begin(), shares[c].validation);
    int64_t behind = 0;
    for (size_t part = 0; part + 1 < parts; ++part) {
      behind += sizes[part];
      cuts.push_back({c, behind, part < first_fold});
    }
  }
  content.Find(&cuts);
  content.Drop();
  std::vector<ClassCuts> classes;
  std::vector<int64_t> part_rows(parts, 0);
  size_t next = 0;
  for (size_t c = 0; c < shares.size(); ++c) {
    ClassCuts of_class{content.classes()[c].first, {}};
    int64_t before = 0;
    for (size_t part = 0; part < parts; ++part) {
      const int64_t upto = part + 1 < parts ? std::max(before, cuts[next].rows) : class_rows[c];
      if (part + 1 < parts) of_class.last_keys.push_back(cuts[next++].last_key);
      part_rows[part] += upto - before;
      before = upto;
    }
    std::sort(of_class.last_keys.begin(), of_class.last_keys.end());
    classes.push_back(std::move(of_class));
  }
  const std::string part = content.PartSql(classes);
  if (fraction > 0) {
    split->validation = "(" + part + ") OPERATOR(pg_catalog.=) 0::bigint";
    split->training = "(" + part + ") OPERATOR(pg_catalog.>) 0::bigint";
    split->validation_rows = part_rows[0];
  }
  if (fraction > 0 && part_rows[0] == 0 && !shares.empty()) {
    throw Error(
        ErrorCode::kInvalidData,
        "validation_fraction " + base::FormatNumber(fraction, true) + " of table " + source.Text() + " is no row",
        "It has " + Count(rows) + (shares.size() > 1 ? " of " + std::to_string(shares.size()) + " classes" : "") +
            ". A class keeps a row that trains, and rows of equal contents are on one side.",
        "Raise validation_fraction, or load more rows.");
  }
  if (folds > 0) {
    split->fold = first_fold == 1 ? "(" + part + ") OPERATOR(pg_catalog.-) 1::bigint" : part;
    split->folds = static_cast<int>(folds);
    split->fold_rows.assign(part_rows.begin() + static_cast<std::ptrdiff_t>(first_fold), part_rows.end());
    int64_t fewest = std::numeric_limits<int64_t>::max();
    for (const ClassShare& share : shares) fewest = std::min(fewest, share.rows - share.validation);
    if (fewest < folds && shares.size() > 1) {
      pg::Notice("the rarest class has " + Count(fewest) + ", fewer than the " + std::to_string(folds) + " folds",
                 "Folds without a class are validated without it. Ask for fewer folds, or put rare classes together.");
    }
  }
}

// ---------------------------------------------------------------- by a column

const SourceColumn* PackedColumn(const Source& source, const std::string& name) {
  const auto found = std::find_if(source.columns.begin(), source.columns.end(),
                                  [&](const SourceColumn& c) { return c.column.name == name; });
  return found == source.columns.end() ? nullptr : &*found;
}

const pg::Column& FindSplitColumn(const Source& source, const std::string& text, const char* what) {
  const std::vector<std::string> names = pg::ParseColumnList(text, what);
  if (names.size() != 1) {
    throw Error(ErrorCode::kInvalidParameter, std::string(what) + " names " + std::to_string(names.size()) + " columns",
                "", "Name one column.");
  }
  const pg::Column* column = pg::FindColumn(source.all, names[0]);
  if (column == nullptr) {
    throw Error(ErrorCode::kUndefinedColumn,
                "column " + Quoted(names[0]) + " of " + what + " does not exist in table " + source.Text(), "",
                "A name with capitals, blanks or commas is written in double quotes.");
  }
  return *column;
}

[[noreturn]] void RefuseNulls(const char* what, const std::string& name, int64_t nulls) {
  throw Error(ErrorCode::kNullValue, "column " + Quoted(name) + " of " + what + " is NULL in " + Count(nulls),
              "Such a row is neither for training nor for validation.",
              "Fill the values in, or leave such rows out by a view.");
}

void SplitByColumn(const Source& source, const std::string& text, const std::string& filter, bool of_part, RowSplit* split) {
  const pg::Column& column = FindSplitColumn(source, text, "split_column");
  if (column.is_array || column.base_type != "boolean") {
    throw Error(ErrorCode::kDatatypeMismatch,
                "column " + Quoted(column.name) + " of split_column has type " + column.type + ", not boolean", "",
                "Name a boolean column, true in the rows that validate; make one in a view over the source table.");
  }
  if (PackedColumn(source, column.name) != nullptr) {
    throw Error(ErrorCode::kInvalidParameter, "column " + Quoted(column.name) + " of split_column is packed, too",
                "A model would learn from it on which side a row is.",
                "Leave it out of the independent and dependent columns.");
  }
  const std::string value = "s." + pg::QuoteIdent(column.name) + "::pg_catalog.bool";
  Source rows = source;
  rows.filter = filter;
  const pg::Result counts =
      pg::Execute("SELECT pg_catalog.count(*), pg_catalog.count(" + value + "), pg_catalog.count(CASE WHEN " + value +
                  " THEN true END) FROM " + rows.From());
  const int64_t all = base::WholeNumber(counts.at(0, 0)), known = base::WholeNumber(counts.at(0, 1));
  split->validation_rows = base::WholeNumber(counts.at(0, 2));
  if (known < all) RefuseNulls("split_column", column.name, all - known);
  if (all > 0 && !of_part && (split->validation_rows == 0 || split->validation_rows == all)) {
    throw Error(ErrorCode::kInvalidData,
                "column " + Quoted(column.name) + " of split_column is " +
                    (split->validation_rows == 0 ? "false" : "true") + " in all " + Count(all),
                "", "It must be true in some rows, which validate, and false in others, which train.");
  }
  split->validation = Both(filter, "(" + value + ")");
  split->training = Both(filter, "(NOT " + value + ")");
}

/// The type as SQL casts to it, or "" where the column cannot be ordered by the server's own operators.
std::string OrderedType(const pg::Column& column) {
  if (column.is_array) return "";
  const std::string bare = column.base_type.substr(0, column.base_type.find('('));
  if (column.base_type.rfind("timestamp", 0) == 0) {
    return column.base_type.find("with time zone") != std::string::npos ? "pg_catalog.timestamptz"
                                                                        : "pg_catalog.timestamp";
  }
  static const std::map<std::string, std::string> kTypes = {
      {"date", "pg_catalog.date"},      {"smallint", "pg_catalog.int2"}, {"integer", "pg_catalog.int4"},
      {"bigint", "pg_catalog.int8"},    {"real", "pg_catalog.float4"},   {"double precision", "pg_catalog.float8"},
      {"numeric", "pg_catalog.numeric"}};
  const auto found = kTypes.find(bare);
  return found == kTypes.end() ? std::string() : found->second;
}

void SplitByTime(const Source& source, const std::string& text, double fraction, const std::string& filter,
                 RowSplit* split) {
  const TimeColumn time = OpenTimeColumn(source, text, filter);
  const std::string& value = time.value;
  const int64_t all = time.rows;
  Source rows = source;
  rows.filter = filter;
  if (all == 0) return;
  const auto wanted = static_cast<int64_t>(std::floor(fraction * static_cast<double>(all) + 0.5));
  // of each time: the rows from it on; the time whose number is the nearest, of two the later one
  const pg::Result cut = pg::Execute(
      "SELECT cerebro._label_text(e.t), e.later FROM (SELECT d.t, (pg_catalog.sum(d.n) OVER (ORDER BY d.t "
      "DESC))::bigint AS later FROM (SELECT " +
      value + " AS t, pg_catalog.count(*) AS n FROM " + rows.From() +
      " GROUP BY 1) AS d) AS e WHERE e.later OPERATOR(pg_catalog.<) " + std::to_string(all) +
      "::bigint ORDER BY pg_catalog.abs(e.later OPERATOR(pg_catalog.-) " + std::to_string(wanted) +
      "::bigint), e.later LIMIT 1");
  if (cut.empty()) {
    throw Error(ErrorCode::kInvalidData,
                "column " + Quoted(time.name) + " of split_by_time has one value in all " + Count(all),
                "Rows of equal time are on one side.", "Name a column that tells earlier rows from later ones.");
  }
  const std::string at = pg::QuoteLiteral(cut.at(0, 0).value()) + "::" + time.type;
  split->validation_rows = base::WholeNumber(cut.at(0, 1));
  split->validation = Both(filter, "(" + value + " OPERATOR(pg_catalog.>=) " + at + ")");
  split->training = Both(filter, "(" + value + " OPERATOR(pg_catalog.<) " + at + ")");
}

[[noreturn]] void Exclude(const char* one, const char* other) {
  throw Error(ErrorCode::kInvalidParameter, std::string(one) + " and " + other + " exclude each other", "",
              "validation_fraction splits by content, split_column by a boolean column, and split_by_time with "
              "validation_fraction by time.");
}

}  // namespace

std::string LabelKeySql(const Source& source) {
  std::string list;
  for (size_t i = source.inputs; i < source.inputs + source.targets; ++i) {
    const SourceColumn& c = source.columns[i];
    if (c.labels()) list += (list.empty() ? "" : ", ") + data::CellSql(c.column, c.kind, "s", c.form);
  }
  return list.empty() ? "0::bigint" : "cerebro._content_key(ROW(" + list + "), 0::bigint)";
}

std::string ContentKeySql(const Source& source, uint64_t seed) {
  Source unweighted = source;
  if (unweighted.has_weights) unweighted.columns.pop_back();
  unweighted.has_weights = false;
  return "cerebro._content_key(" + RowSql(unweighted, "s") + ", '" + std::to_string(static_cast<int64_t>(seed)) +
         "'::bigint)";
}

TimeColumn OpenTimeColumn(const Source& source, const std::string& text, const std::string& filter) {
  const pg::Column& column = FindSplitColumn(source, text, "split_by_time");
  const std::string type = OrderedType(column);
  if (type.empty()) {
    throw Error(ErrorCode::kDatatypeMismatch,
                "column " + Quoted(column.name) + " of split_by_time has type " + column.type, "",
                "Name a column of type date, timestamp or timestamptz, or a number that grows with the time.");
  }
  const std::string value = "s." + pg::QuoteIdent(column.name) + "::" + type;
  Source rows = source;
  rows.filter = filter;
  const pg::Result counts =
      pg::Execute("SELECT pg_catalog.count(*), pg_catalog.count(" + value + ") FROM " + rows.From());
  const int64_t all = base::WholeNumber(counts.at(0, 0)), known = base::WholeNumber(counts.at(0, 1));
  if (known < all) RefuseNulls("split_by_time", column.name, all - known);
  return {column.name, value, type, all};
}

void CheckSplit(const SplitRequest& request) {
  if (request.validation_fraction && !(*request.validation_fraction > 0 && *request.validation_fraction < 1)) {
    throw Error(ErrorCode::kInvalidParameter,
                "validation_fraction is " + base::FormatNumber(*request.validation_fraction, true), "",
                "It is the share of the rows that validate: above 0 and below 1, as 0.2.");
  }
  if (request.split_column && request.validation_fraction) Exclude("split_column", "validation_fraction");
  if (request.split_column && request.split_by_time) Exclude("split_column", "split_by_time");
  if (request.split_by_time && !request.validation_fraction) {
    throw Error(ErrorCode::kInvalidParameter, "split_by_time needs validation_fraction",
                "It says how many of the latest rows validate.", "Give validation_fraction => 0.2, for example.");
  }
  if (request.folds && (*request.folds < 2 || *request.folds > kMostFolds)) {
    throw Error(ErrorCode::kInvalidParameter, "folds is " + std::to_string(*request.folds), "",
                "It must lie between 2 and " + std::to_string(kMostFolds) + "; usual are 5 and 10.");
  }
}

RowSplit SplitRows(const Source& source, const SplitRequest& request, uint64_t seed, const pg::TableName& beside,
                   bool temporary) {
  RowSplit split;
  Source labelled = source;
  if (request.drop_null_labels) split.null_labels = LeaveOutNullLabels(&labelled);
  const std::string filter = labelled.filter;
  split.training = filter;
  const bool by_content = request.validation_fraction && !request.split_by_time;
  if (request.split_column) SplitByColumn(source, *request.split_column, filter, request.of_part, &split);
  if (request.split_by_time) SplitByTime(source, *request.split_by_time, *request.validation_fraction, filter, &split);
  if (by_content || request.folds) {
    SplitByContent(source, split.training, by_content ? *request.validation_fraction : 0, request.folds.value_or(0),
                   seed, beside, temporary, &split);
  }
  return split;
}

std::string DescribeSplit(const SplitRequest& request, const RowSplit& split, const std::string& validation_table) {
  base::Dict out;
  if (request.validates()) {
    out.emplace_back("by", request.split_column ? "column" : request.split_by_time ? "time" : "content");
    if (request.split_column) out.emplace_back("column", *request.split_column);
    if (request.split_by_time) out.emplace_back("column", *request.split_by_time);
    if (request.validation_fraction) out.emplace_back("validation_fraction", *request.validation_fraction);
    out.emplace_back("validation_table", validation_table);
    out.emplace_back("validation_rows", split.validation_rows);
  }
  if (split.null_labels > 0) out.emplace_back("null_labels", split.null_labels);
  if (split.folds > 0) {
    base::List rows;
    for (const int64_t count : split.fold_rows) rows.emplace_back(count);
    out.emplace_back("fold_rows", std::move(rows));
  }
  return out.empty() ? std::string() : base::FormatJson(base::Value(std::move(out)));
}

}  // namespace pack
