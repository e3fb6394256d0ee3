#include "engine/math/address_space.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"

namespace engine::math {

void RequireAddressSpace(size_t bytes, const std::string& what) {
  void* tried = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (tried != MAP_FAILED) {
    munmap(tried, bytes);
    return;
  }
  const int error = errno;
  throw base::Error(base::ErrorCode::kOutOfMemory,
                    "a process of the server cannot get " + std::to_string(bytes >> 20) + " MB of address space for " + what,
                    std::string("The system says: ") + std::strerror(error) + ".",
                    "Raise the limit of the server's address space (ulimit -v). With OMP_NUM_THREADS=1 in the server's environment the BLAS "
                    "takes less.");
}

bool SaysOutOfMemory(const std::string& message) {
  for (const char* text : {"annot allocate memory", "failed to map segment", "out of memory"}) {
    if (message.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace engine::math
