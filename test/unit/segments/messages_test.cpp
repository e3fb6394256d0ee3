// The records between the coordinator and the segments: what is written comes back, and what is cut short is refused.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/record.hpp"
#include "segments/messages.hpp"
#include "wire/keras.hpp"

namespace {

using segments::EntryKind;
using segments::RunHeader;

std::optional<base::ErrorCode> ErrorOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const base::Error& error) {
    return error.code();
  }
  return std::nullopt;
}

std::shared_ptr<const base::Graph> Network(int units) {
  return std::make_shared<const base::Graph>(wire::ReadKeras(R"({"class_name": "Sequential", "config": [
    {"class_name": "Dense", "config": {"name": "out", "units": )" +
                                                             std::to_string(units) + R"(, "batch_input_shape": [null, 2]}}]})"));
}

RunHeader Header() {
  RunHeader header;
  base::ColumnSpec x, y;
  x.name = "x";
  x.shape = {2};
  y.name = "y";
  y.shape = {3};
  y.kind = base::TargetKind::kArray;
  header.data.inputs = {x};
  header.data.targets = {y};
  header.data.num_partitions = 4;
  header.data.rows = 99;
  header.precision = base::DType::kFloat64;
  header.seed = ~uint64_t{0};
  header.visits = 4;
  const auto small = Network(3), large = Network(50);
  for (int m = 0; m < 5; m++) {
    segments::RunModel model;
    model.graph = m % 2 == 0 ? small : large;
    model.config.batch_size = 8 << m;
    model.config.epochs = m + 1;
    model.config.optimizer.learning_rate = 0.1 / (m + 1);
    model.stream = m == 4 ? static_cast<uint64_t>(-7) : static_cast<uint64_t>(m);
    model.kernels = m % 3 == 0;
    model.template_bytes = 1000 + static_cast<size_t>(m);
    if (m % 2 == 1) model.given = {true, false, m == 3};
    if (m == 4) model.like = 2, model.parent = 3, model.keeps_optimizer = true;
    header.models.push_back(std::move(model));
  }
  return header;
}

TEST(RunHeader, ComesBackWithFeatures) {
  RunHeader written = Header();
  base::ColumnSpec column;
  column.name = "features_1";
  column.shape = {3};
  column.feature = true;
  written.data.inputs.push_back(column);
  written.training.features = {{1, "s.t_features_1", "uint8"}};
  written.training.fetched = {false, true};
  written.validation.fetched = {true, true};
  written.shared_features = {{1, {{0, 4}}}};
  written.model_reads = {false, true};
  written.feature_cache = 77;
  const std::string bytes = segments::WriteRunHeader(written);
  const RunHeader read = segments::ReadRunHeader(bytes);
  EXPECT_TRUE(read.training.spec.inputs[1].feature);
  EXPECT_EQ(read.training.fetched, written.training.fetched);
  EXPECT_EQ(read.validation.fetched, written.validation.fetched);
  ASSERT_EQ(read.training.features.size(), 1u);
  EXPECT_EQ(read.training.features[0].table, "s.t_features_1");
  EXPECT_EQ(read.training.features[0].encoding, "uint8");
  EXPECT_TRUE(read.validation.features.empty());
  ASSERT_EQ(read.shared_features.size(), 1u);
  EXPECT_EQ(read.shared_features[0].makers, written.shared_features[0].makers);
  EXPECT_EQ(read.model_reads, written.model_reads);
  EXPECT_EQ(read.feature_cache, 77u);
  EXPECT_EQ(read.models[0].trained, read.models[0].graph);
  std::string other = bytes;
  other[0] = 9;
  EXPECT_EQ(ErrorOf([&] { segments::ReadRunHeader(other); }), base::ErrorCode::kInternal);
}

TEST(RunHeader, ComesBackWithSharedGraphs) {
  const RunHeader written = Header();
  const std::string bytes = segments::WriteRunHeader(written);
  const RunHeader read = segments::ReadRunHeader(bytes);
  EXPECT_EQ(base::WriteDataSpec(read.data), base::WriteDataSpec(written.data));
  EXPECT_EQ(read.precision, written.precision);
  EXPECT_EQ(read.seed, written.seed);
  EXPECT_EQ(read.visits, written.visits);
  ASSERT_EQ(read.models.size(), written.models.size());
  for (size_t m = 0; m < read.models.size(); m++) {
    const segments::RunModel &is = read.models[m], &was = written.models[m];
    EXPECT_EQ(wire::WriteGraph(*is.graph), wire::WriteGraph(*was.graph));
    EXPECT_EQ(is.graph, read.models[m % 2].graph) << "models of one architecture share the graph";
    EXPECT_EQ(is.config.batch_size, was.config.batch_size);
    EXPECT_EQ(is.config.epochs, was.config.epochs);
    EXPECT_EQ(is.config.optimizer.learning_rate, was.config.optimizer.learning_rate);
    EXPECT_EQ(is.stream, was.stream);
    EXPECT_EQ(is.kernels, was.kernels);
    EXPECT_EQ(is.template_bytes, was.template_bytes);
    EXPECT_EQ(is.given, was.given);
    EXPECT_EQ(is.like, was.like);
    EXPECT_EQ(is.parent, was.parent);
    EXPECT_EQ(is.keeps_optimizer, was.keeps_optimizer);
  }
  EXPECT_EQ(segments::WriteRunHeader(read), bytes);
}

// A thousand models of an architecture bring its graph along once.
TEST(RunHeader, HasEachGraphOnce) {
  RunHeader header = Header();
  const size_t graph = wire::WriteGraph(*header.models[0].graph).size();
  const size_t before = segments::WriteRunHeader(header).size();
  for (int m = 0; m < 1000; m++) header.models.push_back(header.models[0]);
  const size_t one_more = segments::WriteRunHeader(header).size() - before;
  header.models.push_back(header.models[0]);
  EXPECT_EQ(segments::WriteRunHeader(header).size() - before, one_more / 1000 * 1001);
  header.models.back().graph = Network(3);  // an equal one, but another
  EXPECT_EQ(segments::WriteRunHeader(header).size() - before, one_more / 1000 * 1001 + graph + sizeof(int64_t));
}

TEST(RunHeader, CutBytesAreRefused) {
  const std::string bytes = segments::WriteRunHeader(Header());
  for (size_t length = 0; length < bytes.size(); length++) {
    ASSERT_NE(ErrorOf([&] { segments::ReadRunHeader(bytes.substr(0, length)); }), std::nullopt)
        << length << " of " << bytes.size() << " bytes";
  }
}

// They may come from anybody.
TEST(RoundRequest, OfUnknownKindsIsRefused) {
  const auto request = [](int kind, int table) {
    base::RecordWriter w;
    for (const int number : {7, kind, table, 0}) w.Number(number);
    for (int list = 0; list < 5; list++) w.Text("");
    return w.Take();
  };
  EXPECT_EQ(segments::ReadRoundRequest(request(2, 1)).kind, segments::RoundKind::kScore);
  for (const auto& [kind, table] : {std::pair(0, 0), {3, 0}, {-1, 0}, {1, -1}, {1, 2}}) {
    EXPECT_EQ(ErrorOf([&, k = kind, t = table] { segments::ReadRoundRequest(request(k, t)); }), base::ErrorCode::kDataCorrupted) << kind << " " << table;
  }
}

TEST(RunHeader, OfNoPartitionsIsRefused) {
  RunHeader header = Header();
  header.visits = 0;
  EXPECT_EQ(ErrorOf([&] { segments::ReadRunHeader(segments::WriteRunHeader(header)); }), base::ErrorCode::kDataCorrupted);
  header = Header();
  header.data.num_partitions = 0;
  EXPECT_EQ(ErrorOf([&] { segments::ReadRunHeader(segments::WriteRunHeader(header)); }), base::ErrorCode::kDataCorrupted);
}

TEST(Entry, ComesBackOrIsRefused) {
  for (const EntryKind kind : {EntryKind::kFresh, EntryKind::kWeights, EntryKind::kState, EntryKind::kClone, EntryKind::kStoredClone}) {
    EXPECT_EQ(segments::ReadEntry(segments::WriteEntry(kind)), kind);
  }
  for (const std::string& bytes : {std::string(), std::string("\0\0", 2), std::string("\5"), std::string("\377")}) {
    EXPECT_EQ(ErrorOf([&] { segments::ReadEntry(bytes); }), base::ErrorCode::kInternal);
  }
}

TEST(ModelReply, ComesBack) {
  segments::ModelReply written;
  written.model = 3;
  written.segment = 1;
  written.kept_buffers = 5;
  written.read_buffers = 6;
  written.weights_only = true;
  written.diverged_step = uint64_t{1} << 63;
  written.iterations_done = 17;
  written.build = "another";
  written.error = "it broke";
  written.visits = {{2, 10.5, 11.5, 0.75, 0.1, 300}, {3, 11.5, 12, 0.5, 0.05, 301}};
  const segments::ModelReply read = segments::ReadModelReply(segments::WriteModelReply(written));
  EXPECT_EQ(segments::WriteModelReply(read), segments::WriteModelReply(written));
  EXPECT_EQ(read.visits.at(1).rows, 301);
  EXPECT_EQ(read.build, "another");
  EXPECT_EQ(read.error, "it broke");
  EXPECT_EQ(read.diverged_step, written.diverged_step);
}

}  // namespace
