// Address space that a library is about to take. Some libraries cannot cope with being refused: OpenBLAS asks again for
// ever, LibTorch ends the process. So it is tried out before they are asked.
#pragma once

#include <cstddef>
#include <string>

namespace engine::math {

/// Throws kOutOfMemory unless the system would give this process `bytes` now. what: for the message, "the BLAS's
/// buffers".
void RequireAddressSpace(size_t bytes, const std::string& what);

/// Whether the dynamic linker's message says that a library found no memory.
bool SaysOutOfMemory(const std::string& message);

}  // namespace engine::math
