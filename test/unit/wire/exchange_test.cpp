// Files of other programs: round trips, layouts, what is refused.
#include "exchange_fixture.hpp"

#include "base/error.hpp"
#include "wire/formats/tensor_file.hpp"

namespace {

using base::ErrorCode;
using wire::FileFormat;
using wire::Naming;
using wire_test::CountedWeights;
using wire_test::ExpectError;
using wire_test::Floats;
using wire_test::LayerText;
using wire_test::SequentialText;

std::string Export(const std::string& text, Naming naming) {
  const base::Graph graph = wire::ReadKeras(text);
  return wire::ExportModel(graph, CountedWeights(graph), FileFormat::kSafetensors, naming);
}

const wire::FileTensor& Tensor(const wire::TensorFile& file, const std::string& name) {
  for (const wire::FileTensor& tensor : file.tensors) {
    if (tensor.name == name) return tensor;
  }
  throw std::runtime_error("no tensor " + name);
}

std::vector<float> Values(const wire::FileTensor& tensor) {
  std::string bytes;
  wire::AppendFloats(tensor, &bytes);
  return Floats(bytes);
}

TEST(Exchange, SafetensorsGivesTheSameBytesBack) {
  for (const std::string& text : wire_test::SmallTexts()) {
    const base::Graph graph = wire::ReadKeras(text);
    const std::string file = Export(text, Naming::kKeras);
    EXPECT_EQ(wire::DetectFormat(file), FileFormat::kSafetensors);
    const wire::ImportedWeights back = wire::ImportWeights(graph, file, FileFormat::kSafetensors, Naming::kKeras, {});
    EXPECT_TRUE(back.weights == CountedWeights(graph));
    EXPECT_TRUE(back.unused.empty());
  }
}

TEST(Exchange, TorchNamingGivesTheSameBytesBack) {
  for (const std::string& text : wire_test::SmallTexts()) {
    const base::Graph graph = wire::ReadKeras(text);
    if (wire_test::FindKind(graph, base::LayerKind::kMultiHeadAttention) != nullptr) {
      // PyTorch has the three products in one weight
      ExpectError(ErrorCode::kFeatureNotSupported, "(MultiHeadAttention) has no counterpart in PyTorch", [&] { Export(text, Naming::kTorch); });
      continue;
    }
    const wire::ImportedWeights back = wire::ImportWeights(graph, Export(text, Naming::kTorch), FileFormat::kSafetensors, Naming::kTorch, {});
    EXPECT_TRUE(back.weights == CountedWeights(graph));
  }
}

// A safetensors file is what its documentation says, byte by byte.
TEST(Exchange, SafetensorsLayout) {
  const std::string file = Export(SequentialText("2", {LayerText("Dense", "d", "\"units\": 1")}), Naming::kKeras);
  const std::string header = "{\"__metadata__\":{\"format\":\"keras\"},\"d/kernel\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
                             "\"d/bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}";
  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  ASSERT_EQ(file.size(), 8 + padded.size() + 12);
  EXPECT_EQ(file.substr(8, padded.size()), padded);
  EXPECT_EQ(static_cast<unsigned char>(file[0]), padded.size());
  EXPECT_EQ(Floats(file.substr(8 + padded.size())), (std::vector<float>{0.5, 1.5, 2.5}));
}

TEST(Exchange, TorchDenseIsTransposed) {
  const std::string bytes = Export(SequentialText("2", {LayerText("Dense", "d", "\"units\": 3")}), Naming::kTorch);
  const wire::TensorFile read = wire::ReadSafetensors(bytes);
  EXPECT_EQ(Tensor(read, "d.weight").shape, (base::Shape{3, 2}));
  EXPECT_EQ(Values(Tensor(read, "d.weight")), (std::vector<float>{0.5, 3.5, 1.5, 4.5, 2.5, 5.5}));
  EXPECT_EQ(Values(Tensor(read, "d.bias")), (std::vector<float>{6.5, 7.5, 8.5}));
}

// Conv2D (height 1, width 2, in 2, out 2) -> (out, in, height, width)
TEST(Exchange, TorchConvHasChannelsFirst) {
  const std::string bytes =
      Export(SequentialText("3, 3, 2", {LayerText("Conv2D", "c", "\"filters\": 2, \"kernel_size\": [1, 2], \"use_bias\": false")}), Naming::kTorch);
  const wire::TensorFile read = wire::ReadSafetensors(bytes);
  EXPECT_EQ(Tensor(read, "c.weight").shape, (base::Shape{2, 2, 1, 2}));
  EXPECT_EQ(Values(Tensor(read, "c.weight")), (std::vector<float>{0.5, 4.5, 2.5, 6.5, 1.5, 5.5, 3.5, 7.5}));
}

// Depthwise (height 1, width 2, channels 2, multiplier 2) -> (channels * multiplier, 1, height, width), then single pixels
// (1, 1, 4, 1) -> (1, 4, 1, 1); sequences likewise.
TEST(Exchange, TorchDepthwiseAndSeparableConvolutions) {
  const std::string depthwise = Export(SequentialText("3, 3, 2", {LayerText("DepthwiseConv2D", "c", "\"kernel_size\": [1, 2], \"depth_multiplier\": 2")}),
                                       Naming::kTorch);
  const wire::TensorFile read = wire::ReadSafetensors(depthwise);
  EXPECT_EQ(Tensor(read, "c.weight").shape, (base::Shape{4, 1, 1, 2}));
  EXPECT_EQ(Values(Tensor(read, "c.weight")), (std::vector<float>{0.5, 4.5, 1.5, 5.5, 2.5, 6.5, 3.5, 7.5}));
  EXPECT_EQ(Tensor(read, "c.bias").shape, (base::Shape{4}));
  const std::string separable =
      Export(SequentialText("5, 2", {LayerText("SeparableConv1D", "c", "\"filters\": 1, \"kernel_size\": [2], \"depth_multiplier\": 2")}), Naming::kTorch);
  const wire::TensorFile parts = wire::ReadSafetensors(separable);
  EXPECT_EQ(Tensor(parts, "c.depthwise.weight").shape, (base::Shape{4, 1, 2}));
  EXPECT_EQ(Values(Tensor(parts, "c.depthwise.weight")), (std::vector<float>{0.5, 4.5, 1.5, 5.5, 2.5, 6.5, 3.5, 7.5}));
  EXPECT_EQ(Tensor(parts, "c.pointwise.weight").shape, (base::Shape{1, 4, 1}));
  EXPECT_EQ(Values(Tensor(parts, "c.pointwise.weight")), (std::vector<float>{8.5, 9.5, 10.5, 11.5}));
  EXPECT_EQ(Values(Tensor(parts, "c.pointwise.bias")), (std::vector<float>{12.5}));
  for (const char* layer : {"DepthwiseConv2D", "SeparableConv2D", "Conv1D", "DepthwiseConv1D", "SeparableConv1D"}) {
    const std::string kind = layer;
    const std::string filters = kind.rfind("Depth", 0) == 0 ? "" : "\"filters\": 3, ";
    const base::Graph graph = wire::ReadKeras(
        SequentialText(kind.back() == 'D' && kind[kind.size() - 2] == '2' ? "4, 4, 3" : "4, 3", {LayerText(layer, "c", filters + "\"kernel_size\": 2")}));
    const std::string file = wire::ExportModel(graph, CountedWeights(graph), FileFormat::kSafetensors, Naming::kTorch);
    EXPECT_TRUE(wire::ImportWeights(graph, file, FileFormat::kSafetensors, Naming::kTorch, {}).weights == CountedWeights(graph)) << kind;
  }
}

// An image (1, 2, 2) flattened is (w0c0, w0c1, w1c0, w1c1) here and (c0w0, c0w1, c1w0, c1w1) there.
TEST(Exchange, TorchRowsBehindAFlattenedImage) {
  const std::string bytes = Export(SequentialText("1, 2, 2", {LayerText("Flatten", "f"), LayerText("BatchNormalization", "b"),
                                                             LayerText("Dense", "d", "\"units\": 1, \"use_bias\": false")}),
                                   Naming::kTorch);
  const wire::TensorFile read = wire::ReadSafetensors(bytes);
  EXPECT_EQ(Values(Tensor(read, "b.weight")), (std::vector<float>{0.5, 2.5, 1.5, 3.5}));
  EXPECT_EQ(Values(Tensor(read, "d.weight")), (std::vector<float>{16.5, 18.5, 17.5, 19.5}));
}

// Likewise a sequence (2 time steps, 2 channels) that a convolution made; one that a recurrent layer made is as it is here.
TEST(Exchange, TorchRowsBehindAFlattenedSequence) {
  const std::string dense = LayerText("Dense", "d", "\"units\": 1, \"use_bias\": false");
  const std::string conv = Export(SequentialText("2, 1", {LayerText("Conv1D", "c", "\"filters\": 2, \"kernel_size\": 1, \"use_bias\": false"),
                                                          LayerText("ReLU", "r"), LayerText("Flatten", "f"), dense}),
                                  Naming::kTorch);
  EXPECT_EQ(Values(Tensor(wire::ReadSafetensors(conv), "d.weight")), (std::vector<float>{2.5, 4.5, 3.5, 5.5}));
  const std::string table = Export(SequentialText("2", {LayerText("Embedding", "e", "\"input_dim\": 1, \"output_dim\": 2"), LayerText("Flatten", "f"), dense}),
                                   Naming::kTorch);
  EXPECT_EQ(Values(Tensor(wire::ReadSafetensors(table), "d.weight")), (std::vector<float>{2.5, 3.5, 4.5, 5.5}));
}

// Gates: update, reset, candidate here; reset, update, candidate there. A row of our bias is one of PyTorch's biases.
TEST(Exchange, TorchGRUGates) {
  const std::string bytes = Export(SequentialText("2, 1", {LayerText("GRU", "g", "\"units\": 1")}), Naming::kTorch);
  const wire::TensorFile read = wire::ReadSafetensors(bytes);
  EXPECT_EQ(Values(Tensor(read, "g.weight_ih_l0")), (std::vector<float>{1.5, 0.5, 2.5}));
  EXPECT_EQ(Values(Tensor(read, "g.weight_hh_l0")), (std::vector<float>{4.5, 3.5, 5.5}));
  EXPECT_EQ(Values(Tensor(read, "g.bias_ih_l0")), (std::vector<float>{7.5, 6.5, 8.5}));
  EXPECT_EQ(Values(Tensor(read, "g.bias_hh_l0")), (std::vector<float>{10.5, 9.5, 11.5}));
}

TEST(Exchange, TorchLSTMHasTwoBiases) {
  const std::string text = SequentialText("2, 1", {LayerText("LSTM", "l", "\"units\": 1")});
  const base::Graph graph = wire::ReadKeras(text);
  std::string bytes = Export(text, Naming::kTorch);
  EXPECT_EQ(Values(Tensor(wire::ReadSafetensors(bytes), "l.bias_hh_l0")), (std::vector<float>{0, 0, 0, 0}));
  const float second = 100;  // the file's last number
  std::memcpy(bytes.data() + bytes.size() - sizeof second, &second, sizeof second);
  const wire::ImportedWeights back = wire::ImportWeights(graph, bytes, FileFormat::kSafetensors, Naming::kTorch, {});
  EXPECT_EQ(Floats(back.weights).back(), 111.5);
}

TEST(Exchange, TorchHasWhatALayerLeavesOut) {
  const std::string text = SequentialText("2", {LayerText("BatchNormalization", "b", "\"scale\": false")});
  std::string bytes = Export(text, Naming::kTorch);
  EXPECT_EQ(Values(Tensor(wire::ReadSafetensors(bytes), "b.weight")), (std::vector<float>{1, 1}));
  const wire::TensorFile read = wire::ReadSafetensors(bytes);
  const size_t at = static_cast<size_t>(Tensor(read, "b.weight").data.data() - bytes.data());
  const float other = 2;
  std::memcpy(bytes.data() + at, &other, sizeof other);
  ExpectError(ErrorCode::kInvalidParameter, "is not all 1", [&] {
    wire::ImportWeights(wire::ReadKeras(text), bytes, FileFormat::kSafetensors, Naming::kTorch, {});
  });
}

TEST(Exchange, TorchLacksAGRUThatResetsBefore) {
  ExpectError(ErrorCode::kFeatureNotSupported, "no counterpart in PyTorch",
              [] { Export(SequentialText("2, 1", {LayerText("GRU", "g", "\"units\": 1, \"reset_after\": false")}), Naming::kTorch); });
}

// Names inside of longer ones are found, where there is one of them.
TEST(Exchange, NamesInsideLongerOnes) {
  wire::TensorFile file;
  for (const char* name : {"model/dense/dense/kernel:0", "a/twice/kernel", "b/twice/kernel", "twice2/kernel"}) file.Add(name, {}, "1234");
  wire::TensorNames names(file, '/');
  EXPECT_EQ(names.Find("dense", "kernel"), &file.tensors[0]);
  EXPECT_EQ(names.Find("model/dense", "kernel"), &file.tensors[0]);
  EXPECT_EQ(names.Find("ense", "kernel"), nullptr);
  EXPECT_EQ(names.Find("dense", "bias"), nullptr);
  EXPECT_EQ(names.Find("a/twice", "kernel"), &file.tensors[1]);
  ExpectError(ErrorCode::kInvalidParameter, "several tensors", [&] { names.Find("twice", "kernel"); });
  EXPECT_EQ(names.Unused(), (std::vector<std::string>{"b/twice/kernel", "twice2/kernel"}));
  wire::TensorFile torch;
  for (const char* name : {"net.block.depthwise.weight", "net.block.pointwise.weight", "net.other.depthwise.weight"}) torch.Add(name, {}, "1234");
  wire::TensorNames modules(torch, '.');
  EXPECT_EQ(modules.Find("block", "depthwise.weight"), &torch.tensors[0]);
  EXPECT_EQ(modules.Find("pointwise", "weight"), &torch.tensors[1]);
  ExpectError(ErrorCode::kInvalidParameter, "several tensors", [&] { modules.Find("depthwise", "weight"); });
  EXPECT_EQ(modules.Find("net", "depthwise.weight"), nullptr);
  wire::TensorFile blocks;  // told apart by the first component, the last one is in all
  for (const char* name : {"m/a/x/kernel", "m/b/x/kernel", "m/c/x/kernel"}) blocks.Add(name, {}, "1234");
  wire::TensorNames inside(blocks, '/');
  EXPECT_EQ(inside.Find("b/x", "kernel"), &blocks.tensors[1]);
  EXPECT_EQ(inside.Find("x/b", "kernel"), nullptr);
  EXPECT_EQ(inside.Find("a/b/x", "kernel"), nullptr);
  EXPECT_EQ(inside.Find("/x", "kernel"), nullptr);
  ExpectError(ErrorCode::kInvalidParameter, "several tensors", [&] { inside.Find("x", "kernel"); });
}

TEST(Exchange, LayersWithOtherNames) {
  const std::string ours = SequentialText("2", {LayerText("Dense", "d", "\"units\": 1")});
  const base::Graph graph = wire::ReadKeras(ours);
  const std::string bytes = Export(SequentialText("2", {LayerText("Dense", "fc", "\"units\": 1")}), Naming::kTorch);
  const auto import = [&](const char* names) {
    return wire::ImportWeights(graph, bytes, FileFormat::kSafetensors, Naming::kTorch, wire::ReadLayerNames(names)).weights;
  };
  EXPECT_TRUE(import("{\"d\": \"fc\"}") == CountedWeights(graph));
  ExpectError(ErrorCode::kInvalidParameter, "no tensor \"d.weight\"", [&] { import("{}"); });
  ExpectError(ErrorCode::kInvalidParameter, "layer \"e\"", [&] { import("{\"e\": \"fc\"}"); });
  ExpectError(ErrorCode::kInvalidParameter, "names must be a dictionary", [&] { import("[]"); });
  ExpectError(ErrorCode::kInvalidParameter, "must give a string", [&] { import("{\"d\": 1}"); });
}

TEST(Exchange, SmallerTypesBecomeFloat32) {
  // 1, -2, the smallest subnormal, infinity of float16; 1.5 and -0.0 of bfloat16; float64 past float32
  const std::string half("\x00\x3C\x00\xC0\x01\x00\x00\x7C", 8), brain("\xC0\x3F\x00\x80", 4);
  EXPECT_EQ(Values({"h", {4}, wire::ElementType::kFloat16, half}),
            (std::vector<float>{1, -2, 5.9604644775390625e-8f, std::numeric_limits<float>::infinity()}));
  EXPECT_EQ(Values({"b", {2}, wire::ElementType::kBFloat16, brain}), (std::vector<float>{1.5, -0.0f}));
  const double large[] = {1e300, -0.1};
  EXPECT_EQ(Values({"d", {2}, wire::ElementType::kFloat64, {reinterpret_cast<const char*>(large), sizeof large}}),
            (std::vector<float>{std::numeric_limits<float>::infinity(), -0.1f}));
  ExpectError(ErrorCode::kFeatureNotSupported, "no real numbers", [] { Values({"i", {1}, wire::ElementType::kOther, "1"}); });
  std::string scalar;  // a count; more integers than one are codes, perhaps
  const int64_t count = -3;
  wire::AppendFloats({"n", {}, wire::ElementType::kInt64, {reinterpret_cast<const char*>(&count), sizeof count}}, &scalar);
  EXPECT_EQ(Floats(scalar), std::vector<float>{-3});
  ExpectError(ErrorCode::kFeatureNotSupported, "no real numbers", [&] { Values({"v", {2}, wire::ElementType::kInt32, "12345678"}); });
}

std::string Safetensors(const std::string& header, const std::string& data = "") {
  std::string bytes;
  wire::AppendNumber(&bytes, header.size(), 8);
  return bytes + header + data;
}

TEST(Exchange, BrokenSafetensors) {
  const auto broken = [](const std::string& bytes, const std::string& part) {
    ExpectError(ErrorCode::kInvalidData, part, [&] { wire::ReadSafetensors(bytes); });
  };
  const std::string eight = "12345678";
  broken("", "ends at byte 0");
  broken(std::string(8, '\xFF'), "more than 16 MB");
  broken(Safetensors("[]"), "no JSON dictionary");
  broken(Safetensors("{"), "no JSON");
  broken(Safetensors("{\"a\": 1}"), "without dtype");
  broken(Safetensors("{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}}"), "does not lie in them");
  broken(Safetensors("{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [8, 0]}}", eight), "does not lie in them");
  broken(Safetensors("{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 8]}}", eight), "it needs 4");
  broken(Safetensors("{\"a\": {\"dtype\": \"F32\", \"shape\": [-2], \"data_offsets\": [0, 8]}}", eight), "negative dimension");
  broken(Safetensors("{\"a\": {\"dtype\": \"F32\", \"shape\": [4294967296, 4294967296], \"data_offsets\": [0, 8]}}", eight), "more than its bytes");
  broken(Safetensors("{\"a\": {\"dtype\": \"X\", \"shape\": [2], \"data_offsets\": [0, 8]}}", eight), "unknown dtype");
  broken(Safetensors("{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}, "
                     "\"b\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [4, 8]}}", eight), "overlap");
}

TEST(Exchange, ShapesMustBeTheArchitectures) {
  const std::string bytes = Export(SequentialText("3", {LayerText("Dense", "d", "\"units\": 2")}), Naming::kKeras);
  const base::Graph graph = wire::ReadKeras(SequentialText("2", {LayerText("Dense", "d", "\"units\": 3")}));
  ExpectError(ErrorCode::kInvalidParameter, "has shape (3, 2), \"kernel\" of layer \"d\" needs (2, 3)",
              [&] { wire::ImportWeights(graph, bytes, FileFormat::kSafetensors, Naming::kKeras, {}); });
}

TEST(Exchange, FormatsByName) {
  EXPECT_EQ(wire::FileFormatFromName("safetensors"), FileFormat::kSafetensors);
  EXPECT_STREQ(wire::FileFormatName(FileFormat::kSafetensors), "safetensors");
  ExpectError(ErrorCode::kInvalidParameter, "unknown format", [] { wire::FileFormatFromName("pickle"); });
  ExpectError(ErrorCode::kInvalidParameter, "unknown naming", [] { wire::NamingFromName("jax"); });
  ExpectError(ErrorCode::kInvalidData, "of no known format", [] { wire::DetectFormat("hello"); });
  const base::Graph graph = wire::ReadKeras(SequentialText("2", {LayerText("Dense", "d", "\"units\": 1")}));
  for (const FileFormat format : wire::FileFormats()) {
    EXPECT_EQ(wire::FileFormatFromName(wire::FileFormatName(format)), format);
    EXPECT_EQ(wire::DetectFormat(wire::ExportModel(graph, CountedWeights(graph), format, Naming::kKeras)), format);
  }
  ExpectError(ErrorCode::kInvalidParameter, "its own graph only",
              [&] { wire::ImportWeights(graph, "", FileFormat::kOnnx, Naming::kKeras, {}); });
  ExpectError(ErrorCode::kInvalidParameter, "has weights, but no architecture", [] { wire::ImportModel("", FileFormat::kSafetensors); });
}

}  // namespace
