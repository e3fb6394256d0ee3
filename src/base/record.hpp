// Bytes that travel between processes of one build: length-prefixed fields in the machine's own byte order, no versions. What is kept on
// disk for longer has a format of its own (src/wire).
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"

namespace base {

class RecordWriter {
 public:
  void Number(int64_t v) { Raw(&v, sizeof(v)); }
  void Real(double v) { Raw(&v, sizeof(v)); }
  void Text(std::string_view s) {
    Number(static_cast<int64_t>(s.size()));
    out_ += s;
  }
  std::string Take() { return std::move(out_); }

 private:
  void Raw(const void* data, size_t bytes) { out_.append(static_cast<const char*>(data), bytes); }
  std::string out_;
};

/// Reads what RecordWriter wrote, field by field in the same order. Errors: kDataCorrupted, naming `what`, when the bytes end too early.
class RecordReader {
 public:
  RecordReader(std::string_view bytes, const char* what) : rest_(bytes), what_(what) {}
  int64_t Number() { return Raw<int64_t>(); }
  double Real() { return Raw<double>(); }
  std::string Text() {
    const auto size = static_cast<size_t>(Number());
    Need(size);
    std::string s(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return s;
  }
  bool empty() const { return rest_.empty(); }

 private:
  template <typename T>
  T Raw() {
    Need(sizeof(T));
    T v;
    std::memcpy(&v, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return v;
  }
  void Need(size_t bytes) const {
    if (rest_.size() < bytes) throw Error(ErrorCode::kDataCorrupted, std::string(what_) + " is cut short");
  }
  std::string_view rest_;
  const char* what_;
};

}  // namespace base
