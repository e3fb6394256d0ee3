#include "pg/index_plans.hpp"

#include "pg/cluster.hpp"
#include "pg/guard.hpp"
#include "pg/sql.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace pg {

bool HasIndexOn(const TableName& table, const std::string& column) {
  if (OnGreenplum()) return false;
  return !Execute("SELECT 1 FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_attribute AS a ON a.attrelid"
                  " OPERATOR(pg_catalog.=) i.indrelid AND a.attnum OPERATOR(pg_catalog.=) i.indkey[0] WHERE i.indrelid"
                  " OPERATOR(pg_catalog.=) $1::pg_catalog.regclass AND i.indisvalid AND i.indpred IS NULL AND a.attname"
                  " OPERATOR(pg_catalog.=) $2::pg_catalog.name LIMIT 1",
                  {table.Sql(), column})
              .empty();
}

IndexPlans::IndexPlans() {
  if (OnGreenplum()) return;
  level_ = call([] {
    const int level = NewGUCNestLevel();
    for (const char* setting : {"enable_seqscan", "enable_hashjoin", "enable_mergejoin"})
      compat::SetSetting(setting, "off");
    return level;
  });
}

IndexPlans::~IndexPlans() {
  if (level_ == 0 || ServerErrorInFlight()) return;  // the abort gives settings back
  CallInDestructor([this] { AtEOXact_GUC(true, level_); });
}

}  // namespace pg
