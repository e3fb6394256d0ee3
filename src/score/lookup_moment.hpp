// When and for whom a model was looked up by its name: a call site keeps what it has found as long as the name means that.
#pragma once

#include <cstdint>
#include <utility>

namespace score {

class LookupMoment {
 public:
  LookupMoment() = default;
  /// To be taken before the lookup, so that a change that comes in between is seen again.
  static LookupMoment Now();

  /// Whether a registered model is still what it was, to this role: no change of the registry was announced.
  bool HoldsForRegistry() const;
  /// Likewise of a model in a run's tables: it is still the same command, which sees the same rows.
  bool HoldsForTables() const;

 private:
  uint32_t role_ = 0;
  uint64_t changes_ = 0;
  std::pair<int64_t, uint32_t> command_;
};

}  // namespace score
