#include "data/image_file.hpp"

namespace data {

const char* ImageFileFormat(std::string_view bytes) {
  using std::literals::operator""sv;
  const auto begins = [bytes](std::string_view magic) { return bytes.substr(0, magic.size()) == magic; };
  if (begins("\xff\xd8\xff"sv)) return "JPEG";
  if (begins("\x89PNG\r\n\x1a\n"sv)) return "PNG";
  if (begins("GIF87a"sv) || begins("GIF89a"sv)) return "GIF";
  if (begins("RIFF"sv) && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP"sv) return "WebP";
  if (begins("II*\0"sv) || begins("MM\0*"sv)) return "TIFF";
  // two letters alone say little: the reserved bytes are zero
  if (begins("BM"sv) && bytes.size() >= 10 && bytes.substr(6, 4) == "\0\0\0\0"sv) return "BMP";
  return nullptr;
}

}  // namespace data
