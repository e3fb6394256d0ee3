#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "data/packed_table.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "segments/segment_driver_class.hpp"
#include "segments/segment_report.hpp"
#include "store/model_spec.hpp"
#include "train/results.hpp"

namespace segments {
namespace {

using base::Error;
using base::ErrorCode;

}  // namespace

SegmentDriver::SegmentDriver(const train::FitArguments& arguments, const train::PreparedFit& fit, const train::RunRequest& request)
    : arguments_(arguments), fit_(fit), request_(request), training_(*fit.segments) {
  CheckSegmentLibraries();
  if (fit.validation) validation_ = data::FindSegments(*fit.validation);
  if (request_.spec.use_gpus) CheckSegmentDevices(ProcessSegments());
  sequences_ = request_.spec.plan.Sequences(request_.programs.size());
  iterations_done_.assign(request_.programs.size(), 0);
  if (request_.progress) {
    iteration_ = request_.progress->iteration;
    for (size_t m = 0; m < iterations_done_.size(); m++) iterations_done_[m] = request_.progress->models[m].iterations_done;
  }
  has_best_.assign(request_.programs.size(), false);
  for (size_t m = 0; m < fit.models.size(); m++) {
    trains_.push_back(!IsOver(fit, static_cast<int>(m)));
    table_of_.push_back(trains_.back() ? kStateTables[0] : kStored);
  }
  raw_.assign(fit.models.size(), false);
  round_request_.run = NewRunNumber();
  round_request_.kind = RoundKind::kTrain;
  round_request_.has_weights = request_.spec.training.spec.has_weights;
  round_request_.use_gpus = request_.spec.use_gpus;
  round_request_.living = request_.living.has_value();
  SetFusion(request_.spec.fusion);
}

void SegmentDriver::SetFusion(const plan::Fusion& fusion) {
  round_request_.fusion_group.assign(request_.programs.size(), -1);
  round_request_.batches_per_switch.clear();
  for (const plan::BundleFusion& bundle : fusion.bundles) {
    for (const plan::FusionGroup& fusion_group : bundle.fusion_groups) {
      if (fusion_group.models.size() < 2) continue;
      const auto number = static_cast<int32_t>(round_request_.batches_per_switch.size());
      for (const int m : fusion_group.models) round_request_.fusion_group[static_cast<size_t>(m)] = number;
      round_request_.batches_per_switch.push_back(fusion_group.batches_per_switch);
    }
  }
}

std::vector<uint64_t> SegmentDriver::Enter() {
  tables_.emplace(fit_.output.models);
  key_of_ = EnterModels(fit_, request_.spec, &*tables_, training_.keys, ProcessKeys());
  best_key_.assign(key_of_.size(), 0);
  std::vector<uint64_t> diverged;
  for (const train::PreparedModel& model : fit_.models) diverged.push_back(model.stored_diverged_step);
  return diverged;
}

// Of the segments that have rows of any table of the run.
std::vector<int32_t> SegmentDriver::ProcessKeys() const {
  const std::vector<int32_t> training = training_.SegmentKeys();
  std::set<int32_t> keys(training.begin(), training.end());
  if (validation_) {
    const std::vector<int32_t> more = validation_->SegmentKeys();
    keys.insert(more.begin(), more.end());
  }
  return {keys.begin(), keys.end()};
}

// Their content ids.
std::vector<int> SegmentDriver::ProcessSegments() const {
  std::vector<int> segments = training_.segments;
  if (validation_) segments.insert(segments.end(), validation_->segments.begin(), validation_->segments.end());
  return segments;
}

// The request has models that are about to be added, too.
std::vector<int> SegmentDriver::Training() const {
  std::vector<int> models;
  for (size_t m = 0; m < trains_.size(); m++) {
    if (trains_[m]) models.push_back(static_cast<int>(m));
  }
  return models;
}

StateLocations SegmentDriver::LocationsOf(const std::vector<int>& models) const {
  StateLocations locations;
  for (const int m : models) locations[table_of_[static_cast<size_t>(m)]].push_back(m);
  return locations;
}

// A table in which no state is waiting. Where models rest in all of them, those of the table with the fewest are moved
// to another one.
std::string SegmentDriver::EmptyTable() {
  StateLocations locations;
  for (const char* name : kStateTables) locations[name];
  for (const int m : Training()) locations[table_of_[static_cast<size_t>(m)]].push_back(m);
  const auto fewest = [&](const std::string& but) {
    std::string found;
    for (const char* name : kStateTables) {
      if (name != but && (found.empty() || locations[name].size() < locations[found].size())) found = name;
    }
    return found;
  };
  const std::string name = fewest("");
  if (!locations[name].empty()) {
    const std::string to = fewest(name);
    tables_->Need(to);
    // older rows of these models may lie there, on whatever segment
    tables_->Remove(to, locations[name]);
    pg::Execute("INSERT INTO " + tables_->Sql(to) + " SELECT * FROM " + tables_->StatesSql({{name, locations[name]}}, "h.*") + " s");
    for (const int m : locations[name]) table_of_[static_cast<size_t>(m)] = to;
  }
  if (!tables_->Need(name)) tables_->Empty(name);
  return name;
}

// rounds: behind the one in question. A run whose models change knows no last round.
RoundPosition SegmentDriver::PositionOf(const plan::Rounds& rounds, int64_t target) const {
  if (request_.living || target != request_.LastIteration()) return RoundPosition::kAmong;
  if (rounds.done()) return RoundPosition::kStays;
  plan::Rounds ahead = rounds;
  std::vector<plan::RoundLeg> legs;
  ahead.Next(&legs);
  return ahead.done() ? RoundPosition::kMoves : RoundPosition::kAmong;
}

// legs: of this round, a model. Whether all its models go on.
bool SegmentDriver::Round(const plan::RoundSpan& span, const std::map<int, plan::RoundLeg>& legs, RoundPosition position,
                          train::VisitSink* sink) {
  pg::CheckInterrupts();
  const bool moves = position != RoundPosition::kStays;
  const std::string to = EmptyTable();
  RoundRequest request = round_request_;
  request.last = position == RoundPosition::kMoves;  // scoring follows the other one, in its process
  request.next_key.assign(request_.programs.size(), 0);
  request.first_partition.assign(request_.programs.size(), 0);
  request.visits.assign(request_.programs.size(), 0);
  std::vector<int> models;
  for (const auto& [model, leg] : legs) {
    const auto m = static_cast<size_t>(model);
    models.push_back(model);
    request.next_key[m] = moves ? training_.keys[static_cast<size_t>(span.PartitionOf(sequences_[m], leg.visit + leg.visits))] : key_of_[m];
    request.first_partition[m] = leg.partition;
    request.visits[m] = leg.visits;
  }
  const std::string statement = tables_->RoundSql(LocationsOf(models), to, moves, request_.spec.training), asked = WriteRoundRequest(request);
  pg::Debug("statement of a round: " + statement);
  pg::Execute(statement, {pg::Bytea{asked}});
  for (const int m : models) {
    table_of_[static_cast<size_t>(m)] = to;
    key_of_[static_cast<size_t>(m)] = request.next_key[static_cast<size_t>(m)];
    raw_[static_cast<size_t>(m)] = true;
  }
  // a model's first piece carries its record; the state itself stays where it is
  const pg::Result replies = pg::Execute("SELECT h.record FROM " + tables_->Sql(to) + " h WHERE h.record IS NOT NULL ORDER BY h.model");
  if (replies.rows.size() != models.size()) {
    throw Error(ErrorCode::kInternal,
                std::to_string(replies.rows.size()) + " of " + std::to_string(models.size()) + " models came back from a round");
  }
  size_t bytes = 0;
  std::vector<int> diverged;
  bool failed = false;
  for (const auto& row : replies.rows) {
    bytes += row[0]->size();
    const ModelReply record = ReadModelReply(*row[0]);
    TakeReply(record, span, legs.at(record.model), sink);
    failed = failed || !record.error.empty();
    if (record.diverged_step != 0 && record.error.empty()) diverged.push_back(record.model);
  }
  MoveToRest(diverged);
  pg::Debug("round " + std::to_string(++rounds_) + ": " + std::to_string(models.size()) + " models, " + std::to_string(bytes) + " bytes fetched");
  sink->Progress(rows_trained_);
  return diverged.empty() && !failed;
}

// Iterations of the span that all models which train have behind them.
int64_t SegmentDriver::IterationsDone(const plan::RoundSpan& span) const {
  int64_t least = span.iterations;
  for (const int m : Training()) least = std::min(least, visits_[static_cast<size_t>(m)] / span.visits_each());
  return least;
}

// All iterations up to the target, as one: nobody waits for others at their ends. Whenever models diverge, what is left is laid out anew.
void SegmentDriver::Lay(int64_t target, train::VisitSink* sink) {
  plan::RoundSpan span;
  span.partitions = request_.spec.plan.partitions;
  span.partitions_each = training_.partitions_each;
  span.visited = request_.spec.plan.visits();
  span.iteration = iteration_;
  span.iterations = target - iteration_;
  visits_.assign(request_.programs.size(), 0);
  for (bool complete = false; !complete;) {
    const std::vector<int> models = Training();
    std::vector<plan::RoundUnit> units;
    for (const int m : models) {
      const auto number = static_cast<size_t>(m);
      units.push_back({sequences_[number], request_.spec.costs[number], visits_[number]});
    }
    plan::Rounds rounds(span, units, plan::ChooseRounds(span, units));
    std::vector<plan::RoundLeg> legs;
    for (bool as_laid = true; as_laid && !complete;) {
      complete = !rounds.Next(&legs);
      if (complete || legs.empty()) continue;
      std::map<int, plan::RoundLeg> round;
      for (const plan::RoundLeg& leg : legs) round[models[static_cast<size_t>(leg.unit)]] = leg;
      as_laid = Round(span, round, PositionOf(rounds, target), sink);
      while (iteration_ + 1 < target && iteration_ - span.iteration < IterationsDone(span)) sink->IterationDone(++iteration_);
    }
  }
}

void SegmentDriver::TakeReply(const ModelReply& record, const plan::RoundSpan& span, const plan::RoundLeg& leg, train::VisitSink* sink) {
  const auto m = static_cast<size_t>(record.model);
  const std::string key = "mst_key=" + std::to_string(request_.mst_keys.at(m));
  if (record.weights_only) {
    pg::Notice("model " + key + " goes on with its weights only: the stored optimizer state is of another optimizer");
  }
  if (!record.build.empty()) {
    pg::Warning("model " + key + " was trained by another build (" + record.build + "): its further training will not repeat bit for bit",
                "This server's build is " + engine::BuildDescription() + ".");
  }
  CheckVisits(record, span, leg);
  visits_[m] = leg.visit;
  for (const SegmentVisit& seen : record.visits) {
    train::VisitRecord v;
    v.model = record.model;
    v.iteration = span.IterationOf(visits_[m]);
    v.visit = span.VisitOf(visits_[m]);
    visits_[m]++;
    v.partition = seen.partition;
    v.worker = record.segment;
    v.device = record.device;
    v.started = seen.started;
    v.ended = seen.ended;
    v.loss = seen.loss;
    v.rows = seen.rows;
    v.diverged_step = &seen == &record.visits.back() && record.error.empty() ? record.diverged_step : 0;
    v.seconds = seen.seconds;
    rows_trained_ += seen.rows;
    if (v.diverged_step != 0) trains_[m] = false;
    sink->Visit(v);
  }
  iterations_done_[m] = record.iterations_done;
  if (record.error.empty()) return;
  trains_[m] = false;
  sink->Failed(record.model, record.error);
}

// The segment must have trained the model on the partitions that the plan says, and on all of their rows.
void SegmentDriver::CheckVisits(const ModelReply& record, const plan::RoundSpan& span, const plan::RoundLeg& leg) const {
  const auto m = static_cast<size_t>(record.model);
  const data::PackedTable& table = request_.spec.training;
  if (!record.error.empty()) return;  // it ends where it failed
  const bool diverged = record.diverged_step != 0;
  bool as_planned = diverged && leg.visits > 0 ? !record.visits.empty() : record.visits.size() == static_cast<size_t>(leg.visits);
  for (size_t i = 0; i < record.visits.size() && as_planned; i++) {
    as_planned = record.visits[i].partition == span.PartitionOf(sequences_[m], leg.visit + static_cast<int64_t>(i));
  }
  if (!as_planned) {
    throw Error(ErrorCode::kDataCorrupted,
                "model mst_key=" + std::to_string(request_.mst_keys[m]) + " did not meet its partitions on segment " +
                    std::to_string(record.segment) + " of packed table " + table.name.Text(),
                "The packed table was changed after it was made, or during the run.", "Pack the data again by " + table.packer + ".");
  }
  if (diverged) return;
  for (const SegmentVisit& seen : record.visits)
    data::CheckVisitedRows(table, seen.partition, seen.rows / request_.spec.models[m]->config.epochs);
}

// Models that train no more leave the tables that rounds empty. No round copies them. Those that an earlier part has retired are where they were
// stored.
void SegmentDriver::MoveToRest(std::vector<int> models) {
  const auto there = [this](int m) { return table_of_[static_cast<size_t>(m)] == kStored || table_of_[static_cast<size_t>(m)] == kRetired; };
  models.erase(std::remove_if(models.begin(), models.end(), there), models.end());
  if (models.empty()) return;
  tables_->Need(kRetired);
  pg::Execute("INSERT INTO " + tables_->Sql(kRetired) + " SELECT * FROM " +
              tables_->StatesSql(LocationsOf(models), "h.__dist_key__, h.model, h.piece, h.keep, h.data, NULL::pg_catalog.bytea") + " s");
  for (const int m : models) table_of_[static_cast<size_t>(m)] = kRetired;
}

// Nothing is kept of those that are deleted.
void SegmentDriver::Retire(const std::vector<int>& models) {
  std::vector<int> kept;
  for (const int m : models) {
    if (!fit_.models[static_cast<size_t>(m)].deleted) kept.push_back(m);
  }
  MakeRaw(kept);
  for (const int m : models) trains_[static_cast<size_t>(m)] = false;
  MoveToRest(kept);
}

int64_t SegmentDriver::Train(int64_t iteration, train::VisitSink* sink) {
  entries_.TellTo(sink);
  if (request_.living) FuseRound();
  if (iteration_ < iteration) Lay(iteration, sink);
  while (iteration_ + 1 < iteration) sink->IterationDone(++iteration_);  // nobody trains any more
  iteration_ = iteration;
  return iteration;
}

void SegmentDriver::Collect(train::RunResult* result) {
  std::vector<int> waiting;
  for (const int m : Training()) {
    if (request_.living && !fit_.models[static_cast<size_t>(m)].deleted) waiting.push_back(m);
  }
  MakeRaw(waiting);
  for (const auto& [model, error] : entries_.failures()) {  // nobody is told any more
    throw Error(ErrorCode::kEngine, "model mst_key=" + std::to_string(request_.mst_keys[static_cast<size_t>(model)]) + " has failed as it entered the run: " + error);
  }
  if (request_.living) Release();
  StateLocations states, best;
  std::set<ModelKey> lie;
  for (size_t m = 0; m < request_.programs.size(); m++) {
    const auto number = static_cast<int32_t>(m);
    if (fit_.models[m].deleted) continue;
    states[table_of_[m]].push_back(number);
    if (has_best_[m]) best[best_].push_back(number);
    if (table_of_[m] != kStored) lie.insert({key_of_[m], number});
    if (has_best_[m]) lie.insert({best_key_[m], number});
    const train::PreparedModel& model = fit_.models[m];
    result->models[m].iterations_done = model.stored_diverged_step != 0 && !request_.progress ? model.past.iterations : iterations_done_[m];
  }
  if (fit_.durable) {
    std::vector<bool> weights;
    for (size_t m = 0; m < has_best_.size(); m++) weights.push_back(has_best_[m] || !fit_.models[m].keeps_weights);
    train::ClearForCheckpoint(fit_, weights);
  } else {
    train::ClearResultTables(arguments_, fit_);
  }
  StoreModels(fit_, &*tables_, std::move(states), best, {lie.begin(), lie.end()});
  tables_->Drop();
}

std::unique_ptr<train::Driver> MakeFitDriver(const train::FitArguments& arguments, const train::PreparedFit& fit,
                                             const train::RunRequest& request) {
  return std::make_unique<SegmentDriver>(arguments, fit, request);
}

}  // namespace segments
