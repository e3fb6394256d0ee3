#include "pack/null_labels.hpp"

#include <algorithm>
#include <cstddef>

#include "base/plain_number.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"

namespace pack {
namespace {

std::string Count(int64_t rows) { return std::to_string(rows) + (rows == 1 ? " row" : " rows"); }

}  // namespace

std::string LabelledSql(const Source& source) {
  const auto first = source.columns.begin() + static_cast<std::ptrdiff_t>(source.inputs);
  const auto last = first + static_cast<std::ptrdiff_t>(source.targets);
  if (std::all_of(first, last, [](const SourceColumn& c) { return c.column.not_null; })) return "";
  std::string condition;
  for (auto c = first; c != last; ++c)
    condition += (condition.empty() ? "s." : " AND s.") + pg::QuoteIdent(c->column.name) + " IS NOT NULL";
  return condition;
}

void ReportNullLabels(const Source& source, int64_t null_labels) {
  std::string columns;
  for (size_t i = source.inputs; i < source.inputs + source.targets; ++i) {
    columns += (columns.empty() ? "\"" : ", \"") + source.columns[i].column.name + "\"";
  }
  pg::Notice(Count(null_labels) + " of table " + source.Text() + (null_labels == 1 ? " is" : " are") +
             " left out, because " + (source.targets > 1 ? "a label of columns " : "the label of column ") + columns +
             " is NULL");
}

int64_t LeaveOutNullLabels(Source* source) {
  const std::string labels = LabelledSql(*source);
  if (labels.empty()) return 0;
  const pg::Result counts = pg::Execute("SELECT pg_catalog.count(*), pg_catalog.count(CASE WHEN " + labels +
                                        " THEN true END) FROM " + source->From());
  const int64_t all = base::WholeNumber(counts.at(0, 0)), labelled = base::WholeNumber(counts.at(0, 1));
  if (labelled == all || labelled == 0) return 0;
  ReportNullLabels(*source, all - labelled);
  source->filter = (source->filter.empty() ? "" : source->filter + " AND ") + labels;
  return all - labelled;
}

}  // namespace pack
