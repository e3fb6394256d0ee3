// Views of raw memory (C++17 has no std::span).
#pragma once

#include <cstddef>
#include <cstdint>

namespace base {

/// A read-only view; the memory is owned by whoever made the view.
struct Bytes {
  const uint8_t* data = nullptr;
  size_t size = 0;
};

}  // namespace base
