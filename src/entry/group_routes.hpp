// Which model predicts a row where the model is a run over groups: the one of the row's group. A call site keeps the models of the
// groups that it has met, up to cerebro.model_cache_mem. Includes postgres.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "entry/pack_row_reader.hpp"
#include "pg/guard.hpp"
#include "score/row_model.hpp"

namespace entry {

class GroupRoutes {
 public:
  /// The model of the row's group; nullptr: no model predicts for it. run: a model that routes. The result is valid until the next
  /// call. Errors: kUndefinedColumn where the row lacks a key column; the server's where a value cannot be read as a key, with the
  /// column's name.
  const score::OpenModel* Of(const score::OpenModel& run, TupleDesc desc, HeapTuple row);

  /// What predicts with a model of Of, for rows as the reader has them.
  score::RowScorer* ScorerOf(const score::OpenModel& open, const RowReader& reader);

 private:
  struct Routed {
    std::string keys;
    std::optional<score::OpenModel> open;  // nullopt: no model predicts for the group
    size_t bytes = 0;
  };
  /// What predicts with the models of one kernel.
  struct KernelScorer {
    int64_t row_types = 0;
    std::unique_ptr<score::RowScorer> scorer;
  };

  std::list<Routed> models_;  // used last first
  std::unordered_map<std::string, std::list<Routed>::iterator> by_keys_;
  size_t bytes_ = 0;
  std::unordered_map<const void*, KernelScorer> scorers_;  // by kernel
};

}  // namespace entry
