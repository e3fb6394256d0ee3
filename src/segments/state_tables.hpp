// The tables through which training states move between segments, and the statements that move them.
//
// All are heap tables out of the WAL, distributed by __dist_key__ as the packed table is, made beside the output table
// when they are first needed and dropped at the run's end. One has the run's header, a copy on every segment that takes part: each pass
// over the data reads it before states. A round writes the states of the models that train in it into a table in which
// no state is waiting, emptied in place just before; a model that rests stays in the table where it is. So the current
// state of a model lies in one known table (StateLocations), and older rows of it may lie in others until those are
// emptied. No subtransaction is opened in between, so emptying frees the space at once and makes no new file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pg/names.hpp"
#include "data/packed_table.hpp"
#include "segments/messages.hpp"

namespace segments {

/// Table -> models whose current state is in it.
using StateLocations = std::map<std::string, std::vector<int>>;

/// A model that enters a run.
struct Entry {
  int32_t key = 0;  // of the segment where it begins
  int32_t model = 0;
  EntryKind kind = EntryKind::kFresh;
};

/// Bytes about a model, for the process that has its state.
struct ModelBytes {
  int32_t key = 0;
  int32_t model = 0;
  std::string bytes;
};

class StateTables {
 public:
  /// beside: names the schema; the temporary one is taken where the caller may create nothing there.
  explicit StateTables(const pg::TableName& beside);

  /// Makes a table unless it is there; true when it did. A table has a price of its own on every segment: make it when
  /// it is needed.
  bool Need(const std::string& name);
  /// Writes the run's header, once for each key: before the first pass, and that of the models which a living run adds.
  /// first: the number of the first of them; 0: of the run.
  void PutHeader(const RunHeader& header, const std::vector<int32_t>& keys, int first = 0);
  /// Writes entries into table `name`, some thousand rows a statement.
  void PutEntries(const std::string& name, const std::vector<Entry>& entries) const;
  /// Writes rows with the piece number 0 into table `name`. The caller splits what would be too much for one statement.
  void PutBytes(const std::string& name, const std::vector<ModelBytes>& rows) const;

  std::string Sql(const std::string& name) const;
  void Empty(const std::string& name) const;
  /// Deletes all rows of these models from table `name`.
  void Remove(const std::string& name, const std::vector<int>& models) const;
  void Drop() const;

  /// (SELECT <columns> FROM ... h WHERE ...): the current states of the models in `locations`. where: a further
  /// condition on h, or empty.
  std::string StatesSql(const StateLocations& locations, const std::string& columns, const std::string& where = {}) const;
  /// INSERT INTO <to>: every segment trains the states of `from` that it holds on its own rows of `packed`; each row of
  /// the result goes to the segment that its next_key names, or stays where it is unless it moves.
  /// $1: the request.
  std::string RoundSql(const StateLocations& from, const std::string& to, bool moves, const data::PackedTable& packed) const;
  /// A query for records alone: every segment scores the states of `own` that it holds, as far as their key is one of
  /// `keys`, and those in table `from`. $1: the request.
  std::string ScoreSql(const StateLocations& own, const std::vector<int32_t>& keys, const std::string& from, const data::PackedTable& packed) const;
  /// INSERT INTO <to>: the leading parts of the states in `from`, as much as scoring needs, once for each key but that
  /// under which the state lies.
  std::string SpreadSql(const StateLocations& from, const std::string& to, const std::vector<int32_t>& keys) const;

 private:
  std::string PassSql(const std::string& states, const data::PackedTable& packed) const;
  pg::TableName base_;
  std::vector<std::string> names_;
};

}  // namespace segments
