#include "train/bundle_visit.hpp"

#include <algorithm>
#include <utility>

#include "data/buffer_cache.hpp"
#include "data/buffer_view.hpp"
#include "engine/core/devices.hpp"

namespace train {

BundleVisit::BundleVisit(std::vector<engine::Model*> models, const base::DataSpec* data, const std::vector<FusionMembers>& fusion_groups,
                       const std::shared_ptr<engine::Workspace>& workspace, engine::OnError on_error)
    : models_(std::move(models)), data_(data), results_(models_.size()), devices_(models_.size(), -1) {
  std::vector<bool> placed(models_.size());
  for (const FusionMembers& fusion_group : fusion_groups) {
    if (fusion_group.members.empty()) continue;
    std::vector<engine::Model*> together;
    for (const int m : fusion_group.members) {
      placed[static_cast<size_t>(m)] = true;
      together.push_back(models_[static_cast<size_t>(m)]);
    }
    fusion_groups_.push_back(
        {fusion_group.members, std::make_unique<engine::ModelGroup>(std::move(together), fusion_group.batches_per_switch, workspace, on_error)});
  }
  for (size_t m = 0; m < models_.size(); m++) {
    if (placed[m]) continue;
    fusion_groups_.push_back(
        {{static_cast<int>(m)}, std::make_unique<engine::ModelGroup>(std::vector<engine::Model*>{models_[m]}, 0, workspace, on_error)});
  }
}

void BundleVisit::CountPartitionsFrom(std::vector<int> first, int partitions) {
  first_partition_ = std::move(first);
  partitions_ = partitions;
}

int BundleVisit::PartitionOf(const FusionGroup& fusion_group, int partition_id) const {
  if (first_partition_.empty()) return partition_id;
  const int first = first_partition_[static_cast<size_t>(fusion_group.members.front())];
  return (partition_id - first + partitions_) % partitions_;
}

void BundleVisit::Begin() {
  for (engine::Model* model : models_) model->BeginVisit(engine::BufferEnd::kCarries);
  begun_ = true;
}

void BundleVisit::Feed(int partition_id, int buffer_id, const std::vector<base::Bytes>& columns, const engine::Poll& poll) {
  base::Buffer buffer = data::ViewBuffer(*data_, partition_id, buffer_id, columns);
  const engine::BufferContent content(keeps_buffers_ ? data::ContentOf(data::CachedTable::kTraining, partition_id, buffer_id) : 0);
  for (const FusionGroup& fusion_group : fusion_groups_) {
    buffer.partition_id = PartitionOf(fusion_group, partition_id);
    Add(fusion_group, fusion_group.models->Train(buffer, poll));
  }
}

void BundleVisit::Add(const FusionGroup& fusion_group, const std::vector<engine::TrainResult>& parts) {
  for (size_t i = 0; i < parts.size(); i++) {
    engine::TrainResult& sum = results_[static_cast<size_t>(fusion_group.members[i])];
    sum.rows += parts[i].rows;
    sum.batches += parts[i].batches;
    sum.loss_sum += parts[i].loss_sum;
    sum.diverged = parts[i].diverged;
    sum.seconds += parts[i].seconds;
    sum.error = parts[i].error;
  }
}

void BundleVisit::End(const engine::Poll& poll) {
  for (const FusionGroup& fusion_group : fusion_groups_) {
    Add(fusion_group, fusion_group.models->EndVisit(poll));
    for (size_t i = 0; i < fusion_group.members.size(); i++) {
      devices_[static_cast<size_t>(fusion_group.members[i])] = fusion_group.models->devices()[i];
    }
  }
  ended_ = true;
}

std::vector<VisitRecord> BundleVisit::Records(double started, double ended) const {
  double own = 0;
  for (const engine::TrainResult& result : results_) own += result.seconds;
  const double share = std::max(0.0, ended - started - own) / static_cast<double>(std::max<size_t>(1, results_.size()));
  std::vector<VisitRecord> records(results_.size());
  double from = started;
  for (size_t i = 0; i < records.size(); i++) {
    const engine::TrainResult& result = results_[i];
    VisitRecord& record = records[i];
    record.started = from;
    record.ended = i + 1 == records.size() ? std::max(from, ended) : std::min(ended, from + result.seconds + share);
    from = record.ended;
    record.seconds = result.seconds;
    record.device = devices_[i];
    record.rows = result.rows;
    record.loss = result.rows > 0 ? result.loss_sum / static_cast<double>(result.rows) : 0;
  }
  return records;
}

}  // namespace train
