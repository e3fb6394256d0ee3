// Memory to work in: aligned to cache lines, sized once, never given back while a model trains.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace engine {

/// Memory that starts at a multiple of 64 bytes.
class Workspace {
 public:
  static constexpr size_t kAlignment = 64;

  /// Bytes for n elements, so that what follows is aligned too.
  template <typename T>
  static size_t Padded(int64_t n) {
    return (static_cast<size_t>(n) * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
  }

  /// At least `bytes`; what was there is lost when it must grow. Throws std::bad_alloc.
  void Reserve(size_t bytes) {
    if (bytes <= size_) return;
    memory_.reset();
    size_ = 0;
    memory_.reset(static_cast<char*>(::operator new(bytes, std::align_val_t(kAlignment))));
    size_ = bytes;
  }

  template <typename T>
  T* At(size_t offset) const {
    return reinterpret_cast<T*>(memory_.get() + offset);
  }

 private:
  struct Free {
    void operator()(char* p) const { ::operator delete(p, std::align_val_t(kAlignment)); }
  };
  std::unique_ptr<char, Free> memory_;
  size_t size_ = 0;
};

}  // namespace engine
