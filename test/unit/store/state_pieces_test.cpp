// A training state in pieces: cut, put together, and what scoring needs of each piece.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <optional>
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

// Only the first piece is shorter.
TEST(StatePieces, TheFirstMayBeShorter) {
  for (const size_t bytes : {size_t{0}, size_t{2}, size_t{3}, size_t{4}, size_t{11}, size_t{12}, size_t{40}}) {
    const std::string state = Counting(bytes);
    const StatePieces pieces(state, 8, 3);
    std::string joined;
    for (size_t piece = 0; piece < pieces.count(); piece++) {
      const bool last = piece + 1 == pieces.count();
      const size_t most = piece == 0 ? 3 : 8;
      EXPECT_TRUE(last ? !pieces[piece].empty() && pieces[piece].size() <= most : pieces[piece].size() == most);
      const size_t inside = bytes / 2 > joined.size() ? std::min(bytes / 2 - joined.size(), pieces[piece].size()) : 0;
      EXPECT_EQ(pieces.PartOf(piece, bytes / 2), inside);
      joined += pieces[piece];
    }
    EXPECT_EQ(joined, state);
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

// Two weights and, for a trained model, a slot for each, as the engine lays them out.
engine::StateLayout Layout(base::DType precision, bool slots, int64_t units) {
  engine::StateLayout layout;
  layout.precision = precision;
  layout.bytes = engine::kStateCountersBytes;
  for (const bool is_slot : {false, true}) {
    if (is_slot && !slots) continue;
    for (const int64_t inputs : {3, 5}) {
      engine::StateTensor tensor;
      tensor.name = "layer" + std::to_string(inputs) + (is_slot ? "/kernel/m" : "/kernel");
      tensor.shape = {inputs, units};
      tensor.offset = layout.bytes;
      tensor.count = static_cast<size_t>(inputs * units);
      tensor.is_slot = is_slot;
      layout.bytes += (tensor.count * base::DTypeSize(precision) + 63) / 64 * 64;
      layout.tensors.push_back(tensor);
    }
  }
  return layout;
}

// A block in which every byte of every tensor tells where it is.
class Block {
 public:
  explicit Block(const engine::StateLayout& layout) : size_(layout.bytes), memory_(layout.bytes / 8, 0) {
    new (data()) engine::StateCounters();
  }
  void Fill(const engine::StateLayout& layout) {
    for (const engine::StateTensor& tensor : layout.tensors) {
      for (size_t i = 0; i < tensor.count * base::DTypeSize(layout.precision); i++)
        data()[tensor.offset + i] = static_cast<char>((tensor.offset + i) * 7 % 251);
    }
  }
  char* data() { return reinterpret_cast<char*>(memory_.data()); }
  engine::StateCounters& counters() { return store::CountersOf(data()); }
  std::string_view bytes() { return {data(), size_}; }

 private:
  size_t size_;
  std::vector<uint64_t> memory_;
};

store::ModelSpec Spec() {
  store::ModelSpec spec;
  spec.graph = std::make_shared<const base::Graph>(wire::ReadKeras(R"({"class_name": "Sequential", "config": [
    {"class_name": "Dense", "config": {"name": "layer3", "units": 3, "batch_input_shape": [null, 2]}}]})"));
  spec.compile_params = "loss='mse',optimizer='SGD(lr=0.1,momentum=0.9)'";
  spec.fit_params = "batch_size=8,epochs=1";
  return spec;
}

base::DataSpec Data() {
  base::DataSpec data;
  data.num_partitions = 1;
  return data;
}

// A state that is new, one in the middle of a run, and one whose counters need all of their bytes.
void SetCounters(int which, engine::StateCounters* counters) {
  if (which == 0) return;
  counters->seed = which == 1 ? 7 : ~uint64_t{0};
  counters->stream = which == 1 ? 3 : ~uint64_t{0};
  counters->step = which == 1 ? 130 : ~uint64_t{0};
  counters->iterations_done = which == 1 ? 4 : uint64_t{1} << 62;
  counters->visits_in_iteration = which == 1 ? 0 : ~uint32_t{0};
  counters->partitions = which == 1 ? 2 : ~uint32_t{0};
  counters->diverged_step = which == 1 ? 0 : uint64_t{1} << 63;
  counters->rows_seen = which == 1 ? 20000 : uint64_t{1} << 40;
}

std::optional<base::ErrorCode> ErrorOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const base::Error& error) {
    return error.code();
  }
  return std::nullopt;
}

// What goes between segments becomes the stored form, byte for byte and piece for piece.
TEST(RawState, BecomesTheStoredForm) {
  for (const base::DType precision : {base::DType::kFloat32, base::DType::kFloat64}) {
    const engine::StateLayout layout = Layout(precision, true, 300);
    store::StateEncoder encoder(Data());
    const std::string head = encoder.HeadTemplate(Spec(), layout);
    for (const int which : {0, 1, 2}) {
      Block block(layout);
      block.Fill(layout);
      SetCounters(which, &block.counters());
      const std::string stored = encoder.Encode(Spec(), layout, block.data());
      EXPECT_EQ(store::StoredHeadBytes(head.size(), block.data()), stored.size() - (layout.bytes - engine::kStateCountersBytes));
      for (const size_t piece_bytes : {stored.size() / 7, stored.size() / 2, stored.size() - 1, stored.size(), 2 * stored.size()}) {
        const StatePieces raw = store::RawPieces(block.data(), layout, head.size(), piece_bytes), wanted(stored, piece_bytes);
        ASSERT_EQ(raw.count(), wanted.count()) << piece_bytes;
        EXPECT_EQ(store::StoredHead(head, raw[0]) + std::string(raw[0].substr(engine::kStateCountersBytes)), wanted[0]) << piece_bytes;
        for (size_t piece = 1; piece < raw.count(); piece++) EXPECT_EQ(raw[piece], wanted[piece]) << piece << " of " << piece_bytes;
      }
    }
  }
}

// A head that fills a piece by itself: the counters stay whole.
TEST(RawState, CountersAreNeverCut) {
  const engine::StateLayout layout = Layout(base::DType::kFloat32, true, 100);
  Block block(layout);
  for (const size_t template_bytes : {size_t{0}, size_t{700}, size_t{5000}}) {
    const StatePieces raw = store::RawPieces(block.data(), layout, template_bytes, 512);
    EXPECT_GE(raw[0].size(), engine::kStateCountersBytes);
    EXPECT_LE(raw[0].size(), 512u);
  }
}

TEST(RawState, HeadsOfWhatIsNoStateAreRefused) {
  const engine::StateLayout layout = Layout(base::DType::kFloat32, true, 10);
  const std::string head = store::StateEncoder(Data()).HeadTemplate(Spec(), layout), piece(engine::kStateCountersBytes, '\0');
  EXPECT_EQ(ErrorOf([&] { store::StoredHead(head, piece); }), std::nullopt);
  for (size_t length = 0; length < piece.size(); length++) {
    ASSERT_EQ(ErrorOf([&] { store::StoredHead(head, piece.substr(0, length)); }), base::ErrorCode::kDataCorrupted) << length << " bytes";
  }
  for (size_t length = 0; length < head.size(); length++) {
    ASSERT_EQ(ErrorOf([&] { store::StoredHead(head.substr(0, length), piece); }), base::ErrorCode::kDataCorrupted) << length << " bytes";
  }
}

TEST(RawState, ComesBackWhole) {
  const engine::StateLayout layout = Layout(base::DType::kFloat32, true, 100);
  Block written(layout);
  written.Fill(layout);
  SetCounters(1, &written.counters());
  for (const size_t piece_bytes : {size_t{256}, size_t{1000}, size_t{1} << 20}) {
    const StatePieces pieces = store::RawPieces(written.data(), layout, 400, piece_bytes);
    Block read(layout);
    store::RawStateReader reader(read.data(), layout.bytes);
    for (size_t piece = 0; piece < pieces.count(); piece++) {
      EXPECT_EQ(ErrorOf([&] { reader.Finish(layout.bytes); }), base::ErrorCode::kDataCorrupted) << piece << " pieces";
      reader.Add(static_cast<int64_t>(piece), pieces[piece]);
    }
    reader.Finish(layout.bytes);
    EXPECT_EQ(read.bytes(), written.bytes());
    EXPECT_EQ(ErrorOf([&] { reader.Add(static_cast<int64_t>(pieces.count()), "x"); }), base::ErrorCode::kDataCorrupted)
        << "behind the block";
  }
}

// Cut anywhere, it is refused: a state that goes on needs every byte of its block.
TEST(RawState, CutBytesAreRefused) {
  const engine::StateLayout layout = Layout(base::DType::kFloat32, true, 3);
  Block written(layout), read(layout);
  for (size_t length = 0; length < layout.bytes; length++) {
    store::RawStateReader reader(read.data(), layout.bytes);
    reader.Add(0, written.bytes().substr(0, length));
    ASSERT_EQ(ErrorOf([&] { reader.Finish(layout.bytes); }), base::ErrorCode::kDataCorrupted) << length << " bytes";
  }
  store::RawStateReader whole(read.data(), layout.bytes);
  whole.Add(0, written.bytes());
  EXPECT_EQ(ErrorOf([&] { whole.Finish(layout.bytes); }), std::nullopt);
}

TEST(RawState, MissingPiecesAreRefused) {
  std::vector<uint64_t> block(8);
  const std::vector<std::vector<int64_t>> wrong = {{1}, {0, 2}, {0, 0}, {0, 1, 0}, {-1}};
  for (const std::vector<int64_t>& order : wrong) {
    store::RawStateReader reader(block.data(), 64);
    for (size_t i = 0; i + 1 < order.size(); i++) reader.Add(order[i], "x");
    EXPECT_EQ(ErrorOf([&] { reader.Add(order.back(), "x"); }), base::ErrorCode::kDataCorrupted);
  }
}

// What scoring needs ends with the last weight, and lies in the same way where there are no slots.
TEST(ScoringBytes, FillALayoutWithoutSlots) {
  for (const base::DType precision : {base::DType::kFloat32, base::DType::kFloat64}) {
    const engine::StateLayout trained = Layout(precision, true, 3), lean = Layout(precision, false, 3);
    Block written(trained), read(lean);
    written.Fill(trained);
    SetCounters(1, &written.counters());
    const size_t scoring = store::ScoringBytes(trained);
    const engine::StateTensor& last = trained.tensors[1];
    EXPECT_EQ(scoring, last.offset + last.count * base::DTypeSize(precision));
    EXPECT_EQ(store::ScoringBytes(lean), scoring);
    for (const size_t cut : {size_t{0}, size_t{1}}) {
      store::RawStateReader reader(read.data(), lean.bytes);
      reader.Add(0, written.bytes().substr(0, scoring - cut));
      EXPECT_EQ(ErrorOf([&] { reader.Finish(store::ScoringBytes(lean)); }),
                cut == 0 ? std::nullopt : std::optional(base::ErrorCode::kDataCorrupted));
    }
    EXPECT_EQ(read.counters().step, 130u);
    for (size_t i = 0; i < lean.tensors.size(); i++) {
      const engine::StateTensor &from = trained.tensors[i], &to = lean.tensors[i];
      const size_t size = to.count * base::DTypeSize(precision);
      EXPECT_EQ(read.bytes().substr(to.offset, size), written.bytes().substr(from.offset, size)) << to.name;
    }
    // the same in stored form: the weights are there, and no slot is
    store::StateEncoder encoder(Data());
    const std::string stored = store::StoredHead(encoder.HeadTemplate(Spec(), trained), written.bytes().substr(0, scoring)) +
                               std::string(written.bytes().substr(engine::kStateCountersBytes, scoring - engine::kStateCountersBytes));
    const std::string whole = encoder.Encode(Spec(), trained, written.data());
    EXPECT_EQ(store::StateView(stored).Weights(), store::StateView(whole).Weights());
    EXPECT_THROW(store::StateView(std::string_view(stored).substr(0, stored.size() - 1)).Weights(), base::Error);
  }
}

}  // namespace
