// Waves: how models go round segments that own one partition each and share nothing (Greenplum), with a barrier after every wave.
//
// A unit is whatever hops together: a bundle, or one model of it. Its partition sequence is its bundle's (Plan::PartitionAt) and never
// changes; when each visit is made is free, and no result depends on it. Two ways to lay an iteration out:
//
//   all advance  every unit makes one visit in every wave: as many waves as partitions, each as long as the fullest segment.
//   capped       a segment takes units up to the mean load, those with most visits left first; the others rest where they are, and a few
//                waves more follow. Better when loads are uneven: 35 equal models on 8 segments are 8 waves of 5 or 9 waves of 4; and
//                after models have stopped.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/schedule.hpp"

namespace plan {

struct WaveUnit {
  int bundle = 0;
  int64_t iteration = 0;  // counted from its models' first training
  double cost = 0;        // seconds of one visit of its models that still train
};

struct WaveVisit {
  int unit = 0;  // index into the units
  int visit = 0;
  int partition = 0;
};

/// Whether an iteration is laid out with resting units, and how long it is then.
struct WaveChoice {
  bool capped = false;
  double cap = 0;  // most cost that a segment takes in a wave, but for a single longer unit
  int waves = 0;
  double seconds = 0;  // of the whole iteration
};

/// The shorter way of the two; resting only where it saves more than a twentieth, since a wave has a price of its own.
WaveChoice ChooseWaves(const Plan& plan, const std::vector<WaveUnit>& units);

/// Lays one iteration out, wave by wave. A pure function of its arguments.
class Waves {
 public:
  Waves(const Plan& plan, std::vector<WaveUnit> units, const WaveChoice& choice);

  /// The visits of the next wave, by partition, then in the order in which they were chosen. False when every unit has been everywhere.
  bool Next(std::vector<WaveVisit>* visits);
  /// How long the last wave was: the fullest segment's cost.
  double seconds() const { return seconds_; }

 private:
  const Plan& plan_;
  const std::vector<WaveUnit> units_;
  const WaveChoice choice_;
  std::vector<int> visit_;            // of the next visit, a unit
  std::vector<std::vector<int>> at_;  // units that wait for a partition
  double seconds_ = 0;
};

}  // namespace plan
