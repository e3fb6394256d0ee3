// The verbs of a living run: models come, rest and train again between its rounds.
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pg/sql.hpp"
#include "segments/segment_driver_class.hpp"

namespace segments {

// The models that train in this round. Those that train side by side have one sequence, and so are on one
// segment.
void SegmentDriver::FuseRound() {
  const std::vector<int> models = Training();
  SetFusion(request_.living->maker->PlanRound(models, std::vector<int64_t>(models.size(), 0)).fusion);
}

// A round in which these models enter the run and do not train: those of them that wait to.
void SegmentDriver::MakeRaw(std::vector<int> models) {
  const auto there = [this](int model) {
    const auto m = static_cast<size_t>(model);
    return raw_[m] || !trains_[m] || table_of_[m] == kStored;
  };
  models.erase(std::remove_if(models.begin(), models.end(), there), models.end());
  if (models.empty()) return;
  plan::RoundSpan span;
  span.partitions = request_.spec.plan.partitions;
  span.partitions_each = training_.partitions_each;
  span.visited = request_.spec.plan.visits();
  std::map<int, plan::RoundLeg> legs;
  for (const int m : models) {
    plan::RoundLeg& leg = legs[m];
    leg.partition = span.PartitionOf(sequences_[static_cast<size_t>(m)], 0);
    leg.visits = 0;
  }
  visits_.resize(request_.programs.size(), 0);
  Round(span, legs, RoundPosition::kAmong, &entries_);
}

// One with states that wait for a round, so that it is emptied by none.
std::string SegmentDriver::TableInUse() const {
  for (const char* name : kStateTables) {
    for (const int m : Training()) {
      if (table_of_[static_cast<size_t>(m)] == name) return name;
    }
  }
  return kStateTables[0];
}

// Of the segment of a model's first visit in an iteration.
int32_t SegmentDriver::FirstKey(int model) const {
  const int partition = sequences_[static_cast<size_t>(model)].PartitionAt(request_.spec.plan.partitions, 0, 0);
  return training_.keys[static_cast<size_t>(partition)];
}

// They are all behind the others.
std::vector<uint64_t> SegmentDriver::Add(const std::vector<int>& models) {
  std::vector<int> parents;
  std::map<int, std::string> parent_tables;
  for (const int m : models) {
    const int parent = request_.past[static_cast<size_t>(m)].parent;
    if (parent >= 0) parents.push_back(parent);
  }
  std::sort(parents.begin(), parents.end());
  parents.erase(std::unique(parents.begin(), parents.end()), parents.end());
  MakeRaw(parents);
  for (const int m : models) {
    const int parent = request_.past[static_cast<size_t>(m)].parent;
    if (parent >= 0) parent_tables[m] = table_of_[static_cast<size_t>(parent)];
  }
  const std::string to = TableInUse();
  const auto first = static_cast<size_t>(models.front());
  const std::vector<int32_t> keys = EnterAdded(fit_, request_.spec, first, to, parent_tables, &*tables_, training_.keys, ProcessKeys());
  sequences_ = fit_.plan.Sequences(fit_.models.size());
  for (size_t i = 0; i < models.size(); i++) {
    table_of_.push_back(to);
    key_of_.push_back(keys[i]);
    trains_.push_back(true);
    raw_.push_back(false);
    iterations_done_.push_back(request_.past[static_cast<size_t>(models[i])].iterations);
    has_best_.push_back(false);
    best_key_.push_back(0);
    const int parent = request_.past[static_cast<size_t>(models[i])].parent;
    if (parent < 0 || entries_.failures().count(parent) == 0) continue;
    trains_.back() = false;
    entries_.Failed(models[i], "the model with whose state it begins has failed");
  }
  return std::vector<uint64_t>(models.size(), 0);
}

// Out of the tables that rounds do not touch.
void SegmentDriver::Resume(const std::vector<int>& models) {
  const std::string to = TableInUse();
  std::vector<int> raw, stored;
  std::vector<int32_t> keys;
  for (const int m : models) {
    const bool was_stored = table_of_[static_cast<size_t>(m)] == kStored;
    (was_stored ? stored : raw).push_back(m);
    if (was_stored) keys.push_back(FirstKey(m));
  }
  MoveModels(&*tables_, kRetired, to, raw);
  EnterAgain(&*tables_, to, stored, keys);
  for (const int m : models) {
    table_of_[static_cast<size_t>(m)] = to;
    trains_[static_cast<size_t>(m)] = true;
  }
  for (size_t i = 0; i < stored.size(); i++) key_of_[static_cast<size_t>(stored[i])] = keys[i];
}

// What the segments' processes keep of a living run, of which no round was said to be the last.
void SegmentDriver::Release() {
  RoundRequest request = round_request_;
  request.last = true;
  request.next_key.assign(request_.programs.size(), 0);
  request.first_partition.assign(request_.programs.size(), 0);
  request.visits.assign(request_.programs.size(), 0);
  const std::string to = EmptyTable();
  pg::Execute(tables_->RoundSql({{kStateTables[0], {-1}}}, to, true, request_.spec.training), {pg::Bytea{WriteRoundRequest(request)}});
}

}  // namespace segments
