// One query over the columns concerned:
//
//   SELECT min(v.r0[1]), max(v.r0[2]), min(v.r0[3]), ... FROM (SELECT cerebro._value_range(<description>, <precision>, <elements>, t.x) AS r0, ... FROM <table> t) v
//
// r0[3] is a value that is no whole number, or NaN, which the server takes for larger than all numbers.
// _value_range is volatile, so that no planner moves it up and works it out once for each use. A second query, in the
// case of an error, finds the first buffer that holds such a value.
#include "train/value_check.hpp"

#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/plain_number.hpp"
#include "engine/api/value_limits.hpp"
#include "pg/sql.hpp"

namespace train {
namespace {

using base::Error;
using base::ErrorCode;
using engine::ValueLimit;
using engine::ValueRange;

constexpr size_t kMostKeysListed = 10;

/// A limit, and who has it.
struct SharedLimit {
  ValueLimit limit;
  std::vector<int> mst_keys;
};

std::vector<SharedLimit> CollectLimits(const std::vector<CheckedModel>& models, const base::DataSpec& data) {
  std::map<std::pair<const base::Graph*, std::string>, std::vector<size_t>> known;  // graph and losses -> limits
  std::vector<SharedLimit> limits;
  for (const CheckedModel& model : models) {
    std::string losses;
    for (const base::LossConfig& loss : model.config->losses) losses += loss.name + ",";
    const auto [entry, is_new] = known.try_emplace({model.graph, losses});
    if (is_new) {
      for (ValueLimit& limit : engine::ValueLimits(*model.graph, *model.config, data)) {
        entry->second.push_back(limits.size());
        limits.push_back({std::move(limit), {}});
      }
    }
    for (const size_t i : entry->second) limits[i].mst_keys.push_back(model.mst_key);
  }
  return limits;
}

base::ColumnSpec ColumnOf(const base::DataSpec& data, const ValueLimit& limit) {
  return engine::ColumnSeen((limit.is_target ? data.targets : data.inputs).at(static_cast<size_t>(limit.column)), limit);
}

/// cerebro._value_range of elements of a column of "t".
std::string RangeSql(const base::ColumnSpec& column, const std::vector<engine::Elements>& subjects, base::DType precision) {
  base::DataSpec described;
  described.inputs.push_back(column);
  // values are all that the function looks at
  described.inputs[0].kind = base::TargetKind::kNone;
  described.inputs[0].num_classes = 0;
  described.inputs[0].dictionary.clear();
  described.inputs[0].class_values.clear();
  described.inputs[0].class_rows.clear();
  std::string elements;
  for (const engine::Elements& subject : subjects) {
    elements += (elements.empty() ? "" : ",") + std::to_string(subject.first) + "," + std::to_string(subject.count);
  }
  return "cerebro._value_range(" + pg::QuoteLiteral(base::WriteDataSpec(described)) + "::pg_catalog.text, " +
         pg::QuoteLiteral(base::DTypeName(precision)) + "::pg_catalog.text, " + pg::QuoteLiteral("{" + elements + "}") +
         "::pg_catalog.int4[], t." + pg::QuoteIdent(column.name) + ")";
}

/// The rows of the table, or of the group that it is a view of, as "t".
std::string RowsOf(const data::PackedTable& table) {
  return table.group_id == 0 ? table.name.Sql() + " AS t" : "(SELECT * FROM " + table.FromClause() + ") AS t";
}


constexpr size_t kEnds = 3;

/// Over all rows, of the elements of that number in an array that _value_range gives: kEnds columns.
std::string EndsSql(const std::string& array, size_t number) {
  const auto end = [&](size_t i) { return "(" + array + "[" + std::to_string(kEnds * number + i) + "])"; };
  return "pg_catalog.min" + end(1) + ", pg_catalog.max" + end(2) + ", pg_catalog.min" + end(3);
}

/// False where there was no row.
bool ReadEnds(const pg::Result& result, size_t first, ValueRange* range) {
  for (size_t i = 0; i < kEnds; i++) {
    if (!result.at(0, first + i)) return false;
  }
  *range = {base::RealOrNaN(result.at(0, first)), base::RealOrNaN(result.at(0, first + 1)), base::RealOrNaN(result.at(0, first + 2))};
  return true;
}

/// What limits are about: is_target, column, as_packed; and which of its elements.
using Column = std::tuple<bool, int, bool>;
using Part = std::pair<int64_t, int64_t>;
using Subjects = std::map<Column, std::set<Part>>;
using Ranges = std::map<std::pair<Column, Part>, ValueRange>;

Column ColumnKey(const ValueLimit& limit) { return {limit.is_target, limit.column, limit.as_packed}; }
Part PartKey(const ValueLimit& limit) { return {limit.elements.first, limit.elements.count}; }

// A call for each column: fetching it is most of the work.
Ranges ReadRanges(const data::PackedTable& table, const Subjects& subjects, base::DType precision) {
  std::string ends, calls;
  size_t n = 0;
  for (const auto& [key, parts] : subjects) {
    ValueLimit position;
    std::tie(position.is_target, position.column, position.as_packed) = key;
    const std::string name = "r" + std::to_string(n++);
    std::vector<engine::Elements> elements;
    for (const Part& part : parts) {
      ends += (ends.empty() ? "" : ", ") + EndsSql("v." + name, elements.size());
      elements.push_back({part.first, part.second});
    }
    calls += (calls.empty() ? "" : ", ") + RangeSql(ColumnOf(table.spec, position), elements, precision) + " AS " + name;
  }
  const pg::Result row = pg::Read("SELECT " + ends + " FROM (SELECT " + calls + " FROM " + RowsOf(table) + ") AS v");
  Ranges ranges;
  n = 0;
  for (const auto& [key, parts] : subjects) {
    for (const Part& part : parts) ReadEnds(row, kEnds * n++, &ranges[{key, part}]);
  }
  return ranges;
}

std::string KeyList(const std::vector<int>& keys) {
  std::string list;
  for (size_t i = 0; i < keys.size() && i < kMostKeysListed; i++) list += (i > 0 ? ", " : "") + std::to_string(keys[i]);
  return keys.size() > kMostKeysListed ? list + ", ..." : list;
}

const std::vector<std::string>& WordsOf(const base::ColumnSpec& column, const engine::Elements& elements) {
  const bool member = elements.count == 1 && static_cast<size_t>(elements.first) < column.members.size();
  return member ? column.members[static_cast<size_t>(elements.first)].dictionary : column.dictionary;
}

std::string Hint(const ValueLimit& limit, const engine::Elements& holder, const base::ColumnSpec& column, double value) {
  if (limit.is_target && limit.whole)
    return "Give the output a unit for each class, and count classes from 0, or pack the labels with dependent_type => 'index'.";
  if (limit.is_target) return "Scale the labels to 0 and 1, or choose a loss for numbers such as mse.";
  if (std::trunc(value) != value) return "Indexes are whole numbers: round the values in a view over the source table, and pack it again.";
  if (value < 0) return "Indexes count from 0: add a constant in a view over the source table, and pack it again.";
  const std::string rows = base::FormatNumber(std::trunc(value) + 1, true);
  return "Give the layer " + limit.argument + " = " + rows + " or more" +
         (WordsOf(column, holder).empty() ? ", or correct the data and pack them again." : ": strings are packed as indexes from 1.");
}

// Which of several columns that are packed together holds a value outside of the limit, and that value.
engine::Elements HolderOf(const ValueLimit& limit, const data::PackedTable& table, base::DType precision, double* value) {
  const base::ColumnSpec column = ColumnOf(table.spec, limit);
  const std::vector<engine::Elements> members = engine::MembersOf(column, limit.elements);
  for (const engine::Elements& elements : members) {
    const pg::Result row = pg::Read("SELECT " + EndsSql("v.r", 0) + " FROM (SELECT " + RangeSql(column, {elements}, precision) + " AS r FROM " +
                                    RowsOf(table) + ") AS v");
    ValueRange range;
    if (!ReadEnds(row, 0, &range) || limit.Allows(range)) continue;
    *value = engine::ValueOutside(limit, range);
    return elements;
  }
  return limit.elements;
}

[[noreturn]] void RaiseLimit(const SharedLimit& found, const data::PackedTable& table, const std::string& what, base::DType precision,
                             double value) {
  const ValueLimit& limit = found.limit;
  const base::ColumnSpec column = ColumnOf(table.spec, limit);
  const engine::Elements holder = HolderOf(limit, table, precision, &value);
  std::string detail;
  const pg::Result location = pg::Read(
      "SELECT v.partition_id, v.buffer_id FROM (SELECT t.partition_id, t.buffer_id, " + RangeSql(column, {holder}, precision) + " AS r FROM " +
          RowsOf(table) + ") AS v WHERE v.r[1] OPERATOR(pg_catalog.=) $1 OR v.r[2] OPERATOR(pg_catalog.=) $1"
          " OR v.r[3] OPERATOR(pg_catalog.=) $1 ORDER BY 1, 2 LIMIT 1",
      {value});
  if (!location.empty()) {
    detail = "It is in partition " + location.at(0, 0).value_or("NULL") + ", buffer " + location.at(0, 1).value_or("NULL") + ".";
  }
  if (found.mst_keys.size() > 1) {
    detail += (detail.empty() ? "" : " ") + ("Models with mst_key " + KeyList(found.mst_keys)) + " have this limit.";
  }
  throw Error(ErrorCode::kInvalidData,
              "mst_key " + std::to_string(found.mst_keys.front()) + ": " + limit.Text() + ", but column \"" + engine::NameOf(column, holder) + "\" of " +
                  what + " " + table.name.Text() + " holds " + base::FormatNumber(value, true),
              detail, Hint(limit, holder, column, value));
}

}  // namespace

void CheckValues(const std::vector<CheckedModel>& models, const data::PackedTable& table, const std::string& what, base::DType precision) {
  const std::vector<SharedLimit> limits = CollectLimits(models, table.spec);
  Subjects unknown;
  for (const SharedLimit& shared : limits) {
    if (!shared.limit.Allows(engine::WarrantedRange(ColumnOf(table.spec, shared.limit), shared.limit.elements))) {
      unknown[ColumnKey(shared.limit)].insert(PartKey(shared.limit));
    }
  }
  if (unknown.empty()) return;
  const Ranges ranges = ReadRanges(table, unknown, precision);
  for (const SharedLimit& shared : limits) {
    const auto range = ranges.find({ColumnKey(shared.limit), PartKey(shared.limit)});
    if (range == ranges.end() || shared.limit.Allows(range->second)) continue;
    RaiseLimit(shared, table, what, precision, engine::ValueOutside(shared.limit, range->second));
  }
}

}  // namespace train
