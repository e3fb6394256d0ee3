#include "pg/temp_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "pg/guard.hpp"
#include "pg/report.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_tablespace.h"
#include "commands/tablespace.h"
}

namespace pg {
namespace {

constexpr uint64_t kReserveChunk = uint64_t{64} << 20;  // interrupts are served between chunks

/// Paths of the files that are there. Destructors take theirs out; what is left at the end of a transaction had no chance to.
std::vector<std::string>& OpenPaths() {
  static auto* paths = new std::vector<std::string>;
  return *paths;
}

void RemoveAll() {
  for (const std::string& path : OpenPaths()) unlink(path.c_str());
  OpenPaths().clear();
}

extern "C" {
static void AtTransactionEnd(XactEvent event, void*) {
  if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE) RemoveAll();
}
}

/// No file is made before the callback that removes it is there.
void RegisterRemoval() {
  static bool registered = false;
  if (registered) return;
  call([] { RegisterXactCallback(AtTransactionEnd, nullptr); });
  registered = true;
}

std::string Directory(TempFile::Location location) {
  if (location == TempFile::Location::kDefault) return DefaultTempDirectory();
#if CEREBRO_HAS_TEMP_TABLESPACE_PATH
  char path[MAXPGPATH];
  call([&] {
    PrepareTempTablespaces();
    const Oid next = GetNextTempTableSpace();
    TempTablespacePath(path, OidIsValid(next) ? next : DEFAULTTABLESPACE_OID);
  });
  return path;
#else
  return DefaultTempDirectory();
#endif
}

[[noreturn]] void ThrowFull(const std::string& path, uint64_t bytes, uint64_t free) {
  throw base::Error(base::ErrorCode::kDiskFull,
                    "no space for a temporary file of " + std::to_string(bytes) + " bytes in " + path.substr(0, path.rfind('/')),
                    free > 0 ? "There are " + std::to_string(free) + " bytes free." : "",
                    "Free space there, set temp_tablespaces to a larger disk, raise cerebro.shared_state_mem if shared memory has room, "
                    "or train fewer models at once.");
}

[[noreturn]] void ThrowFileError(const char* what, const std::string& path, int error) {
  throw base::Error(base::ErrorCode::kInternal, std::string("could not ") + what + " file \"" + path + "\": " + strerror(error));
}

void CheckLimit(uint64_t bytes) {
  if (temp_file_limit < 0 || bytes / 1024 <= static_cast<uint64_t>(temp_file_limit)) return;
  throw base::Error(base::ErrorCode::kLimitExceeded,
                    "a temporary file of " + std::to_string(bytes) + " bytes would exceed temp_file_limit (" +
                        std::to_string(temp_file_limit) + " kB)",
                    "", "Train fewer models at once, raise cerebro.shared_state_mem, or ask for a higher temp_file_limit.");
}

}  // namespace

std::string DefaultTempDirectory() { return std::string("base/") + PG_TEMP_FILES_DIR; }

std::string TempFilePrefix(const std::string& label) { return std::string(PG_TEMP_FILE_PREFIX) + "_cerebro_" + label + "_"; }

TempFile::TempFile(const std::string& label, Location location) {
  static unsigned counter = 0;
  RegisterRemoval();
  const std::string directory = Directory(location);
  path_ = directory + "/" + TempFilePrefix(label) + std::to_string(getpid()) + "." + std::to_string(counter++);
  OpenPaths().push_back(path_);
  unlink(path_.c_str());  // that of an ended process of this number, which a reader of progress may have mapped
  const auto create = [&] { return compat::OpenPrivateFile(path_.c_str(), O_RDWR | O_CREAT | O_EXCL); };
  descriptor_ = call(create);
  if (descriptor_ < 0 && errno == ENOENT) {  // the server makes the directory at its first own file
    if (mkdir(directory.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
      const int error = errno;
      OpenPaths().pop_back();
      ThrowFileError("create directory of", path_, error);
    }
    descriptor_ = call(create);
  }
  if (descriptor_ < 0) {
    const int error = errno;
    OpenPaths().pop_back();
    if (error == ENOSPC || error == EDQUOT) ThrowFull(path_, 0, 0);
    ThrowFileError("create", path_, error);
  }
}

TempFile::~TempFile() {
  CloseDescriptor();
  unlink(path_.c_str());
  std::vector<std::string>& paths = OpenPaths();
  paths.erase(std::remove(paths.begin(), paths.end(), path_), paths.end());
}

void TempFile::CloseDescriptor() {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

void TempFile::Append(const void* data, size_t bytes) {
  CheckLimit(appended_ + bytes);
  const char* at = static_cast<const char*>(data);
  for (const char* const end = at + bytes; at < end;) {
    CheckInterrupts();
    const ssize_t written = pwrite(descriptor_, at, static_cast<size_t>(end - at), static_cast<off_t>(appended_));
    if (written < 0) {
      const int error = errno;
      if (error == EINTR) continue;
      if (error == ENOSPC || error == EDQUOT || error == EFBIG) ThrowFull(path_, appended_ + bytes, 0);
      ThrowFileError("write", path_, error);
    }
    at += written;
    appended_ += static_cast<uint64_t>(written);
  }
}

void TempFile::Read(uint64_t offset, void* data, size_t bytes) const {
  for (char* at = static_cast<char*>(data); bytes > 0;) {
    const ssize_t got = pread(descriptor_, at, bytes, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) ThrowFileError("read", path_, got < 0 ? errno : EIO);
    at += got;
    offset += static_cast<uint64_t>(got);
    bytes -= static_cast<size_t>(got);
  }
}

void TempFile::Reserve(uint64_t bytes) {
  CheckLimit(bytes);
  struct statvfs room;
  // look first: filling the disk to find out would make others fail
  if (fstatvfs(descriptor_, &room) == 0) {
    const uint64_t free = static_cast<uint64_t>(room.f_bavail) * room.f_frsize;
    if (free < bytes) ThrowFull(path_, bytes, free);
  }
  for (uint64_t at = 0; at < bytes; at += kReserveChunk) {
    const uint64_t chunk = std::min(kReserveChunk, bytes - at);
    int error;
    do {
      CheckInterrupts();
      error = posix_fallocate(descriptor_, static_cast<off_t>(at), static_cast<off_t>(chunk));
    } while (error == EINTR);
    if (error == ENOSPC || error == EDQUOT || error == EFBIG) ThrowFull(path_, bytes, 0);
    if (error != 0) ThrowFileError("reserve space for", path_, error);
  }
}

Mapping::Mapping(int descriptor, size_t bytes, const std::string& path, Access access) : bytes_(bytes) {
  if (bytes == 0) return;
  const int protection = access == Access::kReadWrite ? PROT_READ | PROT_WRITE : PROT_READ;
  data_ = mmap(nullptr, bytes, protection, MAP_SHARED, descriptor, 0);
  if (data_ == MAP_FAILED) {
    data_ = nullptr;
    throw base::Error(base::ErrorCode::kOutOfMemory,
                      "could not map " + std::to_string(bytes) + " bytes of file \"" + path + "\": " + strerror(errno));
  }
}

Mapping::~Mapping() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

}  // namespace pg
