#include "definitions/torchscript.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/error.hpp"

namespace definitions {
namespace {

TEST(Base64, IsThatOfRfc4648) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(EncodeBase64(bytes), text);
    std::string back;
    EXPECT_TRUE(DecodeBase64(text, &back));
    EXPECT_EQ(back, bytes);
  }
  std::string all;
  for (int byte = 0; byte < 256; byte++) all.push_back(static_cast<char>(byte));
  std::string back;
  EXPECT_TRUE(DecodeBase64(EncodeBase64(all), &back));
  EXPECT_EQ(back, all);
}

TEST(Base64, IsRefusedWhereItIsNone) {
  std::string bytes;
  EXPECT_TRUE(DecodeBase64("Zm9v\n YmFy", &bytes));
  EXPECT_EQ(bytes, "foobar");
  for (const char* text : {"Zm9", "Zm9!", "Z===", "====", "Zg==Zg==", "Zm=v", "Zm9v\xff"})
    EXPECT_FALSE(DecodeBase64(text, &bytes)) << text;
}

TEST(TorchScriptCall, HasNameAndSource) {
  const std::string call = TorchScriptCall("focal", "ZGVm+/A=");
  EXPECT_EQ(call, "torchscript(name=\"focal\",source=\"ZGVm+/A=\")");
  EXPECT_EQ(FunctionOfCall(call).name, "focal");
  EXPECT_EQ(FunctionOfCall(call).source, "ZGVm+/A=");
  EXPECT_EQ(ShownName(call), "focal");
  for (const char* name : {"accuracy", "AUC(curve='PR')", "torchscript", "torchscript(name=\"a\")", ""}) {
    EXPECT_EQ(ShownName(name), name);
    EXPECT_THROW(FunctionOfCall(name), base::Error);
  }
}

TEST(ScriptText, IsSourceOrTheFilesOfAnArchive) {
  const ScriptText source = ReadScriptText("def f(y_true, y_pred):\n  return y_pred\n");
  EXPECT_EQ(source.version, 0);
  ASSERT_EQ(source.files.size(), 1u);
  EXPECT_EQ(source.files[0].second, "def f(y_true, y_pred):\n  return y_pred\n");

  ScriptText archive;
  archive.version = 3;
  archive.files = {{"__torch__.py", "class A(Module):\n"}, {"__torch__/b.py", "# none\n"}};
  const ScriptText back = ReadScriptText(WriteScriptText(archive));
  EXPECT_EQ(back.version, 3);
  EXPECT_EQ(back.files, archive.files);

  EXPECT_EQ(ReadScriptText("#!torchscript x\n").version, 1);
  EXPECT_EQ(ReadScriptText("#!torchscript 999999999999\nlost\n").version, 1);
  EXPECT_TRUE(ReadScriptText("#!torchscript 3\nlost\n").files.empty());
}

}  // namespace
}  // namespace definitions
