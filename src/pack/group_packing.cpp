#include "pack/group_packing.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "data/group_constants.hpp"
#include "data/packed_format.hpp"
#include "data/row_codec.hpp"
#include "pack/group_faults.hpp"
#include "pack/group_learner.hpp"
#include "pack/group_sums.hpp"
#include "pack/preprocessed_columns.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "pg/sql.hpp"

namespace pack {
namespace {

constexpr int64_t kGroupsAtOnce = 1000;  // of lists of groups that this process reads and writes

constexpr size_t kMostFaultsTold = 10;

}  // namespace

GroupPacking::GroupPacking(const TrainingPackArguments& arguments, const std::string& arguments_text,
                           const SegmentChoice& choice, const Source& source, const GroupOutputs& outputs)
    : a_(arguments),
      arguments_text_(arguments_text),
      source_name_(source.name.Sql()),
      choice_(choice),
      seed_(arguments.seed.value_or(0)),
      keys_(OpenGroupKeys(source, *arguments.groups.columns)),
      outputs_(outputs),
      rows_(source, keys_, arguments.groups, arguments.split, static_cast<uint64_t>(seed_), outputs.packed.table,
            outputs.packed.temporary) {}

void GroupPacking::Pack(const std::optional<PreprocessRequest>& preprocess) {
  rows_.Make(a_.num_partitions);
  training_ = rows_.Training();
  held_ = rows_.Validation();
  Describe(preprocess);
  PackPooled();
  PackGroups();
  WriteGroups();
  WriteSummaries();
  const int64_t skipped = rows_.group_count() - rows_.packed_groups();
  if (skipped == 0) return;
  pg::Notice(base::Thousands(skipped) + " of " + base::Thousands(rows_.group_count()) + " groups " +
                 (skipped == 1 ? "is" : "are") + " skipped",
             "See status and reason in table " + outputs_.groups.Sql() + ".");
}

void GroupPacking::Describe(const std::optional<PreprocessRequest>& preprocess) {
  Profile profile = ProfileSource(training_);
  training_rows_ = profile.rows;
  std::optional<Profile> held_profile;
  if (outputs_.held_out) {
    held_profile = ProfileSource(held_);
    held_rows_ = held_profile->rows;
    RefuseNewClasses(held_, profile, *held_profile);
  }
  const SpecRequest request = {a_.normalizing_const.value_or(1.0), a_.num_classes, a_.shapes, a_.dtypes,
                               a_.standardize};
  preprocessed_ = preprocess.has_value();
  if (preprocess) {
    chosen_ = ChooseColumns(training_, profile, *preprocess);
    KeepColumns(chosen_.kept, &training_, &profile);
    if (held_profile) KeepColumns(chosen_.kept, &held_, &*held_profile);
    specs_ = PreprocessedTrainingSpec(training_, profile, chosen_, request);
  } else {
    specs_ = TrainingSpec(training_, profile, request);
  }
  if (held_profile) held_specs_ = DescribeValidation(held_, *held_profile, specs_.data);
  plan_ = PlanBuffers(a_.buffer_size, pg::CurrentSettings().buffer_bytes, data::BufferBuilder(specs_.data).row_bytes());
}

/// As rows of a further table are described: by what the training table has learned.
void GroupPacking::DescribeAs(const base::DataSpec& description) {
  // a side without rows has no profile: its table stays empty, and the other side describes it as well
  const auto describe = [&description](const Source& source, SpecPair* specs) {
    const Profile profile = ProfileSource(source);
    *specs = DescribeValidation(source, profile, description);
    return profile.rows;
  };
  const int64_t held = rows_.split().validation_rows;
  if (rows_.training_rows() > 0) training_rows_ = describe(training_, &specs_);
  if (outputs_.held_out && held > 0) held_rows_ = describe(held_, &held_specs_);
  if (training_rows_ == 0) specs_ = held_specs_;
  if (held_rows_ == 0) held_specs_ = specs_;
  specs_.data.has_weights = specs_.source.has_weights = description.has_weights;
  held_specs_.data.has_weights = held_specs_.source.has_weights = false;
}

/// Takes out the groups that cannot be packed. False where there are none.
bool GroupPacking::LeaveFaultsOut(const base::DataSpec& description) {
  const std::vector<GroupFault> faults = FindFaults(rows_, description);
  std::vector<int64_t> ids;
  size_t told = 0;
  for (const GroupFault& fault : faults) {
    ids.push_back(fault.group_id);
    const std::string key = rows_.KeyText(fault.group_id);
    if (a_.groups.told != nullptr && !a_.groups.told->insert(key).second) continue;
    if (++told > kMostFaultsTold) continue;
    const base::Error& error = fault.error;
    pg::Warning("group " + key + " stays as it is: " + error.what(),
                error.detail() + (error.detail().empty() || error.hint().empty() ? "" : " ") + error.hint());
  }
  if (told > kMostFaultsTold) pg::Warning(std::to_string(told - kMostFaultsTold) + " further groups stay as they are");
  if (!ids.empty()) rows_.LeaveOut(ids);
  return !ids.empty();
}

bool GroupPacking::PackChanged(const data::GroupedTable& before, const std::string& source_state, const BufferPlan& plan,
                               const RefreshRound* round) {
  if (round != nullptr) rows_.Within(*round);
  rows_.MakeChanged(before.groups_table, source_state, a_.num_partitions);
  if (rows_.group_count() == 0) return false;
  training_ = rows_.Training();
  held_ = rows_.Validation();
  try {
    DescribeAs(before.packed.spec);
  } catch (const base::Error& error) {
    if (!MayBeOfGroup(error) || !LeaveFaultsOut(before.packed.spec)) throw;
    if (rows_.group_count() == 0) return false;
    DescribeAs(before.packed.spec);
  }
  plan_ = plan;
  PackGroups();
  WriteGroups();
  WriteSummaries();
  return true;
}

void GroupPacking::PackPooledAgain(const base::DataSpec& description) {
  rows_.Make(a_.num_partitions);
  training_ = rows_.Training();
  held_ = rows_.Validation();
  DescribeAs(description);
  PackSummary summary = SummaryOf(outputs_.pooled->table);
  summary.split = SplitOf(outputs_.pooled_held_out);
  const int partitions = TrainingPartitions(a_, training_, choice_, training_rows_);
  const base::DataSpec pooled = PackTable(training_, *outputs_.pooled, specs_, training_rows_, partitions, choice_,
                                          std::move(summary), a_.buffer_size, false);
  if (!outputs_.pooled_held_out) return;
  PackValidationHalf(held_, *outputs_.pooled_held_out, held_specs_, held_rows_, pooled.num_partitions, choice_,
                     SummaryOf(outputs_.pooled_held_out->table), a_.buffer_size);
}

PackSummary GroupPacking::SummaryOf(const pg::TableName& table) const {
  PackSummary summary;
  summary.source_table = source_name_;
  summary.output_table = table.Sql();
  summary.normalizing_const = a_.normalizing_const.value_or(1.0);
  summary.seed = seed_;
  return summary;
}

std::string GroupPacking::SplitOf(const std::optional<Output>& held_out) const {
  return DescribeSplit(a_.split, rows_.split(), held_out ? held_out->table.Sql() : std::string());
}

/// The table of all rows, which also learns the constants of standardisation: they are those of an ordinary packed
/// table.
void GroupPacking::PackPooled() {
  const bool learns = a_.standardize || preprocessed_;
  const std::vector<bool> standardized = StandardizedInputs(training_, specs_.data, learns);
  if (!outputs_.pooled && std::find(standardized.begin(), standardized.end(), true) == standardized.end()) return;
  Output output = outputs_.packed;
  output.table.name = "_cerebro_pooled_" + pg::Execute("SELECT pg_catalog.pg_backend_pid()").Text();
  if (outputs_.pooled) {
    output = *outputs_.pooled;
  } else {
    output.summary = output.table.WithSuffix("_summary");
  }
  PackSummary summary = SummaryOf(output.table);
  summary.split = SplitOf(outputs_.pooled_held_out);
  const base::DataSpec pooled =
      PackTable(training_, output, specs_, training_rows_, TrainingPartitions(a_, training_, choice_, training_rows_),
                choice_, std::move(summary), a_.buffer_size, learns);
  for (size_t i = 0; i < pooled.inputs.size(); ++i) {
    specs_.data.inputs[i].mean = pooled.inputs[i].mean;
    specs_.data.inputs[i].std = pooled.inputs[i].std;
  }
  for (size_t i = 0; i < pooled.targets.size(); ++i) specs_.data.targets[i].class_rows = pooled.targets[i].class_rows;
  for (size_t i = 0; i < held_specs_.data.inputs.size(); ++i) {
    held_specs_.data.inputs[i].mean = pooled.inputs[i].mean;
    held_specs_.data.inputs[i].std = pooled.inputs[i].std;
  }
  if (!outputs_.pooled) {
    for (const pg::TableName& table : {output.table, output.summary}) pg::Execute("DROP TABLE " + table.Sql());
  }
  if (!outputs_.pooled_held_out) return;
  PackValidationHalf(held_, *outputs_.pooled_held_out, held_specs_, held_rows_, pooled.num_partitions, choice_,
                     SummaryOf(outputs_.pooled_held_out->table), a_.buffer_size);
}

std::unique_ptr<GroupedTableWriter> GroupPacking::PackSide(const Source& half, bool validates, const Output& output,
                                                           const SpecPair& specs, Packed* packed) {
  auto writer = std::make_unique<GroupedTableWriter>(half, rows_, validates, output.table, output.temporary, specs.data,
                                                     plan_, static_cast<uint64_t>(seed_));
  if (!a_.groups.own_constants) {
    writer->Stage(specs.source);
  } else if (validates) {
    StageByStoredConstants(writer.get());
  } else {
    LearnAndStage(writer.get());
  }
  *packed = writer->Write();
  return writer;
}

void GroupPacking::PackGroups() {
  // one after the other: they stage their rows in tables of one name
  writer_ = PackSide(training_, false, outputs_.packed, specs_, &packed_);
  if (outputs_.held_out) held_writer_ = PackSide(held_, true, *outputs_.held_out, held_specs_, &held_packed_);
}

void GroupPacking::PackFurther(const data::GroupedTable& before) {
  rows_.MakeFurther(before.groups_table);
  if (rows_.split().validation_rows == 0) {
    throw base::Error(base::ErrorCode::kInvalidData,
                      "no row of table " + a_.source_table + " belongs to a group of packed table " +
                          before.packed.name.Text(),
                      "It has " + CountOfRows(rows_.left_out_rows()) + " with a label, of other groups.",
                      "Give rows of the groups in table " + before.groups_table.Text() + ".");
  }
  held_ = rows_.Validation();
  DescribeAs(before.packed.spec);
  plan_ = PlanBuffers(a_.buffer_size, pg::CurrentSettings().buffer_bytes,
                      data::BufferBuilder(held_specs_.data).row_bytes());
  if (a_.groups.own_constants) {
    rows_.IndexGroups();
    constants_ = before.groups_table;
  }
  held_writer_ = PackSide(held_, true, *outputs_.held_out, held_specs_, &held_packed_);
  WriteFurtherGroups(before);
  held_packed_.digest = DigestsOfGroups(outputs_.groups).held;
  GroupSummary groups;
  for (const GroupKey& key : keys_) groups.keys.push_back(key.column.name);
  groups.groups_table = outputs_.groups.Sql();
  groups.groups = before.groups;
  groups.packed_groups = before.packed_groups;
  groups.own_constants = a_.groups.own_constants;
  groups.arguments = arguments_text_;
  groups.validates = true;
  groups.largest_rows = rows_.largest_validation_rows();
  PackSummary summary = SummaryOf(outputs_.held_out->table);
  summary.output_table = a_.output_table;
  summary.packed = held_packed_;
  summary.buffer_size = plan_.rows;
  summary.groups = groups;
  WriteSummary(outputs_.held_out->summary, outputs_.held_out->temporary, held_, summary);
}

/// Some statements a group: its profile, its statistics, its rows.
void GroupPacking::LearnAndStage(GroupedTableWriter* writer) {
  rows_.IndexGroups();
  constants_ = rows_.Working("constants");
  rows_.Create(*constants_, "group_id bigint, constants pg_catalog.text", "group_id");
  pg::Cursor groups(
      "SELECT z.group_id FROM " + rows_.sizes().Sql() + " AS z WHERE z.partitions OPERATOR(pg_catalog.>) 0 ORDER BY 1",
      {}, false);
  for (pg::Result some = groups.Fetch(kGroupsAtOnce); !some.empty(); some = groups.Fetch(kGroupsAtOnce)) {
    std::vector<int64_t> ids;
    std::vector<std::string> constants;
    for (const auto& row : some.rows) {
      pg::CheckInterrupts();
      ids.push_back(base::WholeOrZero(row[0]));
      const SpecPair own = LearnGroup(rows_.OfGroup(training_, ids.back()), chosen_, specs_);
      writer->StageGroup(own.source, ids.back());
      constants.push_back(data::WriteConstants(*own.data.preprocessing));
    }
    pg::Execute("INSERT INTO " + constants_->Sql() +
                    " SELECT pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::pg_catalog.text[])",
                {ids, constants});
  }
  pg::Execute("ANALYZE " + constants_->Sql());
}

void GroupPacking::StageByStoredConstants(GroupedTableWriter* writer) {
  pg::Cursor groups("SELECT z.group_id, c.constants::pg_catalog.text FROM " + rows_.sizes().Sql() + " AS z LEFT JOIN " +
                        constants_->Sql() +
                        " AS c ON c.group_id OPERATOR(pg_catalog.=) z.group_id WHERE z.validation_rows "
                        "OPERATOR(pg_catalog.>) 0 ORDER BY 1",
                    {}, false);
  for (pg::Result some = groups.Fetch(kGroupsAtOnce); !some.empty(); some = groups.Fetch(kGroupsAtOnce)) {
    for (const auto& row : some.rows) {
      pg::CheckInterrupts();
      base::DataSpec spec = held_specs_.source;
      if (row[1]) data::ApplyConstants(*row[1], &spec);  // a skipped group has those of the whole table
      writer->StageGroup(spec, base::WholeOrZero(row[0]));
    }
  }
}

void GroupPacking::WriteGroups() {
  std::string definitions = "group_id bigint, ", values = "g.group_id, ", keys;
  for (const GroupKey& key : keys_) {
    const std::string name = pg::QuoteIdent(key.column.name);
    definitions += key.Definition() + ", ";
    values += "g." + name + ", ";
    keys += (keys.empty() ? "" : ", ") + name;
  }
  definitions +=
      "group_rows bigint, validation_rows bigint, partitions integer, digest pg_catalog.text, validation_digest "
      "pg_catalog.text, source_digest pg_catalog.text,"
      " class_rows bigint[], constants pg_catalog.json, status pg_catalog.text, reason pg_catalog.text";
  const std::string classes = std::to_string(writer_->classes());
  const auto digest = [&classes](const char* entries) {
    return "cerebro._group_digest(" + std::string(entries) + ", " + classes + ")";
  };
  values +=
      "z.group_rows, z.validation_rows, z.partitions, " + digest("t.entries") + ", " +
      (held_writer_ ? digest("v.entries") : "NULL::pg_catalog.text") + ", z.source_digest, " +
      (writer_->classes() > 0 ? "cerebro._group_class_rows(t.entries, " + classes + ")::bigint[]" : "NULL::bigint[]") +
      ", " + (constants_ ? "c.constants::pg_catalog.json" : "NULL::pg_catalog.json") +
      ", CASE WHEN z.partitions OPERATOR(pg_catalog.>) 0 THEN 'packed' ELSE 'skipped' END, z.reason";
  std::string from = rows_.groups().Sql() + " AS g JOIN " + rows_.sizes().Sql() +
                     " AS z ON z.group_id OPERATOR(pg_catalog.=) g.group_id";
  const auto join = [&from](const std::string& table, const char* alias) {
    from += " LEFT JOIN " + table + " AS " + alias + " ON " + alias + ".group_id OPERATOR(pg_catalog.=) g.group_id";
  };
  join("(" + writer_->EntriesSql() + ")", "t");
  if (held_writer_) join("(" + held_writer_->EntriesSql() + ")", "v");
  if (constants_) join(constants_->Sql(), "c");
  const std::string table = outputs_.groups.Sql();
  pg::Execute((outputs_.packed.temporary ? "CREATE TEMPORARY TABLE " : "CREATE TABLE ") + table + " (" + definitions +
              ")" + pg::DistributedBy(data::kGroupColumn));
  pg::Execute("INSERT INTO " + table + " SELECT " + values + " FROM " + from +
              (pg::OnGreenplum() ? "" : " ORDER BY g.group_id"));
  pg::Execute("ALTER TABLE " + table + " ADD PRIMARY KEY (group_id)");
  pg::Execute("CREATE INDEX ON " + table + " (" + keys + ")");
  pg::Execute("ANALYZE " + table);
}

/// All that the table of groups knows, with the further rows in the place of those that validate there.
void GroupPacking::WriteFurtherGroups(const data::GroupedTable& before) {
  const std::string table = outputs_.groups.Sql();
  std::string keys;
  for (const GroupKey& key : keys_) keys += (keys.empty() ? "" : ", ") + pg::QuoteIdent(key.column.name);
  pg::Execute(std::string(outputs_.held_out->temporary ? "CREATE TEMPORARY TABLE " : "CREATE TABLE ") + table +
              " (LIKE " + before.groups_table.Sql() + ")" + pg::DistributedBy(data::kGroupColumn));
  pg::Execute("INSERT INTO " + table + " (group_id, " + keys +
              ", group_rows, validation_rows, partitions, digest, validation_digest, source_digest, class_rows,"
              " constants, status, reason) SELECT b.group_id, " +
              KeyList(keys_, "b") +
              ", b.group_rows, z.validation_rows, b.partitions, b.digest, cerebro._group_digest(v.entries, " +
              std::to_string(held_writer_->classes()) +
              "), b.source_digest, b.class_rows, b.constants, b.status, b.reason FROM " + before.groups_table.Sql() +
              " AS b JOIN " + rows_.sizes().Sql() +
              " AS z ON z.group_id OPERATOR(pg_catalog.=) b.group_id LEFT JOIN (" + held_writer_->EntriesSql() + ") AS v ON v.group_id OPERATOR(pg_catalog.=) b.group_id" +
              (pg::OnGreenplum() ? "" : " ORDER BY b.group_id"));
  pg::Execute("ALTER TABLE " + table + " ADD PRIMARY KEY (group_id)");
  pg::Execute("CREATE INDEX ON " + table + " (" + keys + ")");
  pg::Execute("ANALYZE " + table);
}

void GroupPacking::WriteSummaries() {
  const TableDigests digests = DigestsOfGroups(outputs_.groups);
  packed_.digest = digests.packed;
  held_packed_.digest = digests.held;
  GroupSummary groups;
  for (const GroupKey& key : keys_) groups.keys.push_back(key.column.name);
  groups.groups_table = outputs_.groups.Sql();
  groups.groups = rows_.group_count();
  groups.packed_groups = rows_.packed_groups();
  groups.own_constants = a_.groups.own_constants;
  groups.arguments = arguments_text_;
  const auto write = [&](const Output& output, const Source& source, const Packed& packed, int64_t largest,
                         const std::string& split) {
    PackSummary summary = SummaryOf(output.table);
    summary.output_table = &output == &outputs_.packed ? a_.output_table : summary.output_table;
    summary.packed = packed;
    summary.buffer_size = plan_.rows;
    summary.split = split;
    summary.groups = groups;
    summary.groups->validates = &output != &outputs_.packed;
    summary.groups->largest_rows = largest;
    if (!summary.groups->validates) summary.groups->source_state = rows_.source_state();
    WriteSummary(output.summary, output.temporary, source, summary);
  };
  write(outputs_.packed, training_, packed_, rows_.largest_rows(), SplitOf(outputs_.held_out));
  if (outputs_.held_out) write(*outputs_.held_out, held_, held_packed_, rows_.largest_validation_rows(), "");
}

}  // namespace pack
