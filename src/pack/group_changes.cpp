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
#include "pack/suspect_groups.hpp"
#include "pg/report.hpp"
#include "pg/row_age.hpp"
#include "pg/row_scan.hpp"
#include "pg/snapshot.hpp"
#include "pg/sql.hpp"

namespace pack {
namespace {

using base::Error;
using base::ErrorCode;


constexpr int64_t kLargestPart = 4;  // a quarter of the rows: a larger part is not copied first
constexpr int64_t kMostPositions = 4000000;  // of rows that this process keeps: 32 MB
constexpr size_t kPositionsAtOnce = 100000;  // that a statement is given
constexpr size_t kMostScannedKey = 1 << 20;  // bytes; no group has a longer one: 2,000 as they are stored, compressed

/// Of a row of `compared` and the group of the table that has its keys: whether contents must be compared. Never NULL.
constexpr const char* kMayHaveChanged =
    "(g.group_id IS NULL OR g.source_digest IS NULL OR s._cerebro_written OR s._cerebro_rows IS DISTINCT FROM"
    " (g.group_rows OPERATOR(pg_catalog.+) g.validation_rows))";

bool HasWorkingNames(const std::vector<std::string>& columns) {
  return std::any_of(columns.begin(), columns.end(),
                     [](const std::string& name) { return name.rfind("_cerebro_", 0) == 0; });
}

void TellSuspected(int64_t suspected, int64_t rows) {
  pg::Debug(std::to_string(suspected) + " of " + std::to_string(rows) + " rows are of groups that may have changed");
}

/// Adds the groups of a table of groups. False where its keys are no keys.
bool AddKnownGroups(const pg::TableName& table, const pg::ScannedColumns& columns, SuspectGroups* groups) {
  pg::RowScan scan(table, columns);
  while (true) {
    const std::vector<pg::ScannedRow>& rows = scan.Next();
    if (rows.empty()) return true;
    for (const pg::ScannedRow& row : rows) {
      const int64_t id = row.numbers[0];
      if (id < 1 || !groups->AddKnown(row.key, id, row.numbers[1] + row.numbers[2], row.complete)) return false;
    }
  }
}

/// Rows' positions as the server reads an array of ctid.
std::string PositionsText(const std::vector<uint64_t>& positions, size_t first, size_t last) {
  std::string text = "{";
  for (size_t i = first; i < last; ++i) {
    text += (i == first ? "\"(" : ",\"(") + std::to_string(positions[i] >> 16) + "," +
            std::to_string(positions[i] & 0xffff) + ")\"";
  }
  return text + "}";
}

}  // namespace

void GroupRows::MakeChanged(const pg::TableName& before, const std::string& source_state,
                            const std::optional<int32_t>& num_partitions) {
  source_state_ = DescribeSourceState(source_, NeededColumns());
  if (const std::optional<WrittenSince> since = FindWrittenSince(source_state, source_state_)) {
    if (CopySuspects(before, *since) == PartCopy::kUnknown && CopyWritten(before, since->sql) != PartCopy::kMade)
      compared_.reset();
  }
  OpenRows();
  FindChanged(before);
  if (group_count_ > 0) SplitAndCopy(num_partitions);
}

std::string GroupRows::PartColumns(const std::vector<std::string>& needed) const {
  std::string columns;
  for (const std::string& name : needed) columns += (columns.empty() ? "s." : ", s.") + pg::QuoteIdent(name);
  if (HashesOnce()) columns += ", " + HashSql() + " AS _cerebro_hash";
  return columns + (source_.has_ctid ? ", s.ctid AS _cerebro_ctid" : "");
}

/// Whether the hash of a row follows from the row alone, so that the copy may have it.
bool GroupRows::HashesOnce() const { return !split_request_.split_column && !split_request_.split_by_time; }

/// Goes on with a part as the source.
void GroupRows::ReadPart(const pg::TableName& part) {
  is_part_ = true;
  is_hashed_ = HashesOnce();
  source_.copied_from = source_.name;
  source_.copied_ctid = "s._cerebro_ctid";
  source_.name = part;
}

/// Makes `part` of what one pass over the rows finds, without a statement over all of them.
GroupRows::PartCopy GroupRows::CopySuspects(const pg::TableName& before, const WrittenSince& since) {
  const std::vector<std::string> needed = NeededColumns();
  pg::ScannedColumns columns, of_groups;
  for (const GroupKey& key : keys_) columns.keys.push_back(key.column.name);
  of_groups.keys = columns.keys;
  of_groups.wanted = {"source_digest"};
  of_groups.numbers = {"group_id", "group_rows", "validation_rows"};
  if (split_request_.drop_null_labels && !LabelledSql(source_).empty()) {
    for (size_t i = 0; i < source_.targets; ++i)
      columns.wanted.push_back(source_.columns[source_.inputs + i].column.name);
  }
  if (!since.all_known || HasWorkingNames(needed) || !source_.filter.empty() || !source_.has_ctid ||
      !pg::RowScan::Takes(source_.name, columns) || !pg::RowScan::Takes(before, of_groups))
    return PartCopy::kUnknown;
  std::vector<uint64_t> positions;
  int64_t null_labels = 0;
  {
    const pg::FreshSnapshot now;  // of both passes
    const pg::TransactionWindow window = pg::TransactionsSince(since.horizon);
    pg::RowScan scan(source_.name, columns);
    SuspectGroups groups(scan.pages());
    if (!AddKnownGroups(before, of_groups, &groups)) return PartCopy::kUnknown;
    while (true) {
      const std::vector<pg::ScannedRow>& rows = scan.Next();
      if (rows.empty()) break;
      for (const pg::ScannedRow& row : rows) {
        if (row.key.size() > kMostScannedKey) return PartCopy::kUnknown;  // refused later, and not kept here
        groups.AddRow(row.key, row.page(), window.Contains(row.xmin), row.complete);
      }
      if (groups.unknown() > request_.max_groups) return PartCopy::kUnknown;  // more than can be added
    }
    const int64_t suspected = groups.suspect_rows();
    TellSuspected(suspected, groups.rows());
    if (suspected > groups.rows() / kLargestPart) return PartCopy::kTooLarge;
    if (suspected > kMostPositions) return PartCopy::kUnknown;
    positions.reserve(static_cast<size_t>(suspected));
    for (const auto& [first, count] : groups.SuspectPages()) {
      scan.ReadPages(first, count);
      while (true) {
        const std::vector<pg::ScannedRow>& rows = scan.Next();
        if (rows.empty()) break;
        for (const pg::ScannedRow& row : rows) {
          if (row.complete && groups.IsSuspect(row.key)) positions.push_back(row.position);
        }
      }
    }
    seen_.emplace(Seen{groups.known(), groups.last_id(), groups.Vanished()});
    if (groups.all_rows() > groups.rows()) null_labels = groups.all_rows() - groups.rows();
  }
  const pg::TableName part = Working("part");
  const std::string query = "SELECT " + PartColumns(needed) + " FROM " + source_.name.Sql() + " AS s WHERE ";
  CreateAs(part, query + "false", "_cerebro_rows");
  size_t copied = 0;
  for (size_t first = 0; first < positions.size(); first += kPositionsAtOnce) {
    const size_t last = std::min(positions.size(), first + kPositionsAtOnce);
    copied += pg::Execute("INSERT INTO " + part.Sql() + " " + query +
                              "s.ctid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.tid[])",
                          {PositionsText(positions, first, last)})
                  .processed;
  }
  // a later statement does not see a row that was changed meanwhile
  if (copied != positions.size()) {
    Drop(part);
    seen_.reset();
    return PartCopy::kUnknown;
  }
  if (null_labels > 0) ReportNullLabels(source_, null_labels);
  ReadPart(part);
  return PartCopy::kMade;
}

/// Makes `compared` and `part`. Else none of the tables is there.
GroupRows::PartCopy GroupRows::CopyWritten(const pg::TableName& before, const std::string& written) {
  const std::vector<std::string> needed = NeededColumns();
  if (HasWorkingNames(needed)) return PartCopy::kUnknown;  // refused later
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
  TellSuspected(suspected, rows);
  if (suspected > rows / kLargestPart) {
    Drop(suspects);
    Drop(*compared_);
    return PartCopy::kTooLarge;
  }
  if (all > rows) ReportNullLabels(source_, all - rows);
  pg::Execute("ANALYZE " + suspects.Sql());
  std::string from = source_.name.Sql() + " AS s JOIN " + suspects.Sql() + " AS g ON " + SameKeys(keys_, suspects);
  if (!labelled.empty()) from += " WHERE " + labelled;
  CreateAs(part, "SELECT " + PartColumns(needed) + " FROM " + from, "_cerebro_rows");
  Drop(suspects);
  ReadPart(part);
  return PartCopy::kMade;
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
  int64_t last = 0, known = 0;  // the largest number of a group of the table, and how many it has
  if (seen_) {
    last = seen_->last_id;
    known = seen_->known;
  } else {
    const pg::Result counts =
        pg::Execute("SELECT pg_catalog.max(g.group_id), pg_catalog.count(*) FROM " + before.Sql() + " AS g");
    last = base::WholeOrZero(counts.at(0, 0));
    known = base::WholeOrZero(counts.at(0, 1));
  }
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
  if (seen_) {
    vanished_groups_ = static_cast<int64_t>(seen_->vanished.size());
    if (vanished_groups_ > 0)
      pg::Execute("INSERT INTO " + vanished_.Sql() + " SELECT pg_catalog.unnest($1)", {seen_->vanished});
  } else {
    const pg::Result vanished =
        pg::Execute("INSERT INTO " + vanished_.Sql() + " SELECT g.group_id FROM " + before.Sql() + " AS g LEFT JOIN " +
                    found.Sql() + " AS s ON " + SameKeys(keys_, before) + " WHERE s.source_digest IS NULL");
    vanished_groups_ = static_cast<int64_t>(vanished.processed);
  }
  Drop(found);
  group_count_ = changed + added;
  changed_groups_ = changed;
  const int64_t all = known + added - (request_.drops_vanished ? vanished_groups_ : 0);
  if (request_.drops_vanished && vanished_groups_ > 0 && vanished_groups_ == known && added == 0) {
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
