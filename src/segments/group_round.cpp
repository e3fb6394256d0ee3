#include "segments/group_round.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/record.hpp"
#include "data/buffer_view.hpp"
#include "engine/core/devices.hpp"
#include "engine/core/model_pool.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "store/model_spec.hpp"
#include "train/group_run.hpp"
#include "train/group_trainer.hpp"
#include "workers/group_memory.hpp"

namespace segments {
namespace {

using base::Error;
using base::ErrorCode;

constexpr size_t kLibraryBytes = size_t{64} << 20;  // LibTorch's own, where a network has no kernels
constexpr size_t kChunkBytes = size_t{1} << 20;
constexpr size_t kKeptBytes = size_t{16} << 20;  // of memory for rows, from group to group
constexpr size_t kAlignment = 64;

/// Memory for the rows of one group after the other.
class RowMemory {
 public:
  char* Take(size_t bytes) {
    const size_t wanted = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    while (chunk_ < chunks_.size() && chunks_[chunk_].size() - used_ < wanted) {
      chunk_++;
      used_ = 0;
    }
    if (chunk_ == chunks_.size()) {
      const size_t size = std::max(kChunkBytes, wanted);
      reserved_.Grow(size);
      chunks_.emplace_back(size);
    }
    char* const at = static_cast<char*>(chunks_[chunk_].data()) + used_;
    used_ += wanted;
    return at;
  }
  /// Nothing of it is used any more.
  void Empty() {
    if (reserved_.bytes() > kKeptBytes) {
      chunks_.clear();
      reserved_.Release();
    }
    chunk_ = used_ = 0;
  }

 private:
  std::vector<store::Block> chunks_;
  pg::ReservedMemory reserved_{"the rows of a group"};
  size_t chunk_ = 0, used_ = 0;
};

/// A group that is being read.
struct GroupInput {
  int64_t group_id = 0;
  train::GroupRows training, validation;
  std::string error;  // of its first row that could not be read
};

/// What this process keeps for one run.
struct GroupProcessCache {
  uint64_t run = 0;
  int64_t window = 0;
  std::map<int64_t, GroupBeginning> own;  // of the window
  train::GroupRun described;
  pg::ReservedMemory reserved{"the models of a group"};
  std::shared_ptr<engine::ModelPool> pool;
  train::RunRequest request;
  std::unique_ptr<workers::SlabLayout> layout;
  std::unique_ptr<train::GroupTrainer> trainer;
  std::optional<store::Block> compared;
  RowMemory memory;
  std::map<int64_t, GroupInput> groups;  // in progress: one, unless the server makes groups side by side
};

std::unique_ptr<GroupProcessCache> process_cache;
int64_t last_number = 0;

void DropAll() {
  process_cache.reset();
  engine::CloseDevice();
}

std::unique_ptr<GroupProcessCache> MakeCache(const GroupRequest& given) {
  auto made = std::make_unique<GroupProcessCache>();
  made->run = given.run;
  made->window = given.window - 1;
  made->described = workers::ReadGroupRun(given.spec.data(), given.spec.size());
  const train::GroupRun& run = made->described;
  engine::Options options = store::EngineOptions(run.spec.use_gpus);
  options.precision = run.spec.precision;
  made->pool = std::make_shared<engine::ModelPool>(run.spec.training.spec, options);
  made->request = train::RequestOf(run, made->pool);
  made->layout = std::make_unique<workers::SlabLayout>(made->request, run);
  std::vector<const void*> first_states;
  size_t bytes = made->layout->bytes();
  bool kernels = true;
  for (size_t m = 0; m < made->request.programs.size(); m++) {
    const engine::Program& program = *made->request.programs[m];
    if (given.first_states.at(m).size() != program.layout().bytes) {
      throw Error(ErrorCode::kInternal, "the first state of mst_key " + std::to_string(run.mst_keys[m]) + " has another length than its program says");
    }
    first_states.push_back(given.first_states[m].data());
    bytes += 2 * program.layout().bytes;
    kernels = kernels && program.has_kernels();
  }
  made->reserved.Grow(bytes + given.compared.size() + (kernels ? 0 : kLibraryBytes));
  made->trainer = std::make_unique<train::GroupTrainer>(made->request, made->pool.get(), first_states, run.typical, run.switches, pg::CheckInterrupts, pg::Now);
  if (run.compared_model >= 0) {
    const auto model = static_cast<size_t>(run.compared_model);
    if (model >= made->request.programs.size() ||
        given.compared.size() != made->request.programs[model]->layout().bytes) {
      throw Error(ErrorCode::kDataCorrupted, "the state of the compared global model has " +
                                                 std::to_string(given.compared.size()) +
                                                 " bytes, which is not what its program says");
    }
    made->compared.emplace(given.compared.size());
    std::memcpy(made->compared->data(), given.compared.data(), given.compared.size());
  }
  return made;
}

GroupInput& InputOf(int64_t number) {
  if (process_cache != nullptr) {
    const auto found = process_cache->groups.find(number);
    if (found != process_cache->groups.end()) return found->second;
  }
  throw Error(ErrorCode::kInvalidParameter, "group " + std::to_string(number) + " is not in progress in this process",
              "Groups are trained by fit_multiple_model() within its own run.");
}

const uint8_t* Copy(const uint8_t* from, size_t bytes) {
  if (from == nullptr) return nullptr;
  return reinterpret_cast<const uint8_t*>(std::memcpy(process_cache->memory.Take(bytes), from, bytes));
}

/// Of a group of the window.
train::GroupStart StartOf(int64_t group_id) {
  const GroupProcessCache& own = *process_cache;
  train::GroupStart start;
  const auto found = own.own.find(group_id);
  if (found == own.own.end()) return start;
  for (size_t m = 0; m < found->second.weights.size(); m++) {
    const std::string& weights = found->second.weights[m];
    if (weights.size() != static_cast<size_t>(own.request.programs.at(m)->layout().weight_count) * sizeof(float)) {
      throw Error(ErrorCode::kDataCorrupted, "the weights with which mst_key " + std::to_string(own.described.mst_keys[m]) + " begins have " +
                                                 std::to_string(weights.size()) + " bytes");
    }
    start.weights.push_back(reinterpret_cast<const float*>(weights.data()));
  }
  if (own.described.classes == 0) return start;
  if (found->second.class_rows.size() < own.described.classes) throw Error(ErrorCode::kInternal, "a group has no rows of its classes");
  start.balanced = own.described.balanced;
  start.class_rows = found->second.class_rows.data();
  start.classes = own.described.classes;
  return start;
}

// As data::GroupSource has it.
void RequireValues(const base::DataSpec& spec, const std::vector<base::Bytes>& columns, int64_t group_id) {
  for (size_t i = 0; i < columns.size(); i++) {
    if (columns[i].data != nullptr) continue;
    const size_t target = i - spec.inputs.size();
    const std::string name = i < spec.inputs.size() ? spec.inputs[i].name : target < spec.targets.size() ? spec.targets[target].name : "sample_weight";
    throw Error(ErrorCode::kNullValue, "column \"" + name + "\" of group " + std::to_string(group_id) + " is NULL");
  }
}

void AddBuffer(GroupRowKind kind, int partition_id, int buffer_id, const std::vector<base::Bytes>& columns, GroupInput* input) {
  const bool trains = kind == GroupRowKind::kTraining;
  const train::GroupRun& run = process_cache->described;
  const base::DataSpec& spec = trains ? run.spec.training.spec : run.spec.validation.spec;
  RequireValues(spec, columns, input->group_id);
  base::Buffer buffer = data::ViewBuffer(spec, partition_id, buffer_id, columns);
  const auto rows = static_cast<size_t>(buffer.rows);
  for (size_t c = 0; c < buffer.inputs.size(); c++) buffer.inputs[c] = Copy(buffer.inputs[c], spec.inputs[c].row_bytes() * rows);
  for (size_t c = 0; c < buffer.targets.size(); c++) buffer.targets[c] = Copy(buffer.targets[c], spec.targets[c].row_bytes() * rows);
  buffer.weights = reinterpret_cast<decltype(buffer.weights)>(Copy(reinterpret_cast<const uint8_t*>(buffer.weights), sizeof(float) * rows));
  train::AddBuffer(std::move(buffer), trains ? &input->training : &input->validation);
}

std::string TextOf(const Error& error) { return error.detail().empty() ? error.what() : std::string(error.what()) + ". " + error.detail(); }

// Into the reply's slab.
void Train(const GroupInput& input, GroupReply* reply) {
  GroupProcessCache& own = *process_cache;
  const bool validates = own.described.validated && input.validation.rows > 0;
  train::RequirePartitions(input.training, own.described.spec.training.name.Text());
  if (validates) train::RequirePartitions(input.validation, own.described.spec.validation.name.Text());
  const train::RunResult result = own.trainer->Train(input.training, validates ? &input.validation : nullptr, StartOf(reply->group_id));
  std::vector<double> compared;
  if (own.described.compared_model >= 0) {
    const auto model = static_cast<size_t>(own.described.compared_model);
    compared = own.trainer->ScoreState(model, own.compared->data(), validates ? input.validation : input.training);
  }
  const store::Block slab(own.layout->bytes());
  std::memset(slab.data(), 0, slab.size());
  own.layout->Store(result, *own.trainer, compared, static_cast<char*>(slab.data()));
  reply->slab.assign(static_cast<const char*>(slab.data()), slab.size());
}

}  // namespace

std::string WriteGroupRequest(const GroupRequest& request) {
  base::RecordWriter w;
  w.Number(static_cast<int64_t>(request.run));
  w.Number(request.window);
  w.Number(static_cast<int64_t>(request.own.size()));
  for (const auto& [id, own] : request.own) {
    w.Number(id);
    w.Number(static_cast<int64_t>(own.class_rows.size()));
    for (const int64_t rows : own.class_rows) w.Number(rows);
    w.Number(static_cast<int64_t>(own.weights.size()));
    for (const std::string& weights : own.weights) w.Text(weights);
  }
  w.Text(request.spec);
  w.Number(static_cast<int64_t>(request.first_states.size()));
  for (const std::string& state : request.first_states) w.Text(state);
  w.Text(request.compared);
  return w.Take();
}

GroupRequest ReadGroupRequest(std::string_view bytes) {
  base::RecordReader r(bytes, "a request to train groups");
  GroupRequest request;
  request.run = static_cast<uint64_t>(r.Number());
  request.window = r.Number();
  for (int64_t left = r.Number(); left > 0; left--) {
    GroupBeginning& own = request.own[r.Number()];
    for (int64_t classes = r.Number(); classes > 0; classes--) own.class_rows.push_back(r.Number());
    for (int64_t models = r.Number(); models > 0; models--) own.weights.push_back(r.Text());
  }
  request.spec = r.Text();
  for (int64_t left = r.Number(); left > 0; left--) request.first_states.push_back(r.Text());
  request.compared = r.Text();
  return request;
}

std::string WriteGroupReply(const GroupReply& reply) {
  base::RecordWriter w;
  w.Number(reply.group_id);
  w.Number(reply.segment);
  w.Text(reply.error);
  w.Number(reply.rows);
  w.Number(reply.validation_rows);
  w.Number(reply.partitions);
  w.Number(reply.unread ? 1 : 0);
  w.Real(reply.started);
  w.Real(reply.ended);
  w.Text(reply.slab);
  return w.Take();
}

GroupReply ReadGroupReply(std::string_view bytes) {
  base::RecordReader r(bytes, "a segment's reply about a group");
  GroupReply reply;
  reply.group_id = r.Number();
  reply.segment = static_cast<int32_t>(r.Number());
  reply.error = r.Text();
  reply.rows = r.Number();
  reply.validation_rows = r.Number();
  reply.partitions = static_cast<int32_t>(r.Number());
  reply.unread = r.Number() != 0;
  reply.started = r.Real();
  reply.ended = r.Real();
  reply.slab = r.Text();
  return reply;
}

BegunGroup BeginGroup(std::string_view request, int64_t group_id) {
  pg::AtTransactionEnd(DropAll);
  BegunGroup begun;
  base::RecordReader head(request, "a request to train groups");
  const auto run = static_cast<uint64_t>(head.Number());
  const int64_t window = head.Number();
  if (process_cache == nullptr || process_cache->run != run || process_cache->window != window) {
    GroupRequest read = ReadGroupRequest(request);
    if (process_cache == nullptr || process_cache->run != run) {
      process_cache.reset();
      process_cache = MakeCache(read);
    }
    process_cache->window = window;
    process_cache->own = std::move(read.own);
    begun.new_window = true;
  }
  process_cache->groups[++last_number].group_id = group_id;
  begun.number = last_number;
  return begun;
}

void AddGroupBuffer(int64_t number, GroupRowKind kind, int partition_id, int buffer_id, const std::function<std::vector<base::Bytes>()>& columns) {
  GroupInput& input = InputOf(number);
  if (!input.error.empty()) return;
  try {
    AddBuffer(kind, partition_id, buffer_id, columns(), &input);
  } catch (const Error& error) {
    const bool of_row = error.code() == ErrorCode::kNullValue || error.code() == ErrorCode::kInvalidParameter || error.code() == ErrorCode::kDataCorrupted;
    if (!of_row) throw;
    input.error = TextOf(error);
  }
}

std::string TrainGroup(int64_t number) {
  const GroupInput& input = InputOf(number);
  GroupReply reply;
  reply.group_id = input.group_id;
  reply.segment = pg::SegmentIndex();
  reply.rows = input.training.rows;
  reply.validation_rows = input.validation.rows;
  reply.partitions = static_cast<int32_t>(input.training.partitions.size());
  reply.started = pg::Now();
  reply.unread = !input.error.empty();
  reply.error = input.error;
  try {
    if (reply.rows > 0 && !reply.unread) Train(input, &reply);
  } catch (const Error& error) {
    reply.error = TextOf(error);
  }
  reply.ended = pg::Now();
  store::TellOfDevices();
  process_cache->groups.erase(number);
  if (process_cache->groups.empty()) process_cache->memory.Empty();
  return WriteGroupReply(reply);
}

// A segment of this host may have to wait until then, or begin to wait while this process is idle, when nobody asks this
// one any more. Between two groups the device stays open: to open it takes longer than to train a group.
void EndWindow() { engine::CloseDevice(); }

}  // namespace segments
