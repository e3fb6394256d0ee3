// The tables through which training states move between segments, and the statements that move them.
//
// All are heap tables out of the WAL, distributed by __dist_key__ as the packed table is, made once a run beside the output table and dropped
// at its end. "a" and "b" take turns: a wave reads one and writes the other, which is emptied in place just before. Models that do not train
// any more rest in "rest". No subtransaction is opened in between, so emptying frees the space at once and makes no new file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pg/names.hpp"
#include "run/packed_table.hpp"

namespace run {

class WaveTables {
 public:
  /// beside: names the schema. names: which tables to make.
  WaveTables(const pg::TableName& beside, const std::vector<std::string>& names);

  std::string Sql(const std::string& name) const;
  void Empty(const std::string& name) const;
  void Drop() const;

  /// INSERT INTO <to>: every segment trains or scores the states of `from` that it holds on its own rows of `packed`; each row of the result
  /// goes to the segment that its next_key names.
  std::string WaveSql(const std::string& from, const std::string& to, const PackedTable& packed, const std::string& orders) const;
  /// The same as a query: the records alone.
  std::string ScoreSql(const std::string& from, const PackedTable& packed, const std::string& orders) const;
  /// INSERT INTO <to>: the leading parts of the states in `from`, as much as scoring needs, once for each key. models: a condition on h.model,
  /// or empty.
  std::string SpreadSql(const std::string& from, const std::string& to, const std::vector<int32_t>& keys, const std::string& models) const;

 private:
  std::string PassSql(const std::string& from, const PackedTable& packed, const std::string& orders) const;
  pg::TableName base_;
  std::vector<std::string> names_;
};

/// "h.model OPERATOR(pg_catalog.=) ANY ('{1,2}'::pg_catalog.int4[])"
std::string ModelIn(const std::vector<int>& models);
std::string ModelNotIn(const std::vector<int>& models);

}  // namespace run
