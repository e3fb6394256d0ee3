// Models that a process keeps: weights, and what computes with them.
//
// A kernel is all that does not follow from a model's weights: descriptions of rows and outputs, a compiled network.
// The models of a run over groups have one kernel a configuration, so that a further group costs its weights. Kept up to
// cerebro.model_cache_mem; the model that was used longest ago goes first. Call sites that use one share it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/model.hpp"
#include "engine/core/predictor.hpp"
#include "pg/names.hpp"
#include "score/outputs.hpp"
#include "score/predictions.hpp"
#include "score/row_packer.hpp"
#include "store/model_spec.hpp"
#include "store/result_tables.hpp"

namespace score {

/// What predicts rows of one row type. Used by one call site at a time.
struct ScorerParts {
  ScorerParts(const store::ModelTable& table, const engine::Options& options, const std::vector<pg::Column>& columns,
              std::string types);
  /// What it holds on to between statements, its copies of descriptions aside.
  size_t bytes() const;
  /// Gives back what batches of rows took.
  void Shrink();

  const std::string row_types;
  RowPacker packer;
  std::unique_ptr<engine::Predictor> predictor;
  std::vector<std::vector<float>> values;  // an output
  std::vector<int64_t> elements;           // of a row, an output
  RowValues row;
};

class ModelKernel {
 public:
  /// table: of one model, whose weights are not read. Errors: kDataCorrupted for classes that are no text here.
  explicit ModelKernel(store::ModelTable table);

  const store::ModelTable& table() const { return table_; }
  const store::StoredModel& stored() const { return table_.models.front(); }
  const engine::Options& options() const { return options_; }
  const std::vector<RowField>& fields() const { return packer_.fields(); }
  const std::vector<OutputInfo>& outputs() const { return outputs_; }
  /// With the parts that are not in use.
  size_t bytes() const;

  std::unique_ptr<ScorerParts> Take(const std::vector<pg::Column>& columns);
  /// Called by destructors: parts for which there is no memory go.
  void GiveBack(std::unique_ptr<ScorerParts> parts) noexcept;

  /// Weights of the model as the kernel's predictors read them. raw: float32 in Keras's order. Errors: kDataCorrupted
  /// for a wrong length, which names what.
  store::Block BlockOf(const std::string& raw, const std::string& what);

 private:
  const store::ModelTable table_;
  const engine::Options options_;
  const RowPacker packer_;  // its fields alone
  std::vector<OutputInfo> outputs_;
  size_t description_bytes_ = 0;
  std::unique_ptr<engine::Model> layout_;  // of the state, for BlockOf; made when it is needed
  std::list<std::unique_ptr<ScorerParts>> idle_;  // used last at the end; of the table, which stands above
};

/// A model that this process has loaded: shared by call sites, which may outlive its being kept.
class KeptModel {
 public:
  /// shares: the kernel is other models', too.
  KeptModel(std::shared_ptr<ModelKernel> kernel, store::Block block, bool shares);

  ModelKernel& kernel() const { return *kernel_; }
  const std::shared_ptr<ModelKernel>& shared_kernel() const { return kernel_; }
  const void* weights() const { return block_.data(); }
  size_t bytes() const;

 private:
  const std::shared_ptr<ModelKernel> kernel_;
  const store::Block block_;
  const bool shares_;
};

/// Reads a model of a table. Errors: kOutOfMemory; those of LoadWeightBlock and ModelKernel.
std::shared_ptr<KeptModel> LoadModel(store::ModelTable table);

/// The model that is kept under this key; nullptr: none.
std::shared_ptr<KeptModel> FindKept(const std::string& key);
/// Keeps it in the place of one of this key. A model larger than all that may be kept is not, and others stay.
void Keep(const std::string& key, const std::shared_ptr<KeptModel>& model);
/// Either of both.
std::shared_ptr<KeptModel> FindOrLoad(const std::string& key, const std::function<std::shared_ptr<KeptModel>()>& load);

}  // namespace score
