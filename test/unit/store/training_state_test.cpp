// The bytes of a training state: what is written comes back, and what does not fit or is cut short is refused or kept
// out, never half read.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "store/training_state.hpp"
#include "wire/keras.hpp"

namespace {

using base::DType;
using base::ErrorCode;
using store::StateFit;

constexpr char kFill = '\x5a';  // of memory that nothing may write to

struct Tensor {
  std::string name;
  base::Shape shape;
  bool is_slot = false;
};

const std::vector<Tensor> kWeights = {{"hidden/kernel", {3, 5}}, {"hidden/bias", {5}}, {"out/kernel", {5, 2}}, {"out/bias", {2}}};

std::vector<Tensor> WithMomentum(std::vector<Tensor> tensors) {
  const size_t weights = tensors.size();
  for (size_t i = 0; i < weights; i++) tensors.push_back({tensors[i].name + "/momentum", tensors[i].shape, true});
  return tensors;
}

// As the engine lays states out: each tensor at a multiple of 64 bytes behind the counters.
engine::StateLayout Layout(const std::vector<Tensor>& tensors, DType precision = DType::kFloat32) {
  engine::StateLayout layout;
  layout.precision = precision;
  layout.bytes = engine::kStateCountersBytes;
  for (const Tensor& tensor : tensors) {
    engine::StateTensor entry;
    entry.name = tensor.name;
    entry.shape = tensor.shape;
    entry.offset = layout.bytes;
    entry.count = static_cast<size_t>(base::ElementCount(tensor.shape));
    entry.is_slot = tensor.is_slot;
    entry.trainable = !tensor.is_slot;
    layout.bytes += (entry.count * base::DTypeSize(precision) + 63) / 64 * 64;
    if (!tensor.is_slot) layout.weight_count += static_cast<int64_t>(entry.count);
    layout.tensors.push_back(entry);
  }
  return layout;
}

// A block of exactly the layout's bytes with a zone behind it that must stay as it is.
class Block {
 public:
  explicit Block(const engine::StateLayout& layout) : size_(layout.bytes), memory_((layout.bytes + kZone) / 8, 0) {
    std::memset(data(), kFill, layout.bytes + kZone);
    *counters() = engine::StateCounters();
  }
  ~Block() { EXPECT_EQ(std::string(data() + size_, kZone), std::string(kZone, kFill)) << "written behind the block"; }
  char* data() { return reinterpret_cast<char*>(memory_.data()); }
  engine::StateCounters* counters() { return reinterpret_cast<engine::StateCounters*>(memory_.data()); }
  std::string Bytes(const engine::StateTensor& tensor, DType precision) {
    return std::string(data() + tensor.offset, tensor.count * base::DTypeSize(precision));
  }

 private:
  static constexpr size_t kZone = 128;
  size_t size_;
  std::vector<uint64_t> memory_;
};

double ValueAt(const engine::StateTensor& tensor, size_t i) {
  return static_cast<double>(tensor.offset) + 0.25 * static_cast<double>(i) + (tensor.is_slot ? 1e-3 : 0);
}

// Each element has a value of its own.
void Fill(const engine::StateLayout& layout, Block* block) {
  for (const engine::StateTensor& tensor : layout.tensors) {
    for (size_t i = 0; i < tensor.count; i++) {
      char* at = block->data() + tensor.offset + i * base::DTypeSize(layout.precision);
      const double wide = ValueAt(tensor, i);
      const auto narrow = static_cast<float>(wide);
      if (layout.precision == DType::kFloat64) {
        std::memcpy(at, &wide, sizeof(wide));
      } else {
        std::memcpy(at, &narrow, sizeof(narrow));
      }
    }
  }
  engine::StateCounters& counters = *block->counters();
  counters.seed = 7;
  counters.stream = 11;
  counters.step = 1300;
  counters.iterations_done = 4;
  counters.visits_in_iteration = 2;
  counters.partitions = 5;
  counters.diverged_step = 1299;
  counters.rows_seen = 41600;
}

// Weights in Keras's order as model_weights has them.
std::string WeightsOf(const engine::StateLayout& layout) {
  std::string bytes;
  for (const engine::StateTensor& tensor : layout.tensors) {
    for (size_t i = 0; i < tensor.count && !tensor.is_slot; i++) {
      const auto value = static_cast<float>(ValueAt(tensor, i));
      bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
    }
  }
  return bytes;
}

store::ModelSpec Spec() {
  store::ModelSpec spec;
  spec.graph = std::make_shared<const base::Graph>(wire::ReadKeras(R"({"class_name": "Sequential", "config": {"name": "m", "layers": [
    {"class_name": "Dense", "config": {"name": "hidden", "units": 5, "activation": "relu", "batch_input_shape": [null, 3]}},
    {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax"}}]}})"));
  spec.compile_params = "loss='categorical_crossentropy',optimizer='SGD(lr=0.1,momentum=0.9)'";
  spec.fit_params = "batch_size=16,epochs=2";
  return spec;
}

base::DataSpec Data() {
  base::DataSpec data;
  base::ColumnSpec x, y;
  x.name = "x";
  x.shape = {3};
  y.name = "y";
  y.shape = {2};
  y.kind = base::TargetKind::kArray;
  data.inputs = {x};
  data.targets = {y};
  data.num_partitions = 5;
  data.rows = 400;
  return data;
}

std::string Encoded(const engine::StateLayout& layout) {
  Block block(layout);
  Fill(layout, &block);
  return store::StateEncoder(Data()).Encode(Spec(), layout, block.data());
}

StateFit Decode(const std::string& bytes, const engine::StateLayout& layout, Block* block) {
  return store::DecodeState(store::StateView(bytes), layout, block->data());
}

std::optional<ErrorCode> ErrorOf(const std::function<void()>& work, std::string* message = nullptr) {
  try {
    work();
  } catch (const base::Error& error) {
    if (message != nullptr) *message = error.what();
    return error.code();
  }
  return std::nullopt;
}

std::optional<std::string> TakeInPieces(const std::string& bytes, size_t piece) {
  store::StateWeights weights;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    const std::string part = bytes.substr(at, piece);
    weights.Add({reinterpret_cast<const uint8_t*>(part.data()), part.size()});
  }
  return weights.Take();
}

void ExpectCounters(const engine::StateCounters& counters, uint64_t step) {
  EXPECT_EQ(counters.seed, 7u);
  EXPECT_EQ(counters.stream, 11u);
  EXPECT_EQ(counters.step, step);
  EXPECT_EQ(counters.iterations_done, 4u);
  EXPECT_EQ(counters.visits_in_iteration, 2u);
  EXPECT_EQ(counters.partitions, 5u);
  EXPECT_EQ(counters.diverged_step, 1299u);
  EXPECT_EQ(counters.rows_seen, 41600u);
}

TEST(TrainingState, ComesBackWhole) {
  for (const DType precision : {DType::kFloat32, DType::kFloat64}) {
    const engine::StateLayout layout = Layout(WithMomentum(kWeights), precision);
    Block written(layout), read(layout);
    Fill(layout, &written);
    const std::string bytes = store::StateEncoder(Data()).Encode(Spec(), layout, written.data());
    ASSERT_EQ(Decode(bytes, layout, &read), StateFit::kWhole);
    for (const engine::StateTensor& tensor : layout.tensors) {
      EXPECT_EQ(read.Bytes(tensor, precision), written.Bytes(tensor, precision)) << tensor.name;
    }
    ExpectCounters(*read.counters(), 1300);
    EXPECT_EQ(store::StateEncoder(Data()).Encode(Spec(), layout, read.data()), bytes);

    const store::StateView view(bytes);
    const store::ModelSpec spec = view.Spec();
    EXPECT_EQ(spec.compile_params, Spec().compile_params);
    EXPECT_EQ(spec.fit_params, Spec().fit_params);
    EXPECT_EQ(spec.config.batch_size, 16);
    EXPECT_EQ(wire::WriteGraph(*spec.graph), wire::WriteGraph(*Spec().graph));
    EXPECT_EQ(view.header().data_spec, base::WriteDataSpec(Data()));
    EXPECT_EQ(view.Weights(), WeightsOf(layout));
    EXPECT_EQ(view.WeightCount() * sizeof(float), WeightsOf(layout).size());
  }
}

// Cut anywhere, a state is refused; only what lies behind the last value may be missing.
TEST(TrainingState, CutBytesAreRefused) {
  const engine::StateLayout layout = Layout(WithMomentum(kWeights));
  const std::string bytes = Encoded(layout);
  const engine::StateTensor& last = layout.tensors.back();
  const size_t needed = bytes.size() - (layout.bytes - last.offset - last.count * sizeof(float));
  ASSERT_LT(needed, bytes.size());
  for (size_t length = 0; length < bytes.size(); length++) {
    Block block(layout);
    const auto error = ErrorOf([&] { Decode(bytes.substr(0, length), layout, &block); });
    if (length < needed) {
      ASSERT_EQ(error, ErrorCode::kDataCorrupted) << length << " of " << bytes.size() << " bytes";
    } else {
      ASSERT_EQ(error, std::nullopt) << length << " of " << bytes.size() << " bytes";
    }
  }
}

TEST(TrainingState, WeightsAreReadWithoutTheSlots) {
  const engine::StateLayout written = Layout(WithMomentum(kWeights)), weights = Layout(kWeights);
  const engine::StateTensor& last = weights.tensors.back();
  const std::string bytes = Encoded(written);
  const size_t needed = bytes.size() - (written.bytes - last.offset - last.count * sizeof(float));
  Block block(weights);
  ASSERT_EQ(Decode(bytes.substr(0, needed), weights, &block), StateFit::kWhole);
  std::string read;
  for (const engine::StateTensor& tensor : weights.tensors) read += block.Bytes(tensor, DType::kFloat32);
  EXPECT_EQ(read, WeightsOf(weights));
  Block again(weights);
  EXPECT_EQ(ErrorOf([&] { Decode(bytes.substr(0, needed - 1), weights, &again); }), ErrorCode::kDataCorrupted);
}

TEST(TrainingState, OtherPrecisionIsRefused) {
  for (const bool wide : {false, true}) {
    const auto written = Layout(kWeights, wide ? DType::kFloat64 : DType::kFloat32);
    const auto session = Layout(kWeights, wide ? DType::kFloat32 : DType::kFloat64);
    Block block(session);
    std::string message;
    EXPECT_EQ(ErrorOf([&] { Decode(Encoded(written), session, &block); }, &message), ErrorCode::kInvalidParameter);
    const std::string stored = wide ? "float64" : "float32", trains = wide ? "float32" : "float64";
    EXPECT_EQ(message, "the training state is in " + stored + ", this session trains in " + trains);
  }
}

TEST(TrainingState, WeightsOfOtherNamesOrShapesAreRefused) {
  const std::string bytes = Encoded(Layout(WithMomentum(kWeights)));
  struct Other {
    size_t tensor;
    Tensor with;
  };
  for (const Other& other : {Other{0, {"hidden/kernel", {5, 3}}}, Other{1, {"hidden/bias", {6}}}, Other{2, {"out/kernel", {5, 2, 1}}},
                             Other{3, {"final/bias", {2}}}}) {
    std::vector<Tensor> tensors = kWeights;
    tensors[other.tensor] = other.with;
    const engine::StateLayout layout = Layout(tensors);
    Block block(layout);
    std::string message;
    EXPECT_EQ(ErrorOf([&] { Decode(bytes, layout, &block); }, &message), ErrorCode::kInvalidParameter);
    EXPECT_NE(message.find("weight \"" + other.with.name + "\" of shape " + base::FormatShape(other.with.shape)), std::string::npos) << message;
  }
  // a slot of the right name and shape is no weight
  std::vector<Tensor> tensors = kWeights;
  tensors.push_back({"hidden/bias/momentum", {5}});
  const engine::StateLayout layout = Layout(tensors);
  Block block(layout);
  EXPECT_EQ(ErrorOf([&] { Decode(bytes, layout, &block); }), ErrorCode::kInvalidParameter);
}

// Another optimizer keeps the initial values of all of its slots, and begins to count its steps anew.
TEST(TrainingState, OtherSlotsKeepTheirFirstValues) {
  std::vector<Tensor> with_v = kWeights, one_more = WithMomentum(kWeights);
  for (const Tensor& tensor : kWeights) with_v.push_back({tensor.name + "/v", tensor.shape, true});
  one_more.push_back({"out/bias/accumulator", {2}, true});
  for (const std::vector<Tensor>& tensors : {with_v, one_more}) {
    const engine::StateLayout layout = Layout(tensors);
    Block block(layout);
    ASSERT_EQ(Decode(Encoded(Layout(WithMomentum(kWeights))), layout, &block), StateFit::kWeightsOnly);
    std::string weights;
    for (const engine::StateTensor& tensor : layout.tensors) {
      if (!tensor.is_slot) {
        weights += block.Bytes(tensor, DType::kFloat32);
      } else {
        EXPECT_EQ(block.Bytes(tensor, DType::kFloat32), std::string(tensor.count * sizeof(float), kFill)) << tensor.name;
      }
    }
    EXPECT_EQ(weights, WeightsOf(Layout(kWeights)));
    ExpectCounters(*block.counters(), 0);
  }
}

TEST(StateWeights, AreTheSameInPiecesOfEverySize) {
  for (const DType precision : {DType::kFloat32, DType::kFloat64}) {
    const engine::StateLayout layout = Layout(WithMomentum(kWeights), precision);
    const std::string bytes = Encoded(layout);
    for (const size_t piece : {size_t{1}, size_t{7}, size_t{64}, bytes.size() - 1, bytes.size()}) {
      EXPECT_EQ(TakeInPieces(bytes, piece), WeightsOf(layout)) << base::DTypeName(precision) << ", pieces of " << piece << " bytes";
    }
  }
}

TEST(StateWeights, NeedEveryWeightAndNoSlot) {
  const engine::StateLayout layout = Layout(WithMomentum(kWeights));
  const engine::StateTensor& last = layout.tensors[kWeights.size() - 1];
  const std::string bytes = Encoded(layout);
  const size_t needed = bytes.size() - (layout.bytes - last.offset - last.count * sizeof(float));
  EXPECT_EQ(TakeInPieces(bytes.substr(0, needed), 100), WeightsOf(layout));
  for (size_t length = 0; length < needed; length++) {
    ASSERT_EQ(ErrorOf([&] { TakeInPieces(bytes.substr(0, length), 100); }), ErrorCode::kDataCorrupted) << length << " bytes";
  }
}

TEST(StateWeights, BeginAnewAfterTake) {
  store::StateWeights weights;
  for (const std::vector<Tensor>& tensors : {kWeights, {kWeights[0], kWeights[3]}}) {
    const engine::StateLayout layout = Layout(tensors);
    const std::string bytes = Encoded(layout);
    weights.Add({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    EXPECT_EQ(weights.Take(), WeightsOf(layout));
  }
}

// An offset that no memory has must not wrap around to bytes that are there.
TEST(StateWeights, RefuseOffsetsPastAllMemory) {
  wire::StateHeader header;
  header.graph_bytes = wire::WriteGraph(*Spec().graph);
  header.graph_digest = wire::GraphDigest(*Spec().graph);
  header.data_spec = base::WriteDataSpec(Data());
  header.raw_bytes = UINT64_MAX;
  header.tensors.push_back({"out/bias", {2}, UINT64_MAX - 31, false, true});
  const std::string bytes = wire::WriteStateHeader(header);
  EXPECT_EQ(ErrorOf([&] { TakeInPieces(bytes, bytes.size()); }), ErrorCode::kDataCorrupted);
  const engine::StateLayout layout = Layout({{"out/bias", {2}}});
  Block block(layout);
  EXPECT_EQ(ErrorOf([&] { Decode(bytes, layout, &block); }), ErrorCode::kDataCorrupted);
}

// More than a value of model_weights holds is not put together: the header decides, before any byte is copied.
TEST(StateWeights, TooManyAreLeftToTheirReader) {
  for (const int64_t more : {0, 1}) {
    wire::StateHeader header;
    header.graph_bytes = wire::WriteGraph(*Spec().graph);
    header.graph_digest = wire::GraphDigest(*Spec().graph);
    header.data_spec = base::WriteDataSpec(Data());
    header.tensors.push_back({"big/kernel", {static_cast<int64_t>(store::kMostWeightBytes / sizeof(float)) + more}, 0, false, true});
    header.raw_bytes = store::kMostWeightBytes + 64;
    const std::string bytes = wire::WriteStateHeader(header);
    if (more > 0) {
      EXPECT_EQ(TakeInPieces(bytes, bytes.size()), std::nullopt);
    } else {  // it would be put together, but its bytes are missing
      EXPECT_EQ(ErrorOf([&] { TakeInPieces(bytes, bytes.size()); }), ErrorCode::kDataCorrupted);
    }
  }
}

}  // namespace
