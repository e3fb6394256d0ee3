// The bytes of stored features: what a frozen part of a network gives for the rows of a buffer, as a feature table keeps it.
//
// An encoding belongs to a whole feature table:
//
//   float32          rows x elements little-endian float32, nothing else: exact, and read without a copy
//   float32 sparse   exact: a buffer whose zeros are many (a ReLU's) keeps a map of them and the other values
//   bfloat16         8 bits of significand; relative error at most 2^-8
//   float16          11 bits of significand; relative error at most 2^-11 between 6.1e-5 and 65504; larger values become 65504
//   uint8            256 levels between the least and the greatest value of each channel (the last dimension), or of the whole buffer where
//                    the pairs of all channels would take more than the values; error at most a level; a zero stays one
//
// All but float32 begin with a head (FeatureHead) that says which form this buffer has: dense, or a map of zeros and the other values. A
// buffer takes the form that is shorter. The bytes are untrusted: every length is checked before it is used.
//
// Non-finite values: exact in float32 and its sparse form; NaN and infinities survive bfloat16 and float16; uint8 refuses them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace data {

/// Numbers are in stored bytes: never reuse one.
enum class FeatureEncoding : int { kFloat32 = 0, kFloat32Sparse = 1, kBFloat16 = 2, kFloat16 = 3, kUInt8 = 4 };

const char* FeatureEncodingName(FeatureEncoding encoding);
/// Errors: kDataCorrupted for a name that is none.
FeatureEncoding FeatureEncodingFromName(std::string_view name);

/// The encoding that a table of features of this precision ("float32", "bfloat16", "float16", "uint8") should have, by a sample: float32
/// becomes float32 sparse where zeros make the sample shorter by a quarter or more. Errors: kInvalidParameter for another precision.
FeatureEncoding ChooseFeatureEncoding(std::string_view precision, const float* sample, int64_t rows, int64_t elements);

/// The bytes of a buffer. values: rows x elements; channels: of the last dimension, a divisor of elements (1 for scalars). Errors:
/// kInvalidData for NaN or infinite values in uint8.
std::string EncodeFeatures(FeatureEncoding encoding, const float* values, int64_t rows, int64_t elements, int64_t channels);

/// The rows of a buffer as float32: `out` is resized to rows x elements. rows: as the buffer's other columns say, or -1
/// where nothing says it: then the bytes decide. Returns the rows. Errors: kDataCorrupted for bytes that are not what they should be.
int64_t DecodeFeatures(FeatureEncoding encoding, base::Bytes bytes, int64_t rows, int64_t elements, std::vector<float>* out);

}  // namespace data
