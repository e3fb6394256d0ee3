// What the tests of wire have in common: fixtures, and models of a few layers written in one line.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/graph.hpp"
#include "wire/keras.hpp"

namespace wire_test {

inline std::string ReadFile(const std::string& name) {
  std::ifstream file(std::string(CEREBRO_UNIT_DATA) + "/" + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline const std::vector<std::string>& KerasFixtures() {
  static const std::vector<std::string> names = {
      "batchnorm_keras_2_10.json", "cifar10_keras_2_1_6.json", "functional_keras_3.json", "iris_keras_2_10.json",
      "nested_keras_2_2_2.json",   "siamese_keras_2_10.json",  "transformer_keras_2_10.json", "seq2seq_keras_2_1_6.json",
      "iris_keras_2_1_6.json",     "iris_keras_2_2_4_tf.json", "mnist_keras_2_2_4_tf.json", "residual_keras_2_10.json",
      "shared_keras_2_2_4.json",   "text_keras_2_10.json",     "two_inputs_keras_2_10.json"};
  return names;
}

inline base::Graph Fixture(const std::string& name) { return wire::ReadKeras(ReadFile(name)); }

/// {"class_name": <class_name>, "config": {"name": <name>, <arguments>}}
inline std::string LayerText(const std::string& class_name, const std::string& name, const std::string& arguments = "") {
  const std::string config = "{\"name\": \"" + name + "\"" + (arguments.empty() ? "" : ", ") + arguments + "}";
  return "{\"class_name\": \"" + class_name + "\", \"config\": " + config + "}";
}

/// A Sequential model of an InputLayer "in" of the given shape and the given layers.
inline std::string SequentialText(const std::string& shape, const std::vector<std::string>& layers) {
  std::string list = LayerText("InputLayer", "in", "\"batch_input_shape\": [null" + (shape.empty() ? "" : ", " + shape) + "]");
  for (const std::string& layer : layers) list += ", " + layer;
  return "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"m\", \"layers\": [" + list + "]}, \"keras_version\": \"2.10.0\"}";
}

/// The graph of an input and one layer "x".
inline base::Graph OneLayer(const std::string& shape, const std::string& class_name, const std::string& arguments = "") {
  return wire::ReadKeras(SequentialText(shape, {LayerText(class_name, "x", arguments)}));
}

}  // namespace wire_test
