// Which settings of Keras's are said to have no effect.
#include "fixture.hpp"

namespace {

using wire_test::LayerText;
using wire_test::SequentialText;

std::vector<std::string> Ignored(const std::string& text) {
  wire::ReadKeras(text);
  return wire::IgnoredSettings(text);
}

std::vector<std::string> OfDense(const std::string& arguments) {
  return Ignored(SequentialText("3", {LayerText("Dense", "x", "\"units\": 2" + (arguments.empty() ? "" : ", " + arguments))}));
}

using Texts = std::vector<std::string>;

TEST(IgnoredSettings, Types) {
  EXPECT_EQ(OfDense(""), Texts());
  EXPECT_EQ(OfDense("\"dtype\": \"float32\""), Texts());
  EXPECT_EQ(OfDense("\"dtype\": null"), Texts());
  EXPECT_EQ(OfDense("\"dtype\": \"float64\""), Texts({"dtype \"float64\" of layer \"x\""}));
  const std::string policy = R"({"class_name": "Policy", "config": {"name": "mixed_float16", "loss_scale": {}}})";
  EXPECT_EQ(OfDense("\"dtype\": " + policy), Texts({"dtype \"mixed_float16\" of layer \"x\""}));
  EXPECT_EQ(OfDense(R"("kernel_initializer": {"class_name": "Zeros", "config": {"dtype": "float64"}})"),
            Texts({"kernel_initializer.dtype \"float64\" of layer \"x\""}));
  EXPECT_EQ(OfDense(R"("kernel_initializer": {"class_name": "Zeros", "config": {"dtype": "float32"}})"), Texts());
  EXPECT_EQ(OfDense("\"quantization_config\": {\"a\": 1}"), Texts({"quantization_config of layer \"x\""}));
  EXPECT_EQ(OfDense("\"quantization_config\": null"), Texts());
}

// A column's type is the packed table's.
TEST(IgnoredSettings, AnInputMayHaveAnyType) {
  const std::string input = LayerText("InputLayer", "in", "\"batch_input_shape\": [null, 3], \"dtype\": \"int32\"");
  const auto model = [](const std::string& first, const std::string& more) {
    return "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"m\", \"layers\": [" + first + ", " +
           LayerText("Dense", "x", "\"units\": 2") + "]" + more + "}}";
  };
  EXPECT_EQ(Ignored(model(input, "")), Texts());
  EXPECT_EQ(Ignored(model(input, ", \"dtype\": \"float16\"")), Texts({"dtype \"float16\" of the model"}));
  EXPECT_EQ(Ignored(model(LayerText("InputLayer", "in", "\"batch_input_shape\": [null, 3], \"optional\": true"), "")),
            Texts({"optional of layer \"in\""}));
}

TEST(IgnoredSettings, LayersWithOneSettingAreNamedTogether) {
  Texts layers;
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g"}) layers.push_back(LayerText("Dropout", name, "\"rate\": 0.5, \"seed\": 7"));
  EXPECT_EQ(Ignored(SequentialText("3", layers)), Texts({"seed of layers \"a\", \"b\", \"c\", \"d\", \"e\", and 2 more"}));
  EXPECT_EQ(Ignored(SequentialText("3", {LayerText("Dropout", "a", "\"rate\": 0.5, \"seed\": null")})), Texts());
}

TEST(IgnoredSettings, ClassesOfOtherPackages) {
  const auto model = [](const std::string& entry) {
    return SequentialText("3", {"{" + entry + ", \"class_name\": \"Dense\", \"config\": {\"name\": \"x\", \"units\": 2}}"});
  };
  EXPECT_EQ(Ignored(model("\"module\": \"keras.layers\", \"registered_name\": null")), Texts());
  EXPECT_EQ(Ignored(model("\"module\": \"mine\", \"registered_name\": \"Mine>Dense\"")), Texts({"module \"mine\" of layer \"x\""}));
  EXPECT_EQ(Ignored(model("\"registered_name\": \"Mine>Dense\"")), Texts({"registered_name \"Mine>Dense\" of layer \"x\""}));
}

TEST(IgnoredSettings, CompileConfig) {
  std::string text = SequentialText("3", {LayerText("Dense", "x", "\"units\": 2")});
  text.pop_back();
  EXPECT_EQ(Ignored(text + ", \"compile_config\": {\"optimizer\": \"adam\"}}"), Texts({"compile_config of the model"}));
  EXPECT_EQ(Ignored(text + ", \"compile_config\": null}"), Texts());
}

// What Keras writes by itself is nothing to talk of.
TEST(IgnoredSettings, FixturesHaveNone) {
  for (const std::string& name : wire_test::KerasFixtures()) EXPECT_EQ(Ignored(wire_test::ReadFile(name)), Texts()) << name;
}

}  // namespace
