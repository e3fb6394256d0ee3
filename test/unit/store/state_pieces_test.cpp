// A training state in pieces: cut, put together, and what scoring needs of each piece.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "store/training_state.hpp"
#include "wire/keras.hpp"

namespace {

using store::StateJoiner;
using store::StatePieces;

std::string Counting(size_t bytes) {
  std::string text;
  for (size_t i = 0; i < bytes; i++) text += static_cast<char>(i * 7 % 251);
  return text;
}

TEST(StatePieces, CutEverywhereAndPutTogether) {
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{7}, size_t{8}, size_t{9}, size_t{16}, size_t{100}}) {
    const std::string state = Counting(bytes);
    for (const size_t piece_bytes : {size_t{1}, size_t{8}, size_t{33}, size_t{1000}}) {
      const StatePieces pieces(state, piece_bytes);
      ASSERT_EQ(pieces.count(), (bytes + piece_bytes - 1) / piece_bytes);
      StateJoiner joiner;
      for (size_t piece = 0; piece < pieces.count(); piece++) {
        EXPECT_LE(pieces[piece].size(), piece_bytes);
        EXPECT_FALSE(pieces[piece].empty());
        joiner.Add(static_cast<int64_t>(piece), pieces[piece]);
      }
      EXPECT_EQ(joiner.Take(), state) << bytes << " bytes in pieces of " << piece_bytes;
    }
  }
  EXPECT_EQ(StatePieces(Counting(3)).count(), 1u);
}

TEST(StatePieces, LeadingBytesAreSpreadOverThem) {
  const std::string state = Counting(20);
  const StatePieces pieces(state, 8);  // 8, 8, 4
  for (size_t leading = 0; leading <= 20; leading++) {
    size_t sum = 0;
    std::string joined;
    for (size_t piece = 0; piece < pieces.count(); piece++) {
      const size_t part = pieces.PartOf(piece, leading);
      ASSERT_LE(part, pieces[piece].size());
      EXPECT_TRUE(part == 0 || joined.size() == piece * 8) << "a hole before piece " << piece;
      joined += pieces[piece].substr(0, part);
      sum += part;
    }
    EXPECT_EQ(sum, leading);
    EXPECT_EQ(joined, state.substr(0, leading));
  }
}

TEST(StateJoiner, RefusesPiecesThatAreMissingOrOutOfOrder) {
  const std::vector<std::vector<int64_t>> wrong = {{1}, {0, 2}, {0, 0}, {0, 1, 0}, {-1}};
  for (const std::vector<int64_t>& order : wrong) {
    StateJoiner joiner;
    for (size_t i = 0; i + 1 < order.size(); i++) joiner.Add(order[i], "x");
    try {
      joiner.Add(order.back(), "x");
      FAIL() << "piece " << order.back() << " was taken";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kDataCorrupted);
    }
  }
}

TEST(StateJoiner, BeginsAnewAfterTake) {
  StateJoiner joiner;
  joiner.Add(0, "ab");
  joiner.Add(1, "c");
  EXPECT_EQ(joiner.bytes(), "abc");
  EXPECT_EQ(joiner.Take(), "abc");
  EXPECT_TRUE(joiner.bytes().empty());
  joiner.Add(0, "d");
  EXPECT_EQ(joiner.Take(), "d");
}

/// Two weights and a slot for each, as the engine lays them out.
engine::StateLayout Layout(base::DType precision) {
  engine::StateLayout layout;
  layout.precision = precision;
  layout.bytes = engine::kStateCountersBytes;
  for (const bool is_slot : {false, true}) {
    for (const int64_t units : {3, 5}) {
      engine::StateTensor tensor;
      tensor.name = "layer" + std::to_string(units) + (is_slot ? "/kernel/m" : "/kernel");
      tensor.shape = {2, units};
      tensor.offset = layout.bytes;
      tensor.count = static_cast<size_t>(2 * units);
      tensor.is_slot = is_slot;
      layout.bytes += (tensor.count * base::DTypeSize(precision) + 63) / 64 * 64;
      layout.tensors.push_back(tensor);
    }
  }
  return layout;
}

// What scoring needs ends with the last weight: one byte less and the weights cannot be read, and no slot is among
// them.
TEST(ScoringBytes, EndWithTheLastWeight) {
  store::ModelSpec spec;
  spec.graph = std::make_shared<const base::Graph>(wire::ReadKeras(R"({"class_name": "Sequential", "config": [
    {"class_name": "Dense", "config": {"name": "layer3", "units": 3, "batch_input_shape": [null, 2]}}]})"));
  base::DataSpec data;
  data.num_partitions = 1;
  for (const base::DType precision : {base::DType::kFloat32, base::DType::kFloat64}) {
    const engine::StateLayout layout = Layout(precision);
    std::vector<uint64_t> memory(layout.bytes / 8, 0);
    void* block = memory.data();
    *static_cast<engine::StateCounters*>(block) = engine::StateCounters();
    for (const engine::StateTensor& tensor : layout.tensors) {
      for (size_t i = 0; i < tensor.count; i++) {
        const auto narrow = static_cast<float>(i + tensor.offset);
        const double wide = narrow;
        char* at = static_cast<char*>(block) + tensor.offset + i * base::DTypeSize(precision);
        if (precision == base::DType::kFloat64) {
          std::memcpy(at, &wide, sizeof(wide));
        } else {
          std::memcpy(at, &narrow, sizeof(narrow));
        }
      }
    }
    const std::string state = store::StateEncoder(data).Encode(spec, layout, block);
    const size_t scoring = store::ScoringBytes(layout, state.size());
    const store::StateView whole(state);
    EXPECT_EQ(whole.WeightCount(), 16u);
    EXPECT_EQ(whole.Weights().size(), 16 * sizeof(float));
    EXPECT_EQ(store::StateView(std::string_view(state).substr(0, scoring)).Weights(), whole.Weights());
    EXPECT_THROW(store::StateView(std::string_view(state).substr(0, scoring - 1)).Weights(), base::Error);
    const store::StateView cut(std::string_view(state).substr(0, scoring));
    for (const wire::TensorEntry& tensor : cut.header().tensors) {
      if (tensor.is_slot) {
        EXPECT_THROW(cut.Tensor(tensor), base::Error) << tensor.name;
      } else {
        EXPECT_EQ(cut.Tensor(tensor), whole.Tensor(tensor)) << tensor.name;
      }
    }
  }
}

}  // namespace
