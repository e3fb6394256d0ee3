// Rounds: how models go round segments that own one partition each and share nothing (Greenplum), with a barrier after every round.
//
// A unit is whatever hops together: a bundle, or one model of it. Its partition sequence is its bundle's (Plan::PartitionAt) and never
// changes; when each visit is made is free, and no result depends on it. Two ways to lay an iteration out:
//
//   all advance  every unit makes one visit in every round: as many rounds as partitions, each as long as the fullest segment.
//   capped       a segment takes units up to the mean load, those with most visits left first; the others rest where they are, and a few
//                rounds more follow. Better when loads are uneven: 35 equal models on 8 segments are 8 rounds of 5 or 9 rounds of 4; and
//                after models have stopped.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/schedule.hpp"

namespace plan {

struct RoundUnit {
  int bundle = 0;
  int64_t iteration = 0;  // counted from its models' first training
  double cost = 0;        // seconds of one visit of its models that still train
};

struct RoundVisit {
  int unit = 0;  // index into the units
  int visit = 0;
  int partition = 0;
};

/// Whether an iteration is laid out with resting units, and how long it is then.
struct RoundChoice {
  bool capped = false;
  double cap = 0;  // most cost that a segment takes in a round, but for a single longer unit
  int rounds = 0;
  double seconds = 0;  // of the whole iteration
};

/// The shorter way of the two; resting only where it saves more than a twentieth, since a round has a price of its own.
RoundChoice ChooseRounds(const Plan& plan, const std::vector<RoundUnit>& units);

/// Lays one iteration out, round by round. A pure function of its arguments.
class Rounds {
 public:
  Rounds(const Plan& plan, std::vector<RoundUnit> units, const RoundChoice& choice);

  /// The visits of the next round, by partition, then in the order in which they were chosen. False when every unit has been everywhere.
  bool Next(std::vector<RoundVisit>* visits);
  /// How long the last round was: the fullest segment's cost.
  double seconds() const { return seconds_; }

 private:
  const Plan& plan_;
  const std::vector<RoundUnit> units_;
  const RoundChoice choice_;
  std::vector<int> visit_;            // of the next visit, a unit
  std::vector<std::vector<int>> at_;  // units that wait for a partition
  double seconds_ = 0;
};

}  // namespace plan
