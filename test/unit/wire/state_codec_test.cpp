#include <functional>

#include "base/error.hpp"
#include "compare.hpp"
#include "state_fixture.hpp"

namespace {

using base::ErrorCode;
using wire::StateHeader;
using wire_test::SampleHeader;

void ExpectSameHeader(const StateHeader& a, const StateHeader& b) {
  EXPECT_EQ(a.graph_digest, b.graph_digest);
  wire_test::ExpectSameGraph(*a.graph, *b.graph);
  EXPECT_EQ(a.compile_params, b.compile_params);
  EXPECT_EQ(a.fit_params, b.fit_params);
  EXPECT_EQ(a.data_spec, b.data_spec);
  EXPECT_EQ(static_cast<int>(a.precision), static_cast<int>(b.precision));
  EXPECT_EQ(a.seed, b.seed);
  EXPECT_EQ(a.stream, b.stream);
  EXPECT_EQ(a.step, b.step);
  EXPECT_EQ(a.iterations_done, b.iterations_done);
  EXPECT_EQ(a.diverged_step, b.diverged_step);
  EXPECT_EQ(a.rows_seen, b.rows_seen);
  EXPECT_EQ(a.visits_in_iteration, b.visits_in_iteration);
  EXPECT_EQ(a.partitions, b.partitions);
  EXPECT_EQ(a.raw_bytes, b.raw_bytes);
  EXPECT_EQ(a.build, b.build);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    EXPECT_EQ(a.tensors[i].name, b.tensors[i].name);
    EXPECT_EQ(a.tensors[i].shape, b.tensors[i].shape);
    EXPECT_EQ(a.tensors[i].offset, b.tensors[i].offset);
    EXPECT_EQ(a.tensors[i].is_slot, b.tensors[i].is_slot);
    EXPECT_EQ(a.tensors[i].trainable, b.tensors[i].trainable);
  }
}

std::string Refusal(const std::string& bytes, ErrorCode code = ErrorCode::kDataCorrupted) {
  size_t raw_offset = 0;
  try {
    wire::ReadStateHeader(bytes, &raw_offset);
  } catch (const base::Error& error) {
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(code)) << error.what();
    return error.what();
  }
  return "was read";
}

std::string Changed(const std::function<void(StateHeader*)>& change) {
  StateHeader header = SampleHeader();
  change(&header);
  return Refusal(wire::WriteStateHeader(header));
}

TEST(StateCodec, RoundTrip) {
  StateHeader header = SampleHeader();
  header.precision = base::DType::kFloat64;
  header.raw_bytes *= 2;
  header.seed = ~uint64_t{0};
  header.diverged_step = 17;
  header.compile_params = "optimizer='caf\xE9'";  // LATIN1
  const std::string bytes = wire::WriteStateHeader(header);
  size_t raw_offset = 0;
  ExpectSameHeader(wire::ReadStateHeader(bytes + "raw", &raw_offset), header);
  EXPECT_EQ(raw_offset, bytes.size());
}

// data/state_v1.bin was written by the first version. It must be read for ever, and the same way.
TEST(StateCodec, ReadsTheFirstVersion) {
  const std::string bytes = wire_test::ReadFile("state_v1.bin");
  EXPECT_EQ(bytes.substr(0, 8), std::string("PGCB\x01\0\0\0", 8));
  size_t raw_offset = 0;
  const StateHeader header = wire::ReadStateHeader(bytes, &raw_offset);
  ExpectSameHeader(header, SampleHeader());
  EXPECT_EQ(header.graph_digest, wire::GraphDigest(*header.graph));
  EXPECT_EQ(header.raw_bytes, 1920u);
  EXPECT_TRUE(bytes.substr(raw_offset) == wire_test::SampleRaw(header.raw_bytes));
}

TEST(StateCodec, WritesTheFirstVersionStill) {
  const std::string bytes = wire_test::ReadFile("state_v1.bin");
  const std::string head = wire::WriteStateHeader(SampleHeader());
  EXPECT_TRUE(bytes.substr(0, head.size()) == head);
}

TEST(StateCodec, RefusesWhatIsNoState) {
  const std::string head = "a training state cannot be read: ";
  const std::string bytes = wire::WriteStateHeader(SampleHeader());
  EXPECT_EQ(Refusal(""), head + "it does not begin as one");
  EXPECT_EQ(Refusal("PGCB"), head + "it does not begin as one");
  EXPECT_EQ(Refusal("XGCB" + bytes.substr(4)), head + "it does not begin as one");
  EXPECT_EQ(Refusal(bytes.substr(0, 4) + std::string(4, '\0') + bytes.substr(8)), head + "its format version is 0");
  EXPECT_EQ(Refusal(bytes.substr(0, 4) + std::string("\x02\0\0\0", 4) + bytes.substr(8), ErrorCode::kFeatureNotSupported),
            "a training state has format version 2, this build reads versions up to 1");
  EXPECT_EQ(Refusal(bytes.substr(0, 8) + std::string(8, '\xFF') + bytes.substr(16)),
            head + "its header would have 18446744073709551615 bytes, " + std::to_string(bytes.size() - 16) + " follow");
  const size_t size = bytes.size() - 16;
  EXPECT_EQ(Refusal(bytes.substr(0, bytes.size() - 1)),
            head + "its header would have " + std::to_string(size) + " bytes, " + std::to_string(size - 1) + " follow");
  std::string damaged = bytes;
  damaged[16] = '\xFF';
  EXPECT_EQ(Refusal(damaged), head + "its header is damaged");
}

TEST(StateCodec, RefusesForgedHeaders) {
  const std::string head = "a training state cannot be read: ";
  EXPECT_EQ(Changed([](StateHeader*) {}), "was read");
  EXPECT_EQ(Changed([](StateHeader* h) { h->graph_digest = "abc"; }), head + "its digest is none");
  EXPECT_EQ(Changed([](StateHeader* h) { h->graph_digest[3] = 'X'; }), head + "its digest is none");
  EXPECT_EQ(Changed([](StateHeader* h) { h->precision = base::DType::kInt8; }), head + "its precision is 2");
  EXPECT_EQ(Changed([](StateHeader* h) { h->tensors[0].offset = h->raw_bytes; }),
            head + "tensor \"dense/kernel\" lies outside the raw part");
  EXPECT_EQ(Changed([](StateHeader* h) { h->tensors[0].offset = ~uint64_t{0}; }),
            head + "tensor \"dense/kernel\" lies outside the raw part");
  EXPECT_EQ(Changed([](StateHeader* h) { h->raw_bytes = 100; }), head + "tensor \"dense/kernel\" lies outside the raw part");
  EXPECT_EQ(Changed([](StateHeader* h) { h->precision = base::DType::kFloat64; }).substr(0, head.size() + 6), head + "tensor");
  EXPECT_EQ(Changed([](StateHeader* h) { h->tensors[0].shape = {0, 10}; }), head + "the shape of a tensor is out of range");
  EXPECT_EQ(Changed([](StateHeader* h) { h->tensors[0].shape = {-4, 10}; }), head + "the shape of a tensor is out of range");
  EXPECT_EQ(Changed([](StateHeader* h) { h->tensors[0].shape = base::Shape(4, int64_t{1} << 31); }),
            head + "the shape of a tensor is out of range");
  EXPECT_EQ(Changed([](StateHeader* h) { h->tensors[0].shape = base::Shape(9, 1); }), head + "the shape of a tensor is out of range");
  EXPECT_EQ(Changed([](StateHeader* h) { h->tensors[0].name = ""; }), head + "the name of a tensor has 0 bytes");
  EXPECT_EQ(Changed([](StateHeader* h) { 
    base::Graph graph = *h->graph;
    graph.outputs = {50};
    h->graph_bytes = wire::WriteGraph(graph);
   }),
            "a stored architecture cannot be read: the model has no call number 50");
}

}  // namespace
