// Huge pages for memory that is about to be filled: the first touch of a page costs more than filling it, in a virtual machine many times as much.
// Anybody may call it. Where the system gives no huge pages nothing changes.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace base {

constexpr size_t kHugePageBytes = size_t{2} << 20;

/// Asks for huge pages in the part of `bytes` from `memory` on that they can fill. To be called before the memory is touched.
inline void AdviseHugePages(void* memory, size_t bytes) {
#ifdef MADV_HUGEPAGE
  const auto begin = reinterpret_cast<uintptr_t>(memory);
  const uintptr_t first = (begin + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes, end = (begin + bytes) / kHugePageBytes * kHugePageBytes;
  if (memory != nullptr && first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);  // a wish: what the system says changes nothing
#else
  static_cast<void>(memory);
  static_cast<void>(bytes);
#endif
}

}  // namespace base
