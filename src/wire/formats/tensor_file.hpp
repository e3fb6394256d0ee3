// A file's named tensors: what every format is read into and written from.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "base/graph.hpp"

namespace wire {

constexpr size_t kMostFileTensors = 1000000;
constexpr size_t kLongestTensorName = 1024;  // bytes

enum class ElementType {
  kFloat16, kBFloat16, kFloat32, kFloat64,
  kInt32, kInt64,  // read where they stand alone: a layer's count of what it has seen
  kOther,      // no real numbers
  kElsewhere,  // stored in a way that is not read
};

struct FileTensor {
  std::string name;
  base::Shape shape;
  ElementType type = ElementType::kFloat32;
  std::string_view data;  // little-endian, not aligned; of kOther and kElsewhere: unchecked
};

struct TensorFile {
  std::vector<FileTensor> tensors;  // in the file's order
  std::deque<std::string> owned;    // data that is not the file's bytes as they are

  /// Adds a tensor of owned float32 data.
  void Add(std::string name, base::Shape shape, std::string data);
};

/// Appends the elements as float32. Errors: kInvalidData for data of another length than the shape says,
/// kFeatureNotSupported for a type that holds no real numbers, but for an integer without dimensions.
void AppendFloats(const FileTensor& tensor, std::string* out);

/// Finds tensors by a layer and a weight: "dense/kernel" is found under that name, and inside of longer ones such as
/// "model/dense/dense/kernel:0", where that is the only one.
class TensorNames {
 public:
  /// The file outlives it.
  TensorNames(const TensorFile& file, char separator);
  /// nullptr when there is none. Errors: kInvalidParameter when several fit.
  const FileTensor* Find(const std::string& layer, const std::string& weight);
  /// Names of the tensors that were never found.
  std::vector<std::string> Unused() const;
  /// "The file has dense/kernel, ...": a sentence.
  std::string Known() const;

 private:
  /// A tensor's name without the number of an output of a TensorFlow operation.
  std::string_view NameOf(int tensor) const;
  int FindInside(const std::string& name) const;

  const TensorFile& file_;
  const char separator_;
  std::unordered_map<std::string, int> whole_;               // name -> tensor, or kSeveral
  std::unordered_map<std::string, std::vector<int>> parts_;  // a component and the weight -> tensors that have both
  std::vector<bool> used_;
};

/// Numbers and stretches of untrusted bytes.
class ByteReader {
 public:
  /// format: for messages, as "HDF5".
  ByteReader(std::string_view bytes, const char* format) : bytes_(bytes), format_(format) {}
  size_t size() const { return bytes_.size(); }
  /// `count` bytes from `offset`. Errors: kInvalidData where they are not there.
  std::string_view At(uint64_t offset, uint64_t count) const;
  /// A little-endian number of 1 to 8 bytes.
  uint64_t Number(uint64_t offset, unsigned width) const;
  /// Throws kInvalidData: the <format> file <problem>
  [[noreturn]] void Broken(const std::string& problem) const;

 private:
  std::string_view bytes_;
  const char* format_;
};

/// "(3, 4)" -> its product times `size` bytes. Errors: kInvalidData for more than `most`.
uint64_t TensorBytes(const ByteReader& reader, const base::Shape& shape, uint64_t size, uint64_t most);

inline void AppendNumber(std::string* out, uint64_t value, unsigned width) {
  for (unsigned i = 0; i < width; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

// The formats. Data of the results views `bytes` where it can.
TensorFile ReadSafetensors(std::string_view bytes);
/// framework: "pt" or "keras", for the file's metadata.
std::string WriteSafetensors(const TensorFile& file, const char* framework);

}  // namespace wire
