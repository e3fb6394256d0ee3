// What a refresh compares of a source with the groups that a table has: which are new, whose rows have changed, and which have
// vanished. Of GroupRows (pack/group_rows.hpp).
//
//   compared   one scan of the source that reads no more of a row than its keys and what wrote it: how many rows a group has,
//              and whether one of them may be new (pack/source_state.hpp). Groups that have as many rows as before, and none
//              that may be new, have not changed
//   part       a copy of the rows of all others. It stands for the source: it is compared, split and packed
//   found      a row a group of the source, with the digest of its contents; of groups that have not changed, the one that
//              they have
//
// Where it is not known of any row whether it is new, and where most rows are of groups that may have changed, contents of all
// rows are compared where they lie.
#include <algorithm>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "pack/group_rows.hpp"
#include "pack/null_labels.hpp"
#include "pack/source_state.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"

namespace pack {
namespace {

using base::Error;
using base::ErrorCode;


constexpr int64_t kLargestPart = 4;  // a quarter of the rows: a larger part is not copied first

/// Of a row of `compared` and the group of the table that has its keys: whether contents must be compared. Never NULL.
constexpr const char* kMayHaveChanged =
    "(g.group_id IS NULL OR g.source_digest IS NULL OR s._cerebro_written OR s._cerebro_rows IS DISTINCT FROM"
    " (g.group_rows OPERATOR(pg_catalog.+) g.validation_rows))";

}  // namespace

void GroupRows::MakeChanged(const pg::TableName& before, const std::string& source_state,
                            const std::optional<int32_t>& num_partitions) {
  source_state_ = DescribeSourceState(source_, NeededColumns());
  const std::optional<std::string> written = WrittenSinceSql(source_state, source_state_);
  if (written && !CopyWritten(before, *written)) compared_.reset();
  OpenRows();
  FindChanged(before);
  if (group_count_ > 0) SplitAndCopy(num_partitions);
}

/// Makes `compared` and `part`, and goes on with the part as the source. False where it has too many rows: then the source
/// stays, and none of the tables is there.
bool GroupRows::CopyWritten(const pg::TableName& before, const std::string& written) {
  const std::vector<std::string> needed = NeededColumns();
  const auto ours = [](const std::string& name) { return name.rfind("_cerebro_", 0) == 0; };
  if (std::any_of(needed.begin(), needed.end(), ours)) return false;  // refused later
  const std::string labelled = split_request_.drop_null_labels ? LabelledSql(source_) : std::string();
  compared_ = Working("compared");
  CreateAs(*compared_,
           "SELECT " + KeyList(keys_, "s") + ", pg_catalog.count(" +
               (labelled.empty() ? "*" : "CASE WHEN " + labelled + " THEN 1 END") +
               ") AS _cerebro_rows, pg_catalog.count(*) AS _cerebro_all, pg_catalog.bool_or(" + written +
               ") AS _cerebro_written FROM " + source_.From() + " GROUP BY " + KeyList(keys_, "s"),
           "_cerebro_rows");
  pg::Execute("ANALYZE " + compared_->Sql());
  const pg::TableName suspects = Working("suspects"), part = Working("part");
  const std::string joined = compared_->Sql() + " AS s LEFT JOIN " + before.Sql() + " AS g ON " + SameKeys(keys_, before);
  CreateAs(suspects,
           "SELECT " + KeyList(keys_, "s") + ", s._cerebro_rows FROM " + joined +
               " WHERE s._cerebro_rows OPERATOR(pg_catalog.>) 0 AND " + kMayHaveChanged,
           "_cerebro_rows");
  const auto sum = [](const std::string& what, const pg::TableName& of) {
    return pg::Execute("SELECT COALESCE(pg_catalog.sum(" + what + "), 0)::bigint FROM " + of.Sql() + " AS s").Int();
  };
  const int64_t rows = sum("s._cerebro_rows", *compared_), all = sum("s._cerebro_all", *compared_),
                suspected = sum("s._cerebro_rows", suspects);
  pg::Debug(std::to_string(suspected) + " of " + std::to_string(rows) + " rows are of groups that may have changed");
  if (suspected > rows / kLargestPart) {
    Drop(suspects);
    Drop(*compared_);
    return false;
  }
  if (all > rows) ReportNullLabels(source_, all - rows);
  pg::Execute("ANALYZE " + suspects.Sql());
  std::string columns;
  for (const std::string& name : needed) columns += (columns.empty() ? "s." : ", s.") + pg::QuoteIdent(name);
  if (source_.has_ctid) columns += ", s.ctid AS _cerebro_ctid";
  std::string from = source_.name.Sql() + " AS s JOIN " + suspects.Sql() + " AS g ON " + SameKeys(keys_, suspects);
  if (!labelled.empty()) from += " WHERE " + labelled;
  CreateAs(part, "SELECT " + columns + " FROM " + from, "_cerebro_rows");
  Drop(suspects);
  source_.copied_from = source_.name;
  source_.copied_ctid = "s._cerebro_ctid";
  source_.name = part;
  return true;
}

/// Makes `found`.
void GroupRows::CompareContents(const pg::TableName& before, const pg::TableName& found) {
  // hashing rows is most of a refresh, and CREATE TABLE AS, unlike INSERT, may do it in parallel
  std::string query = "SELECT " + DigestSql("pg_catalog.count(*)", "pg_catalog.sum(" + HashSql() + ")") +
                      " AS source_digest, " + KeyList(keys_, "s") + " FROM " + source_.From() + " GROUP BY " +
                      KeyList(keys_, "s");
  if (compared_) {
    query += " UNION ALL SELECT g.source_digest, " + KeyList(keys_, "s") + " FROM " + compared_->Sql() + " AS s JOIN " +
             before.Sql() + " AS g ON " + SameKeys(keys_, before) +
             " WHERE s._cerebro_rows OPERATOR(pg_catalog.>) 0 AND NOT " + kMayHaveChanged;
  }
  CreateAs(found, query, "source_digest");
  pg::Execute("ANALYZE " + found.Sql());
  if (compared_) Drop(*compared_);
}

/// Groups keep their numbers. New ones have those behind them, in the order of their keys.
void GroupRows::FindChanged(const pg::TableName& before) {
  const pg::TableName found = Working("found");
  CompareContents(before, found);
  const std::string joined = found.Sql() + " AS s LEFT JOIN " + before.Sql() + " AS g ON " + SameKeys(keys_, before);
  CreateGroups();
  const pg::Result counts =
      pg::Execute("SELECT pg_catalog.max(g.group_id), pg_catalog.count(*) FROM " + before.Sql() + " AS g");
  const int64_t last = base::WholeOrZero(counts.at(0, 0));
  last_before_ = last;
  const std::string is_new = " WHERE g.group_id IS NULL";
  std::string has_changed = " WHERE g.group_id IS NOT NULL AND g.source_digest IS DISTINCT FROM s.source_digest";
  // those that wait are found again by the next refresh, which compares as this one does
  std::string changed_now, added_now;
  if (request_.most_changed) {
    const auto count = [&](const std::string& which) {
      return pg::Execute("SELECT pg_catalog.count(*) FROM " + joined + which).Int();
    };
    const auto part = [](int64_t all, int64_t room, const std::string& order, int64_t* waiting) {
      const int64_t now = std::min(all, room);
      *waiting = all - now;
      return " ORDER BY " + order + " LIMIT " + std::to_string(now);
    };
    int64_t all_changed = count(has_changed), all_added = count(is_new);
    if (round_) {
      if (!round_->last_group) {
        round_->last_group = last;
        round_->new_groups = all_added;
      }
      has_changed += " AND g.group_id OPERATOR(pg_catalog.>) '" + std::to_string(round_->after_group) +
                     "'::bigint AND g.group_id OPERATOR(pg_catalog.<=) '" + std::to_string(*round_->last_group) +
                     "'::bigint";
      const int64_t in_round = count(has_changed);
      passed_changed_ = all_changed - in_round;
      passed_added_ = std::max<int64_t>(0, all_added - round_->new_groups);
      all_changed = in_round;
      all_added -= passed_added_;
    }
    changed_now = part(all_changed, *request_.most_changed, "g.group_id", &waiting_changed_);
    added_now = part(all_added, *request_.most_changed - (all_changed - waiting_changed_), KeyOrder(keys_, "s"),
                     &waiting_added_);
    if (round_) round_->new_groups = waiting_added_;
  }
  const auto changed = static_cast<int64_t>(pg::Execute("INSERT INTO " + groups_.Sql() + " SELECT g.group_id, " +
                                                        KeyList(keys_, "s") + " FROM " + joined + has_changed +
                                                        changed_now)
                                                .processed);
  if (round_) {
    const std::string reached = "SELECT pg_catalog.max(g.group_id) FROM " + groups_.Sql() + " AS g";
    round_->after_group = waiting_changed_ == 0 ? *round_->last_group : pg::Execute(reached).Int();
  }
  const auto added = static_cast<int64_t>(
      pg::Execute("INSERT INTO " + groups_.Sql() + " SELECT '" + std::to_string(last) +
                  "'::bigint OPERATOR(pg_catalog.+) pg_catalog.row_number() OVER (ORDER BY " + KeyOrder(keys_, "s") +
                  "), " + KeyList(keys_, "s") + " FROM " + joined + is_new + added_now)
          .processed);
  Create(vanished_, "group_id bigint", "group_id");
  const pg::Result vanished =
      pg::Execute("INSERT INTO " + vanished_.Sql() + " SELECT g.group_id FROM " + before.Sql() + " AS g LEFT JOIN " +
                  found.Sql() + " AS s ON " + SameKeys(keys_, before) + " WHERE s.source_digest IS NULL");
  Drop(found);
  group_count_ = changed + added;
  changed_groups_ = changed;
  vanished_groups_ = static_cast<int64_t>(vanished.processed);
  const int64_t all = base::WholeOrZero(counts.at(0, 1)) + added - (request_.drops_vanished ? vanished_groups_ : 0);
  if (request_.drops_vanished && vanished_groups_ > 0 && vanished_groups_ == base::WholeOrZero(counts.at(0, 1)) && added == 0) {
    throw Error(ErrorCode::kPrerequisiteState,
                "table " + source_.Text() + " has no row of any group: drop_vanished would drop all " +
                    base::Thousands(vanished_groups_),
                "", "Load its rows first; cerebro.drop_run() drops the whole run.");
  }
  if (all > request_.max_groups) {
    throw Error(ErrorCode::kLimitExceeded,
                "table " + source_.Text() + " has " + base::Thousands(added) + " new groups: with them they are " +
                    base::Thousands(all) + ", more than max_groups " + base::Thousands(request_.max_groups),
                "", "Pack the table again, with a larger max_groups; drop_vanished => true makes room for new groups.");
  }
  if (group_count_ == 0) return;
  CheckKeySizes(keys_, groups_);
  pg::Execute("ANALYZE " + groups_.Sql());
}

void GroupRows::LeaveOut(const std::vector<int64_t>& group_ids) {
  const auto remove = [&](const pg::TableName& table, const char* column) {
    pg::Execute("DELETE FROM " + table.Sql() + " WHERE " + column + " OPERATOR(pg_catalog.=) ANY ($1)", {group_ids});
  };
  remove(rows_, "_cerebro_group");
  remove(sizes_, "group_id");
  remove(groups_, "group_id");
  const int64_t changed =
      std::count_if(group_ids.begin(), group_ids.end(), [this](int64_t id) { return id <= last_before_; });
  left_out_changed_ += changed;
  left_out_added_ += static_cast<int64_t>(group_ids.size()) - changed;
  if (round_) round_->new_groups += static_cast<int64_t>(group_ids.size()) - changed;  // these are found again
  changed_groups_ -= changed;
  group_count_ -= static_cast<int64_t>(group_ids.size());
  SumUp();
}

std::string GroupRows::KeyText(int64_t group_id) const {
  const pg::Result row =
      pg::Execute("SELECT " + KeyList(keys_, "g") + " FROM " + groups_.Sql() + " AS g WHERE g.group_id OPERATOR(pg_catalog.=) $1",
                  {group_id});
  std::string text;
  for (size_t k = 0; k < keys_.size(); ++k)
    text += (k == 0 ? "" : ", ") + keys_[k].column.name + "=" + (row.empty() ? "?" : row.at(0, k).value_or("NULL"));
  return text;
}

std::vector<int64_t> GroupRows::GroupIds() const {
  std::vector<int64_t> ids;
  for (const auto& row : pg::Execute("SELECT g.group_id FROM " + groups_.Sql() + " AS g ORDER BY 1").rows)
    ids.push_back(base::WholeOrZero(row[0]));
  return ids;
}

Source GroupRows::OfGroups(const Source& half, int64_t first_id, int64_t last_id) const {
  Source groups = half;
  groups.filter += std::string(" AND ") + kCopiedGroup + " OPERATOR(pg_catalog.>=) '" + std::to_string(first_id) + "'::bigint AND " +
                   kCopiedGroup + " OPERATOR(pg_catalog.<=) '" + std::to_string(last_id) + "'::bigint";
  return groups;
}

int64_t GroupRows::RowsOfGroups(bool validates, int64_t first_id, int64_t last_id) const {
  return pg::Execute("SELECT COALESCE(pg_catalog.sum(z." + std::string(validates ? "validation_rows" : "group_rows") +
                         "), 0)::bigint FROM " + sizes_.Sql() +
                         " AS z WHERE z.group_id OPERATOR(pg_catalog.>=) $1 AND z.group_id OPERATOR(pg_catalog.<=) $2",
                     {first_id, last_id})
      .Int();
}

}  // namespace pack
