// Which bytes are told to be an image file.
#include "data/image_file.hpp"

#include <gtest/gtest.h>

using data::ImageFileFormat;
using std::literals::operator""sv;

TEST(ImageFile, KnownFormats) {
  EXPECT_STREQ(ImageFileFormat("\xff\xd8\xff\xe0\0\x10JFIF\0\1"sv), "JPEG");
  EXPECT_STREQ(ImageFileFormat("\x89PNG\r\n\x1a\n\0\0\0\r"sv), "PNG");
  EXPECT_STREQ(ImageFileFormat("GIF89a\1\0\1\0\x80\0"sv), "GIF");
  EXPECT_STREQ(ImageFileFormat("RIFF\x24\0\0\0WEBP"sv), "WebP");
  EXPECT_STREQ(ImageFileFormat("II*\0\x08\0\0\0\0\0\0\0"sv), "TIFF");
  EXPECT_STREQ(ImageFileFormat("BM\x36\0\0\0\0\0\0\0\x36\0"sv), "BMP");
}

TEST(ImageFile, PixelsAreNone) {
  EXPECT_EQ(ImageFileFormat(""sv), nullptr);
  EXPECT_EQ(ImageFileFormat("\xff\xd8"sv), nullptr);
  EXPECT_EQ(ImageFileFormat("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"sv), nullptr);
  EXPECT_EQ(ImageFileFormat("\0\0\0\0\0\0\0\0\0\0\0\0"sv), nullptr);
  EXPECT_EQ(ImageFileFormat("RIFF\x24\0\0\0AVI "sv), nullptr);
  EXPECT_EQ(ImageFileFormat("BMBMBMBMBMBM"sv), nullptr);
}
