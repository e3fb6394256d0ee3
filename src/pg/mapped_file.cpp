// A block of memory in a temporary file, for states too large for shared memory.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/error.hpp"
#include "pg/parallel.hpp"
#include "pg/temp_file.hpp"

namespace pg {

/// The file is there only in the process that made it; the mapping goes first.
struct MappedFile::Impl {
  std::string path;
  std::optional<TempFile> file;
  std::optional<Mapping> mapping;
};

MappedFile::MappedFile() : impl_(std::make_unique<Impl>()) {}
MappedFile::~MappedFile() = default;
MappedFile::MappedFile(MappedFile&&) noexcept = default;
MappedFile& MappedFile::operator=(MappedFile&&) noexcept = default;

MappedFile MappedFile::Create(size_t bytes) {
  MappedFile mapped;
  TempFile& file = mapped.impl_->file.emplace("states", TempFile::Location::kTablespaces);
  file.Reserve(bytes);
  mapped.impl_->path = file.path();
  mapped.impl_->mapping.emplace(file.descriptor(), bytes, file.path());
  file.CloseDescriptor();
  return mapped;
}

MappedFile MappedFile::Open(const std::string& path, size_t bytes) {
  MappedFile mapped;
  mapped.impl_->path = path;
  const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) {
    throw base::Error(base::ErrorCode::kInternal, "could not open file \"" + path + "\": " + std::strerror(errno));
  }
  struct Closer {
    int descriptor;
    ~Closer() { close(descriptor); }
  } const closer{descriptor};
  struct stat status;
  if (fstat(descriptor, &status) != 0 || static_cast<uint64_t>(status.st_size) < bytes) {
    throw base::Error(base::ErrorCode::kInternal, "file \"" + path + "\" is shorter than " + std::to_string(bytes) + " bytes");
  }
  mapped.impl_->mapping.emplace(descriptor, bytes, path);
  return mapped;
}

void* MappedFile::data() const { return impl_->mapping->data(); }
const std::string& MappedFile::path() const { return impl_->path; }

}  // namespace pg
