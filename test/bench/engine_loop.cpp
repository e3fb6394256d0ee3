// The engine without the database: the same visits as a run, over buffers that lie in memory. test/bench/overhead compares the two.
//
//   bench_engine_loop <directory> <iterations> <seed> <mst_key> <first partition> <packed|float32>
//
// The directory holds data_spec, model_arch, compile_params, fit_params and buffers: COPY ... (FORMAT binary) of partition_id, buffer_id and the
// data columns, in order. With "float32" the inputs are converted once before the clock starts: the difference is what decoding costs.
// Prints name=value lines and writes the trained weights to <directory>/weights, so that the caller can see that it was the same training.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/tensor.hpp"
#include "engine/core/model.hpp"
#include "models.hpp"
#include "plan/params.hpp"
#include "wire/keras.hpp"

namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw base::Error(base::ErrorCode::kInternal, "cannot read " + path);
  return text.str();
}

struct StoredBuffer {
  int partition_id = 0;
  int buffer_id = 0;
  std::vector<std::string> columns;
};

// PostgreSQL's binary COPY format: 11 bytes of signature, flags, a header extension; then rows of length-prefixed fields, big-endian.
class CopyReader {
 public:
  explicit CopyReader(std::string data) : data_(std::move(data)) {
    at_ = 11 + 4;
    const int32_t extension = Int(4);
    at_ += static_cast<size_t>(extension);
  }

  bool Next(StoredBuffer* row) {
    const int64_t fields = static_cast<int16_t>(Int(2));
    if (fields < 0) return false;
    Expect(4);
    row->partition_id = Int(4);
    Expect(4);
    row->buffer_id = Int(4);
    row->columns.clear();
    for (int64_t i = 2; i < fields; i++) {
      const auto size = static_cast<size_t>(Int(4));
      row->columns.push_back(data_.substr(at_, size));
      at_ += size;
    }
    return true;
  }

 private:
  int32_t Int(size_t bytes) {
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; i++) value = value << 8 | static_cast<uint8_t>(data_.at(at_++));
    return static_cast<int32_t>(value);
  }
  void Expect(int32_t size) {
    if (Int(4) != size) throw base::Error(base::ErrorCode::kInternal, "partition_id and buffer_id must be the first two columns, as integers");
  }

  std::string data_;
  size_t at_ = 0;
};

template <typename T>
void Widen(const std::string& packed, double scale, std::string* out) {
  const size_t count = packed.size() / sizeof(T);
  out->resize(count * sizeof(float));
  for (size_t i = 0; i < count; i++) {
    T value;
    std::memcpy(&value, packed.data() + i * sizeof(T), sizeof(T));
    const float wide = static_cast<float>(value) * static_cast<float>(scale);
    std::memcpy(&(*out)[i * sizeof(float)], &wide, sizeof(float));
  }
}

std::string ToFloat32(const base::ColumnSpec& column, const std::string& packed) {
  std::string out;
  switch (column.dtype) {
    case base::DType::kUInt8: Widen<uint8_t>(packed, column.scale, &out); break;
    case base::DType::kInt8: Widen<int8_t>(packed, column.scale, &out); break;
    case base::DType::kInt16: Widen<int16_t>(packed, column.scale, &out); break;
    case base::DType::kInt32: Widen<int32_t>(packed, column.scale, &out); break;
    case base::DType::kFloat32: Widen<float>(packed, column.scale, &out); break;
    case base::DType::kFloat64: Widen<double>(packed, column.scale, &out); break;
  }
  return out;
}

void Run(const std::string& directory, int64_t iterations, uint64_t seed, uint64_t stream, int first_partition, bool convert) {
  base::DataSpec data = base::ReadDataSpec(ReadFile(directory + "/data_spec"));
  const base::Graph graph = wire::ReadKeras(ReadFile(directory + "/model_arch"));
  const base::TrainConfig config = plan::ReadConfig(ReadFile(directory + "/compile_params"), ReadFile(directory + "/fit_params"));

  std::vector<std::vector<StoredBuffer>> partitions(static_cast<size_t>(data.num_partitions));
  CopyReader reader(ReadFile(directory + "/buffers"));
  for (StoredBuffer row; reader.Next(&row);) {
    for (size_t i = 0; convert && i < data.inputs.size(); i++) row.columns[i] = ToFloat32(data.inputs[i], row.columns[i]);
    partitions.at(static_cast<size_t>(row.partition_id)).push_back(row);
  }
  for (size_t i = 0; convert && i < data.inputs.size(); i++) {
    data.inputs[i].dtype = base::DType::kFloat32;
    data.inputs[i].scale = 1.0;
  }

  engine::SetThreads(1);
  engine::Model model(graph, config, data, engine::Options());
  const std::unique_ptr<void, bench::FreeAligned> block(::operator new(model.program().layout().bytes, std::align_val_t(64)));
  std::memset(block.get(), 0, model.program().layout().bytes);
  model.Initialise(block.get(), seed, stream, static_cast<uint32_t>(data.num_partitions));

  model.Attach(block.get());
  int64_t rows = 0;
  const auto started = std::chrono::steady_clock::now();
  for (int64_t iteration = 0; iteration < iterations; iteration++) {
    for (int visit = 0; visit < data.num_partitions; visit++) {
      const auto partition = static_cast<size_t>((first_partition + visit) % data.num_partitions);
      model.BeginVisit(engine::BufferEnd::kCarries);
      for (const StoredBuffer& stored : partitions[partition]) {
        base::Buffer buffer;
        buffer.partition_id = stored.partition_id;
        buffer.buffer_id = stored.buffer_id;
        size_t next = 0;
        const auto take = [&] { return reinterpret_cast<const uint8_t*>(stored.columns[next++].data()); };
        buffer.rows = static_cast<int64_t>(stored.columns[0].size() / data.inputs[0].row_bytes());
        for (size_t i = 0; i < data.inputs.size(); i++) buffer.inputs.push_back(take());
        for (size_t i = 0; i < data.targets.size(); i++) buffer.targets.push_back(take());
        if (data.has_weights) buffer.weights = take();
        rows += model.Train(buffer, [] {}).rows;
      }
      model.EndVisit();
    }
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  model.Detach();
  std::string weights;
  model.program().StoreWeights(block.get(), &weights);
  std::ofstream(directory + "/weights", std::ios::binary) << weights;
  std::printf("seconds=%.6f\nrows=%lld\nbuild=%s\n", seconds, static_cast<long long>(rows), engine::BuildDescription().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: %s <directory> <iterations> <seed> <mst_key> <first partition> <packed|float32>\n", argv[0]);
    return 2;
  }
  try {
    Run(argv[1], std::atoll(argv[2]), std::strtoull(argv[3], nullptr, 10), std::strtoull(argv[4], nullptr, 10), std::atoi(argv[5]),
        std::string(argv[6]) == "float32");
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
    return 1;
  }
  return 0;
}
