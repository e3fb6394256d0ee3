// HDF5, .keras and TensorFlow.js: files that other programs wrote (data/make_files.py), our own, and broken ones.
#include "exchange_fixture.hpp"

#include "base/error.hpp"
#include "wire/formats/hdf5.hpp"
#include "wire/formats/keras_file.hpp"
#include "wire/formats/zip.hpp"

namespace {

using base::ErrorCode;
using wire::FileFormat;
using wire::Naming;
using wire_test::CountedWeights;
using wire_test::LayerText;
using wire_test::ReadFile;
using wire_test::SequentialText;

template <typename F>
void ExpectError(ErrorCode code, const std::string& part, F&& f) {
  try {
    f();
    ADD_FAILURE() << "no error: " << part;
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

const std::string& TwoDense() {
  static const std::string text = SequentialText("3", {LayerText("Dense", "fc1", "\"units\": 2, \"activation\": \"relu\""),
                                                      LayerText("Dense", "out", "\"units\": 1, \"activation\": \"sigmoid\"")});
  return text;
}

std::string Import(const std::string& text, const std::string& bytes) {
  return wire::ImportWeights(wire::ReadKeras(text), bytes, wire::DetectFormat(bytes), Naming::kKeras, {}).weights;
}

TEST(ExchangeFiles, KerasTextsComeOutTheSame) {
  for (const std::string& text : wire_test::SmallTexts()) {
    const base::Graph graph = wire::ReadKeras(text);
    for (const wire::KerasForm form : {wire::KerasForm::kKeras2, wire::KerasForm::kKeras3}) {
      const base::Graph back = wire::ReadKeras(wire::WriteKeras(graph, form));
      EXPECT_EQ(wire::GraphDigest(back), wire::GraphDigest(graph)) << wire::WriteKeras(graph, form);
      for (size_t i = 0; i < graph.layers.size(); ++i) EXPECT_EQ(back.layers[i].name, graph.layers[i].name);
    }
  }
}

TEST(ExchangeFiles, WeightsComeBackTheSame) {
  for (const FileFormat format : {FileFormat::kH5, FileFormat::kKeras, FileFormat::kTfjs}) {
    for (const std::string& text : wire_test::SmallTexts()) {
      const base::Graph graph = wire::ReadKeras(text);
      const std::string file = wire::ExportModel(graph, CountedWeights(graph), format, Naming::kKeras);
      EXPECT_EQ(wire::DetectFormat(file), format);
      EXPECT_TRUE(Import(text, file) == CountedWeights(graph)) << wire::FileFormatName(format);
      if (format == FileFormat::kH5) continue;
      const wire::ImportedModel model = wire::ImportModel(file, format);
      EXPECT_EQ(wire::GraphDigest(wire::ReadKeras(model.architecture)), wire::GraphDigest(graph));
      EXPECT_TRUE(model.weights == CountedWeights(graph));
    }
  }
}

TEST(ExchangeFiles, WeightsOfOtherPrograms) {
  const std::string expected = CountedWeights(wire::ReadKeras(TwoDense()));
  for (const char* name : {"keras3.weights.h5", "keras3_unnamed.weights.h5", "keras3_latest.weights.h5", "keras2_weights.h5", "keras2_model.h5",
                           "model.keras", "model_tfjs.zip", "model_tfjs_quantized.zip"}) {
    EXPECT_TRUE(Import(TwoDense(), ReadFile(std::string("files/") + name)) == expected) << name;
  }
}

// What Keras 3 wrote itself (data/make_keras_files.py): other layers between, variables of cells, states of generators.
TEST(ExchangeFiles, FilesOfKeras) {
  const std::string text = SequentialText("5", {LayerText("Embedding", "words", "\"input_dim\": 7, \"output_dim\": 3"),
                                               LayerText("LSTM", "lstm", "\"units\": 2, \"return_sequences\": true"), LayerText("GRU", "gru", "\"units\": 3"),
                                               LayerText("BatchNormalization", "norm"), LayerText("Dense", "out", "\"units\": 1, \"use_bias\": false")});
  const std::string other_names = SequentialText("3", {LayerText("Dense", "a", "\"units\": 2"), LayerText("Dense", "b", "\"units\": 1")});
  for (const char* end : {".keras", ".weights.h5"}) {
    EXPECT_TRUE(Import(TwoDense(), ReadFile(std::string("files/own") + end)) == CountedWeights(wire::ReadKeras(TwoDense())));
    EXPECT_TRUE(Import(other_names, ReadFile(std::string("files/own") + end)) == CountedWeights(wire::ReadKeras(TwoDense())));
    EXPECT_TRUE(Import(text, ReadFile(std::string("files/own_text") + end)) == CountedWeights(wire::ReadKeras(text)));
  }
  for (const char* name : {"files/own.keras", "files/own_text.keras"}) {
    const wire::ImportedModel model = wire::ImportModel(ReadFile(name), FileFormat::kKeras);
    EXPECT_TRUE(model.weights == CountedWeights(wire::ReadKeras(model.architecture)));
  }
}

TEST(ExchangeFiles, ModelsOfOtherPrograms) {
  const base::Graph ours = wire::ReadKeras(TwoDense());
  for (const char* name : {"keras2_model.h5", "model.keras", "model_tfjs.zip", "model_tfjs_quantized.zip"}) {
    const std::string bytes = ReadFile(std::string("files/") + name);
    const wire::ImportedModel model = wire::ImportModel(bytes, wire::DetectFormat(bytes));
    EXPECT_EQ(wire::GraphDigest(wire::ReadKeras(model.architecture)), wire::GraphDigest(ours)) << name;
    EXPECT_TRUE(model.weights == CountedWeights(ours)) << name;
  }
}

// By name where all names are there, whatever the order; else in the file's order.
TEST(ExchangeFiles, LayersByNameOrPosition) {
  const std::string crossed = SequentialText("2", {LayerText("Dense", "out", "\"units\": 1"), LayerText("Dense", "fc1", "\"units\": 2")});
  const std::string other = SequentialText("3", {LayerText("Dense", "a", "\"units\": 2"), LayerText("Dense", "b", "\"units\": 1")});
  for (const char* name : {"files/keras3.weights.h5", "files/keras2_weights.h5"}) {
    ExpectError(ErrorCode::kInvalidParameter, "has shape (3, 2), \"kernel\" of layer \"fc1\" needs (1, 2)", [&] { Import(crossed, ReadFile(name)); });
    EXPECT_TRUE(Import(other, ReadFile(name)) == CountedWeights(wire::ReadKeras(other)));
    const wire::LayerNames names = {{"a", "fc1"}, {"b", "out"}};
    EXPECT_TRUE(wire::ImportWeights(wire::ReadKeras(other), ReadFile(name), FileFormat::kH5, Naming::kKeras, names).weights ==
                CountedWeights(wire::ReadKeras(other)));
  }
}

TEST(ExchangeFiles, WhatAFileLacks) {
  const std::string three = SequentialText("3", {LayerText("Dense", "a", "\"units\": 2"), LayerText("Dense", "b", "\"units\": 1"), LayerText("Dense", "c", "\"units\": 1")});
  ExpectError(ErrorCode::kInvalidParameter, "has 0 weights in \"layers/dense_2\", layer \"c\" (Dense) needs 2", [&] { Import(three, ReadFile("files/keras3.weights.h5")); });
  ExpectError(ErrorCode::kInvalidParameter, "has 2 layers with weights, the architecture 3", [&] { Import(three, ReadFile("files/keras2_weights.h5")); });
  ExpectError(ErrorCode::kInvalidParameter, "has weights, but no architecture", [] { wire::ImportModel(ReadFile("files/keras3.weights.h5"), FileFormat::kH5); });
  ExpectError(ErrorCode::kFeatureNotSupported, "in chunks, compressed or elsewhere", [] { Import(TwoDense(), ReadFile("files/keras3_chunks.weights.h5")); });
}

TEST(ExchangeFiles, ATreeOfManyGroups) {
  const std::string bytes = ReadFile("files/many_groups.h5");
  const wire::Hdf5File read = wire::ReadHdf5(bytes);
  ASSERT_EQ(read.file.tensors.size(), 200u);
  for (size_t i = 0; i < 200; ++i) {
    std::string value;
    wire::AppendFloats(read.file.tensors[i], &value);
    EXPECT_EQ(wire_test::Floats(value), std::vector<float>{static_cast<float>(i)});
  }
}

TEST(ExchangeFiles, Hdf5OfManyGroupsComesBack) {
  wire::TensorFile file;
  for (int i = 0; i < 1000; ++i) file.Add("g" + std::to_string(i % 3) + "/" + std::to_string(i), {}, std::string(4, static_cast<char>('a' + i % 26)));
  file.Add("empty", {0, 3}, "");
  const std::string bytes = wire::WriteHdf5(file);
  const wire::Hdf5File read = wire::ReadHdf5(bytes);
  ASSERT_EQ(read.file.tensors.size(), file.tensors.size());
  std::map<std::string, std::string> back;
  for (const wire::FileTensor& tensor : read.file.tensors) back[tensor.name] = std::string(tensor.data);
  for (const wire::FileTensor& tensor : file.tensors) EXPECT_EQ(back.at(tensor.name), tensor.data);
}

TEST(ExchangeFiles, BrokenHdf5) {
  std::string bytes = ReadFile("files/keras3.weights.h5");
  const auto broken = [](const std::string& file, const std::string& part) { ExpectError(ErrorCode::kInvalidData, part, [&] { wire::ReadHdf5(file); }); };
  broken("", "ends at byte 0");
  broken("hello, world", "does not begin as one");
  broken(bytes.substr(0, 600), "ends at byte 600");
  // the root group as a child of itself: its header's address stands in the superblock
  const std::string root = bytes.substr(64, 8);
  std::string circle = bytes;
  const size_t symbols = circle.find("SNOD");
  circle.replace(symbols + 16, 8, root);
  broken(circle, "twice");
}

TEST(ExchangeFiles, BrokenZip) {
  const std::string bytes = ReadFile("files/model.keras");
  const auto broken = [](const std::string& file, const std::string& part) {
    ExpectError(ErrorCode::kInvalidData, part, [&] {
      std::deque<std::string> owned;
      for (const wire::ZipEntry& entry : wire::ReadZip(file)) wire::Content(entry, &owned);
    });
  };
  broken("PK\x03\x04", "too few");
  broken(bytes.substr(0, bytes.size() - 1), "no directory");
  std::string other = bytes;
  other[60] = static_cast<char>(other[60] ^ 0x55);  // in the first entry's bytes
  broken(other, "is damaged");
  // an entry that says that it is far larger than it is takes no more memory than what comes out
  other = bytes;
  const size_t central = other.find("PK\x01\x02");
  other.replace(central + 24, 4, std::string("\x00\x00\x00\x70", 4));
  broken(other, "is damaged");
  other.replace(central + 24, 4, std::string("\xFE\xFF\xFF\xFF", 4));
  ExpectError(ErrorCode::kLimitExceeded, "more than 2 GB", [&] {
    std::deque<std::string> owned;
    wire::Content(wire::ReadZip(other)[0], &owned);
  });
  other = bytes;
  other[central + 8] = static_cast<char>(other[central + 8] | 1);
  ExpectError(ErrorCode::kFeatureNotSupported, "is encrypted", [&] { wire::ReadZip(other); });
}

TEST(ExchangeFiles, BrokenTfjs) {
  const auto archive = [](const std::string& json) {
    wire::ZipWriter zip;
    zip.Add("model.json", json);
    zip.Add("w", "12345678");
    return zip.Finish();
  };
  const auto broken = [&](const std::string& json, const std::string& part) {
    ExpectError(ErrorCode::kInvalidData, part, [&] { wire::ImportModel(archive(json), FileFormat::kTfjs); });
  };
  broken("{", "is no JSON");
  broken("{}", "without \"weightsManifest\"");
  broken("{\"weightsManifest\": [{\"paths\": [\"x\"], \"weights\": []}]}", "no file \"x\"");
  broken("{\"weightsManifest\": [{\"paths\": [\"w\"], \"weights\": []}]}", "no \"modelTopology\"");
  const std::string head = "{\"weightsManifest\": [{\"paths\": [\"w\"], \"weights\": [{\"name\": \"a\", ";
  broken(head + "\"dtype\": \"float32\", \"shape\": [3]}]}]}", "more than its bytes can hold");
  broken(head + "\"dtype\": \"float32\", \"shape\": [-1]}]}]}", "has a shape with -1");
  broken(head + "\"dtype\": \"float32\", \"shape\": [1]}, {\"name\": \"b\", \"dtype\": \"float32\", \"shape\": [2]}]}]}", "refers to 8 bytes at byte 4");
  broken(head + "\"quantization\": {\"dtype\": \"uint8\"}, \"shape\": [1]}]}]}", "without \"scale\"");
  ExpectError(ErrorCode::kFeatureNotSupported, "has the type \"string\"",
              [&] { wire::ImportModel(archive(head + "\"dtype\": \"string\", \"shape\": [1]}]}]}"), FileFormat::kTfjs); });
}

TEST(ExchangeFiles, Detection) {
  wire::ZipWriter zip;
  zip.Add("hello.txt", "hello");
  const std::string bytes = zip.Finish();
  ExpectError(ErrorCode::kInvalidData, "holds no model", [&] { wire::DetectFormat(bytes); });
  ExpectError(ErrorCode::kInvalidData, "no config.json", [&] { wire::ImportModel(bytes, FileFormat::kKeras); });
  ExpectError(ErrorCode::kInvalidData, "no model.json", [&] { wire::ImportModel(bytes, FileFormat::kTfjs); });
}

}  // namespace
