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
constexpr float kMostHalf = 65504.0F;

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

uint16_t ToBFloat16(float v) {
  uint32_t bits = Bits(v);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return static_cast<uint16_t>(bits >> 16 | 0x40);  // NaN stays one
  bits += 0x7FFF + (bits >> 16 & 1);
  return static_cast<uint16_t>(bits >> 16);
}

float FromBFloat16(uint16_t v) { return FromBits(static_cast<uint32_t>(v) << 16); }

uint16_t ToFloat16(float v) {
  const uint32_t bits = Bits(v);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return static_cast<uint16_t>(sign | 0x7E00);
  if (magnitude == 0x7F800000) return static_cast<uint16_t>(sign | 0x7C00);
  if (FromBits(magnitude) >= kMostHalf) return static_cast<uint16_t>(sign | 0x7BFF);
  if (magnitude < 0x38800000) {  // below 2^-14: a multiple of 2^-24
    const float scaled = FromBits(magnitude) * 16777216.0F;
    return static_cast<uint16_t>(sign | static_cast<uint16_t>(std::nearbyint(scaled)));
  }
  const uint32_t rounded = magnitude + 0xFFF + (magnitude >> 13 & 1);
  return static_cast<uint16_t>(sign | static_cast<uint16_t>((rounded >> 13) - (112U << 10)));
}

float FromFloat16(uint16_t v) {
  const uint32_t sign = static_cast<uint32_t>(v & 0x8000) << 16;
  const uint32_t exponent = v >> 10 & 0x1F, fraction = v & 0x3FF;
  if (exponent == 0) return FromBits(sign | Bits(static_cast<float>(fraction) / 16777216.0F));
  if (exponent == 31) return FromBits(sign | 0x7F800000 | fraction << 13);
  return FromBits(sign | (exponent + 112) << 23 | fraction << 13);
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

// The pairs of a uint8 buffer: one a channel where all together are shorter than what a finer stride is worth, i.e. at most a quarter of the
// values; else one.
std::vector<Level> LevelsOf(const float* values, size_t count, size_t channels) {
  std::vector<float> least(channels, std::numeric_limits<float>::infinity()), most(channels, -std::numeric_limits<float>::infinity());
  for (size_t i = 0; i < count; i += channels) {
    for (size_t c = 0; c < channels; ++c) {
      const float v = values[i + c];
      if (!std::isfinite(v)) {
        throw Error(ErrorCode::kInvalidData, "features that are NaN or infinite cannot be stored as uint8", "",
                    "SET cerebro.feature_precision = float32 keeps them as they are.");
      }
      least[c] = std::min(least[c], v);
      most[c] = std::max(most[c], v);
    }
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

uint8_t ToLevel(float v, const Level& level) {
  if (!(level.stride > 0)) return 0;
  const double at = (static_cast<double>(v) - static_cast<double>(level.least)) / static_cast<double>(level.stride);
  return static_cast<uint8_t>(std::clamp(std::nearbyint(at), 0.0, 255.0));
}

float FromLevel(uint8_t v, const Level& level) {
  return static_cast<float>(static_cast<double>(level.least) + static_cast<double>(v) * static_cast<double>(level.stride));
}

/// Writes the value at `i` of a buffer, and reads it.
class ValueCodec {
 public:
  ValueCodec(FeatureEncoding encoding, const std::vector<Level>* levels) : encoding_(encoding), levels_(levels) {}

  char* Write(float v, size_t i, char* to) const {
    switch (encoding_) {
      case FeatureEncoding::kFloat32:
      case FeatureEncoding::kFloat32Sparse: return Put(v, to);
      case FeatureEncoding::kBFloat16: return Put(ToBFloat16(v), to);
      case FeatureEncoding::kFloat16: return Put(ToFloat16(v), to);
      case FeatureEncoding::kUInt8: break;
    }
    return Put(ToLevel(v, (*levels_)[i % levels_->size()]), to);
  }

  float Read(const uint8_t* from, size_t i) const {
    switch (encoding_) {
      case FeatureEncoding::kFloat32:
      case FeatureEncoding::kFloat32Sparse: return Get<float>(from);
      case FeatureEncoding::kBFloat16: return FromBFloat16(Get<uint16_t>(from));
      case FeatureEncoding::kFloat16: return FromFloat16(Get<uint16_t>(from));
      case FeatureEncoding::kUInt8: break;
    }
    return FromLevel(*from, (*levels_)[i % levels_->size()]);
  }

 private:
  template <typename T>
  static char* Put(T v, char* to) {
    std::memcpy(to, &v, sizeof(T));
    return to + sizeof(T);
  }
  template <typename T>
  static T Get(const uint8_t* from) {
    T v;
    std::memcpy(&v, from, sizeof(T));
    return v;
  }
  FeatureEncoding encoding_;
  const std::vector<Level>* levels_;
};

bool IsZero(float v, bool exact) { return exact ? Bits(v) == 0 : v == 0.0F; }

size_t MapBytes(size_t count) { return (count + 7) / 8; }

/// Values other than zero.
size_t CountNonZero(const float* values, size_t count, bool exact) {
  size_t nonzero = 0;
  for (size_t i = 0; i < count; ++i) nonzero += IsZero(values[i], exact) ? 0 : 1;
  return nonzero;
}

size_t BodyBytes(Form form, size_t count, size_t nonzero, size_t width) {
  return form == Form::kDense ? count * width : MapBytes(count) + nonzero * width;
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
  const ValueCodec codec(encoding, &levels);
  if (form == Form::kDense) {
    for (size_t i = 0; i < count; ++i) to = codec.Write(values[i], i, to);
    return out;
  }
  auto* map = reinterpret_cast<uint8_t*>(to);
  to += MapBytes(count);
  for (size_t i = 0; i < count; ++i) {
    if (IsZero(values[i], exact)) continue;
    map[i / 8] = static_cast<uint8_t>(map[i / 8] | 1U << i % 8);
    to = codec.Write(values[i], i, to);
  }
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
  const ValueCodec codec(encoding, &levels);
  out->resize(count);
  if (form == Form::kDense) {
    for (size_t i = 0; i < count; ++i, from += value_bytes) (*out)[i] = codec.Read(from, i);
    return head.rows;
  }
  const uint8_t* const map = from;
  from += MapBytes(count);
  size_t read = 0;
  for (size_t i = 0; i < count; ++i) {
    const bool set = (map[i / 8] >> i % 8 & 1) != 0;
    if (set && read == stored) Corrupted("their map has more values than follow");
    (*out)[i] = set ? codec.Read(from, i) : 0.0F;
    from += set ? value_bytes : 0;
    read += set ? 1 : 0;
  }
  if (read != stored) Corrupted("their map has " + std::to_string(read) + " values, " + std::to_string(stored) + " follow");
  return head.rows;
}

}  // namespace data
