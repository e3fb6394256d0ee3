// Models with weights for the tests of files.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "fixture.hpp"
#include "wire/exchange.hpp"

namespace wire_test {

/// Weights that are all different: 0.5, 1.5, ...
inline std::string CountedWeights(const base::Graph& graph) {
  std::string bytes;
  for (int64_t i = 0; i < graph.WeightCount(); ++i) {
    const float value = static_cast<float>(i) + 0.5f;
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return bytes;
}

inline std::vector<float> Floats(const std::string& bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

/// Has the layers of the usual image, text and table networks, small.
inline std::vector<std::string> ExchangeTexts() {
  return {
      SequentialText("4, 4, 2", {LayerText("Conv2D", "conv", "\"filters\": 3, \"kernel_size\": [2, 2], \"activation\": \"relu\""),
                                 LayerText("BatchNormalization", "norm"), LayerText("MaxPooling2D", "pool", "\"pool_size\": [2, 2], \"strides\": [1, 1]"),
                                 LayerText("Flatten", "flat"), LayerText("Dropout", "drop", "\"rate\": 0.5"),
                                 LayerText("Dense", "out", "\"units\": 2, \"activation\": \"softmax\"")}),
      SequentialText("5", {LayerText("Embedding", "words", "\"input_dim\": 7, \"output_dim\": 3"),
                           LayerText("LSTM", "lstm", "\"units\": 2, \"return_sequences\": true"), LayerText("GRU", "gru", "\"units\": 3"),
                           LayerText("Dense", "out", "\"units\": 1, \"use_bias\": false")}),
      SequentialText("6", {LayerText("Dense", "first", "\"units\": 4, \"activation\": \"relu\""), LayerText("LayerNormalization", "norm"),
                           LayerText("Dense", "second", "\"units\": 3")}),
  };
}

/// The first layer of this kind; nullptr when there is none.
inline const base::Layer* FindKind(const base::Graph& graph, base::LayerKind kind) {
  for (const base::Layer& layer : graph.layers) {
    if (layer.kind == kind) return &layer;
  }
  return nullptr;
}

inline bool HasFlag(const base::Graph& graph, const char* argument) {
  for (const base::Layer& layer : graph.layers) {
    const base::Value* value = layer.attributes.Find(argument);
    if (value != nullptr && value->is_bool() && value->boolean()) return true;
  }
  return false;
}

/// And the fixtures that are not too large to be written many times.
inline std::vector<std::string> SmallTexts() {
  std::vector<std::string> texts = ExchangeTexts();
  for (const std::string& name : KerasFixtures()) {
    texts.push_back(ReadFile(name));
    if (wire::ReadKeras(texts.back()).WeightCount() > 50000) texts.pop_back();
  }
  return texts;
}

/// An error of this code whose message has this part.
template <typename F>
void ExpectError(base::ErrorCode code, const std::string& part, F&& f) {
  try {
    f();
    ADD_FAILURE() << "no error: " << part;
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

}  // namespace wire_test
