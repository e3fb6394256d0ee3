// The state in data/state_v1.bin.
#pragma once

#include <memory>
#include <string>

#include "fixture.hpp"
#include "wire/state.hpp"

namespace wire_test {

/// A training state of the iris model with one slot a weight, 64-byte aligned, as a first version wrote it.
inline wire::StateHeader SampleHeader() {
  wire::StateHeader header;
  header.graph = std::make_shared<const base::Graph>(Fixture("iris_keras_2_10.json"));
  header.graph_bytes = wire::WriteGraph(*header.graph);
  header.graph_digest = wire::GraphDigest(*header.graph);
  header.compile_params = "loss='categorical_crossentropy',metrics=['accuracy'],optimizer='SGD(lr=0.1,momentum=0.9)'";
  header.fit_params = "batch_size=32,epochs=1";
  header.data_spec = "{}";
  header.seed = 42;
  header.stream = 3;
  header.step = 1234567890123;
  header.iterations_done = 10;
  header.rows_seen = 1500;
  header.visits_in_iteration = 2;
  header.partitions = 8;
  header.build = "a build";
  for (const bool slot : {false, true}) {
    for (const base::Layer& layer : header.graph->layers) {
      for (const base::WeightSpec& weight : layer.weights) {
        const std::string name = layer.name + "/" + weight.name + (slot ? "/momentum" : "");
        header.tensors.push_back({name, weight.shape, header.raw_bytes, slot, weight.trainable && !slot});
        const uint64_t bytes = static_cast<uint64_t>(base::ElementCount(weight.shape)) * sizeof(float);
        header.raw_bytes += (bytes + 63) / 64 * 64;
      }
    }
  }
  return header;
}

inline std::string SampleRaw(uint64_t size) {
  std::string raw(size, '\0');
  for (size_t i = 0; i < raw.size(); ++i) raw[i] = static_cast<char>(i * 7 % 251);
  return raw;
}

}  // namespace wire_test
