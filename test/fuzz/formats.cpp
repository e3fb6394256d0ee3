// Decoders of files under mutated input: whatever comes, they return or throw base::Error. The sanitised build
// (CEREBRO_SANITIZE) is where it bites.
//
//   fuzz_formats [inputs [seed]]     default 20000 inputs, over all decoders in turn; repeatable
//
// Seeds are files of other programs (test/unit/wire/data/files) and our own exports of small models. A mutation flips
// bits, overwrites numbers with odd ones, cuts, repeats, or mixes two seeds. Headers that are texts are mutated as texts,
// too. Ends with status 1 and the input in ./fuzz_input when an exception of another type comes out.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/philox.hpp"
#include "wire/exchange.hpp"
#include "wire/keras.hpp"

namespace {

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Layer(const std::string& class_name, const std::string& name, const std::string& arguments = "") {
  return ", {\"class_name\": \"" + class_name + "\", \"config\": {\"name\": \"" + name + "\"" + (arguments.empty() ? "" : ", ") + arguments + "}}";
}

std::string Sequential(const std::string& shape, const std::string& layers) {
  return "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"m\", \"layers\": [{\"class_name\": \"InputLayer\", \"config\": {\"name\": "
         "\"in\", \"batch_input_shape\": [null, " + shape + "]}}" + layers + "]}}";
}

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed, 0, base::Purpose::kSplit) {}

  std::string Mutate(std::string bytes, const std::string& donor) {
    for (uint64_t changes = 1 + random_.Below(6); changes > 0 && !bytes.empty(); --changes) {
      const size_t at = Position(bytes);
      const size_t length = std::min<size_t>(1 + random_.Below(32), bytes.size() - at);
      switch (random_.Below(9)) {
        case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << random_.Below(8))); break;
        case 1: bytes[at] = static_cast<char>(random_.Below(256)); break;
        case 2: bytes.resize(at); break;
        case 3: bytes.insert(at, bytes.substr(at, length)); break;
        case 4: bytes.erase(at, length); break;
        case 5: bytes.replace(at, length, donor, random_.Below(donor.size()), length); break;
        case 6: Number(&bytes, at, 1u << random_.Below(4)); break;
        case 7: bytes.replace(at, 1, kTexts[random_.Below(std::size(kTexts))]); break;
        default: {  // one stretch of the bytes in the place of another
          const std::string other = bytes.substr(Position(bytes), length);
          bytes.replace(at, other.size(), other);
        }
      }
    }
    return bytes;
  }

  uint64_t Below(uint64_t bound) { return random_.Below(bound); }

 private:
  // Structure lies at the ends more often than in the middle.
  size_t Position(const std::string& bytes) {
    switch (random_.Below(4)) {
      case 0: return random_.Below(std::min<size_t>(bytes.size(), 128));
      case 1: return bytes.size() - 1 - random_.Below(std::min<size_t>(bytes.size(), 128));
      default: return random_.Below(bytes.size());
    }
  }

  void Number(std::string* bytes, size_t at, unsigned width) {
    const uint64_t values[] = {0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, uint64_t{1} << 40, ~uint64_t{0} >> 1, ~uint64_t{0},
                               bytes->size(), bytes->size() - at, random_.Below(bytes->size())};
    const uint64_t value = values[random_.Below(std::size(values))];
    for (unsigned i = 0; i < width && at + i < bytes->size(); ++i) (*bytes)[at + i] = static_cast<char>(value >> (8 * i));
  }

  static constexpr const char* kTexts[] = {"-1", "0", "4294967296", "9223372036854775807", "1e308", "NaN", "null", "[]", "{}", "\"\"", "[[", "\\u0000"};
  base::Stream random_;
};

struct Seed {
  wire::FileFormat format;
  std::string bytes;
  size_t model;  // of models
};

}  // namespace

int main(int argc, char** argv) {
  const long long inputs = argc > 1 ? std::atoll(argv[1]) : 20000;
  const unsigned long long seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  const std::vector<std::string> texts = {
      Sequential("3", Layer("Dense", "fc1", "\"units\": 2, \"activation\": \"relu\"") + Layer("Dense", "out", "\"units\": 1")),
      Sequential("5, 5, 2", Layer("Conv2D", "conv", "\"filters\": 2, \"kernel_size\": [2, 2], \"padding\": \"same\"") + Layer("BatchNormalization", "norm") +
                                Layer("MaxPooling2D", "pool") + Layer("Flatten", "flat") + Layer("Dense", "out", "\"units\": 2, \"activation\": \"softmax\"")),
      Sequential("4", Layer("Embedding", "words", "\"input_dim\": 5, \"output_dim\": 2") + Layer("LSTM", "lstm", "\"units\": 2, \"return_sequences\": true") +
                          Layer("GRU", "gru", "\"units\": 2") + Layer("Dense", "out", "\"units\": 1"))};
  std::vector<base::Graph> models;
  std::vector<Seed> seeds;
  for (const std::string& text : texts) {
    models.push_back(wire::ReadKeras(text));
    const std::string weights(static_cast<size_t>(models.back().WeightCount()) * sizeof(float), '\x3F');
    for (const wire::FileFormat format : wire::FileFormats()) {
      seeds.push_back({format, wire::ExportModel(models.back(), weights, format, wire::Naming::kKeras), models.size() - 1});
    }
    seeds.push_back({wire::FileFormat::kSafetensors,
                     wire::ExportModel(models.back(), weights, wire::FileFormat::kSafetensors, wire::Naming::kTorch), models.size() - 1});
  }
  for (const auto& entry : std::filesystem::directory_iterator(CEREBRO_FILES)) {
    const std::string bytes = ReadFile(entry.path());
    if (bytes.size() < 40000) seeds.push_back({wire::DetectFormat(bytes), bytes, 0});
  }
  // directories come in any order
  std::sort(seeds.begin(), seeds.end(), [](const Seed& a, const Seed& b) { return a.bytes < b.bytes; });

  Mutator mutator(seed);
  long long read = 0, refused = 0;
  for (long long i = 0; i < inputs; ++i) {
    const Seed& from = seeds[mutator.Below(seeds.size())];
    const std::string bytes = mutator.Mutate(from.bytes, seeds[mutator.Below(seeds.size())].bytes);
    const wire::Naming naming = mutator.Below(2) == 0 ? wire::Naming::kKeras : wire::Naming::kTorch;
    const bool whole = mutator.Below(2) == 0;
    try {
      if (mutator.Below(8) == 0) wire::DetectFormat(bytes);
      if ((whole || from.format == wire::FileFormat::kOnnx) && from.format != wire::FileFormat::kSafetensors) {
        wire::ReadKeras(wire::ImportModel(bytes, from.format).architecture);
      } else {
        const wire::ImportedWeights imported = wire::ImportWeights(models[from.model], bytes, from.format, naming, {});
        if (imported.weights.size() != static_cast<size_t>(models[from.model].WeightCount()) * sizeof(float)) throw std::logic_error("wrong length");
      }
      ++read;
    } catch (const base::Error& error) {
      ++refused;
      if (std::strlen(error.what()) > 2000) std::printf("a message of %zu bytes\n", std::strlen(error.what()));
    } catch (const std::exception& error) {
      std::printf("input %lld of seed %llu: %s\n", i, seed, error.what());
      std::ofstream("fuzz_input", std::ios::binary) << bytes;
      return 1;
    }
  }
  std::printf("%lld inputs: %lld read, %lld refused\n", inputs, read, refused);
  // mutations that leave the structure whole must still be read, or the mutator tests nothing but the first check
  return read * 50 > inputs && refused * 4 > inputs ? 0 : 1;
}
