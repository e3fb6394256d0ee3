// What is read of archives that torch.jit.script(f).save() has written: test/data/torchscript.
#include "wire/torchscript.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "base/error.hpp"
#include "wire/formats/zip.hpp"

namespace wire {
namespace {

constexpr size_t kLimit = 65536;

/// Of base64, which is right.
std::string Archive(const std::string& name) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::ifstream file(std::string(CEREBRO_TEST_DATA) + "/torchscript/" + name + ".base64");
  EXPECT_TRUE(file.good());
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (char c = 0; file.get(c);) {
    const size_t digit = digits.find(c);
    if (digit == std::string::npos) continue;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    if ((count += 6) < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count & 255));
  }
  return bytes;
}

base::ErrorCode CodeOf(const std::string& object) {
  try {
    ReadScriptArchive(object, kLimit);
  } catch (const base::Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "taken";
  return base::ErrorCode::kInternal;
}

TEST(ScriptArchive, IsTheCodeOfAnArchive) {
  const ScriptArchive focal = ReadScriptArchive(Archive("focal_loss"), kLimit);
  EXPECT_EQ(focal.version, 3);
  ASSERT_EQ(focal.files.size(), 1u);
  EXPECT_EQ(focal.files[0].first, "__torch__.py");
  EXPECT_NE(focal.files[0].second.find("def forward(self: __torch__.PlaceholderModule"), std::string::npos);

  const ScriptArchive smooth = ReadScriptArchive(Archive("smooth"), kLimit);
  ASSERT_GE(smooth.files.size(), 2u);
  for (const auto& [path, content] : smooth.files) {
    EXPECT_EQ(path.substr(path.size() - 3), ".py");
    EXPECT_EQ(content.find('\0'), std::string::npos);
  }
}

TEST(ScriptArchive, IsRefusedWhereThereIsNone) {
  using base::ErrorCode;
  EXPECT_EQ(CodeOf("PK\x03\x04"), ErrorCode::kInvalidData);
  const std::string whole = Archive("focal_loss");
  EXPECT_EQ(CodeOf(whole.substr(0, whole.size() / 2)), ErrorCode::kInvalidData);
  ZipWriter none, marked, large;
  none.Add("f/data.pkl", "x");
  EXPECT_EQ(CodeOf(none.Finish()), ErrorCode::kInvalidParameter);
  marked.Add("f/code/__torch__.py", "a\n#!file b\n");
  EXPECT_EQ(CodeOf(marked.Finish()), ErrorCode::kInvalidParameter);
  large.Add("f/code/__torch__.py", std::string(kLimit + 1, ' '));
  EXPECT_EQ(CodeOf(large.Finish()), ErrorCode::kLimitExceeded);
}

}  // namespace
}  // namespace wire
