// Statements that take few rows out of a large table, by its index. A planner without statistics of a new table takes them for
// many, and reads the whole table.
//
// Includes nothing of the server. Main thread only.
#pragma once

#include "pg/names.hpp"

namespace pg {

/// Whether the table has an index that begins with the column. False on Greenplum.
bool HasIndexOn(const TableName& table, const std::string& column);

/// While one lives, joins of this session are planned as loops over indexes. REQUIRES an index for each. Ends with the
/// transaction at the latest. Does nothing on Greenplum.
class IndexPlans {
 public:
  IndexPlans();
  ~IndexPlans();
  IndexPlans(const IndexPlans&) = delete;
  IndexPlans& operator=(const IndexPlans&) = delete;

 private:
  int level_ = 0;  // of settings; 0: nothing was changed
};

}  // namespace pg
