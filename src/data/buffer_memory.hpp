// Memory for buffers that a process keeps: taken piece by piece, given back all at once. For data::BufferCache.
//
// It grows by mappings of its own, each twice as large as the one before. The first touch of a page costs far more than a copy into it,
// above all in a virtual machine: mappings of 2 MB and more lie at multiples of a huge page and ask the system for such. What is mapped and was not
// touched takes no memory, so that at most one huge page a mapping is taken in vain. Where the system gives no huge pages nothing else changes.
#pragma once

#include <cstddef>
#include <vector>

namespace data {

class BufferMemory {
 public:
  static constexpr size_t kAlignment = 64;

  BufferMemory() = default;
  ~BufferMemory();
  BufferMemory(const BufferMemory&) = delete;
  BufferMemory& operator=(const BufferMemory&) = delete;

  /// `bytes` at a multiple of kAlignment, of any content, valid as long as this. Throws std::bad_alloc.
  char* Take(size_t bytes);
  /// Of all mappings: what there is room for, touched or not.
  size_t mapped_bytes() const { return mapped_; }

 private:
  struct Mapping {
    void* begin;
    size_t bytes;
  };
  void Map(size_t least);

  std::vector<Mapping> mappings_;
  char* free_ = nullptr;  // of the last one
  size_t left_ = 0;
  size_t next_ = 0;  // bytes of the next mapping, 0: there was none
  size_t mapped_ = 0;
};

}  // namespace data
