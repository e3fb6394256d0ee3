// The scheduler's block is a Head and one Entry a bundle, side by side: no pointers, no virtual functions, so any process may map it
// anywhere. Mutable state is under the caller's lock. Invariants: an entry is held by at most one taker; visits of a bundle are done in
// order, 0 .. V-1 of iteration 0, then of iteration 1, ... (V = Plan::visits); visits_done is the sum over entries of
// iteration * V + visit.
#include "plan/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <queue>
#include <set>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/value.hpp"

namespace plan {
namespace {

using base::ErrorCode;

constexpr int kFormatVersion = 2;
constexpr int kShiftingVersion = 1;  // of version 0.1: an offset a bundle, and one stride for all
constexpr int64_t kMaxPartitions = 1000000;
constexpr int64_t kMaxModels = 100000000;

[[noreturn]] void Corrupted(const std::string& detail) {
  throw base::Error(ErrorCode::kDataCorrupted, "the stored plan of a run cannot be read", detail,
                    "The summary table of the run was changed; train again without warm_start.");
}

int64_t Integer(const base::Value& dict, const char* key, int64_t low, int64_t high) {
  const base::Value* value = dict.Find(key);
  if (value == nullptr || !value->is_int() || value->integer() < low || value->integer() > high) {
    Corrupted(std::string("The value of \"") + key + "\" is missing or out of range.");
  }
  return value->integer();
}

const base::List& Items(const base::Value& dict, const char* key) {
  const base::Value* value = dict.Find(key);
  if (value == nullptr || !value->is_list()) Corrupted(std::string("The list \"") + key + "\" is missing.");
  return value->list();
}

// shift: of a plan that has one for all bundles.
Bundle ReadBundle(const base::Value& in, int partitions, int version, int shift, std::set<int>* seen) {
  Bundle bundle;
  if (version == kShiftingVersion) {
    bundle.sequence.start = static_cast<int>(Integer(in, "offset", 0, partitions - 1));
    bundle.sequence.shift = shift;
  } else {
    if (in.Find("count") != nullptr) {
      bundle.sequence.base = static_cast<int>(Integer(in, "base", 0, partitions - 1));
      bundle.sequence.count = static_cast<int>(Integer(in, "count", 1, partitions - 1));
    }
    bundle.sequence.start = static_cast<int>(Integer(in, "start", 0, bundle.sequence.Visits(partitions) - 1));
    if (in.Find("shift") != nullptr) bundle.sequence.shift = static_cast<int>(Integer(in, "shift", 0, partitions));
  }
  const base::Value* cost = in.Find("visit_cost");
  if (cost == nullptr || !cost->is_number() || !std::isfinite(cost->number()) || cost->number() < 0) Corrupted("A cost is no number.");
  bundle.visit_cost = cost->number();
  for (const base::Value& model : Items(in, "models")) {
    if (!model.is_int() || model.integer() < 0 || model.integer() > kMaxModels) Corrupted("A model's index is out of range.");
    const int index = static_cast<int>(model.integer());
    if (!bundle.models.empty() && index <= bundle.models.back()) Corrupted("The models of a bundle are not in ascending order.");
    if (!seen->insert(index).second) Corrupted("Model " + std::to_string(index) + " is in two bundles.");
    bundle.models.push_back(index);
  }
  if (bundle.models.empty()) Corrupted("A bundle has no model.");
  return bundle;
}

}  // namespace

int Sequence::PartitionAt(int partitions, int64_t iteration, int visit) const {
  const int visits = Visits(partitions);
  return static_cast<int>((base + (start + (first + iteration) % visits * shift + visit) % visits) % partitions);
}

namespace {

auto Fields(const Sequence& s) { return std::tie(s.start, s.shift, s.first, s.base, s.count); }

std::vector<int> Around(int partitions, int from, int count) {
  std::vector<int> list;
  for (int i = 0; i < count; ++i) list.push_back((from + i) % partitions);
  return list;
}

}  // namespace

std::vector<int> Sequence::Visited(int partitions) const { return Around(partitions, base, Visits(partitions)); }

std::vector<int> Sequence::LeftOut(int partitions) const {
  return Around(partitions, base + Visits(partitions), partitions - Visits(partitions));
}

bool operator==(const Sequence& a, const Sequence& b) { return Fields(a) == Fields(b); }

bool operator<(const Sequence& a, const Sequence& b) { return Fields(a) < Fields(b); }

Sequence SequenceOf(uint64_t stream, int partitions) {
  const auto count = static_cast<uint64_t>(partitions);
  const uint64_t number = stream - 1;
  Sequence sequence;
  sequence.start = static_cast<int>((number % count + number / count % count) % count);
  return sequence;
}

Sequence SequenceOfFold(uint64_t stream, int partitions, int folds, int fold) {
  const int each = partitions / folds;
  Sequence sequence = SequenceOf(stream, partitions - each);
  sequence.base = fold * each % partitions;
  sequence.count = partitions - each;
  return sequence;
}

std::vector<Sequence> Plan::Sequences(size_t models) const {
  std::vector<Sequence> sequences(models);
  for (const Bundle& bundle : bundles) {
    for (const int m : bundle.models) sequences.at(static_cast<size_t>(m)) = bundle.sequence;
  }
  return sequences;
}

double Plan::LowerBound(int workers) const {
  double longest = 0, total = 0;
  for (const Bundle& bundle : bundles) {
    longest = std::max(longest, bundle.visit_cost);
    total += bundle.visit_cost;
  }
  return visits() * std::max(longest, total / workers);
}

namespace {

// How many bundles the models of each class get: one at least, then another one where the most work a bundle is.
std::vector<size_t> Share(const std::vector<std::vector<int>>& classes, const std::vector<double>& costs, size_t bundles) {
  std::vector<size_t> shares(classes.size(), 1);
  std::priority_queue<std::tuple<double, double, int64_t>> most;  // work a bundle, models a bundle, class (the first one first)
  std::vector<double> work(classes.size(), 0.0);
  const auto push = [&](size_t c) {
    if (shares[c] >= classes[c].size()) return;
    const auto share = static_cast<double>(shares[c]);
    most.push({work[c] / share, static_cast<double>(classes[c].size()) / share, -static_cast<int64_t>(c)});
  };
  for (size_t c = 0; c < classes.size(); ++c) {
    for (const int m : classes[c]) work[c] += costs[static_cast<size_t>(m)];
    push(c);
  }
  for (size_t made = classes.size(); made < bundles && !most.empty(); ++made) {
    const auto c = static_cast<size_t>(-std::get<2>(most.top()));
    most.pop();
    ++shares[c];
    push(c);
  }
  return shares;
}

// Least loaded first, then fewest models (so that models without cost spread too), then lowest index.
void Pack(const std::vector<double>& costs, std::vector<int> models, size_t count, const Sequence& sequence, std::vector<Bundle>* bundles) {
  const auto cost_of = [&](int m) { return costs[static_cast<size_t>(m)]; };
  std::sort(models.begin(), models.end(), [&](int a, int b) { return cost_of(a) != cost_of(b) ? cost_of(a) > cost_of(b) : a < b; });
  std::vector<Bundle> packed(count);
  using Key = std::pair<std::pair<double, size_t>, size_t>;
  std::set<Key> loads;
  for (size_t b = 0; b < count; ++b) loads.insert({{0.0, 0}, b});
  for (const int m : models) {
    const Key key = *loads.begin();
    loads.erase(loads.begin());
    Bundle& bundle = packed[key.second];
    bundle.models.push_back(m);
    bundle.visit_cost += cost_of(m);
    loads.insert({{bundle.visit_cost, bundle.models.size()}, key.second});
  }
  for (Bundle& bundle : packed) {
    bundle.sequence = sequence;
    std::sort(bundle.models.begin(), bundle.models.end());
    bundles->push_back(std::move(bundle));
  }
}

}  // namespace

Plan MakePlan(const std::vector<double>& costs, const std::vector<Sequence>& sequences, int partitions, int bundles) {
  if (partitions < 1 || partitions > kMaxPartitions || bundles < 1) {
    throw base::Error(ErrorCode::kInvalidParameter,
                      "no plan has " + std::to_string(bundles) + " bundles over " + std::to_string(partitions) + " partitions");
  }
  if (sequences.size() != costs.size()) throw base::Error(ErrorCode::kInternal, "a plan needs a sequence for every model");
  for (const Sequence& sequence : sequences) {
    if (sequence.Visits(partitions) != sequences.front().Visits(partitions)) {
      throw base::Error(ErrorCode::kInternal, "models of a plan have different numbers of visits");
    }
  }
  for (double cost : costs) {
    if (!std::isfinite(cost) || cost < 0) throw base::Error(ErrorCode::kInternal, "the cost of a model is no finite number of at least 0");
  }
  std::map<Sequence, std::vector<int>> by_sequence;
  for (size_t m = 0; m < costs.size(); ++m) by_sequence[sequences[m]].push_back(static_cast<int>(m));
  std::vector<std::vector<int>> classes;
  for (auto& [sequence, models] : by_sequence) classes.push_back(std::move(models));
  const std::vector<size_t> shares = Share(classes, costs, static_cast<size_t>(bundles));
  Plan plan;
  plan.partitions = partitions;
  for (size_t c = 0; c < classes.size(); ++c) {
    Pack(costs, classes[c], shares[c], sequences[static_cast<size_t>(classes[c].front())], &plan.bundles);
  }
  std::sort(plan.bundles.begin(), plan.bundles.end(), [](const Bundle& a, const Bundle& b) { return a.models.front() < b.models.front(); });
  return plan;
}

std::string WritePlan(const Plan& plan) {
  base::List bundles;
  for (const Bundle& bundle : plan.bundles) {
    base::List models;
    for (int m : bundle.models) models.emplace_back(m);
    base::Dict out{{"models", std::move(models)}, {"start", bundle.sequence.start}};
    if (bundle.sequence.shift != 0) out.emplace_back("shift", bundle.sequence.shift);
    if (bundle.sequence.count != 0) {
      out.emplace_back("base", bundle.sequence.base);
      out.emplace_back("count", bundle.sequence.count);
    }
    out.emplace_back("visit_cost", bundle.visit_cost);
    bundles.emplace_back(std::move(out));
  }
  return base::FormatJson(base::Dict{{"version", kFormatVersion}, {"partitions", plan.partitions}, {"bundles", std::move(bundles)}});
}

Plan ReadPlan(std::string_view json) {
  base::Value root;
  try {
    root = base::ParseLiteral(json);
  } catch (const base::Error& error) {
    Corrupted(std::string("Reason: ") + error.what() + ".");
  }
  const auto version = static_cast<int>(Integer(root, "version", kShiftingVersion, kFormatVersion));
  Plan plan;
  plan.partitions = static_cast<int>(Integer(root, "partitions", 1, kMaxPartitions));
  int shift = 1;
  if (version == kShiftingVersion && root.Find("stride") != nullptr) shift = static_cast<int>(Integer(root, "stride", 1, plan.partitions));
  std::set<int> seen;
  for (const base::Value& bundle : Items(root, "bundles")) {
    plan.bundles.push_back(ReadBundle(bundle, plan.partitions, version, shift, &seen));
    if (plan.bundles.back().sequence.Visits(plan.partitions) != plan.visits()) Corrupted("Bundles have different numbers of visits.");
  }
  return plan;
}

struct Scheduler::Head {
  // immutable
  int32_t bundles;
  int32_t visits;  // of an iteration
  // mutable, under the caller's lock
  int64_t target;
  int64_t visits_done;
};

struct Scheduler::Entry {
  // immutable
  double visit_cost;
  // mutable, under the caller's lock
  double alive;
  int64_t iteration;  // of the next visit
  int32_t visit;
  int32_t held;
};

size_t Scheduler::BlockSize(int bundles) {
  static_assert(std::is_standard_layout<Head>::value && std::is_trivially_copyable<Head>::value, "lies in shared memory");
  static_assert(std::is_standard_layout<Entry>::value && std::is_trivially_copyable<Entry>::value, "lies in shared memory");
  static_assert(sizeof(Head) % alignof(Entry) == 0, "entries follow the head");
  return sizeof(Head) + static_cast<size_t>(bundles) * sizeof(Entry);
}

Scheduler::Scheduler(void* block)
    : head_(static_cast<Head*>(block)), entries_(reinterpret_cast<Entry*>(static_cast<char*>(block) + sizeof(Head))) {}

Scheduler::Scheduler(void* block, const Plan& plan, bool init) : Scheduler(block) {
  if (init) {
    Begin(plan);
  } else if (head_->bundles != static_cast<int32_t>(plan.bundles.size()) || head_->visits != plan.visits()) {
    throw base::Error(ErrorCode::kInternal, "the scheduler's block belongs to another plan");
  }
}

void Scheduler::Begin(const Plan& plan) {
  const auto bundles = static_cast<int32_t>(plan.bundles.size());
  *head_ = Head{bundles, plan.visits(), 0, 0};
  for (int32_t b = 0; b < bundles; ++b) entries_[b] = Entry{plan.bundles[static_cast<size_t>(b)].visit_cost, 1.0, 0, 0, 0};
}

void Scheduler::SetTarget(int64_t iterations) { head_->target = iterations; }

bool Scheduler::Take(Task* task) {
  int best = -1;
  double best_work = -1;
  for (int32_t b = 0; b < head_->bundles; ++b) {
    const Entry& entry = entries_[b];
    if (entry.held != 0 || entry.iteration >= head_->target) continue;
    const double visits = static_cast<double>(head_->target - entry.iteration) * head_->visits - entry.visit;
    const double work = visits * entry.visit_cost * entry.alive;
    if (work > best_work) {
      best = b;
      best_work = work;
    }
  }
  if (best < 0) return false;
  entries_[best].held = 1;
  *task = Task{best, entries_[best].iteration, entries_[best].visit};
  return true;
}

void Scheduler::Done(const Task& task, double alive) {
  if (task.bundle < 0 || task.bundle >= head_->bundles) throw base::Error(ErrorCode::kInternal, "a task of no bundle was handed back");
  Entry& entry = entries_[task.bundle];
  if (entry.held == 0 || entry.iteration != task.iteration || entry.visit != task.visit) {
    throw base::Error(ErrorCode::kInternal, "a task was handed back that its taker does not hold");
  }
  entry.held = 0;
  entry.alive = alive > 0 ? std::min(alive, 1.0) : 0;
  if (++entry.visit == head_->visits) {
    entry.visit = 0;
    ++entry.iteration;
  }
  ++head_->visits_done;
}

Scheduler::Entry* Scheduler::Resting(int bundle) {
  if (bundle < 0 || bundle >= head_->bundles || entries_[bundle].held != 0) {
    throw base::Error(ErrorCode::kInternal, "the scheduler has no bundle of that number that nobody holds");
  }
  return &entries_[bundle];
}

void Scheduler::SetAlive(int bundle, double alive) { Resting(bundle)->alive = alive > 0 ? std::min(alive, 1.0) : 0; }

void Scheduler::End(int bundle) { Resting(bundle)->iteration = std::numeric_limits<int64_t>::max(); }

void Scheduler::Begin(int bundle, int64_t iteration, int visit) {
  Entry* entry = Resting(bundle);
  if (iteration < 0 || visit < 0 || visit >= head_->visits) throw base::Error(ErrorCode::kInternal, "a bundle cannot begin at such a visit");
  entry->iteration = iteration;
  entry->visit = visit;
}

int64_t Scheduler::EndIteration() {
  int64_t begun = 0;
  for (int32_t b = 0; b < head_->bundles; ++b) {
    const Entry& entry = entries_[b];
    if (entry.iteration < head_->target) begun = std::max(begun, entry.iteration + (entry.visit > 0 || entry.held != 0 ? 1 : 0));
    else if (entry.iteration == head_->target) begun = head_->target;  // not one that has ended
  }
  head_->target = std::min(head_->target, begun);
  return head_->target;
}

void Scheduler::Hold() { head_->target = 0; }

bool Scheduler::AnyHeld() const {
  return std::any_of(entries_, entries_ + head_->bundles, [](const Entry& entry) { return entry.held != 0; });
}

int64_t Scheduler::IterationsDone() const {
  int64_t done = head_->target;
  for (int32_t b = 0; b < head_->bundles; ++b) done = std::min(done, entries_[b].iteration);
  return done;
}

bool Scheduler::AtTarget() const { return IterationsDone() == head_->target; }

int64_t Scheduler::VisitsDone() const { return head_->visits_done; }

}  // namespace plan
