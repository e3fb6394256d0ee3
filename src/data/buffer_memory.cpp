#include "data/buffer_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <new>

#include "base/huge_pages.hpp"

namespace data {
namespace {

constexpr size_t kFirstMapping = size_t{256} << 10, kMostMapping = size_t{32} << 20;

size_t RoundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

BufferMemory::~BufferMemory() {
  for (const Mapping& mapping : mappings_) munmap(mapping.begin, mapping.bytes);
}

char* BufferMemory::Take(size_t bytes) {
  bytes = RoundUp(std::max<size_t>(1, bytes), kAlignment);
  if (bytes > left_) Map(bytes);
  char* const taken = free_;
  free_ += bytes;
  left_ -= bytes;
  return taken;
}

// What is left of the mapping before is not used any more.
void BufferMemory::Map(size_t least) {
  const size_t wanted = std::max(least, std::max(next_, kFirstMapping));
  const bool huge = wanted >= base::kHugePageBytes;
  const size_t room = RoundUp(wanted, huge ? base::kHugePageBytes : kFirstMapping), bytes = huge ? room + base::kHugePageBytes : room;
  mappings_.reserve(mappings_.size() + 1);
  void* const begin = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (begin == MAP_FAILED) throw std::bad_alloc();
  mappings_.push_back({begin, bytes});
  free_ = static_cast<char*>(begin);
  if (huge) {
    free_ += RoundUp(reinterpret_cast<uintptr_t>(begin), base::kHugePageBytes) - reinterpret_cast<uintptr_t>(begin);
    base::AdviseHugePages(free_, room);
  }
  left_ = room;
  next_ = std::min(2 * room, kMostMapping);
  mapped_ += room;
}

}  // namespace data
