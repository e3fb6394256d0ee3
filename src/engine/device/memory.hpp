// A device's memory as one process uses it: a budget, allocations that are used again, what is kept from visit to
// visit.
//
// Kept are training states and packed columns. A state is kept under the address of its block and a stamp in the
// block, in the last bytes of the room for its counters, which nobody stores: whoever else changes the state leaves
// another stamp, or another number of steps, and the copy here counts no more. A column is kept under the number that
// its owner gave the buffer (engine::BufferContent). What nobody uses makes room for others, longest unused first.
//
// Used by one thread. The stream keeps all in order: memory that is given back may be written by what is given to the
// stream later, and by nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "engine/api/state.hpp"
#include "engine/device/backend.hpp"

namespace engine::device {

class Memory {
 public:
  /// budget: bytes that this process takes of the device at most.
  Memory(Backend* backend, size_t budget);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /// nullptr when neither the budget nor the device has room, also without what is kept.
  void* Take(size_t bytes);
  void Give(void* memory);

  /// Copies by pinned memory, so that the processor may go on and change `from`.
  void Upload(void* to, const void* from, size_t bytes);

  /// The state of a block on the device: from there if it is kept, else uploaded. It is used until ReleaseState.
  /// nullptr when there is no room.
  void* HoldState(void* block, size_t bytes);
  /// Where a state that is used lies on the device.
  void* StateOf(void* block) const { return states_.at(block).memory; }
  /// Copies used states back into their blocks, with one wait for all, and stamps them. Counters are the host's: count
  /// sets them, when all else is there. After an error the blocks are of no use.
  void WriteBack(const std::vector<void*>& blocks, const std::function<void()>& count = {});
  /// keep: the copy may serve the next HoldState of the block.
  void ReleaseState(void* block, bool keep);

  /// Columns that are held from here on stay until the next call.
  void BeginBuffer() { ++clock_; }
  /// A packed column on the device; content: 0 for one that is not to be kept. nullptr when there is no room.
  const uint8_t* HoldColumn(uint64_t content, int column, const uint8_t* packed, size_t bytes);

  size_t used() const { return used_; }
  size_t budget() const { return budget_; }
  int64_t states_moved() const { return states_moved_; }    // uploads of states
  int64_t columns_moved() const { return columns_moved_; }  // uploads of columns

 private:
  struct State {
    void* memory = nullptr;
    size_t bytes = 0;
    bool used = false;
    uint64_t stamp = 0;
    StateCounters counters;
    uint64_t last_use = 0;
  };
  struct Column {
    void* memory = nullptr;
    size_t bytes = 0;
    uint64_t last_use = 0;
  };
  static constexpr size_t kStagingBytes = size_t{8} << 20;

  /// A piece of a copy from the device.
  struct Piece {
    char* to = nullptr;
    const char* from = nullptr;
    size_t bytes = 0;
    size_t at = 0;  // in the staging
  };

  void* Allocate(size_t bytes);
  void Download(const std::vector<Piece>& pieces);
  void WaitFor(const Event& event);
  bool EvictOne();
  static bool Same(const State& kept, void* block);

  Backend* backend_;
  size_t budget_;
  size_t used_ = 0;
  uint64_t clock_ = 0;
  uint64_t stamps_ = 0;
  int64_t states_moved_ = 0, columns_moved_ = 0;
  std::map<void*, size_t> sizes_;      // of all that was allocated
  std::multimap<size_t, void*> idle_;  // given back
  std::map<void*, State> states_;      // by block
  std::map<std::pair<uint64_t, int>, Column> columns_;
  std::map<int, Column> passing_;  // by column: of buffers that are not kept
  char* staging_[2] = {};
  std::unique_ptr<Event> staged_[2], fetched_[2];
  int next_staging_ = 0;
};

}  // namespace engine::device
