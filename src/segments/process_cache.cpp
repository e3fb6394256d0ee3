#include "segments/process_cache.hpp"

#include <iterator>
#include <new>
#include <set>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "engine/core/devices.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "store/loaded_model.hpp"

namespace segments {
namespace {

using base::Error;
using base::ErrorCode;

constexpr size_t kLibraryBytes = size_t{64} << 20;  // LibTorch's own, once a process that has a network without kernels

std::unique_ptr<ProcessCache> process_cache;

// Before it is opened.
void ReserveLibrary(ProcessCache* own) {
  if (own->library.bytes() == 0) own->library.Grow(kLibraryBytes);
}

void AddModel(RunModel model, ProcessCache* own) {
  base::TrainConfig scoring = store::ScoringConfig(model.config);
  own->models.push_back({std::move(model), std::move(scoring), nullptr, nullptr});
}

}  // namespace

store::Block BlockPool::Take(size_t bytes) {
  const auto fitting = free_.lower_bound(bytes);
  if (fitting != free_.end() && fitting->first <= bytes + bytes / 4) {
    store::Block block = std::move(fitting->second);
    free_.erase(fitting);
    return block;
  }
  for (size_t freed = 0; freed < bytes && !free_.empty();) {
    const auto largest = std::prev(free_.end());
    freed += largest->first;
    memory_.Shrink(largest->first);
    free_.erase(largest);
  }
  memory_.Grow(bytes);
  return store::Block(bytes);
}

void BlockPool::GiveBack(store::Block block) noexcept {
  const size_t bytes = block.size();
  try {
    free_.emplace(bytes, std::move(block));
  } catch (const std::bad_alloc&) {
    memory_.Shrink(bytes);
  }
}

ProcessCache& ProcessCacheOf(uint64_t run) {
  if (process_cache == nullptr || process_cache->run != run) {
    DropProcessCache();
    process_cache = std::make_unique<ProcessCache>();
    process_cache->run = run;
  }
  return *process_cache;
}

ProcessCache* CurrentProcessCache() { return process_cache.get(); }

void DropProcessCache() {
  process_cache.reset();
  engine::CloseDevice();
}

RunHeader& HeaderOf(ProcessCache& own) {
  if (!own.header) throw Error(ErrorCode::kInternal, "a round has no run's header");
  return *own.header;
}

const KnownModel& ModelOf(ProcessCache& own, int index, bool scoring) {
  HeaderOf(own);
  if (index < 0 || static_cast<size_t>(index) >= own.models.size()) {
    throw Error(ErrorCode::kInternal, "a round has a model of number " + std::to_string(index) + ", its run has " + std::to_string(own.models.size()) + " models");
  }
  KnownModel& model = own.models[static_cast<size_t>(index)];
  std::shared_ptr<const engine::Program>& program = scoring ? model.scoring_program : model.program;
  if (program != nullptr) return model;
  if (!model.described.kernels) ReserveLibrary(&own);
  program = own.pool->ProgramOf(model.described.trained, scoring ? model.scoring : model.described.config);
  return model;
}

void KeepHeader(RunHeader header, bool use_gpus, ProcessCache* own) {
  if (use_gpus) ReserveLibrary(own);
  engine::Options options = store::EngineOptions(use_gpus);
  options.precision = header.precision;
  own->header.reset();
  own->pool = std::make_unique<engine::ModelPool>(header.data, options);
  own->models.clear();
  for (RunModel& model : header.models) AddModel(std::move(model), own);
  header.models.clear();
  own->cache = std::make_unique<data::BufferCache>(static_cast<size_t>(pg::CurrentSettings().cache_mem), header.feature_cache);
  own->features = std::make_unique<train::FeatureComputer>(header.shared_features, header.data, header.model_reads, options,
                                                           [own](int model) { return own->models.at(static_cast<size_t>(model)).described.graph; });
  own->header = std::move(header);
}

void KeepAddedModels(RunHeader header, size_t first, ProcessCache* own) {
  if (own->models.size() != first) throw Error(ErrorCode::kInternal, "models were added to a run that others are missing of");
  for (RunModel& model : header.models) {
    if (model.like >= 0) {
      const RunModel& known = own->models.at(static_cast<size_t>(model.like)).described;
      model.graph = known.graph;
      model.trained = known.trained;
    }
    AddModel(std::move(model), own);
  }
}

ProcessCacheSize CurrentProcessCacheSize() {
  ProcessCacheSize found;
  if (process_cache == nullptr) return found;
  std::set<const engine::Program*> programs;
  for (const KnownModel& model : process_cache->models) {
    for (const auto& program : {model.program, model.scoring_program}) {
      if (program != nullptr) programs.insert(program.get());
    }
  }
  found.programs = static_cast<int64_t>(programs.size());
  if (process_cache->cache != nullptr) found.buffer_bytes = static_cast<int64_t>(process_cache->cache->bytes());
  found.reserved_bytes =
      static_cast<int64_t>(process_cache->library.bytes() + process_cache->buffers.bytes() + process_cache->blocks.bytes());
  return found;
}

}  // namespace segments
