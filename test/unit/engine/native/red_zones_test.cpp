// The native trainer's loops run over raw memory. Here every tensor of a state, the workspace and every column of the
// table has a red zone behind it: under AddressSanitizer poisoned, so that a read or a write there ends the test at the
// very line, else filled with bytes that must stay. And what is in a workspace before a mini-batch must not matter:
// with zeros or with NaN in it, a model has the same bits.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../fixture.hpp"
#include "engine/api/workspace.hpp"
#include "engine/math/optimizer.hpp"
#include "engine/native/trainer.hpp"
#include "make_trainer.hpp"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) (void)(address), (void)(bytes)
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) (void)(address), (void)(bytes)
#endif

namespace {

using base::DType;
using base::LossKind;
using fixture::Dense;

constexpr size_t kLine = 64;
constexpr unsigned char kSentinel = 0xA5;
constexpr int64_t kRows = 21;  // two mini-batches and a short one
constexpr int kBatch = 8;

struct Zone {
  unsigned char* begin;
  size_t bytes;
};

/// Zones that are closed from now on. Open says whether their bytes stayed, and opens them again.
class Zones {
 public:
  ~Zones() { Open(); }
  void Close(void* begin, size_t bytes) {
    std::memset(begin, kSentinel, bytes);
    ASAN_POISON_MEMORY_REGION(begin, bytes);
    zones_.push_back({static_cast<unsigned char*>(begin), bytes});
  }
  bool Open() {
    bool whole = true;
    for (const Zone& zone : zones_) {
      ASAN_UNPOISON_MEMORY_REGION(zone.begin, zone.bytes);
      for (size_t i = 0; i < zone.bytes; ++i) whole = whole && zone.begin[i] == kSentinel;
    }
    zones_.clear();
    return whole;
  }

 private:
  std::vector<Zone> zones_;
};

struct alignas(64) Line {
  char bytes[kLine];
};

/// A state whose tensors lie apart: behind each, up to the next one's start, there is a zone of a line at least.
class State {
 public:
  State(const base::Graph& graph, const base::TrainConfig& config, DType precision)
      : layout_(engine::MakeStateLayout(graph, engine::math::SlotNames(config.optimizer), precision)) {
    size_t at = engine::kStateCountersBytes;
    for (engine::StateTensor& tensor : layout_.tensors) {
      tensor.offset = at;
      at = (End(tensor) + kLine + kLine - 1) / kLine * kLine;
    }
    layout_.bytes = at;
    memory_.resize(at / kLine);
    std::memset(memory_.data(), 0, at);
    *counters() = engine::StateCounters();
    uint64_t seed = 1;
    for (const engine::StateTensor& tensor : layout_.tensors) {
      if (tensor.is_slot) continue;
      const bool positive = tensor.name.find("variance") != std::string::npos;
      const std::vector<double> values = fixture::Numbers(tensor.count, seed++);
      for (size_t i = 0; i < tensor.count; ++i) Set(tensor, i, positive ? 1 + 0.5 * values[i] : 0.3 * values[i]);
    }
    for (size_t t = 0; t < layout_.tensors.size(); ++t) {
      const size_t end = End(layout_.tensors[t]), next = t + 1 < layout_.tensors.size() ? layout_.tensors[t + 1].offset : layout_.bytes;
      zones_.Close(block() + end, next - end);
    }
  }
  const engine::StateLayout& layout() const { return layout_; }
  char* block() { return reinterpret_cast<char*>(memory_.data()); }
  engine::StateCounters* counters() { return reinterpret_cast<engine::StateCounters*>(memory_.data()); }
  bool OpenZones() { return zones_.Open(); }
  std::string bytes() { return {block(), layout_.bytes}; }

 private:
  size_t End(const engine::StateTensor& tensor) const { return tensor.offset + tensor.count * base::DTypeSize(layout_.precision); }
  void Set(const engine::StateTensor& tensor, size_t i, double value) {
    const auto narrow = static_cast<float>(value);
    char* at = block() + tensor.offset + i * base::DTypeSize(layout_.precision);
    if (layout_.precision == DType::kFloat64) {
      std::memcpy(at, &value, sizeof(value));
    } else {
      std::memcpy(at, &narrow, sizeof(narrow));
    }
  }
  engine::StateLayout layout_;
  std::vector<Line> memory_;
  Zones zones_;
};

/// A packed column of exactly its bytes, which need no alignment.
class Column {
 public:
  explicit Column(const std::vector<uint8_t>& bytes) : memory_(1 + bytes.size() + kLine) {
    std::memcpy(memory_.data() + 1, bytes.data(), bytes.size());
    zones_.Close(memory_.data() + 1 + bytes.size(), kLine);
  }
  const uint8_t* data() const { return memory_.data() + 1; }
  bool OpenZones() { return zones_.Open(); }

 private:
  std::vector<uint8_t> memory_;
  Zones zones_;
};

struct Network {
  std::string layers;
  base::Shape shape;
  DType dtype = DType::kUInt8;
  int64_t most = 255;  // the greatest value of an input
};

base::DataSpec Data(const Network& network) {
  base::DataSpec data;
  base::ColumnSpec x, y;
  x.name = "x";
  x.dtype = network.dtype;
  x.shape = network.shape;
  x.scale = network.most == 255 ? 1.0 / 255 : 1.0;
  y.name = "y";
  y.dtype = DType::kUInt8;
  y.shape = {3};
  y.kind = base::TargetKind::kOneHot;
  y.num_classes = 3;
  data.inputs = {x};
  data.targets = {y};
  data.has_weights = true;
  data.rows = kRows;
  data.num_partitions = 1;
  return data;
}

std::vector<uint8_t> Inputs(const Network& network) {
  const auto count = static_cast<size_t>(kRows * base::ElementCount(network.shape));
  const std::vector<double> numbers = fixture::Numbers(count, 9);
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < count; ++i) {
    const auto value = static_cast<int32_t>(numbers[i] < 0 ? 0 : numbers[i] * static_cast<double>(network.most + 1));  // half of them zeros
    const auto real = static_cast<float>(value);
    const auto byte = static_cast<uint8_t>(value);
    const void* from = network.dtype == DType::kInt32 ? static_cast<const void*>(&value)
                       : network.dtype == DType::kFloat32 ? static_cast<const void*>(&real) : static_cast<const void*>(&byte);
    bytes.insert(bytes.end(), static_cast<const uint8_t*>(from), static_cast<const uint8_t*>(from) + base::DTypeSize(network.dtype));
  }
  return bytes;
}

/// A workspace of exactly `bytes`, filled with one byte, and a zone behind it.
std::shared_ptr<engine::Workspace> Workspace(size_t bytes, int fill, Zones* zones) {
  auto memory = std::make_shared<engine::Workspace>();
  memory->Reserve(bytes + kLine);
  std::memset(memory->At<char>(0), fill, bytes);
  zones->Close(memory->At<char>(bytes), kLine);
  return memory;
}

/// Trains and scores in workspaces filled so; returns the state and the sums as bytes.
std::string Run(const Network& network, const base::TrainConfig& config, DType precision, int fill) {
  const base::Graph graph = fixture::Sequential(network.layers);
  const base::DataSpec data = Data(network);
  State state(graph, config, precision);
  std::vector<uint8_t> labels(kRows * 3), weights(kRows * sizeof(float));
  for (int64_t r = 0; r < kRows; ++r) {
    labels[static_cast<size_t>(r * 3 + r * r % 3)] = 1;
    const float weight = 0.5F + static_cast<float>(r % 4);
    std::memcpy(weights.data() + static_cast<size_t>(r) * sizeof(weight), &weight, sizeof(weight));
  }
  Column x(Inputs(network)), y(labels), w(weights);
  base::Buffer buffer;
  buffer.rows = kRows;
  buffer.inputs = {x.data()};
  buffer.targets = {y.data()};
  buffer.weights = w.data();

  const auto trainer = MakeTrainer(graph, config, data, state.layout());
  if (trainer == nullptr) {
    ADD_FAILURE() << "no native trainer for " << network.layers;
    return {};
  }
  Zones zones;
  trainer->Attach(state.block());
  trainer->UseWorkspace(Workspace(trainer->WorkspaceBytes(kRows), fill, &zones), kRows);
  std::vector<int64_t> rows(kRows);
  double sums[2 + 4] = {};
  for (int64_t pass = 0; pass < 3; ++pass) {
    for (int64_t r = 0; r < kRows; ++r) rows[static_cast<size_t>(r)] = (r * 8 + pass) % kRows;
    trainer->Load(buffer, pass == 2 ? nullptr : rows.data(), 0, kRows);
    for (int64_t first = 0; first < kRows; first += kBatch) {
      EXPECT_TRUE(trainer->Train(first, std::min<int64_t>(kBatch, kRows - first), {1, 2, 3, 4, static_cast<uint64_t>(pass * 10 + first)}, &sums[0]));
    }
  }
  EXPECT_TRUE(zones.Open()) << "behind the workspace of training";
  trainer->UseWorkspace(Workspace(trainer->ScoringBytes(kRows), fill, &zones), kRows);
  trainer->LoadForScoring(buffer, 0, kRows);
  trainer->Score(0, kRows, config.metrics, {}, nullptr, sums + 1);
  EXPECT_TRUE(zones.Open()) << "behind the workspace of scoring";
  trainer->Attach(nullptr);
  EXPECT_TRUE(state.OpenZones()) << "behind a tensor of the state";
  EXPECT_TRUE(x.OpenZones() && y.OpenZones() && w.OpenZones()) << "behind a column";
  EXPECT_EQ(state.counters()->step, 9u);
  return state.bytes() + std::string(reinterpret_cast<const char*>(sums), sizeof(sums));
}

base::TrainConfig Config(base::OptimizerKind kind) {
  base::TrainConfig config = fixture::Config(LossKind::kCategoricalCrossentropy, kBatch, 0.01);
  config.optimizer.kind = kind;
  config.optimizer.momentum = 0.5;
  config.optimizer.amsgrad = config.optimizer.centered = true;
  return config;
}

void ExpectNothingBesides(const Network& network, const base::TrainConfig& config) {
  SCOPED_TRACE(network.layers);
  for (const DType precision : {DType::kFloat32, DType::kFloat64}) {
    const std::string zeros = Run(network, config, precision, 0), nans = Run(network, config, precision, 0xFF);
    EXPECT_TRUE(zeros == nans) << "what lay in the workspace before has changed the model, " << base::DTypeName(precision);
  }
}

std::string Layer(const std::string& kind, const std::string& name, const std::string& arguments = {}) {
  return R"({"class_name": ")" + kind + R"(", "config": {"name": ")" + name + "\"" + (arguments.empty() ? "" : ", " + arguments) + "}}";
}

std::string Shaped(const std::string& shape) { return R"("batch_input_shape": [null, )" + shape + "]"; }

const std::string kEnd = "," + Layer("Flatten", "flat") + "," + Dense("o", 3, "softmax");

}  // namespace

// Widths before, at and behind those of vectors and panels; the sparse product.
TEST(RedZones, DenseLayersOfEveryWidth) {
  for (const int inputs : {1, 7, 16, 33, 300}) {
    for (const int units : {1, 3, 8, 15, 16, 17, 65, 520}) {
      const std::string layers = Dense("a", units, "relu", ", " + Shaped(std::to_string(inputs))) + "," + Dense("b", 5, "tanh") + kEnd;
      ExpectNothingBesides({layers, {inputs}}, Config(base::OptimizerKind::kSGD));
    }
  }
}

TEST(RedZones, EveryOptimizer) {
  const std::string layers = Dense("a", 19, "elu", ", " + Shaped("11")) + kEnd;
  for (int kind = 1; kind <= 5; ++kind) {
    base::TrainConfig config = Config(static_cast<base::OptimizerKind>(kind));
    ExpectNothingBesides({layers, {11}, DType::kFloat32}, config);
    config.optimizer.clipnorm = 0.5;
    ExpectNothingBesides({layers, {11}, DType::kInt32, 3}, config);
    config.optimizer.clipnorm = 0;
    config.optimizer.global_clipnorm = 0.5;
    ExpectNothingBesides({layers, {11}}, config);
  }
}

TEST(RedZones, EveryActivation) {
  for (const char* activation : {"linear", "relu", "sigmoid", "tanh", "softmax", "elu", "selu", "softplus", "softsign", "swish", "gelu", "mish",
                                 "exponential", "hard_sigmoid", "relu6", "log_softmax"}) {
    ExpectNothingBesides({Dense("a", 9, activation, ", " + Shaped("6")) + kEnd, {6}}, Config(base::OptimizerKind::kAdam));
  }
}

TEST(RedZones, LayersOfImages) {
  const std::string conv = Layer("Conv2D", "c", R"("filters": 3, "kernel_size": [2, 3], "activation": "relu", )" + Shaped("7, 5, 2")) + ",";
  std::vector<std::string> layers;
  for (const char* padding : {"same", "valid"}) {
    const std::string pad = std::string(R"("padding": ")") + padding + "\"";
    for (const char* filters : {"1", "7", "17"}) {
      layers.push_back(Layer("Conv2D", "d", std::string(R"("kernel_size": [3, 2], "filters": )") + filters + ", " + pad));
      layers.push_back(Layer("Conv2D", "d", std::string(R"("kernel_size": [2, 2], "strides": [2, 1], "filters": )") + filters + ", " + pad));
      layers.push_back(Layer("Conv2D", "d", std::string(R"("kernel_size": [2, 2], "dilation_rate": [2, 1], "filters": )") + filters + ", " + pad));
    }
    for (const char* kind : {"MaxPooling2D", "AveragePooling2D"}) {
      layers.push_back(Layer(kind, "p", pad));
      layers.push_back(Layer(kind, "p", pad + R"(, "pool_size": [3, 2], "strides": [1, 1])"));
    }
  }
  for (const char* padding : {"same", "valid"}) {
    const std::string pad = std::string(R"(, "padding": ")") + padding + "\"";
    for (const char* filters : {"1", "7", "17"}) {
      layers.push_back(Layer("Conv2DTranspose", "t", std::string(R"("kernel_size": [3, 2], "strides": [1, 2], "activation": "relu", "filters": )") + filters + pad));
      layers.push_back(Layer("Conv2DTranspose", "t", std::string(R"("kernel_size": [2, 2], "strides": [3, 3], "filters": )") + filters + pad));
    }
  }
  layers.push_back(Layer("UpSampling2D", "u", R"("size": [2, 3], "interpolation": "bilinear")"));
  layers.push_back(Layer("UnitNormalization", "n"));
  for (const char* each : {R"("Conv1D", "config": {"name": "e", "filters": 5, "kernel_size": [2]})", R"("GlobalMaxPooling1D", "config": {"name": "e"})",
                           R"("LSTM", "config": {"name": "e", "units": 7})", R"("BatchNormalization", "config": {"name": "e"})"}) {
    layers.push_back(Layer("TimeDistributed", "t", std::string(R"("layer": {"class_name": )") + each + "}"));
  }
  layers.push_back(Layer("GlobalAveragePooling2D", "g"));
  layers.push_back(Layer("GlobalMaxPooling2D", "g"));
  layers.push_back(Layer("ZeroPadding2D", "z", R"("padding": [[1, 0], [2, 1]])"));
  layers.push_back(Layer("BatchNormalization", "n"));
  layers.push_back(Layer("LayerNormalization", "n"));
  layers.push_back(Layer("Dropout", "d", R"("rate": 0.4)"));
  for (const std::string& layer : layers) ExpectNothingBesides({conv + layer + kEnd, {7, 5, 2}}, Config(base::OptimizerKind::kAdam));
}

TEST(RedZones, Embeddings) {
  const std::string layers = Layer("Embedding", "e", R"("input_dim": 9, "output_dim": 5, )" + Shaped("7")) + kEnd;
  ExpectNothingBesides({layers, {7}, DType::kInt32, 8}, Config(base::OptimizerKind::kAdam));
}

// Half of the words are padding, and some rows have no others.
TEST(RedZones, Masks) {
  const std::string words = Layer("Embedding", "e", R"("input_dim": 9, "output_dim": 5, "mask_zero": true, )" + Shaped("4")) + ",";
  for (const char* kind : {"SimpleRNN", "LSTM", "GRU"}) {
    for (const char* rest : {"", R"(, "return_sequences": true)", R"(, "go_backwards": true, "zero_output_for_mask": true)",
                             R"(, "dropout": 0.3, "recurrent_dropout": 0.4)"}) {
      const std::string both = Layer(kind, "r", R"("units": 7, "return_sequences": true)") + "," + Layer(kind, "s", std::string(R"("units": 17)") + rest);
      ExpectNothingBesides({words + both + kEnd, {4}, DType::kInt32, 8}, Config(base::OptimizerKind::kAdam));
    }
  }
  ExpectNothingBesides({words + Layer("GlobalAveragePooling1D", "g") + kEnd, {4}, DType::kInt32, 8}, Config(base::OptimizerKind::kAdam));
  const std::string masking = Layer("Masking", "m", R"("mask_value": 0.0, )" + Shaped("5, 1")) + "," + Layer("GRU", "r", R"("units": 3)");
  ExpectNothingBesides({masking + kEnd, {5, 1}}, Config(base::OptimizerKind::kAdam));
}

TEST(RedZones, RecurrentLayers) {
  for (const char* kind : {"SimpleRNN", "LSTM", "GRU"}) {
    for (const int units : {1, 7, 16, 33}) {
      for (const char* rest : {"", R"(, "return_sequences": true)", R"(, "go_backwards": true, "use_bias": false)",
                               R"(, "dropout": 0.3, "recurrent_dropout": 0.4)"}) {
        for (const char* reset_after : {"true", "false"}) {
          const bool gru = std::string(kind) == "GRU";
          if (!gru && std::string(reset_after) == "false") continue;
          const std::string arguments = R"("units": )" + std::to_string(units) + (gru ? std::string(R"(, "reset_after": )") + reset_after : "");
          const std::string first = Layer(kind, "r", arguments + R"(, "return_sequences": true, )" + Shaped("5, 3"));
          ExpectNothingBesides({first + "," + Layer(kind, "s", arguments + rest) + kEnd, {5, 3}}, Config(base::OptimizerKind::kAdam));
        }
      }
    }
  }
}

TEST(RedZones, LayersOfSequences) {
  const std::string conv = Layer("Conv1D", "c", R"("filters": 3, "kernel_size": [2], "activation": "relu", )" + Shaped("9, 2")) + ",";
  std::vector<std::string> layers;
  for (const char* padding : {"valid", "same"}) {
    const std::string pad = std::string(R"(, "padding": ")") + padding + "\"";
    for (const char* filters : {"1", "7", "17"}) {
      layers.push_back(Layer("Conv1D", "d", std::string(R"("kernel_size": [3], "filters": )") + filters + pad));
      layers.push_back(Layer("Conv1D", "d", std::string(R"("kernel_size": [3], "filters": )") + filters + pad) + "," + Layer("GlobalMaxPooling1D", "g"));
      layers.push_back(Layer("SeparableConv1D", "d", std::string(R"("kernel_size": [3], "depth_multiplier": 2, "filters": )") + filters + pad));
    }
    for (const char* multiplier : {"1", "6"}) {
      layers.push_back(Layer("DepthwiseConv1D", "d", std::string(R"("kernel_size": [3], "depth_multiplier": )") + multiplier + pad));
      layers.push_back(Layer("DepthwiseConv1D", "d", std::string(R"("kernel_size": [2], "strides": [2], "depth_multiplier": )") + multiplier + pad));
    }
    layers.push_back(Layer("MaxPooling1D", "p", R"("pool_size": [2])" + pad));
    layers.push_back(Layer("AveragePooling1D", "p", R"("pool_size": [3], "strides": [1])" + pad));
  }
  layers.push_back(Layer("Conv1D", "d", R"("kernel_size": [3], "filters": 5, "padding": "causal", "dilation_rate": [2])"));
  layers.push_back(Layer("GlobalAveragePooling1D", "g"));
  layers.push_back(Layer("ZeroPadding1D", "z", R"("padding": [1, 2])"));
  layers.push_back(Layer("Cropping1D", "z", R"("cropping": [1, 2])"));
  layers.push_back(Layer("UpSampling1D", "u", R"("size": [2])"));
  layers.push_back(Layer("Permute", "p", R"("dims": [2, 1])"));
  layers.push_back(Layer("SpatialDropout1D", "d", R"("rate": 0.4)"));
  layers.push_back(Layer("GaussianNoise", "d", R"("stddev": 0.4)"));
  layers.push_back(Layer("AlphaDropout", "d", R"("rate": 0.4)"));
  layers.push_back(Layer("PReLU", "p"));
  layers.push_back(Layer("GroupNormalization", "g", R"("groups": 3)"));
  for (const std::string& layer : layers) ExpectNothingBesides({conv + layer + kEnd, {9, 2}}, Config(base::OptimizerKind::kAdam));
}

TEST(RedZones, DepthwiseConvolutionsOfImages) {
  for (const char* channels : {"1", "7", "17"}) {
    const std::string conv =
        Layer("Conv2D", "c", std::string(R"("kernel_size": [2, 2], "filters": )") + channels + ", " + Shaped("6, 5, 2")) + ",";
    for (const char* rest : {R"("padding": "same")", R"("strides": [2, 2], "padding": "same")", R"("depth_multiplier": 2)"}) {
      ExpectNothingBesides({conv + Layer("DepthwiseConv2D", "d", std::string(R"("kernel_size": [3, 3], )") + rest) + kEnd, {6, 5, 2}},
                           Config(base::OptimizerKind::kAdam));
    }
  }
}
