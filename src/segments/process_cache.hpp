// What a segment's process keeps from round to round: the run's header, compiled programs, buffers, and the memory that states lie in. It belongs to one
// run, and is dropped when a transaction is rolled back, when another run comes, and after the last round that the process runs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "data/buffer_cache.hpp"
#include "engine/api/workspace.hpp"
#include "engine/core/model_pool.hpp"
#include "engine/core/program.hpp"
#include "pg/cluster.hpp"
#include "segments/messages.hpp"
#include "store/model_spec.hpp"
#include "train/feature_computer.hpp"

namespace segments {

/// A model of the run in this process. Programs are the pool's, compiled at first use.
struct KnownModel {
  RunModel described;
  base::TrainConfig scoring;  // store::ScoringConfig
  std::shared_ptr<const engine::Program> program, scoring_program;
};

/// Memory of training states, kept from round to round: memory that is taken anew is zeroed and mapped page by page, which
/// takes as long as a state's way through the table. Never more than the largest round needs.
class BlockPool {
 public:
  /// Of at least so many bytes, whatever is in them. Errors: those of pg::ReservedMemory::Grow.
  store::Block Take(size_t bytes);
  void GiveBack(store::Block block) noexcept;
  size_t bytes() const { return memory_.bytes(); }

 private:
  std::multimap<size_t, store::Block> free_;
  pg::ReservedMemory memory_{"training states"};
};

struct ProcessCache {
  uint64_t run = 0;
  pg::ReservedMemory library{"LibTorch"}, buffers{"packed buffers"};
  BlockPool blocks;
  std::optional<RunHeader> header;  // its models are in `models`
  std::unique_ptr<engine::ModelPool> pool;
  std::vector<KnownModel> models;
  std::unique_ptr<train::FeatureComputer> features;
  std::shared_ptr<engine::Workspace> workspace = std::make_shared<engine::Workspace>();
  std::unique_ptr<data::BufferCache> cache;
};

/// That of this run; an empty one unless this process has one.
ProcessCache& ProcessCacheOf(uint64_t run);
/// Of whatever run; nullptr: there is none.
ProcessCache* CurrentProcessCache();
void DropProcessCache();

/// Errors of the two: kInternal where the header has not been read.
RunHeader& HeaderOf(ProcessCache& own);
/// A model with its program, or with the one that scores it.
const KnownModel& ModelOf(ProcessCache& own, int index, bool scoring);

/// Takes the header of the run. REQUIRES that no round has members.
void KeepHeader(RunHeader header, bool use_gpus, ProcessCache* own);
/// Takes the models that a living run has added, from number `first` on. Errors: kInternal where others before them are missing.
void KeepAddedModels(RunHeader header, size_t first, ProcessCache* own);

/// What this process keeps between rounds.
struct ProcessCacheSize {
  int64_t programs = 0;  // compiled networks
  int64_t buffer_bytes = 0, reserved_bytes = 0;
};
ProcessCacheSize CurrentProcessCacheSize();

}  // namespace segments
