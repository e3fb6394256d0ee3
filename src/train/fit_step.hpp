// One execution of the fit_step aggregate: one pass over the packed rows that it is given.
//
// Two ways in. By hand the state of one model comes as bytes, is copied into a block of its own and goes out as bytes again. Inside a run
// it is a visit_id, which names the visit of a bundle: the driver has attached its models to their memory, and nothing is copied.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/tensor.hpp"
#include "data/buffer_cache.hpp"
#include "train/bundle_visit.hpp"
#include "train/visit_context.hpp"

namespace train {

class FitStep {
 public:
  /// A state's bytes. Errors: kDataCorrupted for bytes that are no state.
  explicit FitStep(std::string_view state);
  /// The visit_id of the visit in progress. Errors: kInvalidParameter for any other number, or outside a run.
  explicit FitStep(int visit_id);
  ~FitStep();

  /// True, and trained, when the run keeps this buffer in memory: its columns need not be fetched.
  bool FeedKept(int partition_id, int buffer_id);

  /// Whether a data column of the run's buffers may be missing (without data, NULL), because no model reads it.
  bool MayLack(size_t column) const;

  /// Trains on one packed buffer, and keeps it where the run has room for it. columns: its data columns in the packed table's order
  /// (independent, dependent, then the sample weight where the table has one). Errors: kInvalidParameter when the columns do not fit the
  /// state's data.
  void Feed(int partition_id, int buffer_id, std::vector<base::Bytes> columns);

  /// Ends the pass: the new state's bytes; empty inside a run.
  std::string Finish();

 private:
  struct Own;

  std::unique_ptr<Own> own_;  // by hand only
  BundleVisit* visit_;          // own_'s or the driver's
  const ActiveVisit* run_ = nullptr;  // the driver's; nullptr by hand
  std::vector<std::vector<float>> decoded_;  // of the last buffer: features that are stored as others than float32
};

/// The state of a model that has not been trained: what cerebro.init_state returns.
std::string InitialState(std::string_view model_arch_table, int model_id, const std::string& compile_params, const std::string& fit_params,
                         std::string_view source_table, uint64_t seed, uint64_t stream);

/// The tensors of a state, a row a tensor: position, name, shape, is_slot, trainable, data as texts of SQL values.
std::vector<std::vector<std::optional<std::string>>> StateTensors(std::string_view state);

}  // namespace train
