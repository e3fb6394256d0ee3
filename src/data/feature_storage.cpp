#include "data/feature_storage.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.hpp"

namespace data {
namespace {

// Of the server's pages: PageHeaderData, a line pointer, the head of a heap tuple, and that of an index tuple.
constexpr int64_t kPageHead = 24, kLinePointer = 4, kTupleHead = 24, kIndexTupleHead = 8, kIndexPageTail = 16;
constexpr int64_t kAlignment = 8;
constexpr int64_t kPiecesOfPage = 4;   // EXTERN_TUPLES_PER_PAGE
constexpr int64_t kPieceHead = 12;     // chunk_id, chunk_seq, length
constexpr int64_t kRowBytes = 40;      // three integers, a pointer to the value, alignment
constexpr int64_t kKeyBytes = 16;      // of an index, at most: three integers
constexpr double kIndexFill = 0.9;     // of pages that are filled in order; in another order they are split in two
constexpr double kFreeSpacePages = 3;  // a map of free space, as soon as a table has some pages
constexpr double kHeadBytes = 48;      // of an encoded buffer, without levels
constexpr double kLevelBytes = 8;      // a channel, in uint8

int64_t Pages(double bytes_or_items, double a_page) { return static_cast<int64_t>(std::ceil(bytes_or_items / a_page)); }

// Meta page, leaves, and the pages above them.
double IndexPages(double items, int64_t key_bytes, int64_t page_bytes) {
  if (items <= 0) return 1;
  const double room = static_cast<double>(page_bytes - kPageHead - kIndexPageTail) * kIndexFill;
  double level = items, pages = 1;
  do {
    level = static_cast<double>(Pages(level * static_cast<double>(kIndexTupleHead + key_bytes + kLinePointer), room));
    pages += level;
  } while (level > 1);
  return pages;
}

}  // namespace

EncodedSize MostEncodedBytes(std::string_view precision, int64_t elements, int64_t channels) {
  const auto values = static_cast<double>(elements);
  if (precision == "float32") return {values * sizeof(float), kHeadBytes};
  if (precision == "bfloat16" || precision == "float16") return {values * 2, kHeadBytes};
  if (precision == "uint8")
    return {values, kHeadBytes + kLevelBytes * static_cast<double>(std::max<int64_t>(1, channels))};
  throw base::Error(base::ErrorCode::kInvalidParameter, "'" + std::string(precision) + "' is no precision of features");
}

double FeatureTableBytes(const PageLayout& layout, const StorageExtent& extent, const EncodedSize& value) {
  const auto page = static_cast<double>(layout.page_bytes);
  const auto segments = static_cast<double>(std::max<int64_t>(1, layout.segments));
  const double buffers = std::ceil(static_cast<double>(extent.buffers) / segments);  // of a segment
  const double rows = std::ceil(static_cast<double>(extent.rows) / segments);
  const double room = static_cast<double>(layout.page_bytes - kPageHead);
  // four pieces, each with a line pointer, fill a page
  const int64_t piece_room =
      (layout.page_bytes - (kPageHead + kPiecesOfPage * kLinePointer)) / kPiecesOfPage / kAlignment * kAlignment;
  const auto piece = static_cast<double>(piece_room - kTupleHead - kPieceHead);
  double pieces = 0;
  if (buffers > 0)
    pieces = std::ceil((rows * value.row_bytes + buffers * value.buffer_bytes) / piece) +
             buffers;  // the last of each is cut
  const double heap =
      buffers > 0
          ? static_cast<double>(Pages(buffers * (kTupleHead + kLinePointer + kRowBytes), room)) + kFreeSpacePages
          : 0;
  const double values = buffers > 0 ? std::ceil(pieces / kPiecesOfPage) + kFreeSpacePages : 0;
  const double indexes = IndexPages(pieces, 8, layout.page_bytes) + IndexPages(buffers, kKeyBytes, layout.page_bytes);
  return segments * page * (heap + values + indexes);
}

}  // namespace data
