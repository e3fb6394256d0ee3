#include "segments/segment_driver.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "plan/rounds.hpp"
#include "data/packed_table.hpp"
#include "data/segment_map.hpp"
#include "segments/messages.hpp"
#include "segments/state_tables.hpp"
#include "store/model_spec.hpp"
#include "train/run.hpp"
#include "train/run_log.hpp"

namespace segments {
namespace {

using base::Error;
using base::ErrorCode;

// States of models that train: more than two, so that models may rest in some.
constexpr const char* kHopTables[] = {"a", "b", "c", "d"};
constexpr const char* kRetired = "rest";
constexpr const char* kScored = "score";

/// The coordinator's side of a run.
class SegmentDriver {
 public:
  SegmentDriver(const SegmentRunRequest& request, const StateTables& tables, const std::string& model_table);
  SegmentRunResult Run();

 private:
  void TrainTo(int64_t target);
  void Iteration(int64_t iteration, bool last);
  void Round(int64_t iteration, const std::string& name, const std::map<int, int>& visits, bool last);
  std::string RequestOf(int64_t iteration, const std::map<int, int>& visits, bool last) const;
  std::string EmptyTable();
  void TakeReply(const ModelReply& record, int64_t iteration, int visit);
  void CheckVisits(const ModelReply& record, int64_t iteration, int visit) const;
  void Retire(const std::vector<int>& models);
  StateLocations LocationsOf(const std::vector<int>& models) const;
  std::vector<int> ModelsThatTrain() const;
  void ScoreAll(int64_t iteration);
  void ScoreTable(const data::PackedTable& packed, const data::SegmentMap& map, bool validation);
  void KeepBest(const std::vector<int>& models);
  bool Trains(size_t m) const { return log_->model(m).trains(); }
  int64_t BundleIteration(size_t m, int64_t iteration) const { return hop_.spec.first_iteration[bundle_of_[m]] + iteration; }

  const SegmentRunRequest& request_;
  const train::RunRequest& hop_;
  const StateTables& tables_;
  plan::Plan segment_plan_;  // the plan with segments in the place of partitions
  std::vector<std::unique_ptr<engine::Model>> models_;  // for metrics: no state is ever laid under them
  std::optional<train::RunLog> log_;
  std::vector<size_t> bundle_of_;  // a model
  RoundRequest round_request_;              // what does not change from round to round
  SegmentRunResult result_;
  std::vector<std::string> table_of_;    // a model: where its current state is
  std::string best_ = "best_a", next_best_ = "best_b";
  std::vector<bool> has_best_;           // a model
  int64_t rows_trained_ = 0;
};

SegmentDriver::SegmentDriver(const SegmentRunRequest& request, const StateTables& tables, const std::string& model_table)
    : request_(request), hop_(request.hop), tables_(tables) {
  engine::Options options = store::EngineOptions(false);
  options.precision = hop_.spec.precision;
  std::vector<std::vector<std::string>> metric_names;
  for (const store::ModelSpec& spec : hop_.spec.models) {
    models_.push_back(store::BuildModel(spec, hop_.spec.training.spec, options));
    metric_names.push_back(models_.back()->metric_names());
  }
  log_.emplace(hop_, std::move(metric_names), model_table);
  bundle_of_.resize(models_.size());
  for (size_t b = 0; b < hop_.spec.plan.bundles.size(); b++) {
    for (const int m : hop_.spec.plan.bundles[b].models) bundle_of_[static_cast<size_t>(m)] = b;
  }
  for (size_t m = 0; m < models_.size(); m++) {
    log_->result().models[m].diverged_step = request.diverged[m];
  }
  result_.iterations_done.assign(models_.size(), 0);
  has_best_.assign(models_.size(), false);
  for (size_t m = 0; m < models_.size(); m++) table_of_.push_back(request.diverged[m] != 0 ? kRetired : kHopTables[0]);
  segment_plan_ = hop_.spec.plan;
  segment_plan_.partitions = request.training.data_segments;
  segment_plan_.stride = 1;
  for (plan::Bundle& bundle : segment_plan_.bundles) bundle.offset /= request.training.partitions_each;
  round_request_.run = NewRunNumber();
  round_request_.kind = RoundKind::kTrain;
  round_request_.has_weights = hop_.spec.training.spec.has_weights;
  round_request_.use_gpus = hop_.spec.use_gpus;
  round_request_.fusion_group.assign(models_.size(), -1);
  for (const plan::BundleFusion& bundle : hop_.spec.fusion.bundles) {
    for (const plan::FusionGroup& fusion_group : bundle.fusion_groups) {
      if (fusion_group.models.size() < 2) continue;
      for (const int m : fusion_group.models) round_request_.fusion_group[static_cast<size_t>(m)] = static_cast<int32_t>(round_request_.batches_per_switch.size());
      round_request_.batches_per_switch.push_back(fusion_group.batches_per_switch);
    }
  }
}

std::vector<int> SegmentDriver::ModelsThatTrain() const {
  std::vector<int> models;
  for (size_t m = 0; m < models_.size(); m++) {
    if (Trains(m)) models.push_back(static_cast<int>(m));
  }
  return models;
}

StateLocations SegmentDriver::LocationsOf(const std::vector<int>& models) const {
  StateLocations places;
  for (const int m : models) places[table_of_[static_cast<size_t>(m)]].push_back(m);
  return places;
}

// Where each model trains after this round: on the segment of its next visit.
std::string SegmentDriver::RequestOf(int64_t iteration, const std::map<int, int>& visits, bool last) const {
  RoundRequest request = round_request_;
  request.iteration = iteration;
  request.last = last;
  request.next_key.assign(models_.size(), 0);
  const int each = request_.training.partitions_each;
  for (const auto& [model, visit] : visits) {
    const auto m = static_cast<size_t>(model);
    const bool wraps = visit + 1 == request_.training.data_segments;
    const int partition = hop_.spec.plan.PartitionAt(static_cast<int>(bundle_of_[m]), BundleIteration(m, iteration) + (wraps ? 1 : 0),
                                                     wraps ? 0 : (visit + 1) * each);
    request.next_key[m] = request_.training.keys[static_cast<size_t>(partition)];
  }
  return WriteRoundRequest(request);
}

// A table in which no state is waiting. Where models rest in all of them, those of the table with the fewest are moved to another one.
std::string SegmentDriver::EmptyTable() {
  StateLocations places;
  for (const char* name : kHopTables) places[name];
  for (const int m : ModelsThatTrain()) places[table_of_[static_cast<size_t>(m)]].push_back(m);
  const auto fewest = [&](const std::string& but) {
    std::string found;
    for (const char* name : kHopTables) {
      if (name != but && (found.empty() || places[name].size() < places[found].size())) found = name;
    }
    return found;
  };
  const std::string name = fewest("");
  if (!places[name].empty()) {
    const std::string to = fewest(name);
    // older rows of these models may lie there
    pg::Execute("DELETE FROM " + tables_.Sql(to) + " h USING " + tables_.StatesSql({{name, places[name]}}, "h.__dist_key__, h.model") +
                " s WHERE s.__dist_key__ OPERATOR(pg_catalog.=) h.__dist_key__ AND s.model OPERATOR(pg_catalog.=) h.model");
    pg::Execute("INSERT INTO " + tables_.Sql(to) + " SELECT * FROM " + tables_.StatesSql({{name, places[name]}}, "h.*") + " s");
    for (const int m : places[name]) table_of_[static_cast<size_t>(m)] = to;
  }
  tables_.Empty(name);
  return name;
}

// visits: of this round, a model: the number of its visit to a segment within the iteration.
void SegmentDriver::Round(int64_t iteration, const std::string& name, const std::map<int, int>& visits, bool last) {
  pg::CheckInterrupts();
  std::vector<int> models;
  for (const auto& [model, visit] : visits) models.push_back(model);
  const std::string to = EmptyTable();
  pg::Execute(tables_.RoundSql(LocationsOf(models), to, hop_.spec.training, RequestOf(iteration, visits, last)));
  for (const int m : models) table_of_[static_cast<size_t>(m)] = to;
  // a model's first piece carries its record; the state itself stays where it is
  const pg::Result replies = pg::Execute("SELECT h.record FROM " + tables_.Sql(to) + " h WHERE h.record IS NOT NULL ORDER BY h.model");
  if (replies.rows.size() != models.size()) {
    throw Error(ErrorCode::kInternal,
                std::to_string(replies.rows.size()) + " of " + std::to_string(models.size()) + " models came back from a round");
  }
  size_t bytes = 0;
  std::vector<int> diverged;
  for (const auto& row : replies.rows) {
    bytes += row[0]->size();
    const ModelReply record = ReadModelReply(*row[0]);
    TakeReply(record, iteration, visits.at(record.model) * request_.training.partitions_each);
    if (record.diverged_step != 0) diverged.push_back(record.model);
  }
  Retire(diverged);
  pg::Debug("iteration " + std::to_string(iteration + 1) + ", round " + name + ": " + std::to_string(models.size()) + " models, " +
            std::to_string(bytes) + " bytes fetched");
  log_->Show(pg::Phase::kTraining, rows_trained_);
}

void SegmentDriver::Iteration(int64_t iteration, bool last) {
  const std::vector<int> models = ModelsThatTrain();
  std::vector<plan::RoundUnit> units;
  for (const int m : models) {
    const auto b = static_cast<size_t>(m);
    units.push_back({static_cast<int>(bundle_of_[b]), BundleIteration(b, iteration), hop_.spec.costs[b]});
  }
  const plan::RoundChoice choice = plan::ChooseRounds(segment_plan_, units);
  plan::Rounds rounds(segment_plan_, units, choice);
  std::vector<plan::RoundVisit> visits;
  for (int number = 1; rounds.Next(&visits); number++) {
    std::map<int, int> round;
    for (const plan::RoundVisit& visit : visits) {
      const int m = models[static_cast<size_t>(visit.unit)];
      if (Trains(static_cast<size_t>(m))) round[m] = visit.visit;
    }
    if (round.empty()) continue;
    Round(iteration, std::to_string(number) + " of " + std::to_string(choice.rounds), round, last && number == choice.rounds);
  }
}

// visit: the first one that the record tells of.
void SegmentDriver::TakeReply(const ModelReply& record, int64_t iteration, int visit) {
  const auto m = static_cast<size_t>(record.model);
  const std::string key = "mst_key=" + std::to_string(hop_.mst_keys.at(m));
  if (record.weights_only) {
    pg::Notice("model " + key + " goes on with its weights only: the stored optimizer state is of another optimizer");
  }
  if (!record.build.empty()) {
    pg::Warning("model " + key + " was trained by another build (" + record.build + "): its further training will not repeat bit for bit",
                "This server's build is " + engine::BuildDescription() + ".");
  }
  CheckVisits(record, iteration, visit);
  for (const SegmentVisit& seen : record.visits) {
    train::VisitRecord v;
    v.model = record.model;
    v.iteration = iteration;
    v.visit = visit++;
    v.partition = seen.partition;
    v.worker = record.segment;
    v.device = record.device;
    v.started = seen.started;
    v.ended = seen.ended;
    v.loss = seen.loss;
    v.rows = seen.rows;
    v.diverged_step = &seen == &record.visits.back() ? record.diverged_step : 0;
    log_->AddVisit(v, seen.seconds);
    rows_trained_ += seen.rows;
  }
  result_.iterations_done[m] = record.iterations_done;
}

// The segment must have trained the model on the partitions that the plan says, and on all of their rows.
void SegmentDriver::CheckVisits(const ModelReply& record, int64_t iteration, int visit) const {
  const auto m = static_cast<size_t>(record.model);
  const data::PackedTable& table = hop_.spec.training;
  const int each = request_.training.partitions_each;
  const bool diverged = record.diverged_step != 0;
  bool as_planned = diverged ? !record.visits.empty() : record.visits.size() == static_cast<size_t>(each);
  for (size_t i = 0; i < record.visits.size() && as_planned; i++) {
    const int wanted =
        hop_.spec.plan.PartitionAt(static_cast<int>(bundle_of_[m]), BundleIteration(m, iteration), visit + static_cast<int>(i));
    as_planned = record.visits[i].partition == wanted;
  }
  if (!as_planned) {
    throw Error(ErrorCode::kDataCorrupted,
                "model mst_key=" + std::to_string(hop_.mst_keys[m]) + " did not meet its partitions on segment " +
                    std::to_string(record.segment) + " of packed table " + table.name.Sql(),
                "The packed table was changed after it was made, or during the run.", "Pack the data again by training_preprocessor_dl().");
  }
  if (diverged) return;
  for (const SegmentVisit& seen : record.visits) data::CheckVisitedRows(table, seen.partition, seen.rows / hop_.spec.models[m].config.epochs);
}

// Models that train no more leave the tables that rounds empty. No round copies them.
void SegmentDriver::Retire(const std::vector<int>& models) {
  if (models.empty()) return;
  pg::Execute("INSERT INTO " + tables_.Sql(kRetired) + " SELECT * FROM " +
              tables_.StatesSql(LocationsOf(models), "h.__dist_key__, h.model, h.piece, h.keep, h.data, NULL::pg_catalog.bytea") + " s");
  for (const int m : models) table_of_[static_cast<size_t>(m)] = kRetired;
}

void SegmentDriver::TrainTo(int64_t target) {
  log_->BeginTraining();
  for (int64_t i = log_->iterations_reported(); i < target; i++) {
    Iteration(i, i + 1 == hop_.iterations);
    if (i + 1 < target) log_->ReportIteration();
  }
  log_->EndTraining();
}

void SegmentDriver::ScoreTable(const data::PackedTable& packed, const data::SegmentMap& map, bool validation) {
  std::vector<std::vector<double>> sums(models_.size());
  const std::vector<int> models = ModelsThatTrain();
  if (!models.empty()) {
    pg::Execute(tables_.SpreadSql(LocationsOf(models), kScored, map.SegmentKeys()));
    sums = SumsOnSegments(tables_, kScored, packed, models_.size(), hop_.spec.use_gpus);
    tables_.Empty(kScored);
  }
  for (size_t m = 0; m < models_.size(); m++) {
    if (log_->model(m).stopped_iteration != 0) continue;
    std::vector<double> values(models_[m]->metric_names().size(), std::nan(""));
    if (Trains(m)) values = models_[m]->Finish(sums[m].data());
    log_->AddScores(m, validation, std::move(values));
  }
}

void SegmentDriver::ScoreAll(int64_t iteration) {
  log_->Show(pg::Phase::kEvaluating, rows_trained_);
  ScoreTable(hop_.spec.training, request_.training, false);
  if (!request_.validation.keys.empty()) ScoreTable(hop_.spec.validation, request_.validation, true);
  const train::RunLog::Verdict verdict = log_->Conclude(iteration);
  KeepBest(verdict.best);
  Retire(verdict.stopped);
}

// The best weights are copied from table to table, so that neither grows with the iterations.
void SegmentDriver::KeepBest(const std::vector<int>& models) {
  if (models.empty()) return;
  StateLocations places = LocationsOf(models);
  for (size_t m = 0; m < models_.size(); m++) {
    const bool better = std::binary_search(models.begin(), models.end(), static_cast<int>(m));
    if (has_best_[m] && !better) places[best_].push_back(static_cast<int>(m));
    has_best_[m] = has_best_[m] || better;
  }
  tables_.Empty(next_best_);
  pg::Execute("INSERT INTO " + tables_.Sql(next_best_) + " SELECT * FROM " +
              tables_.StatesSql(places, "h.__dist_key__, h.model, h.piece, h.keep, pg_catalog.substr(h.data, 1, h.keep), NULL::pg_catalog.bytea",
                                "h.keep OPERATOR(pg_catalog.>) 0") +
              " s");
  std::swap(best_, next_best_);
}

SegmentRunResult SegmentDriver::Run() {
  log_->result().workers = request_.training.data_segments;
  log_->Show(pg::Phase::kInitialising, 0);
  for (const int64_t target : hop_.due) {
    TrainTo(target);
    ScoreAll(target);
    if (hop_.stopping.any() && log_->ModelsThatTrain() == 0) break;
  }
  log_->Show(pg::Phase::kWriting, rows_trained_);
  for (size_t m = 0; m < models_.size(); m++) {
    result_.states[table_of_[m]].push_back(static_cast<int>(m));
    if (has_best_[m]) result_.best[best_].push_back(static_cast<int>(m));
  }
  result_.hop = std::move(log_->result());
  result_.hop.state_place = "segments";
  result_.hop.seconds = pg::Now() - log_->started();
  return std::move(result_);
}

}  // namespace

std::vector<std::string> StateTableNames(bool keep_best) {
  std::vector<std::string> names(std::begin(kHopTables), std::end(kHopTables));
  names.insert(names.end(), {kRetired, kScored});
  if (keep_best) names.insert(names.end(), {"best_a", "best_b"});
  return names;
}

SegmentRunResult RunOnSegments(const SegmentRunRequest& request, const StateTables& tables, const std::string& model_table) {
  return SegmentDriver(request, tables, model_table).Run();
}

uint64_t NewRunNumber() {
  static uint64_t counter = 0;
  base::Hasher hasher(0);
  hasher.UpdateU64(static_cast<uint64_t>(getpid()));
  hasher.UpdateU64(static_cast<uint64_t>(pg::Now() * 1e6));
  hasher.UpdateU64(++counter);
  return hasher.Finish().hi;
}

// Sums of partitions are added in the order of the partitions, whoever computed them.
std::vector<std::vector<double>> SumsOnSegments(const StateTables& tables, const std::string& from, const data::PackedTable& packed, size_t models,
                                                 bool use_gpus) {
  RoundRequest request;
  request.run = NewRunNumber();
  request.kind = RoundKind::kScore;
  request.has_weights = packed.spec.has_weights;
  request.use_gpus = use_gpus;
  request.last = true;
  const pg::Result rows = pg::Execute(tables.ScoreSql(from, packed, WriteRoundRequest(request)));
  std::map<int, PartitionSums> partitions;
  for (const auto& row : rows.rows) {
    PartitionSums sums = ReadPartitionSums(row[0].value());
    data::CheckVisitedRows(packed, sums.partition, sums.rows);
    partitions[sums.partition] = std::move(sums);
  }
  std::vector<std::vector<double>> totals(models);
  for (const auto& [partition, sums] : partitions) {
    for (size_t i = 0; i < sums.models.size(); i++) {
      std::vector<double>& total = totals.at(static_cast<size_t>(sums.models[i]));
      if (total.empty()) total.assign(sums.sums[i].size(), 0.0);
      for (size_t k = 0; k < total.size(); k++) total[k] += sums.sums[i][k];
    }
  }
  if (!partitions.empty() && partitions.size() != static_cast<size_t>(packed.spec.num_partitions)) {
    throw Error(ErrorCode::kDataCorrupted, "packed table " + packed.name.Sql() + " has " + std::to_string(partitions.size()) +
                                               " partitions, its summary says " + std::to_string(packed.spec.num_partitions),
                "", "Pack the data again by training_preprocessor_dl().");
  }
  return totals;
}

}  // namespace segments
