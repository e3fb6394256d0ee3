#include "segments/group_segments.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/plain_number.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "pg/sql.hpp"
#include "segments/segment_report.hpp"
#include "segments/segment_scoring.hpp"

namespace segments {
namespace {

// A reply is there as the server's row, as our copy of it, and read.
constexpr double kCopies = 3;
constexpr size_t kMostGroupsAtOnce = 100000;

std::string BuffersSql(const data::GroupedTable& table, GroupRowKind kind) {
  return "SELECT t.group_id, " + std::to_string(static_cast<int>(kind)) + ", t.partition_id, t.buffer_id, " + table.packed.DataColumns() +
         " FROM " + table.packed.name.Sql() +
         " t WHERE t.group_id OPERATOR(pg_catalog.>=) $2::pg_catalog.int8 AND t.group_id OPERATOR(pg_catalog.<=) $3::pg_catalog.int8";
}

// Both tables are distributed by the key of the GROUP BY, so no row moves before the aggregate; rows carry pointers to their
// stored columns.
std::string WindowSql(const data::GroupedTable& training, const data::GroupedTable* validation) {
  const base::DataSpec& spec = training.packed.spec;
  const size_t columns = spec.inputs.size() + spec.targets.size() + (spec.has_weights ? 1 : 0);
  std::string names, arguments;
  for (size_t i = 1; i <= columns; i++) {
    names += ", d" + std::to_string(i);
    arguments += ", r.d" + std::to_string(i);
  }
  return "SELECT cerebro._train_group($1, r.group_id, r.kind, r.partition_id, r.buffer_id" + arguments +
         " ORDER BY r.kind, r.partition_id, r.buffer_id) FROM (" + BuffersSql(training, GroupRowKind::kTraining) +
         (validation != nullptr ? " UNION ALL " + BuffersSql(*validation, GroupRowKind::kValidation) : std::string()) +
         ") r(group_id, kind, partition_id, buffer_id" + names + ") GROUP BY r.group_id";
}

std::vector<int> SegmentsOf(const data::GroupedTable& table) {
  std::vector<int> found;
  const pg::Result rows = pg::Read("SELECT DISTINCT t.gp_segment_id FROM " + table.packed.name.Sql() + " t");
  for (const auto& row : rows.rows) found.push_back(base::WholeInt(row[0]));
  return found;
}

std::string Bytes(const void* block, size_t bytes) { return std::string(static_cast<const char*>(block), bytes); }

}  // namespace

GroupSegments::GroupSegments(const train::GroupRun& run, const std::shared_ptr<engine::ModelPool>& pool, const data::GroupedTable& training,
                             const data::GroupedTable* validation, const std::vector<const void*>& first_states, const void* compared)
    : training_(training), validation_(validation) {
  const train::RunRequest common = train::RequestOf(run, pool);
  layout_ = std::make_unique<workers::SlabLayout>(common, run);
  row_visits_ = run.iterations * static_cast<int64_t>(common.programs.size());
  const double room = static_cast<double>(pg::CurrentSettings().group_mem) / (kCopies * static_cast<double>(layout_->bytes() + sizeof(GroupReply)));
  groups_at_once_ = static_cast<size_t>(std::clamp(room, 1.0, static_cast<double>(kMostGroupsAtOnce)));
  if (first_states.empty()) return;  // nothing is to be trained
  CheckSegmentLibraries();
  if (run.spec.use_gpus) CheckSegmentDevices(SegmentsOf(training));
  balanced_ = run.classes > 0;
  request_.run = NewRunNumber();
  request_.spec = workers::WriteGroupRun(run);
  for (size_t m = 0; m < common.programs.size(); m++) request_.first_states.push_back(Bytes(first_states[m], common.programs[m]->layout().bytes));
  if (run.compared_model >= 0) {
    request_.compared = Bytes(compared, common.programs[static_cast<size_t>(run.compared_model)]->layout().bytes);
  }
  statement_ = WindowSql(training, validation);
}

// A group whose rows are not those that its table of groups knows.
std::string GroupSegments::Fault(const data::Group& group, const GroupReply& reply) const {
  const auto fault = [](const data::GroupedTable& table, int64_t there, int64_t rows) -> std::string {
    if (there == rows) return {};
    return "packed table " + table.packed.name.Text() + " has " + std::to_string(there) + (there == 1 ? " row" : " rows") +
           " of the group, its table of groups says " + std::to_string(rows) + ". The packed table was changed after it was made.";
  };
  if (reply.unread) return reply.error;
  std::string found = fault(training_, reply.rows, group.rows);
  if (found.empty() && validation_ != nullptr) found = fault(*validation_, reply.validation_rows, group.validation_rows);
  if (!found.empty()) return found;
  if (reply.partitions > group.partitions) {
    return "packed table " + training_.packed.name.Text() + " has other partitions of the group than its table of groups says";
  }
  if (!reply.error.empty() || reply.slab.size() == layout_->bytes()) return reply.error;
  if (reply.rows == 0) return "packed table " + training_.packed.name.Text() + " has no row of the group";
  return "the reply about the group has " + std::to_string(reply.slab.size()) + " bytes of results, its run has " +
         std::to_string(layout_->bytes());
}

int GroupSegments::TrainWindow(const std::vector<data::Group>& groups, const workers::StartWeights& weights, const workers::GroupProgress& progress,
                               const std::function<void(const train::GroupOutcome&)>& use) {
  pg::Debug("statement of a window: " + statement_);
  request_.window++;
  request_.own.clear();
  for (const data::Group& group : groups) {
    GroupBeginning own;
    if (balanced_) own.class_rows = group.class_rows;
    if (weights) weights(group, &own.weights);
    if (!own.class_rows.empty() || !own.weights.empty()) request_.own[group.id] = std::move(own);
  }
  std::map<int64_t, pg::Cell> replies;
  {
    pg::Result rows = pg::Execute(statement_, {pg::Bytea{WriteGroupRequest(request_)}, groups.front().id, groups.back().id});
    for (auto& row : rows.rows) {
      const int64_t id = ReadGroupReply(*row[0]).group_id;
      replies[id] = std::move(row[0]);
    }
  }
  std::set<int> segments;
  int64_t trained = 0;
  for (size_t g = 0; g < groups.size(); g++) {
    pg::CheckInterrupts();
    const data::Group& group = groups[g];
    GroupReply reply;
    const auto found = replies.find(group.id);
    if (found != replies.end()) {
      reply = ReadGroupReply(*found->second);
      replies.erase(found);
      segments.insert(reply.segment);
    }
    train::GroupOutcome outcome;
    outcome.group_id = group.id;
    outcome.started = reply.started;
    outcome.ended = reply.ended;
    outcome.worker = reply.segment;
    outcome.error = Fault(group, reply);
    if (outcome.error.empty()) layout_->Load(reply.slab.data(), &outcome);
    use(outcome);
    trained += group.rows * row_visits_;
    progress(static_cast<int64_t>(g) + 1, trained);
  }
  return static_cast<int>(segments.size());
}

int GroupSegmentCount() {
  return static_cast<int>(pg::Read("SELECT pg_catalog.count(*) FROM pg_catalog.gp_segment_configuration c WHERE c.content OPERATOR(pg_catalog.>=) 0"
                                   " AND c.role OPERATOR(pg_catalog.=) 'p'")
                              .Int());
}

}  // namespace segments
