// States written and read in pieces that are never joined: the same bytes as whole ones, in little memory.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "store/training_state.hpp"
#include "wire/keras.hpp"

namespace {

store::ModelSpec Spec() {
  store::ModelSpec spec;
  spec.graph = std::make_shared<const base::Graph>(wire::ReadKeras(R"({"class_name": "Sequential", "config": {"name": "m", "layers": [
    {"class_name": "Dense", "config": {"name": "hidden", "units": 70, "activation": "relu", "batch_input_shape": [null, 30]}},
    {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax"}}]}})"));
  spec.compile_params = "loss='categorical_crossentropy',optimizer='SGD(lr=0.1,momentum=0.9)'";
  return spec;
}

engine::StateLayout Layout(const store::ModelSpec& spec, const std::vector<std::string>& slots) {
  return engine::MakeStateLayout(*spec.graph, slots, base::DType::kFloat32);
}

std::vector<char> Filled(const engine::StateLayout& layout) {
  std::vector<char> block(layout.bytes, 0);
  engine::StateCounters counters;
  counters.step = 77;
  counters.iterations_done = 3;
  std::memcpy(block.data(), &counters, sizeof(counters));
  for (size_t i = engine::kStateCountersBytes; i < block.size(); i++) block[i] = static_cast<char>(i * 31 % 251);
  return block;
}

std::vector<std::string> Pieces(const store::ModelSpec& spec, const engine::StateLayout& layout, const void* block, size_t bytes) {
  store::StateEncoder encoder{base::DataSpec()};
  store::StoredPieces pieces(encoder.Head(spec, layout, block), block, layout, bytes);
  std::vector<std::string> all;
  for (size_t p = 0; p < pieces.count(); p++) all.emplace_back(pieces[p]);
  return all;
}

TEST(StateStream, PiecesAreThoseOfTheWhole) {
  const store::ModelSpec spec = Spec();
  const engine::StateLayout layout = Layout(spec, {"momentum"});
  const std::vector<char> block = Filled(layout);
  const std::string whole = store::StateEncoder(base::DataSpec()).Encode(spec, layout, block.data());
  for (const size_t bytes : {size_t{1}, size_t{17}, size_t{300}, size_t{4096}, whole.size() - 1, whole.size(), whole.size() + 1}) {
    const store::StatePieces expected(whole, bytes);
    const std::vector<std::string> pieces = Pieces(spec, layout, block.data(), bytes);
    ASSERT_EQ(pieces.size(), expected.count()) << bytes;
    for (size_t p = 0; p < pieces.size(); p++) ASSERT_EQ(pieces[p], expected[p]) << bytes << " " << p;
  }
}

TEST(StateStream, DecodesPieceByPiece) {
  const store::ModelSpec spec = Spec();
  const engine::StateLayout layout = Layout(spec, {"momentum"}), weights = Layout(spec, {});
  const std::vector<char> block = Filled(layout);
  const size_t head = store::StateEncoder(base::DataSpec()).Head(spec, layout, block.data()).size();
  for (const size_t bytes : {head, head + 1, head + 333, size_t{1} << 20}) {
    for (const engine::StateLayout* into : {&layout, &weights}) {
      std::vector<char> read(into->bytes, 0), expected(into->bytes, 0);
      std::string whole;
      store::StateDecoder decoder(*into, read.data());
      int64_t piece = 0;
      for (const std::string& data : Pieces(spec, layout, block.data(), bytes)) {
        decoder.Add(piece++, data);
        whole += data;
      }
      EXPECT_EQ(decoder.Finish(), store::StateFit::kWhole);
      store::DecodeState(store::StateView(whole), *into, expected.data());
      EXPECT_EQ(read, expected);
      EXPECT_EQ(store::CountersOf(static_cast<const void*>(read.data())).step, 77u);
      for (const engine::StateTensor& tensor : into->tensors) {
        EXPECT_EQ(std::memcmp(read.data() + tensor.offset, block.data() + tensor.offset, tensor.count * sizeof(float)), 0) << tensor.name;
      }
    }
  }
}

TEST(StateStream, RefusesWhatIsMissing) {
  const store::ModelSpec spec = Spec();
  const engine::StateLayout layout = Layout(spec, {"momentum"});
  const std::vector<char> block = Filled(layout);
  const std::vector<std::string> pieces = Pieces(spec, layout, block.data(), 4096);
  ASSERT_GT(pieces.size(), 3u);
  std::vector<char> read(layout.bytes, 0);
  {
    store::StateDecoder decoder(layout, read.data());
    for (size_t p = 0; p + 1 < pieces.size(); p++) decoder.Add(static_cast<int64_t>(p), pieces[p]);
    EXPECT_THROW(decoder.Finish(), base::Error);
  }
  {
    store::StateDecoder decoder(layout, read.data());
    decoder.Add(0, pieces[0]);
    EXPECT_THROW(decoder.Add(2, pieces[2]), base::Error);
  }
  store::StateDecoder decoder(layout, read.data());
  EXPECT_THROW(decoder.Add(0, pieces[0].substr(0, 40)), base::Error);  // the header is cut
}

}  // namespace
