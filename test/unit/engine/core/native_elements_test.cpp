// Noise, dropout of several forms, layers with a number for each element, GroupNormalization and layers that reverse or cut
// sequences, by kernels: the same training as autograd's.
#include <gtest/gtest.h>

#include <string>

#include "training.hpp"

using base::LossKind;
using training::AdamConfig;
using training::Classes;
using training::ExpectSameBetween;
using training::ExpectSameTraining;
using training::Layer;

namespace {

void InSequence(const std::string& layer) {
  ExpectSameBetween(layer, {5, 3}, fixture::Dense("first", 4, "tanh", R"(, "batch_input_shape": [null, 5, 3])"));
}

void InImage(const std::string& layer) {
  ExpectSameBetween(layer, {3, 4, 2}, fixture::Dense("first", 8, "tanh", R"(, "batch_input_shape": [null, 3, 4, 2])"));
}

}  // namespace

TEST(NativeElements, NoiseAndDropout) {
  InSequence(Layer("GaussianNoise", "n", R"("stddev": 0.3)"));
  InSequence(Layer("GaussianDropout", "n", R"("rate": 0.3)"));
  InSequence(Layer("AlphaDropout", "n", R"("rate": 0.3)"));
  InSequence(Layer("SpatialDropout1D", "n", R"("rate": 0.3)"));
  InImage(Layer("SpatialDropout2D", "n", R"("rate": 0.3)"));
}

TEST(NativeElements, NumbersOfElements) {
  InImage(Layer("PReLU", "p", R"("alpha_initializer": {"class_name": "Constant", "config": {"value": 0.2}})"));
  InImage(Layer("PReLU", "p", R"("shared_axes": [1, 2])"));
  InSequence(Layer("ThresholdedReLU", "t", R"("theta": 0.2)"));
  InSequence(Layer("Rescaling", "r", R"("scale": 0.5, "offset": 0.1)"));
  InSequence(Layer("Normalization", "n", R"("axis": -1, "mean": [0.1, 0.2, 0.3, 0.4], "variance": [1.0, 0.5, 2.0, 0.1])"));
}

TEST(NativeElements, GroupNormalization) {
  for (const char* rest : {R"("groups": 1)", R"("groups": 4)", R"("groups": -1)", R"("groups": 2, "scale": false, "center": false)"}) {
    InImage(Layer("GroupNormalization", "g", rest));
  }
  InSequence(Layer("GroupNormalization", "g", R"("groups": 2, "epsilon": 0.1)"));
}

TEST(NativeElements, SequencesTurnedAndCut) {
  const std::string twice = R"({"class_name": "Bidirectional", "config": {"name": "b", "layer": {"class_name": "LSTM", "config": )"
                            R"({"name": "l", "units": 3, "return_sequences": true}}}})";
  InSequence(twice);
}
