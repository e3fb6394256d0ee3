// Stored architectures as Keras 2 writes them: every architecture of the tests comes back as the same graph. And
// summaries.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "fixture.hpp"
#include "wire/formats/keras_file.hpp"
#include "wire/keras_json.hpp"
#include "wire/summary.hpp"

namespace {

using base::Value;
using wire_test::LayerText;
using wire_test::SequentialText;

std::string FileText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Name and text of all architectures: those of this room, those of the engine's golden files, and the larger ones.
std::vector<std::pair<std::string, std::string>> AllArchitectures() {
  std::vector<std::pair<std::string, std::string>> all;
  const std::filesystem::path own = CEREBRO_UNIT_DATA, shared = CEREBRO_TEST_DATA;
  for (const std::filesystem::path& folder : {own, shared / "architectures", own / "../../engine/data"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() != ".json") continue;
      const Value value = base::ParseLiteral(FileText(entry.path()));
      if (!value.is_dict()) continue;  // lists of golden numbers
      const Value* model = value.Find("model");
      all.emplace_back(entry.path().filename().string(),
                       model != nullptr && model->is_string() ? model->string() : FileText(entry.path()));
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

bool HasKey(const Value& value, const std::string& key) {
  if (value.is_list())
    return std::any_of(value.list().begin(), value.list().end(),
                       [&](const Value& entry) { return HasKey(entry, key); });
  if (!value.is_dict()) return false;
  return std::any_of(value.dict().begin(), value.dict().end(),
                     [&](const auto& entry) { return entry.first == key || HasKey(entry.second, key); });
}

TEST(KerasJson, EveryArchitectureComesBack) {
  int seen = 0;
  for (const auto& [name, text] : AllArchitectures()) {
    std::optional<base::Graph> graph;
    try {
      graph = wire::CheckKeras(text);
    } catch (const base::Error& error) {
      ADD_FAILURE() << name << ": " << error.what();
      continue;
    }
    if (!graph) continue;  // leaves a shape to its table
    ++seen;
    const std::string written = wire::Keras2Json(*graph, text);
    EXPECT_EQ(wire::GraphDigest(wire::ReadKeras(written)), wire::GraphDigest(*graph)) << name;
    for (const char* newer : {"batch_shape", "kwargs"}) {
      EXPECT_FALSE(HasKey(base::ParseLiteral(written), newer)) << name << " has " << newer;
    }
  }
  EXPECT_GT(seen, 240);
}

TEST(KerasJson, TextOfAFunctionalModel) {
  const base::Graph graph = wire::ReadKeras(SequentialText("3", {LayerText("Dense", "out", "\"units\": 2")}));
  const Value written = base::ParseLiteral(wire::Keras2Json(graph, ""));
  EXPECT_EQ(written.Find("class_name")->string(), "Functional");
  const Value& layers = *written.Find("config")->Find("layers");
  ASSERT_EQ(layers.list().size(), 2u);
  EXPECT_EQ(base::FormatJson(*layers.list()[0].Find("config")),
            R"({"name":"in","batch_input_shape":[null,3],"dtype":"float32"})");
  EXPECT_EQ(base::FormatJson(*layers.list()[1].Find("inbound_nodes")), R"([[["in",0,0,{}]]])");
}

// Keras 2 always cuts to 0 to 255, and has no argument for it.
TEST(KerasJson, RangeOfAContrast) {
  const auto contrast = [](const std::string& range) {
    return SequentialText("4, 4, 3", {LayerText("RandomContrast", "contrast", "\"factor\": 0.2" + range)});
  };
  const std::string usual = contrast(""), other = contrast(", \"value_range\": [0, 1]");
  EXPECT_EQ(wire::Keras2Json(wire::ReadKeras(usual), usual).find("value_range"), std::string::npos);
  EXPECT_THROW(wire::WriteKeras(wire::ReadKeras(other), wire::KerasForm::kKeras2), base::Error);
  EXPECT_NE(wire::WriteKeras(wire::ReadKeras(other), wire::KerasForm::kKeras3).find("value_range"), std::string::npos);
}

// A Bidirectional layer that returns sequences is one layer again, whatever stands in the text that was loaded.
TEST(KerasJson, BidirectionalLayersArePutTogether) {
  const std::string gru = LayerText("GRU", "g", "\"units\": 3, \"return_sequences\": true");
  const std::string text =
      SequentialText("4, 2", {LayerText("Bidirectional", "both", "\"merge_mode\": \"sum\", \"layer\": " + gru),
                              LayerText("LSTM", "last", "\"units\": 2")});
  const base::Graph graph = wire::ReadKeras(text);
  const std::string written = wire::WriteKeras(graph, wire::KerasForm::kKeras2Wrapped);
  EXPECT_EQ(wire::GraphDigest(wire::ReadKeras(written)), wire::GraphDigest(graph)) << written;
  const Value model = base::ParseLiteral(written);
  const base::List& layers = model.Find("config")->Find("layers")->list();
  ASSERT_EQ(layers.size(), 3u);
  EXPECT_EQ(layers[1].Find("class_name")->string(), "Bidirectional");
  EXPECT_EQ(layers[1].Find("config")->Find("merge_mode")->string(), "sum");
  EXPECT_EQ(base::FormatJson(*layers[2].Find("inbound_nodes")), R"([[["both",0,0,{}]]])");
}

TEST(Summary, LinesOfAModel) {
  const base::Graph graph = wire::ReadKeras(SequentialText(
      "4", {LayerText("Dense", "hidden", "\"units\": 300, \"activation\": \"relu\", \"trainable\": false"),
            LayerText("BatchNormalization", "norm"), LayerText("Dense", "out", "\"units\": 2, \"use_bias\": false")}));
  const std::vector<std::string> lines = wire::Summarize(graph);
  ASSERT_EQ(lines.size(), 4u + 4 + 1 + 4 + 1);
  EXPECT_EQ(lines[0], "Model: \"m\"");
  for (const char* heading : {"Layer (type)", "Output Shape", "Param #", "Connected to", "FLOPs"}) {
    EXPECT_NE(lines[2].find(heading), std::string::npos) << lines[2];
  }
  // hidden: 4 * 300 + 300 weights; norm: 4 * 300, of which half are statistics; out: 300 * 2
  EXPECT_NE(lines[5].find("hidden (Dense) frozen"), std::string::npos) << lines[5];
  EXPECT_NE(lines[5].find("(None, 300)"), std::string::npos) << lines[5];
  EXPECT_NE(lines[5].find("1,500"), std::string::npos) << lines[5];
  EXPECT_NE(lines[5].find("in[0][0]"), std::string::npos) << lines[5];
  EXPECT_NE(lines[6].find("1,200"), std::string::npos) << lines[6];
  EXPECT_EQ(lines[9], "Total params: 3,300 (12.89 KB)");
  EXPECT_EQ(lines[10], "Trainable params: 1,200 (4.69 KB)");
  EXPECT_EQ(lines[11], "Non-trainable params: 2,100 (8.20 KB), of frozen layers: 1,500, statistics and constants: 600");
  double flops = 0;
  for (const base::Call& call : graph.calls) flops += call.forward_flops;
  EXPECT_EQ(flops, graph.ForwardFlops());
  // products of 4 * 300 and 300 * 2, two operations each
  EXPECT_GT(flops, 2 * (1200 + 600));
  size_t width = 0;
  for (size_t i = 4; i < 8; ++i) width = std::max(width, lines[i].size());
  EXPECT_LE(width, lines[1].size());
}

TEST(Summary, SharedLayersAndSeveralInputs) {
  const std::vector<std::string> lines = wire::Summarize(wire_test::Fixture("siamese_keras_2_10.json"));
  EXPECT_TRUE(std::any_of(lines.begin(), lines.end(),
                          [](const std::string& line) { return line.find("[1][0]") != std::string::npos; }));
  const std::vector<std::string> two = wire::Summarize(wire_test::Fixture("two_inputs_keras_2_10.json"));
  EXPECT_TRUE(std::any_of(two.begin(), two.end(), [](const std::string& line) {
    return line.find("[0][0]") != std::string::npos && line.find('(') == std::string::npos;
  }));
}

}  // namespace
