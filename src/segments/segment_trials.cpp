// The models of a living run: how they join it, rest, and go on.
//
// A model that joins lies as an entry in a table of its own, which no round writes, until its first round makes a state of
// it (enters_). Whatever else is to be done with such a model needs its state: a round without visits makes it (MakeRaw).
// A clone's entry is followed by its parent's raw state, copied from where it lies. Of models that rest since an earlier part
// of the run only the stored state is there; they join again.
#include <algorithm>
#include <map>
#include <vector>

#include "pg/sql.hpp"
#include "plan/rounds.hpp"
#include "segments/segment_run.hpp"
#include "train/prepare_model.hpp"

namespace segments {

// Into a table that no round writes. Each model is there once.
void SegmentDriver::Join(const std::vector<int>& models) {
  if (models.empty()) return;
  const bool empty = std::none_of(table_of_.begin(), table_of_.end(), [](const std::string& table) { return table == kEntering; });
  if (!tables_->Need(kEntering) && empty) tables_->Empty(kEntering);
  std::vector<ModelKey> entering;
  for (const int m : models) {
    table_of_[static_cast<size_t>(m)] = kEntering;
    enters_[static_cast<size_t>(m)] = true;
    entering.push_back({key_of_[static_cast<size_t>(m)], m});
  }
  PutEntering(fit_, entering, *tables_, kEntering);
}

// Of those that are entries still: a round without visits makes their states.
void SegmentDriver::MakeRaw(const std::vector<int>& models) {
  std::map<int, plan::RoundLeg> legs;
  plan::RoundSpan span;
  span.partitions = request_.spec.plan.partitions;
  span.partitions_each = training_.partitions_each;
  span.visited = request_.spec.plan.visits();
  for (const int m : models) {
    const auto number = static_cast<size_t>(m);
    if (!enters_[number]) continue;
    plan::RoundLeg leg;
    leg.unit = m;
    leg.partition = span.PartitionOf(sequences_[number], 0);
    leg.visits = 0;
    legs[m] = leg;
  }
  if (legs.empty()) return;
  struct NoVisits : train::VisitSink {
    void Visit(const train::VisitRecord&) override {}
    void IterationDone(int64_t) override {}
    void Progress(int64_t) override {}
  } none;
  visits_.resize(request_.programs.size(), 0);
  Round(span, legs, false, &none);
}

// A clone begins with its parent's state as it is now: that of one which rests since an earlier part is read again for it.
std::vector<uint64_t> SegmentDriver::Add(const std::vector<int>& models) {
  const auto first = static_cast<size_t>(models.front());
  const std::vector<int32_t> keys = DescribeAdded(fit_, first, &*tables_, training_.keys, ProcessKeys());
  for (size_t m = first; m < request_.programs.size(); m++) {
    sequences_.push_back(train::FirstSequence(fit_, fit_.models[m]));
    visits_.push_back(0);
    iterations_done_.push_back(request_.past[m].iterations);
    has_best_.push_back(false);
    best_key_.push_back(0);
    trains_.push_back(false);
    enters_.push_back(true);
    table_of_.emplace_back();
    key_of_.push_back(keys[m - first]);
    round_request_.fusion_group.push_back(-1);
  }
  std::vector<int> parents, woken;
  std::vector<Clone> clones;
  for (const int m : models) {
    const int parent = fit_.models[static_cast<size_t>(m)].parent;
    if (parent < 0) continue;
    clones.push_back({key_of_[static_cast<size_t>(m)], m, parent});
    if (std::find(parents.begin(), parents.end(), parent) != parents.end()) continue;
    parents.push_back(parent);
    if (table_of_[static_cast<size_t>(parent)] == kStored) woken.push_back(parent);
  }
  Wake(woken);
  MakeRaw(parents);
  MoveToRest(woken);
  Join(models);
  if (!clones.empty()) tables_->PutClones(kEntering, LocationsOf(parents), clones);
  for (const int m : models) trains_[static_cast<size_t>(m)] = true;
  return std::vector<uint64_t>(models.size(), 0);
}

// Stored states become entries of this run.
void SegmentDriver::Wake(const std::vector<int>& models) {
  for (const int m : models) {
    const auto number = static_cast<size_t>(m);
    const int partition = sequences_[number].PartitionAt(request_.spec.plan.partitions, 0, 0);
    key_of_[number] = training_.keys[static_cast<size_t>(partition)];
  }
  Join(models);
}

void SegmentDriver::Resume(const std::vector<int>& models) {
  std::vector<int> stored;
  for (const int m : models) {
    trains_[static_cast<size_t>(m)] = true;
    if (table_of_[static_cast<size_t>(m)] == kStored) stored.push_back(m);
  }
  Wake(stored);
}

// The end of a living run comes without notice: processes give back what they keep by rounds of no model, of the same shapes
// as those before, which come to the same processes.
void SegmentDriver::EndProcesses() {
  constexpr int kNoModel = -1;
  RoundRequest request = round_request_;
  request.last = true;
  tables_->Need(kEntering);
  pg::Execute(tables_->RoundSql({{kStateTables[0], {kNoModel}}}, kEntering, request_.spec.training), {pg::Bytea{WriteRoundRequest(request)}});
  if (tables_->Need(kScored)) return;  // nothing was scored
  request.kind = RoundKind::kScore;
  SumsOnSegments(*tables_, kScored, request_.spec.training, request);
}

}  // namespace segments
