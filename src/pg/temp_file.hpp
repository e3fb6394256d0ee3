// Files in the server's temporary directories. Their names begin with the server's temporary prefix, so that a start or a crash restart
// sweeps what a killed process left. Includes no server header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace pg {

/// Owns one file of this process: removed by the destructor, and at the end of the transaction at the latest (abort and exit included).
class TempFile {
 public:
  enum class Location { kTablespaces, kDefault };  // where temp_tablespaces says, or always base/pgsql_tmp

  /// Creates an empty file "<dir>/pgsql_tmp_cerebro_<label>_<pid>.<n>". Throws PgError or base::Error.
  TempFile(const std::string& label, Location location);
  ~TempFile();
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;

  const std::string& path() const { return path_; }  // relative to the data directory, every process's working directory
  int descriptor() const { return descriptor_; }
  void CloseDescriptor();  // a mapping needs none

  /// Reserves space, so that a later write into a mapping cannot fail. Throws kDiskFull, with a hint.
  void Reserve(uint64_t bytes);

  /// Writes bytes behind what was appended before. Throws kDiskFull, kLimitExceeded when temp_file_limit is passed.
  void Append(const void* data, size_t bytes);
  /// Reads bytes that were appended.
  void Read(uint64_t offset, void* data, size_t bytes) const;

 private:
  std::string path_;
  int descriptor_ = -1;
  uint64_t appended_ = 0;
};

/// A shared mapping of a file, by path; unmapped by the destructor.
class Mapping {
 public:
  enum class Access { kRead, kReadWrite };

  Mapping(int descriptor, size_t bytes, const std::string& path, Access access = Access::kReadWrite);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

/// The directory of progress files.
std::string DefaultTempDirectory();
/// The beginning of every name that TempFile gives under a label.
std::string TempFilePrefix(const std::string& label);

}  // namespace pg
