// Rounds: how models go round segments that own partitions and share nothing (Greenplum), with a barrier after every round.
//
// A unit is whatever hops together: one model, or models of one sequence. The partitions that it visits are given by its sequence and never
// change; when each visit is made is free, and no result depends on it. In a round a unit makes a leg: all its next visits on the segment where
// it waits, as long as their partitions follow each other. Three ways to lay out the iterations up to the next ones where metrics are due:
//
//   all advance  every unit makes a leg in every round: each round is as long as the fullest segment.
//   late starts  some units rest at first, so that they go round behind others; then all advance. Better for models of many different costs.
//   capped       a segment takes units up to about the mean load in every round; the others rest where they are. Better for models of few different
//                costs, and for a number of models that the segments do not divide.
//
// Both kinds of rests take a few rounds more at the end, once for all the iterations.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/schedule.hpp"

namespace plan {

/// The visits that are laid out.
struct RoundSpan {
  int partitions = 1;
  int partitions_each = 1;  // of a segment: partitions lie on segments in blocks of this length
  int64_t iteration = 0;    // of the run, the first one
  int64_t iterations = 1;
  int visited = 0;  // partitions that a unit visits in an iteration; 0: all of them

  int segments() const { return partitions / partitions_each; }
  int visits_each() const { return visited > 0 ? visited : partitions; }  // of a unit, in an iteration
  int64_t visits() const { return iterations * visits_each(); }           // of a unit
  int64_t IterationOf(int64_t visit) const { return iteration + visit / visits_each(); }  // visit: counted within the span
  int VisitOf(int64_t visit) const { return static_cast<int>(visit % visits_each()); }    // likewise, within its iteration
  /// Of a visit counted within the span; that behind its last one is the first of the next iteration.
  int PartitionOf(const Sequence& sequence, int64_t visit) const {
    return sequence.PartitionAt(partitions, IterationOf(visit), VisitOf(visit));
  }
};

struct RoundUnit {
  Sequence sequence;
  double cost = 0;   // seconds of one visit of its models that still train
  int64_t done = 0;  // visits of the span that it has made before
};

struct RoundLeg {
  int unit = 0;       // index into the units
  int64_t visit = 0;  // the first one, within the span
  int partition = 0;  // of that visit
  int visits = 1;
};

/// Whom a segment takes first where units rest. One or the other is better by the costs, so both are tried.
enum class RoundOrder : int { kFewestVisits, kCostliest };

/// How units rest, and how long the span is then.
struct RoundChoice {
  std::vector<int> late;  // a unit: rounds that it rests at first; empty: none
  bool capped = false;
  RoundOrder order = RoundOrder::kFewestVisits;
  double cap = 0;      // most cost that a segment takes in a round, but for a single longer unit
  double rounds = 0;   // of an iteration, as tried
  double seconds = 0;  // likewise
};

/// The shortest way of those tried; resting only where it saves more than a twentieth, since a round has a price of its own. Long spans are tried
/// over their first iterations.
RoundChoice ChooseRounds(const RoundSpan& span, const std::vector<RoundUnit>& units);

/// Lays a span out, round by round. A pure function of its arguments.
class Rounds {
 public:
  Rounds(const RoundSpan& span, std::vector<RoundUnit> units, const RoundChoice& choice);

  /// The legs of the next round, by segment, then in the order in which they were chosen. False when every unit has made all its visits.
  bool Next(std::vector<RoundLeg>* legs);
  /// Whether it was the last one.
  bool done() const { return left_ == 0; }
  /// How long the last round was: the fullest segment's cost.
  double seconds() const { return seconds_; }

 private:
  RoundLeg LegOf(int unit) const;
  bool Before(const RoundLeg& a, const RoundLeg& b) const;
  void Wait(int unit);

  const RoundSpan span_;
  std::vector<RoundUnit> units_;  // `done` goes on
  const RoundChoice choice_;
  std::vector<std::vector<RoundLeg>> at_;  // a segment: the next legs of the units that wait there
  int round_ = 0;
  int64_t left_ = 0;                       // units that have not made all their visits
  double seconds_ = 0;
};

}  // namespace plan
