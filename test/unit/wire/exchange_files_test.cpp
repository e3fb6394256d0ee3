// HDF5, .keras and TensorFlow.js: files that other programs wrote (data/make_files.py), our own, and broken ones.
#include "exchange_fixture.hpp"

#include <algorithm>
#include <cstring>
#include <map>

#include "base/error.hpp"
#include "wire/formats/hdf5.hpp"
#include "wire/formats/keras_file.hpp"
#include "wire/formats/weight_names.hpp"
#include "wire/formats/zip.hpp"
#include "wire/shape_signature.hpp"

namespace {

using base::ErrorCode;
using wire::FileFormat;
using wire::Naming;
using wire_test::CountedWeights;
using wire_test::ExpectError;
using wire_test::LayerText;
using wire_test::ReadFile;
using wire_test::SequentialText;

const std::string& TwoDense() {
  static const std::string text = SequentialText("3", {LayerText("Dense", "fc1", "\"units\": 2, \"activation\": \"relu\""),
                                                      LayerText("Dense", "out", "\"units\": 1, \"activation\": \"sigmoid\"")});
  return text;
}

std::string Import(const std::string& text, const std::string& bytes) {
  return wire::ImportWeights(wire::ReadKeras(text), bytes, wire::DetectFormat(bytes), Naming::kKeras, {}).weights;
}

// Keras texts list calls layer by layer, so that a shared model's are read in another order than they were written from.
base::Graph InOrderOfLayers(const base::Graph& graph) {
  base::Graph ordered = graph;
  ordered.calls.clear();
  std::vector<int> position(graph.calls.size(), -1);
  while (ordered.calls.size() < graph.calls.size()) {
    size_t next = graph.calls.size();
    for (size_t i = 0; i < graph.calls.size(); ++i) {
      const base::Call& call = graph.calls[i];
      const bool ready = std::all_of(call.inputs.begin(), call.inputs.end(), [&](int input) { return position[static_cast<size_t>(input)] >= 0; });
      if (position[i] < 0 && ready && (next == graph.calls.size() || call.layer < graph.calls[next].layer)) next = i;
    }
    position[next] = static_cast<int>(ordered.calls.size());
    ordered.calls.push_back(graph.calls[next]);
    for (int& input : ordered.calls.back().inputs) input = position[static_cast<size_t>(input)];
  }
  for (std::vector<int>* ends : {&ordered.inputs, &ordered.outputs}) {
    for (int& call : *ends) call = position[static_cast<size_t>(call)];
  }
  return ordered;
}

void ExpectSameNetwork(const std::string& text, const base::Graph& graph) {
  const base::Graph back = wire::ReadKeras(text);
  EXPECT_EQ(wire::GraphDigest(InOrderOfLayers(back)), wire::GraphDigest(InOrderOfLayers(graph))) << text;
  EXPECT_EQ(wire::ShapeSignature(InOrderOfLayers(back)), wire::ShapeSignature(InOrderOfLayers(graph)));
}

std::string WithoutSlashes(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

bool IsCalledInInference(const base::Graph& graph) {
  return std::any_of(graph.calls.begin(), graph.calls.end(), [](const base::Call& call) { return call.inference; });
}

// And forms of layers that the small texts do not have.
std::vector<std::string> KerasTexts() {
  std::vector<std::string> texts = wire_test::SmallTexts();
  std::string trained = ReadFile("transformer_keras_2_10.json");
  const std::string inference = "\"training\": false";
  for (size_t at; (at = trained.find(inference)) != std::string::npos;) trained.replace(at, inference.size(), "\"training\": null");
  texts.push_back(trained);
  const std::string conv = LayerText("Conv2D", "c", "\"filters\": 2, \"kernel_size\": 2"), twice = LayerText("TimeDistributed", "t", "\"layer\": " + LayerText("Flatten", "f"));
  texts.push_back(SequentialText("3, 2, 4, 4, 1", {LayerText("TimeDistributed", "a", "\"layer\": " + LayerText("TimeDistributed", "b", "\"layer\": " + conv)),
                                                   LayerText("TimeDistributed", "flat", "\"layer\": " + twice)}));
  texts.push_back(SequentialText("4, 2", {LayerText("Bidirectional", "both", "\"layer\": " + LayerText("GRU", "g", "\"units\": 3"))}));
  return texts;
}

TEST(ExchangeFiles, KerasTextsComeOutTheSame) {
  for (const std::string& text : KerasTexts()) {
    const base::Graph graph = wire::ReadKeras(text);
    for (const wire::KerasForm form : {wire::KerasForm::kKeras2, wire::KerasForm::kKeras3}) {
      const bool keras3 = form == wire::KerasForm::kKeras3;
      if (keras3 && IsCalledInInference(graph)) {
        ExpectError(ErrorCode::kFeatureNotSupported, "is called with training=False", [&] { wire::WriteKeras(graph, form); });
        continue;
      }
      const std::string written = wire::WriteKeras(graph, form);
      ExpectSameNetwork(written, graph);
      const base::Graph back = wire::ReadKeras(written);
      ASSERT_EQ(back.layers.size(), graph.layers.size());
      for (size_t i = 0; i < graph.layers.size(); ++i) {
        const std::string &ours = graph.layers[i].name, &theirs = back.layers[i].name;
        EXPECT_EQ(keras3 ? WithoutSlashes(theirs) : theirs, keras3 ? WithoutSlashes(ours) : ours);
      }
    }
  }
}

TEST(ExchangeFiles, WhatKerasCannotSay) {
  const auto refused = [](const std::string& part, const base::Graph& graph) {
    for (const wire::KerasForm form : {wire::KerasForm::kKeras2, wire::KerasForm::kKeras3}) {
      ExpectError(ErrorCode::kFeatureNotSupported, part, [&] { wire::WriteKeras(graph, form); });
    }
  };
  const std::string sequences = LayerText("GRU", "g", "\"units\": 3, \"return_sequences\": true");
  refused("layer \"both/reverse\" (Reverse) gives a sequence in the opposite order, which is not written for Keras",
          wire::ReadKeras(SequentialText("4, 2", {LayerText("Bidirectional", "both", "\"layer\": " + sequences)})));
  base::Graph states = wire::ReadKeras(ReadFile("seq2seq_keras_2_1_6.json"));
  states.outputs = {2};
  refused("layer \"encoder\" (LSTM) is read with its states in one tensor", states);
  // the states' calls as they are, of a layer that returns none
  base::Graph slices = wire::ReadKeras(ReadFile("seq2seq_keras_2_1_6.json"));
  for (base::Call& call : slices.calls) {
    if (slices.layers[static_cast<size_t>(call.layer)].kind == base::LayerKind::kSlice) call.inputs = {0};
  }
  refused("(Slice) takes a part of a sequence", slices);
}

// Keras takes a causal mask, states and the values of an attention from the call.
TEST(ExchangeFiles, ArgumentsOfCallsAreWrittenThere) {
  const std::string heads = wire::WriteKeras(wire::ReadKeras(ReadFile("transformer_keras_2_10.json")), wire::KerasForm::kKeras2);
  EXPECT_NE(heads.find(R"("inbound_nodes":[[["x",0,0,{"use_causal_mask":true,"value":["x",0,0]}]]])"), std::string::npos) << heads;
  const base::Graph states = wire::ReadKeras(ReadFile("seq2seq_keras_2_1_6.json"));
  const std::string two = wire::WriteKeras(states, wire::KerasForm::kKeras2), three = wire::WriteKeras(states, wire::KerasForm::kKeras3);
  EXPECT_NE(two.find(R"([[["target",0,0,{}],["encoder",0,1,{}],["encoder",0,2,{}]]])"), std::string::npos) << two;
  EXPECT_NE(three.find(R"("kwargs":{"initial_state":[)"), std::string::npos) << three;
  EXPECT_EQ(three.find("Slice"), std::string::npos);
}

TEST(ExchangeFiles, WeightsComeBackTheSame) {
  for (const FileFormat format : {FileFormat::kH5, FileFormat::kKeras, FileFormat::kTfjs}) {
    for (const std::string& text : KerasTexts()) {
      const base::Graph graph = wire::ReadKeras(text);
      if (format == FileFormat::kKeras && IsCalledInInference(graph)) continue;  // KerasTextsComeOutTheSame
      const std::string file = wire::ExportModel(graph, CountedWeights(graph), format, Naming::kKeras);
      EXPECT_EQ(wire::DetectFormat(file), format);
      EXPECT_TRUE(Import(text, file) == CountedWeights(graph)) << wire::FileFormatName(format);
      if (format == FileFormat::kH5) continue;
      const wire::ImportedModel model = wire::ImportModel(file, format);
      ExpectSameNetwork(model.architecture, graph);
      EXPECT_TRUE(model.weights == CountedWeights(graph));
    }
  }
}

// The names of an attention's products are in another order than its weights.
TEST(ExchangeFiles, WeightsOfAnAttention) {
  const base::Graph graph = wire::ReadKeras(ReadFile("transformer_keras_2_10.json"));
  const std::string file = wire::ExportModel(graph, CountedWeights(graph), FileFormat::kH5, Naming::kKeras);
  std::vector<std::string> names;
  for (const wire::FileTensor& tensor : wire::ReadHdf5(file).file.tensors) names.push_back(tensor.name);
  for (const char* product : {"query", "key", "value", "output"}) {
    for (const char* variable : {"0", "1"}) {
      const std::string name = std::string("layers/multi_head_attention/") + product + "_dense/vars/" + variable;
      EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
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

// A model inside, the halves of a Bidirectional layer, and a count that is an integer; layers inside of others have the same names.
TEST(ExchangeFiles, LayersInsideOfOthers) {
  const wire::ImportedModel model = wire::ImportModel(ReadFile("files/parts.keras"), FileFormat::kKeras);
  const base::Graph graph = wire::ReadKeras(model.architecture);
  std::string expected = CountedWeights(graph);
  const float count = 6;
  std::memcpy(&expected[6 * sizeof count], &count, sizeof count);
  ASSERT_TRUE(model.weights.has_value());
  EXPECT_EQ(wire_test::Floats(*model.weights), wire_test::Floats(expected));
  for (const char* name : {"files/keras3_parts.weights.h5", "files/keras2_parts.h5"}) {
    EXPECT_EQ(wire_test::Floats(Import(model.architecture, ReadFile(name))), wire_test::Floats(expected)) << name;
  }
}

// As Keras 3 wrote them before it wrote names.
TEST(ExchangeFiles, HalvesByTheirClass) {
  const auto both = [](const char* name) { return LayerText("Bidirectional", name, "\"layer\": " + LayerText("LSTM", "l", "\"units\": 2")); };
  const std::string text = SequentialText("4, 2", {LayerText("LSTM", "first", "\"units\": 2, \"return_sequences\": true"), both("a"),
                                                   LayerText("Reshape", "r", "\"target_shape\": [4, 1]"), LayerText("LSTM", "second", "\"units\": 4, \"return_sequences\": true"),
                                                   both("b"), LayerText("Dense", "out", "\"units\": 1")});
  const base::Graph graph = wire::ReadKeras(text);
  const std::map<std::string, std::string> groups = {
      {"first", "lstm/cell"}, {"a/forward_l", "bidirectional/forward_layer/cell"}, {"a/backward_l", "bidirectional/backward_layer/cell"},
      {"second", "lstm_1/cell"}, {"b/forward_l", "bidirectional_1/forward_layer/cell"}, {"b/backward_l", "bidirectional_1/backward_layer/cell"},
      {"out", "dense"}};
  const std::string weights = CountedWeights(graph);
  wire::TensorFile file;
  for (const wire::GraphWeight& weight : wire::WeightsOf(graph)) {
    const std::string number = std::to_string(weight.spec - weight.layer->weights.data());
    file.Add("layers/" + groups.at(weight.layer->name) + "/vars/" + number, weight.spec->shape,
             weights.substr(weight.offset * sizeof(float), weight.elements * sizeof(float)));
  }
  EXPECT_TRUE(Import(text, wire::WriteHdf5(file)) == weights);
}

TEST(ExchangeFiles, TheHardSigmoidOfKeras2) {
  for (const std::string& layer : {LayerText("Dense", "d", "\"units\": 1, \"activation\": \"hard_sigmoid\""),
                                   LayerText("LSTM", "d", "\"units\": 1, \"recurrent_activation\": \"hard_sigmoid\"")}) {
    const base::Graph graph = wire::ReadKeras(SequentialText("2, 1", {layer}));
    const auto write = [&](FileFormat format) { return wire::ExportModel(graph, CountedWeights(graph), format, Naming::kKeras); };
    ExpectError(ErrorCode::kFeatureNotSupported, "computes the hard_sigmoid of Keras 2, which is not written for Keras 3", [&] { write(FileFormat::kKeras); });
    EXPECT_EQ(wire::DetectFormat(write(FileFormat::kTfjs)), FileFormat::kTfjs);
  }
}

TEST(ExchangeFiles, AnArchitectureThatIsTooLong) {
  ExpectError(ErrorCode::kLimitExceeded, "has 67108865 bytes, more than 64 MB", [] { wire::ReadKeras(std::string((64 << 20) + 1, ' ')); });
  std::string bytes = ReadFile("files/model.keras");
  bytes.replace(bytes.rfind("config.json") - 22, 4, std::string("\x00\x00\x00\x70", 4));  // its length in the directory
  ExpectError(ErrorCode::kLimitExceeded, "config.json of the zip archive has 1879048192 bytes", [&] { wire::ImportModel(bytes, FileFormat::kKeras); });
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
  try {
    Import(three, ReadFile("files/keras3.weights.h5"));
    ADD_FAILURE() << "no error";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.detail(), "The file has fc1, out.");
  }
  ExpectError(ErrorCode::kInvalidParameter, "has 2 layers with weights, the architecture 3", [&] { Import(three, ReadFile("files/keras2_weights.h5")); });
  ExpectError(ErrorCode::kInvalidParameter, "has weights, but no architecture", [] { wire::ImportModel(ReadFile("files/keras3.weights.h5"), FileFormat::kH5); });
  ExpectError(ErrorCode::kFeatureNotSupported, "in chunks, compressed or elsewhere", [] { Import(TwoDense(), ReadFile("files/keras3_chunks.weights.h5")); });
}

// A layer that names a dataset which the file lacks, as behind a link, is an error where it is asked for.
TEST(ExchangeFiles, ADatasetThatIsMissing) {
  std::string bytes = ReadFile("files/keras2_weights.h5");
  const std::string kernel = "out/kernel:0";
  ASSERT_NE(bytes.find(kernel), std::string::npos);
  bytes.replace(bytes.find(kernel), kernel.size(), "out/kernel:1");
  const std::string first = SequentialText("3", {LayerText("Dense", "fc1", "\"units\": 2")});
  EXPECT_TRUE(Import(first, bytes) == CountedWeights(wire::ReadKeras(first)));
  const std::string inside = SequentialText("3", {LayerText("Dense", "out/inner", "\"units\": 2")});
  const std::string other = SequentialText("3", {LayerText("Dense", "a", "\"units\": 2"), LayerText("Dense", "b", "\"units\": 1")});
  for (const std::string& text : {TwoDense(), inside, other}) {
    ExpectError(ErrorCode::kInvalidData, "has no dataset \"out/out/kernel:1\"", [&] { Import(text, bytes); });
  }
}

// Only an integer that stands alone is read: the others may have no stored data.
TEST(ExchangeFiles, IntegersOfOtherShapes) {
  wire::TensorFile file;
  file.Add("a", {}, std::string("\x00\x00\x80\x3f", 4));
  file.tensors.push_back({"b", {2}, wire::ElementType::kFloat32, {}});
  std::string bytes = wire::WriteHdf5(file);
  ExpectError(ErrorCode::kInvalidData, "stores 0 bytes for dataset \"b\"", [&] { wire::ReadHdf5(bytes); });
  const size_t type = bytes.rfind(std::string("\x11\x20\x1f\x00\x04", 5));
  ASSERT_NE(type, std::string::npos);
  bytes.replace(type, 2, "\x10\x08");  // signed integers
  const wire::Hdf5File read = wire::ReadHdf5(bytes);
  ASSERT_EQ(read.file.tensors.size(), 2u);
  std::string out;
  wire::AppendFloats(read.file.tensors[0], &out);
  EXPECT_EQ(wire_test::Floats(out), std::vector<float>{1});
  EXPECT_EQ(read.file.tensors[1].type, wire::ElementType::kOther);
  ExpectError(ErrorCode::kFeatureNotSupported, "tensor \"b\" of the file holds no real numbers", [&] { wire::AppendFloats(read.file.tensors[1], &out); });
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
