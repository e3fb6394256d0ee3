#include "score/kept_model.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "base/error.hpp"
#include "pg/encoding.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "store/loaded_model.hpp"
#include "train/memory.hpp"

namespace score {
namespace {

constexpr size_t kFixedBytes = size_t{64} << 10;  // of a kernel besides descriptions, about
constexpr size_t kSharedBytes = 1024;             // of a model besides weights, where the kernel is not its own
constexpr size_t kMostIdle = 4;                   // row types whose parts a kernel keeps
constexpr size_t kMostIdleBytes = size_t{256} << 10;  // of rows and their outputs, that parts keep between statements

struct Kept {
  std::string key;
  std::shared_ptr<KeptModel> model;
  size_t bytes = 0;  // as it was counted last
};

/// The models that this process keeps. Lives as long as the process.
struct KeptModels {
  std::list<Kept> models;  // used last first
  std::unordered_map<std::string, std::list<Kept>::iterator> by_key;
  size_t bytes = 0;  // of all, as they were counted last
  size_t limit = 0;  // cerebro.model_cache_mem as it was when models were let go
  int64_t finds = 0;  // since all were counted
};

KeptModels& AllKept() {
  static auto* kept = new KeptModels();
  return *kept;
}

/// Models grow while they are used, when parts for other types of rows are made: so now and then all are counted.
constexpr int64_t kFindsBetweenCounts = 1000;
constexpr size_t kFewModels = 16;  // these are counted each time

void Erase(KeptModels* kept, std::list<Kept>::iterator which) {
  kept->bytes -= which->bytes;
  kept->by_key.erase(which->key);
  kept->models.erase(which);
}

/// Lets go of what is over the limit; whoever uses one of these has it as long as the statement lasts.
void Trim(KeptModels* kept) {
  kept->limit = static_cast<size_t>(pg::CurrentSettings().model_cache_mem);
  while (kept->bytes > kept->limit && !kept->models.empty()) Erase(kept, std::prev(kept->models.end()));
}

void CountAll(KeptModels* kept) {
  kept->finds = 0;
  kept->bytes = 0;
  for (Kept& each : kept->models) {
    each.bytes = each.model->bytes();
    kept->bytes += each.bytes;
  }
}

}  // namespace

ScorerParts::ScorerParts(const store::ModelTable& table, const engine::Options& options,
                         const std::vector<pg::Column>& columns, std::string types)
    : row_types(std::move(types)), packer(table) {
  packer.Describe(columns);
  const store::StoredModel& stored = table.models.front();
  predictor = std::make_unique<engine::Predictor>(*stored.graph, stored.config, packer.model_data(), options);
  for (const base::Shape& shape : predictor->output_shapes()) elements.push_back(base::ElementCount(shape));
  row.resize(elements.size());
}

size_t ScorerParts::bytes() const {
  size_t sum = predictor->workspace_bytes() + packer.bytes();
  for (const std::vector<float>& output : values) sum += output.capacity() * sizeof(float);
  return sum;
}

void ScorerParts::Shrink() {
  packer.Shrink(kMostIdleBytes);
  for (std::vector<float>& output : values) {
    if (output.capacity() * sizeof(float) > kMostIdleBytes) std::vector<float>().swap(output);
  }
}

namespace {

/// Bytes that somebody gives, or that come from a database of another encoding, may say anything.
void RequireTexts(const std::vector<OutputInfo>& outputs) {
  for (const OutputInfo& output : outputs) {
    const bool texts = std::all_of(output.classes.begin(), output.classes.end(), pg::IsServerText);
    if (texts && pg::IsServerText(output.name)) continue;
    throw base::Error(base::ErrorCode::kDataCorrupted, "classes of the model are no texts in the encoding of this database", "",
                      "Take the model from a database of the same encoding.");
  }
}

}  // namespace

ModelKernel::ModelKernel(store::ModelTable table)
    : table_(std::move(table)), options_(store::ScoringOptions(table_, false)), packer_(table_) {
  const base::Graph& graph = *stored().graph;
  std::vector<base::Shape> shapes;
  for (const int call : graph.outputs) shapes.push_back(graph.calls[static_cast<size_t>(call)].output_shape);
  outputs_ = DescribeOutputs(shapes, stored().config, table_.data);
  RequireTexts(outputs_);
  description_bytes_ = 2 * base::WriteDataSpec(table_.data).size();
}

size_t ModelKernel::bytes() const {
  size_t sum = kFixedBytes + (1 + idle_.size()) * description_bytes_;
  for (const auto& parts : idle_) sum += parts->bytes();
  return sum;
}

std::unique_ptr<ScorerParts> ModelKernel::Take(const std::vector<pg::Column>& columns) {
  std::string types;
  for (const pg::Column& column : columns) types += column.name + " " + column.type + ",";
  const auto found =
      std::find_if(idle_.begin(), idle_.end(), [&types](const auto& parts) { return parts->row_types == types; });
  if (found == idle_.end()) return std::make_unique<ScorerParts>(table_, options_, columns, std::move(types));
  std::unique_ptr<ScorerParts> parts = std::move(*found);
  idle_.erase(found);
  return parts;
}

// The weights may go before the parts are taken again.
void ModelKernel::GiveBack(std::unique_ptr<ScorerParts> parts) noexcept {
  try {
    parts->predictor->Attach(nullptr);
    parts->Shrink();
    if (idle_.size() >= kMostIdle) idle_.pop_front();
    idle_.push_back(std::move(parts));
  } catch (...) {
    return;  // a predictor that cannot let go of its weights is not used again, nor are parts that cannot be kept
  }
}

store::Block ModelKernel::BlockOf(const std::string& raw, const std::string& what) {
  if (layout_ == nullptr) layout_ = store::BuildModel(store::ScoringSpec(stored()), table_.data, options_);
  return store::WeightBlockOf(layout_->program(), raw, what);
}

KeptModel::KeptModel(std::shared_ptr<ModelKernel> kernel, store::Block block, bool shares)
    : kernel_(std::move(kernel)), block_(std::move(block)), shares_(shares) {}

size_t KeptModel::bytes() const { return block_.size() + (shares_ ? kSharedBytes : kernel_->bytes()); }

std::shared_ptr<KeptModel> LoadModel(store::ModelTable table) {
  const store::StoredModel& stored = table.models.front();
  const engine::Options options = store::ScoringOptions(table, false);
  train::RequireMemory("the prediction",
                       train::MemoryOfPrediction(*stored.graph, stored.config, options.precision,
                                                 static_cast<double>(kMostBatchBytes)),
                       train::kPredictionMemoryHint);
  store::Block block = store::LoadWeightBlock(table, stored, options);
  // how weights are read may hold them once more
  table.registered = nullptr;
  table.weights = nullptr;
  return std::make_shared<KeptModel>(std::make_shared<ModelKernel>(std::move(table)), std::move(block), false);
}

std::shared_ptr<KeptModel> FindKept(const std::string& key) {
  KeptModels& kept = AllKept();
  const bool other_limit = kept.limit != static_cast<size_t>(pg::CurrentSettings().model_cache_mem);
  const bool few = kept.models.size() <= kFewModels;
  if (other_limit || few || ++kept.finds >= kFindsBetweenCounts) {
    CountAll(&kept);
    Trim(&kept);
  }
  const auto found = kept.by_key.find(key);
  if (found == kept.by_key.end()) return nullptr;
  kept.models.splice(kept.models.begin(), kept.models, found->second);
  return found->second->model;
}

void Keep(const std::string& key, const std::shared_ptr<KeptModel>& model) {
  pg::Debug("model " + model->kernel().table().name.Text() + " was loaded");
  KeptModels& kept = AllKept();
  const auto before = kept.by_key.find(key);
  if (before != kept.by_key.end()) Erase(&kept, before->second);
  const size_t bytes = model->bytes();
  if (bytes > static_cast<size_t>(pg::CurrentSettings().model_cache_mem)) return;
  kept.models.push_front({key, model, bytes});
  kept.bytes += bytes;
  kept.by_key[key] = kept.models.begin();
  Trim(&kept);
}

std::shared_ptr<KeptModel> FindOrLoad(const std::string& key,
                                      const std::function<std::shared_ptr<KeptModel>()>& load) {
  if (std::shared_ptr<KeptModel> kept = FindKept(key)) return kept;
  std::shared_ptr<KeptModel> model = load();
  Keep(key, model);
  return model;
}

}  // namespace score
