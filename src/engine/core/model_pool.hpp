// The programs of one process over one packed table, and models of them that are lent for a visit: as many as work at
// the same time, however many configurations a run has.
//
// Used by one thread. A lent model goes back before the pool goes.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/core/model.hpp"
#include "engine/core/program.hpp"

namespace engine {

class ModelPool;

/// A model on loan: given back on destruction. Detach it before where a failure of that must be known.
class LentModel {
 public:
  LentModel(ModelPool* pool, std::unique_ptr<Model> model) : pool_(pool), model_(std::move(model)) {}
  ~LentModel();
  LentModel(LentModel&&) noexcept = default;
  LentModel& operator=(LentModel&&) = delete;
  Model* get() const { return model_.get(); }
  Model* operator->() const { return model_.get(); }

 private:
  ModelPool* pool_;
  std::unique_ptr<Model> model_;
};

class ModelPool {
 public:
  ModelPool(base::DataSpec data, const Options& options);
  ~ModelPool();
  ModelPool(const ModelPool&) = delete;
  ModelPool& operator=(const ModelPool&) = delete;

  /// The program of this graph, the very object, and a configuration's key: compiled at the first call. Errors: as
  /// Program's constructor.
  std::shared_ptr<const Program> ProgramOf(const std::shared_ptr<const base::Graph>& graph, const base::TrainConfig& config);
  /// A model of one of this pool's programs with this configuration. Errors: as Model's constructor.
  LentModel Lend(const std::shared_ptr<const Program>& program, const base::TrainConfig& config);

 private:
  friend class LentModel;
  const base::DataSpec data_;
  const Options options_;
  std::map<std::pair<std::shared_ptr<const base::Graph>, std::string>, std::shared_ptr<const Program>> programs_;
  std::map<const Program*, std::vector<std::unique_ptr<Model>>> idle_;
};

}  // namespace engine
