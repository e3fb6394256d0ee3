// Zip archives: Keras's .keras, and the files of a TensorFlow.js model.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/formats/tensor_file.hpp"

namespace wire {

struct ZipEntry {
  std::string name;
  std::string_view packed;   // as in the archive
  bool deflated = false;
  uint64_t bytes = 0;        // of the content
  uint32_t checksum = 0;     // of the content
};

/// The archive's directory. Errors: kInvalidData; kFeatureNotSupported for encrypted entries, other methods than stored
/// and deflated, and archives in several parts.
std::vector<ZipEntry> ReadZip(std::string_view bytes);
bool IsZip(std::string_view bytes);

/// The entry of this name, or of this name in a folder; nullptr when there is none.
const ZipEntry* FindEntry(const std::vector<ZipEntry>& entries, std::string_view name);

/// An entry's content: a view of the archive where it is stored as it is, else of `owned`, which gets it. Errors:
/// kInvalidData for a wrong checksum or length; kLimitExceeded for more than 2 GB.
std::string_view Content(const ZipEntry& entry, std::deque<std::string>* owned);

/// An archive of stored files.
class ZipWriter {
 public:
  void Add(const std::string& name, std::string_view content);
  std::string Finish();

 private:
  std::string bytes_, directory_;
  uint64_t entries_ = 0;
};

}  // namespace wire
