#include "plan/frozen_reasons.hpp"

#include <cstdint>

#include "base/plain_number.hpp"

namespace plan {
namespace {

constexpr int kDigits = 3;
constexpr const char* kNobody = "nobody would read it";

std::string Seconds(double seconds) { return base::PlainNumber(seconds, kDigits) + " s"; }

std::string Size(double bytes) {
  constexpr double kKilobyte = 1024, kMegabyte = 1024 * 1024;
  const auto whole = [](double value) { return std::to_string(static_cast<int64_t>(value + 0.5)); };
  if (bytes < 10 * kKilobyte) return whole(bytes) + " B";
  if (bytes < 10 * kMegabyte) return whole(bytes / kKilobyte) + " kB";
  return whole(bytes / kMegabyte) + " MB";
}

std::string Models(int n) { return std::to_string(n) + (n == 1 ? " model" : " models"); }

}  // namespace

const char* FeatureUseName(FeatureUse use) {
  switch (use) {
    case FeatureUse::kStore:
      return "store";
    case FeatureUse::kShare:
      return "share";
    case FeatureUse::kRecompute:
      break;
  }
  return "recompute";
}

void FrozenReasons::Explain(size_t point, FrozenChoice* explained) {
  explained->use = UseOf(choice_, point);
  explained->bytes = explained->use == FeatureUse::kShare ? problem_.KeptBytes(point) : problem_.StoredBytes(point);
  if (explained->use == FeatureUse::kRecompute) {
    explained->reason = WhyNot(point);
    return;
  }
  const PointUses without = With(choice_, point, FeatureUse::kRecompute);
  explained->saved_seconds = problem_.Evaluate(without.stored, without.shared).seconds - outcome_.seconds;
  explained->reason = Why(point, *explained);
}

std::string FrozenReasons::Why(size_t point, const FrozenChoice& explained) const {
  const std::string readers = "for " + Models(explained.candidates);
  if (explained.use == FeatureUse::kShare) return "computed once a visit " + readers;
  return (problem_.node(point).stored ? "there already, read " : "computed once, then read ") + readers;
}

std::string FrozenReasons::WhyNot(size_t point) {
  if (!rates_.store && !rates_.share)
    return "cerebro.enable_feature_materialization and cerebro.enable_feature_sharing are off";
  std::string reason;
  if (problem_.MayStore(point)) {
    reason = Declined(point, FeatureUse::kStore);
  } else if (rates_.store && problem_.node(point).can_store) {
    reason = rates_.no_making;
  }
  if (problem_.MayShare(point)) {
    const std::string other = Declined(point, FeatureUse::kShare);
    if (reason.empty() || (reason != other && other.rfind(kNobody, 0) != 0))
      reason += (reason.empty() ? "" : "; ") + other;
  }
  if (!reason.empty()) return reason;
  return rates_.store ? "its weights are not given, so nobody else has its features"
                      : "cerebro.enable_feature_materialization is off";
}

std::string FrozenReasons::Declined(size_t point, FeatureUse use) {
  const PointUses with = With(choice_, point, use);
  const FrozenProblem::Outcome outcome = problem_.Evaluate(with.stored, with.shared);
  const PointMask bit = PointMask{1} << point;
  if (((outcome.stored | outcome.shared) & bit) == 0) {
    if (choice_.stored == 0 && choice_.shared == 0) return "computing it again takes less than reading it";
    return std::string(kNobody) + " beside the other columns";
  }
  if (outcome.over_disk > 0)
    return Size(problem_.StoredBytes(point)) + " to store, more than cerebro.materialize_disk leaves";
  if (outcome.over_memory > 0) return "a buffer of it takes more memory than cerebro.materialize_mem leaves";
  const char* what = use == FeatureUse::kStore ? "storing it" : "sharing it";
  const double more = outcome.seconds - outcome_.seconds;
  if (more <= 0) return std::string(what) + " would save too little";
  return std::string(what) + " would take " + Seconds(more) + " more";
}

std::string DecisionReason(const FrozenDecision& decision, const FrozenProblem& problem, const FrozenRates& rates) {
  if (decision.applied()) {
    return "frozen layers take " + Seconds(decision.seconds_planned) + " instead of " + Seconds(decision.seconds_plain);
  }
  if (!(decision.seconds_plain > 0)) return "no model has frozen layers that compute anything";
  if (!rates.store && !rates.share)
    return "cerebro.enable_feature_materialization and cerebro.enable_feature_sharing are off";
  if (problem.points().empty()) return "no frozen layer gives values that could be read instead";
  return "computing frozen layers again, " + Seconds(decision.seconds_plain) +
         ", costs no more than what could be done instead" +
         (rates.store && !rates.no_making.empty() ? "; " + rates.no_making : "");
}

}  // namespace plan
