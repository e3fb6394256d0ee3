#include "wire/shape_signature.hpp"

#include <gtest/gtest.h>

#include <string>

#include "wire/keras.hpp"

namespace {

base::Graph Net(const std::string& dense, const std::string& dropout = R"("rate": 0.25)", const std::string& name = "a") {
  return wire::ReadKeras(R"({"class_name": "Sequential", "config": {"name": "m", "layers": [
      {"class_name": "Dense", "config": {"name": ")" + name + R"(", "batch_input_shape": [null, 7], )" + dense + R"(}},
      {"class_name": "Dropout", "config": {"name": "d", )" + dropout + R"(}},
      {"class_name": "BatchNormalization", "config": {"name": "n", "momentum": 0.9}},
      {"class_name": "Dense", "config": {"name": "o", "units": 3, "activation": "softmax"}}]}})");
}

std::string Signature(const std::string& dense, const std::string& dropout = R"("rate": 0.25)", const std::string& name = "a") {
  return wire::ShapeSignature(Net(dense, dropout, name));
}

}  // namespace

TEST(ShapeSignature, SeesLayersAndSizes) {
  const std::string ten = Signature(R"("units": 10)");
  EXPECT_EQ(ten.size(), 32u);
  EXPECT_NE(ten, Signature(R"("units": 11)"));
  EXPECT_NE(ten, Signature(R"("units": 10, "activation": "relu")"));
  EXPECT_NE(ten, Signature(R"("units": 10, "use_bias": false)"));
  EXPECT_NE(ten, Signature(R"("units": 10, "trainable": false)"));
}

TEST(ShapeSignature, DoesNotSeeWhatLeavesTheWorkAsItIs) {
  const std::string ten = Signature(R"("units": 10)");
  EXPECT_EQ(ten, Signature(R"("units": 10, "kernel_initializer": "he_normal")"));
  EXPECT_EQ(ten, Signature(R"("units": 10, "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.01}})"));
  EXPECT_EQ(ten, Signature(R"("units": 10)", R"("rate": 0.5, "seed": 3)"));
  EXPECT_EQ(ten, Signature(R"("units": 10)", R"("rate": 0.25)", "another_name"));
}

TEST(ShapeSignature, TextIsCanonical) {
  EXPECT_EQ(wire::ShapeText(Net(R"("units": 10)")),
            "InputLayer shape=[7]\n"
            "Dense units=10 activation=\"linear\" use_bias=true\n"
            "Dropout noise_shape=null\n"
            "BatchNormalization axis=-1 epsilon=0.001 center=true scale=true\n"
            "Dense units=3 activation=\"softmax\" use_bias=true\n"
            "0() (7,)\n1(0) (10,)\n2(1) (10,)\n3(2) (10,)\n4(3) (3,)\n"
            "inputs 0\noutputs 4\n");
}
