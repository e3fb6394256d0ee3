// Image files told by their first bytes. A packed image is raw pixels: a file in a bytea column is a common mistake.
#pragma once

#include <string_view>

namespace data {

/// "JPEG", "PNG", "GIF", "WebP", "TIFF" or "BMP" when the bytes begin as such a file does, else nullptr. Twelve bytes are enough.
const char* ImageFileFormat(std::string_view bytes);

/// What to do about one.
constexpr const char* kImageFileHint =
    "Packed images are raw pixels, one byte an element: decode the files before they are loaded, and store bytes such as those of "
    "numpy.asarray(image).tobytes().";

}  // namespace data
