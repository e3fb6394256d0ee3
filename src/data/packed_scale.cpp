#include "data/packed_scale.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/plain_number.hpp"
#include "pg/sql.hpp"

namespace data {
namespace {

constexpr const char* kColumn = "packed_scale";
constexpr double kSame = 1e-6;  // relative: MADlib's constant is a real

double PackedScale(const PackedTable& table) {
  const pg::TableName summary = table.name.WithSuffix("_summary");
  if (pg::FindColumn(pg::TableColumns(summary, table.argument.c_str()), kColumn) == nullptr) return 1;
  const pg::Result row =
      pg::Read(std::string("SELECT s.") + kColumn + "::pg_catalog.float8 FROM " + summary.Sql() + " AS s");
  const double scale = row.empty() ? 1 : base::RealOrNaN(row.at(0, 0));
  return std::isfinite(scale) ? scale : 1;
}

}  // namespace

base::DataSpec SpecForRows(const PackedTable& table) {
  base::DataSpec spec = table.spec;
  const double scale = PackedScale(table);
  for (base::ColumnSpec& column : spec.inputs) {
    if (!column.feature) column.scale *= scale;
  }
  return spec;
}

void ApplyPackedScale(const std::vector<base::ColumnSpec>& model, const PackedTable& table,
                      std::vector<base::ColumnSpec>* columns) {
  const size_t count = std::min(model.size(), columns->size());
  bool differs = false;
  for (size_t i = 0; i < count; ++i) differs = differs || model[i].scale != (*columns)[i].scale;
  if (!differs) return;
  const double scale = PackedScale(table);
  for (size_t i = 0; i < count; ++i) {
    const double whole = (*columns)[i].scale * scale;
    if (std::abs(whole - model[i].scale) <= kSame * std::abs(model[i].scale)) (*columns)[i].scale = model[i].scale;
  }
}

}  // namespace data
