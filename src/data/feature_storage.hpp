// What stored features take on disk, before they are written: an upper bound that the planner and the writer both go
// by, so that what the planner allows always fits.
//
// A set is a table with a row a buffer (store/features.hpp). It is a heap, its table of long values with an index, and
// an index over (partition, buffer); on a cluster all four on every segment. The bound follows the server's layout of
// pages: values are kept uncompressed out of line, in pieces of which four fill a page.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/tensor.hpp"

namespace data {

/// Of a server.
struct PageLayout {
  int64_t page_bytes = 8192;  // block_size
  int64_t segments = 1;       // that have pages of their own
};

/// Of a packed table whose buffers get features.
struct StorageExtent {
  int64_t rows = 0, buffers = 0;
};

/// The most bytes that an encoded value of this precision takes for each row, and besides, a buffer. elements,
/// channels: of a row, as EncodeFeatures takes them. Errors: kInvalidParameter for a precision that is none.
struct EncodedSize {
  double row_bytes = 0, buffer_bytes = 0;
};
EncodedSize MostEncodedBytes(std::string_view precision, int64_t elements, int64_t channels);

/// Bytes on disk of a set of features with these values. 0 buffers: of an empty set. Never less than what the server
/// says afterwards (pg_total_relation_size), as long as the buffers are spread over the segments evenly, and seldom
/// more than by a tenth.
double FeatureTableBytes(const PageLayout& layout, const StorageExtent& extent, const EncodedSize& value);

}  // namespace data
