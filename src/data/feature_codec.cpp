// Encoded bytes:
//
//   float32    rows x elements float32
//   others     FeatureHead | levels (uint8: least value and stride, float32 each, a channel) | map (sparse form: a bit a value, row by row, the
//              lowest bit first, set where the value is no zero) | values (all, or those whose bit is set)
//
// Rounding is to nearest, ties to even. A zero of either sign is a zero: the sparse form gives +0 back, which no layer tells from -0 but by
// dividing by it; float32 sparse keeps a buffer with a -0 dense, so that it stays exact.
#include "data/feature_codec.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.hpp"
#include "base/huge_pages.hpp"
#include "data/feature_blocks.hpp"

namespace data {
namespace {

using base::Error;
using base::ErrorCode;

enum class Form : uint8_t { kDense = 0, kSparse = 1 };

struct FeatureHead {
  char magic[3];
  uint8_t encoding;
  uint8_t form;
  uint8_t unused[3];
  uint32_t channels;  // of the levels; 1: one pair for the whole buffer
  uint32_t more;      // 0
  int64_t rows;
  int64_t elements;
  int64_t values;     // that follow
};
static_assert(sizeof(FeatureHead) == 40, "the head of stored features is a format");
constexpr char kMagic[3] = {'P', 'G', 'F'};
constexpr int64_t kMostValues = int64_t{1} << 30;  // of a buffer: what one value of the server could hold as bytes

struct Level {
  float least, stride;
};

[[noreturn]] void Corrupted(const std::string& why) { throw Error(ErrorCode::kDataCorrupted, "stored features cannot be read: " + why); }

uint32_t Bits(float v) {
  uint32_t bits;
  std::memcpy(&bits, &v, sizeof(bits));
  return bits;
}

float FromBits(uint32_t bits) {
  float v;
  std::memcpy(&v, &bits, sizeof(v));
  return v;
}

size_t ValueBytes(FeatureEncoding encoding) {
  switch (encoding) {
    case FeatureEncoding::kFloat32:
    case FeatureEncoding::kFloat32Sparse: return sizeof(float);
    case FeatureEncoding::kBFloat16:
    case FeatureEncoding::kFloat16: return sizeof(uint16_t);
    case FeatureEncoding::kUInt8: break;
  }
  return sizeof(uint8_t);
}

void RequireFinite(const float* values, size_t count) {
  constexpr uint32_t kExponent = 0x7F800000;
  bool finite = true;
  for (size_t i = 0; i < count; ++i) finite = finite & ((Bits(values[i]) & kExponent) != kExponent);
  if (finite) return;
  throw Error(ErrorCode::kInvalidData, "features that are NaN or infinite cannot be stored as uint8", "",
              "SET cerebro.feature_precision = float32 keeps them as they are.");
}

// The pairs of a uint8 buffer: one a channel where all together are shorter than what a finer stride is worth, i.e. at most a quarter of the
// values; else one. REQUIRES: finite values.
std::vector<Level> LevelsOf(const float* values, size_t count, size_t channels) {
  // one pair: of as many lanes as fit, and then of these
  const size_t lanes = channels == 1 && count % kBlockValues == 0 ? kBlockValues : channels;
  std::vector<float> least(lanes, std::numeric_limits<float>::infinity()), most(lanes, -std::numeric_limits<float>::infinity());
  for (size_t i = 0; i < count; i += lanes) {
    for (size_t c = 0; c < lanes; ++c) {
      least[c] = std::min(least[c], values[i + c]);
      most[c] = std::max(most[c], values[i + c]);
    }
  }
  if (lanes > channels) {
    least[0] = *std::min_element(least.begin(), least.end());
    most[0] = *std::max_element(most.begin(), most.end());
  }
  std::vector<Level> levels(channels);
  for (size_t c = 0; c < channels; ++c) {
    if (count == 0) continue;
    const double range = static_cast<double>(most[c]) - static_cast<double>(least[c]);
    // of 16 bits, rounded up: a level's multiple of it is a float32
    const double stride = FromBits((Bits(static_cast<float>(range / 255.0)) + 0xFF) & ~0xFFU);
    double begin = least[c];
    // a zero stays one: the least value becomes a multiple of the stride where the range has zero in it
    if (stride > 0 && least[c] < 0 && most[c] > 0) begin = -std::nearbyint(-begin / stride) * stride;
    levels[c] = {static_cast<float>(begin), static_cast<float>(stride)};
  }
  return levels;
}

/// Levels as the loops take them: from any value on, one a value of a block.
class BlockLevels {
 public:
  explicit BlockLevels(const std::vector<Level>& levels) : channels_(std::max<size_t>(1, levels.size())) {
    for (size_t i = 0; !levels.empty() && i < channels_ + kBlockValues - 1; ++i) {
      least_.push_back(levels[i % channels_].least);
      stride_.push_back(levels[i % channels_].stride);
    }
  }
  const double* Least(size_t value) const { return least_.data() + value % channels_; }
  const double* Stride(size_t value) const { return stride_.data() + value % channels_; }

 private:
  size_t channels_;
  std::vector<double> least_, stride_;
};

size_t MapBytes(size_t count) { return (count + 7) / 8; }

/// Values other than zero.
size_t CountNonZero(const float* values, size_t count, bool exact) {
  const uint32_t looked_at = exact ? 0xFFFFFFFF : 0x7FFFFFFF;
  size_t nonzero = 0;
  for (size_t i = 0; i < count; ++i) nonzero += (Bits(values[i]) & looked_at) != 0 ? 1 : 0;
  return nonzero;
}

size_t BodyBytes(Form form, size_t count, size_t nonzero, size_t width) {
  return form == Form::kDense ? count * width : MapBytes(count) + nonzero * width;
}

/// A body's bytes. to_codes(block, its first value's number, codes).
template <typename Code, typename F>
void WriteBody(Form form, bool exact, const float* values, size_t count, const F& to_codes, char* to) {
  char* const map = to;
  if (form == Form::kSparse) to += MapBytes(count);
  for (size_t first = 0; first < count; first += kBlockValues) {
    const size_t n = std::min(kBlockValues, count - first);
    float last[kBlockValues] = {};
    if (n < kBlockValues) std::copy_n(values + first, n, last);
    const float* const block = n < kBlockValues ? last : values + first;
    Code codes[kBlockValues];
    to_codes(block, first, codes);
    const Code* written = codes;
    size_t kept = n;
    Code squeezed[kBlockValues];
    if (form == Form::kSparse) {
      const uint64_t bits = MapOfBlock(block, exact);
      std::memcpy(map + first / 8, &bits, MapBytes(n));
      kept = static_cast<size_t>(Squeeze(codes, bits, squeezed) - squeezed);
      written = squeezed;
    }
    std::memcpy(to, written, kept * sizeof(Code));
    to += kept * sizeof(Code);
  }
}

/// The reverse, of a body of `stored` values. from_codes(codes, number of the first, block).
template <typename Code, typename F>
void ReadBody(Form form, const uint8_t* from, size_t stored, size_t count, const F& from_codes, float* values) {
  const uint8_t* const map = from;
  if (form == Form::kSparse) from += MapBytes(count);
  size_t read = 0;
  for (size_t first = 0; first < count; first += kBlockValues) {
    const size_t n = std::min(kBlockValues, count - first);
    Code codes[kBlockValues] = {};
    uint64_t bits = ~uint64_t{0};
    size_t kept = n;
    if (form == Form::kSparse) {
      bits = 0;
      std::memcpy(&bits, map + first / 8, MapBytes(n));
      if (n < kBlockValues) bits &= (uint64_t{1} << n) - 1;
      kept = static_cast<size_t>(__builtin_popcountll(bits));
      if (kept > stored - read) Corrupted("their map has more values than follow");
      Code squeezed[kBlockValues];
      std::memcpy(squeezed, from, kept * sizeof(Code));
      Spread(squeezed, bits, codes);
    } else {
      std::memcpy(codes, from, n * sizeof(Code));
    }
    from += kept * sizeof(Code);
    read += kept;
    float last[kBlockValues];
    float* const block = n < kBlockValues ? last : values + first;
    from_codes(codes, first, block);
    if (form == Form::kSparse && sizeof(Code) == 1) ClearUnmapped(bits, block);  // a level of 0 need not be a zero
    if (n < kBlockValues) std::copy_n(last, n, values + first);
  }
  if (read != stored) Corrupted("their map has " + std::to_string(read) + " values, " + std::to_string(stored) + " follow");
}

void CopyCodes(const float* values, size_t, uint32_t* codes) { std::memcpy(codes, values, kBlockValues * sizeof(float)); }
void CopyValues(const uint32_t* codes, size_t, float* values) { std::memcpy(values, codes, kBlockValues * sizeof(float)); }

void Write(FeatureEncoding encoding, Form form, const std::vector<Level>& levels, const float* values, size_t count, char* to) {
  switch (encoding) {
    case FeatureEncoding::kFloat32:
    case FeatureEncoding::kFloat32Sparse: return WriteBody<uint32_t>(form, true, values, count, CopyCodes, to);
    case FeatureEncoding::kBFloat16:
      return WriteBody<uint16_t>(form, false, values, count, [](const float* block, size_t, uint16_t* codes) { ToBFloat16(block, codes); }, to);
    case FeatureEncoding::kFloat16:
      return WriteBody<uint16_t>(form, false, values, count, [](const float* block, size_t, uint16_t* codes) { ToFloat16(block, codes); }, to);
    case FeatureEncoding::kUInt8: break;
  }
  const BlockLevels spread(levels);
  WriteBody<uint8_t>(form, false, values, count, [&](const float* block, size_t first, uint8_t* codes) {
    ToLevels(block, spread.Least(first), spread.Stride(first), codes);
  }, to);
}

void Read(FeatureEncoding encoding, Form form, const std::vector<Level>& levels, const uint8_t* from, size_t stored, size_t count, float* values) {
  switch (encoding) {
    case FeatureEncoding::kFloat32:
    case FeatureEncoding::kFloat32Sparse: return ReadBody<uint32_t>(form, from, stored, count, CopyValues, values);
    case FeatureEncoding::kBFloat16:
      return ReadBody<uint16_t>(form, from, stored, count, [](const uint16_t* codes, size_t, float* block) { FromBFloat16(codes, block); }, values);
    case FeatureEncoding::kFloat16:
      return ReadBody<uint16_t>(form, from, stored, count, [](const uint16_t* codes, size_t, float* block) { FromFloat16(codes, block); }, values);
    case FeatureEncoding::kUInt8: break;
  }
  const BlockLevels spread(levels);
  ReadBody<uint8_t>(form, from, stored, count, [&](const uint8_t* codes, size_t first, float* block) {
    FromLevels(codes, spread.Least(first), spread.Stride(first), block);
  }, values);
}

}  // namespace

const char* FeatureEncodingName(FeatureEncoding encoding) {
  switch (encoding) {
    case FeatureEncoding::kFloat32: return "float32";
    case FeatureEncoding::kFloat32Sparse: return "float32 sparse";
    case FeatureEncoding::kBFloat16: return "bfloat16";
    case FeatureEncoding::kFloat16: return "float16";
    case FeatureEncoding::kUInt8: break;
  }
  return "uint8";
}

FeatureEncoding FeatureEncodingFromName(std::string_view name) {
  for (const FeatureEncoding encoding : {FeatureEncoding::kFloat32, FeatureEncoding::kFloat32Sparse, FeatureEncoding::kBFloat16,
                                         FeatureEncoding::kFloat16, FeatureEncoding::kUInt8}) {
    if (name == FeatureEncodingName(encoding)) return encoding;
  }
  throw Error(ErrorCode::kDataCorrupted, "\"" + std::string(name) + "\" is no encoding of stored features");
}

FeatureEncoding ChooseFeatureEncoding(std::string_view precision, const float* sample, int64_t rows, int64_t elements) {
  if (precision == "bfloat16") return FeatureEncoding::kBFloat16;
  if (precision == "float16") return FeatureEncoding::kFloat16;
  if (precision == "uint8") return FeatureEncoding::kUInt8;
  if (precision != "float32") {
    throw Error(ErrorCode::kInvalidParameter, "features cannot be stored as " + std::string(precision), "",
                "cerebro.feature_precision is float32, bfloat16, float16 or uint8.");
  }
  const auto count = static_cast<size_t>(rows * elements);
  const size_t sparse = BodyBytes(Form::kSparse, count, CountNonZero(sample, count, true), sizeof(float));
  return sparse * 4 <= count * sizeof(float) * 3 && count > 0 ? FeatureEncoding::kFloat32Sparse : FeatureEncoding::kFloat32;
}

std::string EncodeFeatures(FeatureEncoding encoding, const float* values, int64_t rows, int64_t elements, int64_t channels) {
  const auto count = static_cast<size_t>(rows * elements);
  std::string out;
  if (encoding == FeatureEncoding::kFloat32) {
    out.resize(count * sizeof(float));
    if (count > 0) std::memcpy(out.data(), values, out.size());
    return out;
  }
  std::vector<Level> levels;
  if (encoding == FeatureEncoding::kUInt8) {
    RequireFinite(values, count);
    const bool each = channels > 1 && static_cast<size_t>(channels) * sizeof(Level) * 4 <= count;
    levels = LevelsOf(values, count, each ? static_cast<size_t>(channels) : 1);
  }
  // as levels, a zero that is none of them would not come back as one
  const bool exact = encoding == FeatureEncoding::kFloat32Sparse;
  const size_t width = ValueBytes(encoding), nonzero = CountNonZero(values, count, exact);
  const Form form = BodyBytes(Form::kSparse, count, nonzero, width) < BodyBytes(Form::kDense, count, nonzero, width) ? Form::kSparse : Form::kDense;
  FeatureHead head{};
  std::memcpy(head.magic, kMagic, sizeof(kMagic));
  head.encoding = static_cast<uint8_t>(encoding);
  head.form = static_cast<uint8_t>(form);
  head.channels = static_cast<uint32_t>(levels.size());
  head.rows = rows;
  head.elements = elements;
  head.values = static_cast<int64_t>(form == Form::kSparse ? nonzero : count);
  out.resize(sizeof(head) + levels.size() * sizeof(Level) + BodyBytes(form, count, nonzero, width));
  char* to = out.data();
  std::memcpy(to, &head, sizeof(head));
  to += sizeof(head);
  if (!levels.empty()) std::memcpy(to, levels.data(), levels.size() * sizeof(Level));
  to += levels.size() * sizeof(Level);
  Write(encoding, form, levels, values, count, to);
  return out;
}

int64_t DecodeFeatures(FeatureEncoding encoding, base::Bytes bytes, int64_t rows, int64_t elements, std::vector<float>* out) {
  const auto width = static_cast<size_t>(std::max<int64_t>(elements, 1));
  if (encoding == FeatureEncoding::kFloat32) {
    const size_t row_bytes = width * sizeof(float);
    const size_t found = bytes.size / row_bytes;
    if (bytes.size % row_bytes != 0 || (rows >= 0 && found != static_cast<size_t>(rows))) {
      Corrupted(std::to_string(bytes.size) + " bytes are not " + (rows < 0 ? std::string("whole") : std::to_string(rows)) + " rows of " +
                std::to_string(elements) + " float32");
    }
    out->resize(found * width);
    if (!out->empty()) std::memcpy(out->data(), bytes.data, bytes.size);
    return static_cast<int64_t>(found);
  }
  FeatureHead head;
  if (bytes.size < sizeof(head)) Corrupted("they have " + std::to_string(bytes.size) + " bytes, less than their head");
  std::memcpy(&head, bytes.data, sizeof(head));
  if (std::memcmp(head.magic, kMagic, sizeof(kMagic)) != 0 || head.encoding != static_cast<uint8_t>(encoding) || head.form > 1) {
    Corrupted(std::string("they do not begin as ") + FeatureEncodingName(encoding) + " does");
  }
  if (head.elements != elements || (rows >= 0 && head.rows != rows)) {
    Corrupted("they are " + std::to_string(head.rows) + " rows of " + std::to_string(head.elements) + " values, not " +
              (rows < 0 ? std::string("rows") : std::to_string(rows)) + " of " + std::to_string(elements));
  }
  if (head.rows < 0 || static_cast<size_t>(head.rows) > static_cast<size_t>(kMostValues) / width) {
    Corrupted("they are said to have " + std::to_string(head.rows) + " rows");
  }
  const size_t count = static_cast<size_t>(head.rows) * width;
  const bool levelled = encoding == FeatureEncoding::kUInt8;
  if (levelled ? head.channels == 0 || width % head.channels != 0 : head.channels != 0) {
    Corrupted("they have levels of " + std::to_string(head.channels) + " channels");
  }
  const auto form = static_cast<Form>(head.form);
  if (head.values < 0 || static_cast<size_t>(head.values) > count || (form == Form::kDense && static_cast<size_t>(head.values) != count)) {
    Corrupted("they are said to have " + std::to_string(head.values) + " of " + std::to_string(count) + " values");
  }
  const auto stored = static_cast<size_t>(head.values);
  const size_t level_bytes = head.channels * sizeof(Level), value_bytes = ValueBytes(encoding);
  const size_t wanted = sizeof(head) + level_bytes + BodyBytes(form, count, stored, value_bytes);
  if (bytes.size != wanted) Corrupted("they have " + std::to_string(bytes.size) + " bytes instead of " + std::to_string(wanted));
  std::vector<Level> levels(head.channels);
  if (levelled) std::memcpy(levels.data(), bytes.data + sizeof(head), level_bytes);
  const uint8_t* from = bytes.data + sizeof(head) + level_bytes;
  if (count > out->capacity()) {
    out->clear();
    out->reserve(count);
    base::AdviseHugePages(out->data(), count * sizeof(float));
  }
  out->resize(count);
  Read(encoding, form, levels, from, stored, count, out->data());
  return head.rows;
}

}  // namespace data
