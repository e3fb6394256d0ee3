// store::Block, which needs no server (store/model_spec.hpp).
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

#include "store/model_spec.hpp"

namespace store {
namespace {

constexpr size_t kAlignment = 64;

}  // namespace

// Zeroed by the system where it is large: page by page as it is used, not here at once.
Block::Block(size_t bytes) : memory_(std::calloc(bytes + kAlignment, 1)), size_(bytes) {
  if (memory_ == nullptr) throw std::bad_alloc();
}

Block::~Block() { std::free(memory_); }

void* Block::data() const {
  const auto begin = reinterpret_cast<uintptr_t>(memory_);
  return static_cast<char*>(memory_) + ((begin + kAlignment - 1) / kAlignment * kAlignment - begin);
}

Block::Block(Block&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Block& Block::operator=(Block&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(size_, other.size_);
  return *this;
}

}  // namespace store
