// A run over groups as call sites of predictions see it: which model predicts for which keys.
//
// Read-only statements only. Used by one thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "pg/sql.hpp"
#include "score/kept_model.hpp"
#include "store/group_models.hpp"

namespace score {

class GroupRouter {
 public:
  explicit GroupRouter(std::unique_ptr<store::GroupModels> models);

  const std::vector<pg::Column>& keys() const { return models_->run().keys; }
  const std::vector<RowField>& fields() const { return packer_.fields(); }
  /// The model for rows with these keys, as texts of their types; nullptr: none predicts for them. Weights are read
  /// when they are not kept.
  std::shared_ptr<KeptModel> ModelOf(const std::vector<pg::Cell>& keys);

 private:
  std::optional<store::ChosenModel> Find(const std::vector<pg::Cell>& keys);
  std::shared_ptr<KeptModel> Load(const store::ChosenModel& chosen);

  const std::unique_ptr<store::GroupModels> models_;
  const store::ModelTable any_;  // for the fields, which all groups have
  const RowPacker packer_;
  std::unordered_map<std::string, std::optional<store::ChosenModel>> found_;  // by keys, some of those asked for
  std::map<int, std::shared_ptr<ModelKernel>> kernels_;  // by mst_key, of groups without constants
};

/// The router of models of this identity, which this process may have kept since an earlier statement, or a new one.
std::shared_ptr<GroupRouter> RouterOf(const std::string& identity,
                                      const std::function<std::unique_ptr<store::GroupModels>()>& open);

}  // namespace score
