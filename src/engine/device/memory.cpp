#include "engine/device/memory.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <system_error>
#include <thread>

#include "base/error.hpp"

namespace engine::device {

namespace {

constexpr size_t kUnit = 256;  // allocations are rounded up, so that more of them can be used again

size_t Rounded(size_t bytes) { return std::max(kUnit, (bytes + kUnit - 1) / kUnit * kUnit); }

// A copy between two parts of the processor's memory, by several threads where it is large: one does not fill the way
// to a device. Signals are the main thread's.
void CopyInParts(char* to, const char* from, size_t bytes) {
  constexpr size_t kThreads = 4, kLeast = size_t{1} << 20;  // bytes a thread
  const size_t threads = std::min(kThreads, bytes / kLeast);
  if (threads < 2) {
    std::memcpy(to, from, bytes);
    return;
  }
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const size_t part = bytes / threads;
  std::vector<std::thread> others;
  size_t done = 0;
  try {
    for (size_t t = 1; t < threads; ++t, done += part)
      others.emplace_back([=] { std::memcpy(to + done, from + done, part); });
  } catch (const std::system_error&) {
    // no thread more: this one does what is left
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  std::memcpy(to + done, from + done, bytes - done);
  for (std::thread& other : others) other.join();
}

constexpr size_t kStampBytes = sizeof(uint64_t);
static_assert(sizeof(StateCounters) + kStampBytes <= kStateCountersBytes);

char* StampOf(void* block) { return static_cast<char*>(block) + kStateCountersBytes - kStampBytes; }

// Of processes and times: two of them never give the same stamp.
uint64_t FirstStamp() {
  const auto now = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  return static_cast<uint64_t>(getpid()) << 40 ^ now << 8;
}

}  // namespace

Memory::Memory(Backend* backend, size_t budget) : backend_(backend), budget_(budget), stamps_(FirstStamp()) {
  for (int i = 0; i < 2; ++i) {
    staging_[i] = static_cast<char*>(backend_->AllocatePinned(kStagingBytes));
    staged_[i] = backend_->MakeEvent();
    fetched_[i] = backend_->MakeEvent();
  }
}

Memory::~Memory() {
  try {
    backend_->Wait();
  } catch (const base::Error&) {
    // a device that has failed: its memory goes with its context
  }
  for (const auto& [memory, bytes] : sizes_) backend_->Free(memory);
  for (char* staging : staging_) backend_->FreePinned(staging);
}

void* Memory::Allocate(size_t bytes) {
  const auto idle = idle_.find(bytes);
  if (idle != idle_.end()) {
    void* memory = idle->second;
    idle_.erase(idle);
    return memory;
  }
  if (used_ + bytes > budget_) return nullptr;
  void* memory = backend_->Allocate(bytes);
  if (memory == nullptr) return nullptr;
  used_ += bytes;
  sizes_[memory] = bytes;
  return memory;
}

// What was given back goes first, then the kept thing that was unused longest.
bool Memory::EvictOne() {
  if (idle_.empty()) {
    auto state = states_.end();
    for (auto s = states_.begin(); s != states_.end(); ++s) {
      if (!s->second.used && (state == states_.end() || s->second.last_use < state->second.last_use)) state = s;
    }
    auto column = columns_.end();
    for (auto c = columns_.begin(); c != columns_.end(); ++c) {
      if (c->second.last_use < clock_ && (column == columns_.end() || c->second.last_use < column->second.last_use))
        column = c;
    }
    const bool takes_state =
        state != states_.end() && (column == columns_.end() || state->second.last_use < column->second.last_use);
    if (takes_state) {
      Give(state->second.memory);
      states_.erase(state);
    } else if (column != columns_.end()) {
      Give(column->second.memory);
      columns_.erase(column);
    } else {
      return false;
    }
  }
  const auto largest = std::prev(idle_.end());
  backend_->Wait();  // what the stream still does with it
  backend_->Free(largest->second);
  used_ -= largest->first;
  sizes_.erase(largest->second);
  idle_.erase(largest);
  return true;
}

void* Memory::Take(size_t bytes) {
  bytes = Rounded(bytes);
  if (bytes > budget_) return nullptr;
  for (;;) {
    void* memory = Allocate(bytes);
    if (memory != nullptr || !EvictOne()) return memory;
  }
}

void Memory::Give(void* memory) {
  if (memory != nullptr) idle_.emplace(sizes_.at(memory), memory);
}

void Memory::Upload(void* to, const void* from, size_t bytes) {
  const char* next = static_cast<const char*>(from);
  char* there = static_cast<char*>(to);
  while (bytes > 0) {
    const size_t n = std::min(bytes, kStagingBytes);
    Event* staged = staged_[next_staging_].get();
    WaitFor(*staged);
    CopyInParts(staging_[next_staging_], next, n);
    backend_->CopyToDevice(there, staging_[next_staging_], n);
    backend_->Mark(staged);
    next_staging_ ^= 1;
    next += n;
    there += n;
    bytes -= n;
  }
}

void Memory::WaitFor(const Event& event) {
  while (!backend_->Finished(event)) usleep(10);
}

// Chunks of the staging's size go back and forth between its halves: one is filled by the device while the other is
// emptied.
void Memory::Download(const std::vector<Piece>& pieces) {
  std::vector<std::vector<Piece>> chunks;
  size_t at = kStagingBytes;
  for (Piece left : pieces) {
    while (left.bytes > 0) {
      if (at == kStagingBytes) {
        chunks.emplace_back();
        at = 0;
      }
      const size_t n = std::min(left.bytes, kStagingBytes - at);
      chunks.back().push_back({left.to, left.from, n, at});
      left.to += n;
      left.from += n;
      left.bytes -= n;
      at += n;
    }
  }
  const auto fetch = [&](size_t c) {
    for (const Piece& piece : chunks[c]) backend_->CopyToHost(staging_[c & 1] + piece.at, piece.from, piece.bytes);
    backend_->Mark(fetched_[c & 1].get());
  };
  for (size_t c = 0; c < chunks.size(); ++c) {
    if (c == 0) fetch(0);
    if (c + 1 < chunks.size()) fetch(c + 1);
    WaitFor(*fetched_[c & 1]);
    for (const Piece& piece : chunks[c]) CopyInParts(piece.to, staging_[c & 1] + piece.at, piece.bytes);
  }
}

bool Memory::Same(const State& kept, void* block) {
  const auto& now = *static_cast<const StateCounters*>(block);
  uint64_t stamp;
  std::memcpy(&stamp, StampOf(block), sizeof(stamp));
  const StateCounters& then = kept.counters;
  return kept.stamp != 0 && kept.stamp == stamp && then.step == now.step && then.rows_seen == now.rows_seen &&
         then.seed == now.seed && then.stream == now.stream && then.diverged_step == now.diverged_step;
}

void* Memory::HoldState(void* block, size_t bytes) {
  const auto found = states_.find(block);
  if (found != states_.end()) {
    State& state = found->second;
    if (state.bytes == bytes && Same(state, block)) {
      state.used = true;
      state.last_use = clock_;
      return state.memory;
    }
    Give(state.memory);
    states_.erase(found);
  }
  void* memory = Take(bytes);
  if (memory == nullptr) return nullptr;
  State& state = states_[block];
  state.memory = memory;
  state.bytes = bytes;
  state.used = true;
  state.last_use = clock_;
  Upload(memory, block, bytes);
  ++states_moved_;
  return memory;
}

void Memory::WriteBack(const std::vector<void*>& blocks, const std::function<void()>& count) {
  std::vector<Piece> pieces;
  for (void* block : blocks) {
    const State& state = states_.at(block);
    pieces.push_back({static_cast<char*>(block) + kStateCountersBytes,
                      static_cast<char*>(state.memory) + kStateCountersBytes, state.bytes - kStateCountersBytes, 0});
  }
  Download(pieces);
  if (count) count();
  for (void* block : blocks) {
    State& state = states_.at(block);
    state.stamp = ++stamps_;
    std::memcpy(StampOf(block), &state.stamp, sizeof(state.stamp));
    state.counters = *static_cast<const StateCounters*>(block);
  }
}

void Memory::ReleaseState(void* block, bool keep) {
  const auto found = states_.find(block);
  if (found == states_.end()) return;
  found->second.used = false;
  if (keep && found->second.stamp != 0) return;
  Give(found->second.memory);
  states_.erase(found);
}

const uint8_t* Memory::HoldColumn(uint64_t content, int column, const uint8_t* packed, size_t bytes) {
  if (content == 0) {
    Column& passing = passing_[column];
    if (passing.bytes < bytes) {
      Give(passing.memory);
      passing = {};
      void* memory = Take(bytes);
      if (memory == nullptr) return nullptr;
      passing.memory = memory;
      passing.bytes = bytes;
    }
    Upload(passing.memory, packed, bytes);
    ++columns_moved_;
    return static_cast<const uint8_t*>(passing.memory);
  }
  const std::pair<uint64_t, int> key{content, column};
  const auto found = columns_.find(key);
  if (found != columns_.end() && found->second.bytes == bytes) {
    found->second.last_use = clock_;
    return static_cast<const uint8_t*>(found->second.memory);
  }
  void* memory = Take(bytes);
  if (memory == nullptr) return nullptr;
  Upload(memory, packed, bytes);
  ++columns_moved_;
  columns_[key] = {memory, bytes, clock_};
  return static_cast<const uint8_t*>(memory);
}

}  // namespace engine::device
