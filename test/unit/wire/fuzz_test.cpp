// Readers of untrusted bytes under mutated input: whatever comes, they return or throw base::Error with a code of their contract. Bounded
// and repeatable; the sanitised build is where it bites.
#include <algorithm>
#include <functional>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/philox.hpp"
#include "state_fixture.hpp"

namespace {

using base::ErrorCode;

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed, 0, base::Purpose::kSplit) {}

  // One to four changes: a flipped bit, another byte, a cut, a doubled or removed stretch, a stretch of the donor.
  std::string Mutate(std::string bytes, const std::string& donor) {
    const uint64_t changes = 1 + random_.Below(4);
    for (uint64_t i = 0; i < changes && !bytes.empty(); ++i) {
      const size_t at = random_.Below(bytes.size());
      const size_t length = std::min<size_t>(1 + random_.Below(24), bytes.size() - at);
      switch (random_.Below(7)) {
        case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << random_.Below(8))); break;
        case 1: bytes[at] = static_cast<char>(random_.Below(256)); break;
        case 2: bytes.resize(at); break;
        case 3: bytes.insert(at, bytes.substr(at, length)); break;
        case 4: bytes.erase(at, length); break;
        case 5: bytes.replace(at, length, donor, random_.Below(donor.size()), length); break;
        default: bytes.replace(at, 1, kValues[random_.Below(sizeof kValues / sizeof *kValues)]); break;
      }
    }
    return bytes;
  }

  // One or two values of a text's tree replaced, taken out, or copied to another position: it stays JSON, so that what lies behind the parser
  // is reached.
  std::string MutateTree(const std::string& text) {
    base::Value tree = base::ParseLiteral(text);
    const uint64_t changes = 1 + random_.Below(2);
    for (uint64_t i = 0; i < changes; ++i) {
      base::Value* node = Pick(&tree);
      const base::Value other = *Pick(&tree);
      switch (random_.Below(4)) {
        case 0: *node = other; break;
        case 1: Shrink(node); break;
        case 2:
          if (node->is_int()) {
            *node = base::Value(static_cast<int64_t>(random_.Below(6)) - 1);
            break;
          }
          [[fallthrough]];
        default: *node = Odd();
      }
    }
    return base::FormatJson(tree);
  }

 private:
  base::Value* Pick(base::Value* node) {
    for (;;) {
      if (random_.Below(12) == 0) return node;
      if (node->is_list() && !node->list().empty()) {
        node = &node->list()[random_.Below(node->list().size())];
      } else if (node->is_dict() && !node->dict().empty()) {
        node = &node->dict()[random_.Below(node->dict().size())].second;
      } else {
        return node;
      }
    }
  }

  void Shrink(base::Value* node) {
    if (node->is_list() && !node->list().empty()) {
      node->list().erase(node->list().begin() + static_cast<std::ptrdiff_t>(random_.Below(node->list().size())));
    } else if (node->is_dict() && !node->dict().empty()) {
      node->dict().erase(node->dict().begin() + static_cast<std::ptrdiff_t>(random_.Below(node->dict().size())));
    }
  }

  base::Value Odd() {
    const base::Value values[] = {base::Value(), base::Value(true), base::Value(-1), base::Value(int64_t{1} << 31),
                                  base::Value(int64_t{1} << 62), base::Value(1e300), base::Value(0.5), base::Value("same"),
                                  base::Value("zeros"), base::Value(base::List{}), base::Value(base::List{1, 2}),
                                  base::Value(base::Dict{})};
    return values[random_.Below(sizeof values / sizeof *values)];
  }

  static constexpr const char* kValues[] = {"-1", "0", "4294967296", "1e308", "NaN", "null", "[]", "{}", "\"\"", "[[", "\xFF\xFF\xFF\x7F"};
  base::Stream random_;
};

struct Outcome {
  int read = 0;
  int refused = 0;
};

// trees: the seeds are JSON, and three of four mutations keep them JSON.
Outcome Fuzz(int rounds, const std::vector<std::string>& seeds, const std::function<void(const std::string&)>& read,
             const std::vector<ErrorCode>& codes, bool trees = false) {
  Outcome outcome;
  Mutator mutator(20);
  for (int i = 0; i < rounds; ++i) {
    const std::string& seed = seeds[static_cast<size_t>(i) % seeds.size()];
    const std::string& donor = seeds[static_cast<size_t>(i / 3) % seeds.size()];
    const std::string bytes = trees && i % 4 != 0 ? mutator.MutateTree(seed) : mutator.Mutate(seed, donor);
    try {
      read(bytes);
      ++outcome.read;
    } catch (const base::Error& error) {
      ++outcome.refused;
      EXPECT_NE(std::find(codes.begin(), codes.end(), error.code()), codes.end()) << error.what() << " of round " << i;
      EXPECT_LT(std::string(error.what()).size(), 1000u);
    }
  }
  return outcome;
}

std::vector<std::string> KerasTexts() {
  std::vector<std::string> texts;
  for (const std::string& name : wire_test::KerasFixtures()) texts.push_back(wire_test::ReadFile(name));
  return texts;
}

TEST(WireFuzz, ReadKeras) {
  const auto read = [](const std::string& bytes) {
    const base::Graph graph = wire::ReadKeras(bytes);
    EXPECT_EQ(wire::WriteGraph(wire::ReadGraph(wire::WriteGraph(graph))), wire::WriteGraph(graph));
  };
  const std::vector<ErrorCode> codes = {ErrorCode::kSyntax, ErrorCode::kFeatureNotSupported, ErrorCode::kInvalidParameter,
                                        ErrorCode::kLimitExceeded};
  const Outcome outcome = Fuzz(2000, KerasTexts(), read, codes, true);
  EXPECT_GT(outcome.read, 200);
  EXPECT_GT(outcome.refused, 500);
}

TEST(WireFuzz, ReadGraph) {
  std::vector<std::string> graphs;
  for (const std::string& text : KerasTexts()) graphs.push_back(wire::WriteGraph(wire::ReadKeras(text)));
  const auto read = [](const std::string& bytes) {
    const std::string canonical = wire::WriteGraph(wire::ReadGraph(bytes));
    EXPECT_TRUE(wire::WriteGraph(wire::ReadGraph(canonical)) == canonical);
  };
  const Outcome outcome = Fuzz(5000, graphs, read, {ErrorCode::kDataCorrupted});
  EXPECT_GT(outcome.read, 10);  // names and numbers that may be anything
  EXPECT_GT(outcome.refused, 1000);
}

TEST(WireFuzz, ReadStateHeader) {
  const std::string state = wire_test::ReadFile("state_v1.bin");
  const std::string graph = wire::WriteGraph(wire_test::Fixture("text_keras_2_10.json"));
  const auto read = [](const std::string& bytes) {
    size_t raw_offset = 0;
    const wire::StateHeader header = wire::ReadStateHeader(bytes, &raw_offset);
    EXPECT_LE(raw_offset, bytes.size());
    for (const wire::TensorEntry& tensor : header.tensors) EXPECT_LE(tensor.offset, header.raw_bytes);
  };
  const Outcome outcome = Fuzz(4000, {state.substr(0, state.size() - 1920), graph + state, state}, read,
                              {ErrorCode::kDataCorrupted, ErrorCode::kFeatureNotSupported});
  EXPECT_GT(outcome.read, 50);
  EXPECT_GT(outcome.refused, 1000);
}

}  // namespace
