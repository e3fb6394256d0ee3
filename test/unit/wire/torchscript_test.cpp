// What is read of archives that torch.jit.script(f).save() has written: test/data/torchscript.
#include "wire/torchscript.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "base/error.hpp"
#include "base/torchscript.hpp"
#include "wire/formats/zip.hpp"

namespace wire {
namespace {

std::string Archive(const std::string& name) {
  std::ifstream file(std::string(CEREBRO_TEST_DATA) + "/torchscript/" + name + ".base64");
  std::stringstream text;
  text << file.rdbuf();
  std::string bytes;
  EXPECT_TRUE(base::DecodeBase64(text.str(), &bytes));
  return bytes;
}

base::ErrorCode CodeOf(const std::string& object) {
  try {
    FunctionText(object);
  } catch (const base::Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "taken";
  return base::ErrorCode::kInternal;
}

TEST(FunctionText, IsTheCodeOfAnArchive) {
  const base::ScriptText focal = base::ReadScriptText(FunctionText(Archive("focal_loss")));
  EXPECT_EQ(focal.version, 3);
  ASSERT_EQ(focal.files.size(), 1u);
  EXPECT_EQ(focal.files[0].first, "__torch__.py");
  EXPECT_NE(focal.files[0].second.find("def forward(self: __torch__.PlaceholderModule"), std::string::npos);

  const base::ScriptText smooth = base::ReadScriptText(FunctionText(Archive("smooth")));
  ASSERT_GE(smooth.files.size(), 2u);
  for (const auto& [path, content] : smooth.files) {
    EXPECT_EQ(path.substr(path.size() - 3), ".py");
    EXPECT_EQ(content.find('\0'), std::string::npos);
  }
}

TEST(FunctionText, IsSourceAsItIs) {
  const std::string source = "def f(y_true, y_pred):\n  return y_pred\n";
  EXPECT_EQ(FunctionText(source), source);
}

TEST(FunctionText, IsRefusedWhereThereIsNone) {
  using base::ErrorCode;
  EXPECT_EQ(CodeOf(std::string("\x80\x02}\x00.", 5)), ErrorCode::kFeatureNotSupported);
  EXPECT_EQ(CodeOf(std::string("a\0b", 3)), ErrorCode::kInvalidParameter);
  EXPECT_EQ(CodeOf("#!torchscript 3\n"), ErrorCode::kInvalidParameter);
  EXPECT_EQ(CodeOf("PK\x03\x04"), ErrorCode::kInvalidData);
  const std::string whole = Archive("focal_loss");
  EXPECT_EQ(CodeOf(whole.substr(0, whole.size() / 2)), ErrorCode::kInvalidData);
  ZipWriter none, marked, large;
  none.Add("f/data.pkl", "x");
  EXPECT_EQ(CodeOf(none.Finish()), ErrorCode::kInvalidParameter);
  marked.Add("f/code/__torch__.py", "a\n#!file b\n");
  EXPECT_EQ(CodeOf(marked.Finish()), ErrorCode::kInvalidParameter);
  large.Add("f/code/__torch__.py", std::string(base::kLongestScript + 1, ' '));
  EXPECT_EQ(CodeOf(large.Finish()), ErrorCode::kLimitExceeded);
}

}  // namespace
}  // namespace wire
