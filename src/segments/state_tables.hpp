// The tables through which training states move between segments, and the statements that move them.
//
// All are heap tables out of the WAL, distributed by __dist_key__ as the packed table is, made once a run beside the output table and dropped
// at its end. A round writes the states of the models that train in it into a table in which no state is waiting, emptied in place just before; a
// model that rests stays in the table where it is. So the current state of a model lies in one known table (StateLocations), and older rows of it may
// lie in others until those are emptied. No subtransaction is opened in between, so emptying frees the space at once and makes no new file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pg/names.hpp"
#include "data/packed_table.hpp"

namespace segments {

/// Table -> models whose current state is in it.
using StateLocations = std::map<std::string, std::vector<int>>;

class StateTables {
 public:
  /// beside: names the schema; the temporary one is taken where the caller may create nothing there. names: which tables to make.
  StateTables(const pg::TableName& beside, const std::vector<std::string>& names);

  std::string Sql(const std::string& name) const;
  void Empty(const std::string& name) const;
  void Drop() const;

  /// (SELECT <columns> FROM ... h WHERE ...): the current states of the models in `locations`. where: a further condition on h, or empty.
  std::string StatesSql(const StateLocations& locations, const std::string& columns, const std::string& where = {}) const;
  /// INSERT INTO <to>: every segment trains the states of `from` that it holds on its own rows of `packed`; each row of the result goes to the
  /// segment that its next_key names.
  std::string RoundSql(const StateLocations& from, const std::string& to, const data::PackedTable& packed, const std::string& request) const;
  /// A query for records alone: every segment scores the states that it holds in table `from`.
  std::string ScoreSql(const std::string& from, const data::PackedTable& packed, const std::string& request) const;
  /// INSERT INTO <to>: the leading parts of the states in `from`, as much as scoring needs, once for each key.
  std::string SpreadSql(const StateLocations& from, const std::string& to, const std::vector<int32_t>& keys) const;

 private:
  std::string PassSql(const std::string& states, const data::PackedTable& packed, const std::string& request) const;
  pg::TableName base_;
  std::vector<std::string> names_;
};

}  // namespace segments
