#include "engine/core/model_pool.hpp"

namespace engine {

LentModel::~LentModel() {
  if (model_ == nullptr) return;
  try {
    model_->Detach();
    pool_->idle_[&model_->program()].push_back(std::move(model_));
  } catch (...) {
    // a model that cannot let go of its state (a device's error) is not lent again; whoever needs to know detaches it
    // himself
  }
}

ModelPool::ModelPool(base::DataSpec data, const Options& options) : data_(std::move(data)), options_(options) {}

ModelPool::~ModelPool() = default;

std::shared_ptr<const Program> ModelPool::ProgramOf(const std::shared_ptr<const base::Graph>& graph, const base::TrainConfig& config) {
  std::shared_ptr<const Program>& program = programs_[{graph, ProgramKey(config)}];
  if (program == nullptr) program = std::make_shared<const Program>(graph, config, data_, options_);
  return program;
}

LentModel ModelPool::Lend(const std::shared_ptr<const Program>& program, const base::TrainConfig& config) {
  std::vector<std::unique_ptr<Model>>& idle = idle_[program.get()];
  if (idle.empty()) return LentModel(this, std::make_unique<Model>(program, config));
  idle.back()->Configure(config);
  std::unique_ptr<Model> model = std::move(idle.back());
  idle.pop_back();
  return LentModel(this, std::move(model));
}

}  // namespace engine
