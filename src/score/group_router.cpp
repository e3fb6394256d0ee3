#include "score/group_router.hpp"

#include <list>
#include <utility>

#include "data/group_constants.hpp"
#include "pg/settings.hpp"
#include "store/key_texts.hpp"
#include "train/memory.hpp"

namespace score {
namespace {

constexpr size_t kMostFound = 65536;  // groups whose models a router knows
constexpr size_t kMostRouters = 4;    // that a process keeps

struct KeptRouter {
  std::string identity;
  std::shared_ptr<GroupRouter> router;
};

std::list<KeptRouter>& Routers() {  // used last first; lives as long as the process
  static auto* routers = new std::list<KeptRouter>();
  return *routers;
}

}  // namespace

GroupRouter::GroupRouter(std::unique_ptr<store::GroupModels> models)
    : models_(std::move(models)), any_(models_->Bare(models_->run().models.begin()->first)), packer_(any_) {}

std::optional<store::ChosenModel> GroupRouter::Find(const std::vector<pg::Cell>& keys) {
  const std::string joined = store::JoinKeys(keys);
  const auto known = found_.find(joined);
  if (known != found_.end()) return known->second;
  if (found_.size() >= kMostFound) found_.clear();
  return found_[joined] = models_->Find(keys);
}

std::shared_ptr<KeptModel> GroupRouter::Load(const store::ChosenModel& chosen) {
  store::GroupWeights own = models_->Read(chosen);
  const std::string what = "group " + std::to_string(chosen.group_id) + " of " + models_->run().name.Text();
  std::shared_ptr<ModelKernel> kernel;
  if (own.constants) {
    store::ModelTable table = models_->Bare(chosen.mst_key);
    data::ApplyConstants(*own.constants, &table.data);
    kernel = std::make_shared<ModelKernel>(std::move(table));
  } else {
    std::shared_ptr<ModelKernel>& shared = kernels_[chosen.mst_key];
    if (shared == nullptr) {
      shared = std::make_shared<ModelKernel>(models_->Bare(chosen.mst_key));
      train::RequireMemory("the prediction",
                           train::MemoryOfPrediction(*shared->stored().graph, shared->stored().config,
                                                     shared->options().precision,
                                                     static_cast<double>(kMostBatchBytes)),
                           train::kPredictionMemoryHint);
    }
    kernel = shared;
  }
  store::Block block = kernel->BlockOf(own.weights, what);
  return std::make_shared<KeptModel>(std::move(kernel), std::move(block), !own.constants);
}

std::shared_ptr<KeptModel> GroupRouter::ModelOf(const std::vector<pg::Cell>& keys) {
  const std::optional<store::ChosenModel> chosen = Find(keys);
  if (chosen) {
    const std::string key = models_->identity() + " group " + std::to_string(chosen->group_id);
    return FindOrLoad(key, [&] { return Load(*chosen); });
  }
  const std::string key = models_->GlobalIdentity();
  if (key.empty()) return nullptr;
  return FindOrLoad(key, [&] { return LoadModel(*models_->Global()); });
}

std::shared_ptr<GroupRouter> RouterOf(const std::string& identity,
                                      const std::function<std::unique_ptr<store::GroupModels>()>& open) {
  std::list<KeptRouter>& routers = Routers();
  for (auto it = routers.begin(); it != routers.end(); ++it) {
    if (it->identity != identity) continue;
    routers.splice(routers.begin(), routers, it);
    return it->router;
  }
  auto router = std::make_shared<GroupRouter>(open());
  routers.push_front({identity, router});
  if (routers.size() > kMostRouters) routers.pop_back();
  return router;
}

}  // namespace score
