// The zip format, as far as programs write it that store models: local headers with the entries' bytes, then the central
// directory, then its end record; with 64-bit fields where 32 bits are too few. The directory is read from its end, as
// everybody does, and is all that counts but for an entry's local header, which says how far behind it the bytes begin.
// zlib inflates, into memory that grows with what comes out and never beyond the length that the directory states.
#include "wire/formats/zip.hpp"

#include <zlib.h>

#include <algorithm>

#include "layers/refusal.hpp"

namespace wire {
namespace {

using base::ErrorCode;

constexpr uint32_t kLocal = 0x04034B50, kCentral = 0x02014B50, kEnd = 0x06054B50, kEnd64 = 0x06064B50, kLocator64 = 0x07064B50;
constexpr uint64_t kEndBytes = 22, kLocatorBytes = 20, kLocalBytes = 30, kCentralBytes = 46;
constexpr uint64_t kLongestComment = 65535;
constexpr uint64_t kMostEntries = 100000;
constexpr uint64_t kMostContent = uint64_t{2} << 30;
constexpr uint64_t kOpen32 = 0xFFFFFFFF;  // the number is in the 64-bit field

[[noreturn]] void Unsupported(const std::string& name, const char* what) {
  throw base::Error(ErrorCode::kFeatureNotSupported, "entry " + layers::Quote(name) + " of the zip archive " + what, {},
                    "Write the archive anew, stored or deflated and without a password.");
}

struct Directory {
  uint64_t begin, bytes, entries;
};

Directory FindDirectory(const ByteReader& reader) {
  if (reader.size() < kEndBytes) reader.Broken("has " + std::to_string(reader.size()) + " bytes, too few for an archive");
  const uint64_t last = reader.size() - kEndBytes;
  const uint64_t first = last > kLongestComment ? last - kLongestComment : 0;
  for (uint64_t at = last + 1; at-- > first;) {
    if (reader.Number(at, 4) != kEnd || reader.Number(at + 20, 2) != last - at) continue;
    Directory directory = {reader.Number(at + 16, 4), reader.Number(at + 12, 4), reader.Number(at + 10, 2)};
    if (at >= kLocatorBytes && reader.Number(at - kLocatorBytes, 4) == kLocator64) {
      const uint64_t end64 = reader.Number(at - kLocatorBytes + 8, 8);
      if (reader.Number(end64, 4) != kEnd64) reader.Broken("has no end record where its locator says");
      directory = {reader.Number(end64 + 48, 8), reader.Number(end64 + 40, 8), reader.Number(end64 + 32, 8)};
    }
    return directory;
  }
  reader.Broken("has no directory: it is cut off, or no archive");
}

// Takes the 64-bit numbers for those of the fields that are open, in their order.
void ReadExtra64(const ByteReader& reader, uint64_t at, uint64_t end, const std::vector<uint64_t*>& fields) {
  while (end - at >= 4) {
    const uint64_t kind = reader.Number(at, 2), bytes = reader.Number(at + 2, 2);
    at += 4;
    if (bytes > end - at) reader.Broken("has an extra field that is longer than its entry");
    if (kind == 1) {
      uint64_t next = at;
      for (uint64_t* field : fields) {
        if (*field != kOpen32) continue;
        if (at + bytes - next < 8) reader.Broken("has an extra field that is too short");
        *field = reader.Number(next, 8);
        next += 8;
      }
    }
    at += bytes;
  }
}

std::string Inflate(const ZipEntry& entry) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  struct Closer {
    z_stream* stream;
    ~Closer() { inflateEnd(stream); }
  } closer{&stream};
  std::string out;
  size_t taken = 0;
  for (int state = Z_OK; state != Z_STREAM_END;) {
    if (stream.avail_in == 0 && taken < entry.packed.size()) {
      const size_t piece = std::min<size_t>(entry.packed.size() - taken, size_t{1} << 30);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(entry.packed.data() + taken));
      stream.avail_in = static_cast<uInt>(piece);
      taken += piece;
    }
    // at most as much again as came out before, one byte more than is due to notice what is too long
    const size_t begin = out.size();
    const size_t room = std::min<uint64_t>(std::max<size_t>(begin, 65536), entry.bytes + 1 - begin);
    out.resize(begin + room);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + begin);
    stream.avail_out = static_cast<uInt>(room);
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(begin + room - stream.avail_out);
    const bool stuck = state == Z_BUF_ERROR || (state == Z_OK && out.size() == begin && stream.avail_in == 0 && taken == entry.packed.size());
    if ((state != Z_OK && state != Z_STREAM_END) || stuck || out.size() > entry.bytes) break;
  }
  return out;
}

}  // namespace

bool IsZip(std::string_view bytes) { return bytes.substr(0, 4) == "PK\x03\x04"; }

std::vector<ZipEntry> ReadZip(std::string_view bytes) {
  const ByteReader reader(bytes, "zip");
  const Directory directory = FindDirectory(reader);
  reader.At(directory.begin, directory.bytes);
  if (directory.entries > kMostEntries || directory.entries > directory.bytes / kCentralBytes) {
    reader.Broken("states " + std::to_string(directory.entries) + " entries, its directory has " + std::to_string(directory.bytes) + " bytes");
  }
  std::vector<ZipEntry> entries;
  uint64_t at = directory.begin;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    if (reader.Number(at, 4) != kCentral) reader.Broken("has no directory entry at byte " + std::to_string(at));
    const uint64_t flags = reader.Number(at + 8, 2), method = reader.Number(at + 10, 2);
    uint64_t packed = reader.Number(at + 20, 4), begin = reader.Number(at + 42, 4);
    const uint64_t name_bytes = reader.Number(at + 28, 2), extra_bytes = reader.Number(at + 30, 2);
    ZipEntry entry;
    entry.bytes = reader.Number(at + 24, 4);
    entry.checksum = static_cast<uint32_t>(reader.Number(at + 16, 4));
    entry.name = std::string(reader.At(at + kCentralBytes, name_bytes));
    const uint64_t extra = at + kCentralBytes + name_bytes;
    reader.At(extra, extra_bytes);
    ReadExtra64(reader, extra, extra + extra_bytes, {&entry.bytes, &packed, &begin});
    if ((flags & 1) != 0) Unsupported(entry.name, "is encrypted");
    if (method != 0 && method != 8) Unsupported(entry.name, "is packed by a method other than deflate");
    entry.deflated = method == 8;
    if (!entry.deflated && packed != entry.bytes) reader.Broken("stores an entry in " + std::to_string(packed) + " bytes that has others");
    if (reader.Number(begin, 4) != kLocal) reader.Broken("has no entry at byte " + std::to_string(begin));
    const uint64_t data = begin + kLocalBytes + reader.Number(begin + 26, 2) + reader.Number(begin + 28, 2);
    entry.packed = reader.At(data, packed);
    entries.push_back(std::move(entry));
    at = extra + extra_bytes + reader.Number(at + 32, 2);
  }
  return entries;
}

const ZipEntry* FindEntry(const std::vector<ZipEntry>& entries, std::string_view name) {
  const ZipEntry* inside = nullptr;
  for (const ZipEntry& entry : entries) {
    if (entry.name == name) return &entry;
    const size_t slash = entry.name.rfind('/');
    if (slash != std::string::npos && std::string_view(entry.name).substr(slash + 1) == name && inside == nullptr) inside = &entry;
  }
  return inside;
}

std::string_view Content(const ZipEntry& entry, std::deque<std::string>* owned) {
  if (entry.bytes > kMostContent) {
    throw base::Error(ErrorCode::kLimitExceeded, "entry " + layers::Quote(entry.name) + " of the zip archive has " + std::to_string(entry.bytes) +
                                                     " bytes, more than 2 GB");
  }
  std::string_view content = entry.packed;
  if (entry.deflated) {
    owned->push_back(Inflate(entry));
    content = owned->back();
  }
  const uLong checksum = crc32_z(crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(content.data()), content.size());
  if (content.size() == entry.bytes && checksum == entry.checksum) return content;
  throw base::Error(ErrorCode::kInvalidData, "entry " + layers::Quote(entry.name) + " of the zip archive is damaged", {},
                    "Its length or its checksum is not the one that the archive states.");
}

void ZipWriter::Add(const std::string& name, std::string_view content) {
  const uint64_t begin = bytes_.size(), size = content.size();
  const uint32_t checksum =
      static_cast<uint32_t>(crc32_z(crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(content.data()), content.size()));
  const bool wide = size >= kOpen32 || begin >= kOpen32;
  const auto head = [&](std::string* out, bool central) {
    AppendNumber(out, central ? kCentral : kLocal, 4);
    if (central) AppendNumber(out, 45, 2);
    AppendNumber(out, wide ? 45 : 20, 2);
    AppendNumber(out, 0x0800, 2);  // names are UTF-8
    AppendNumber(out, 0, 2);
    AppendNumber(out, 0x00210000, 4);  // 1980-01-01 00:00: equal models make equal files
    AppendNumber(out, checksum, 4);
    AppendNumber(out, wide ? kOpen32 : size, 4);
    AppendNumber(out, wide ? kOpen32 : size, 4);
    AppendNumber(out, name.size(), 2);
    AppendNumber(out, wide ? (central ? 28 : 20) : 0, 2);
    if (central) {
      AppendNumber(out, 0, 8);  // comment, disk, attributes
      AppendNumber(out, 0, 2);
      AppendNumber(out, wide ? kOpen32 : begin, 4);
    }
    *out += name;
    if (!wide) return;
    AppendNumber(out, 1, 2);
    AppendNumber(out, central ? 24 : 16, 2);
    AppendNumber(out, size, 8);
    AppendNumber(out, size, 8);
    if (central) AppendNumber(out, begin, 8);
  };
  head(&bytes_, false);
  bytes_.append(content);
  head(&directory_, true);
  ++entries_;
}

std::string ZipWriter::Finish() {
  const uint64_t begin = bytes_.size(), size = directory_.size();
  bytes_ += directory_;
  const bool wide = begin >= kOpen32 || entries_ >= 0xFFFF;
  if (wide) {
    const uint64_t end64 = bytes_.size();
    AppendNumber(&bytes_, kEnd64, 4);
    AppendNumber(&bytes_, 44, 8);
    AppendNumber(&bytes_, 45, 2);
    AppendNumber(&bytes_, 45, 2);
    AppendNumber(&bytes_, 0, 8);
    AppendNumber(&bytes_, entries_, 8);
    AppendNumber(&bytes_, entries_, 8);
    AppendNumber(&bytes_, size, 8);
    AppendNumber(&bytes_, begin, 8);
    AppendNumber(&bytes_, kLocator64, 4);
    AppendNumber(&bytes_, 0, 4);
    AppendNumber(&bytes_, end64, 8);
    AppendNumber(&bytes_, 1, 4);
  }
  AppendNumber(&bytes_, kEnd, 4);
  AppendNumber(&bytes_, 0, 4);
  AppendNumber(&bytes_, wide ? 0xFFFF : entries_, 2);
  AppendNumber(&bytes_, wide ? 0xFFFF : entries_, 2);
  AppendNumber(&bytes_, wide ? kOpen32 : size, 4);
  AppendNumber(&bytes_, wide ? kOpen32 : begin, 4);
  AppendNumber(&bytes_, 0, 2);
  return std::move(bytes_);
}

}  // namespace wire
