
#include "base/error.hpp"
#include "state.pb.h"
#include "wire/keras.hpp"
#include "wire/state.hpp"

namespace wire {
namespace {

using base::ErrorCode;

constexpr char kMagic[] = {'P', 'G', 'C', 'B'};
constexpr size_t kPrefixBytes = sizeof kMagic + sizeof(uint32_t) + sizeof(uint64_t);
constexpr uint64_t kLargestHeader = uint64_t{256} << 20;
constexpr int kMostTensors = 1000000;
constexpr size_t kLongestTensorName = 1024;
constexpr int kMostDimensions = 8;
constexpr uint64_t kMostElements = uint64_t{1} << 40;
constexpr size_t kDigestLength = 32;

[[noreturn]] void Corrupted(const std::string& what) {
  throw base::Error(ErrorCode::kDataCorrupted, "a training state cannot be read: " + what, "",
              "Pass bytes made by cerebro.init_state() or fit_step, or all pieces of a model in <out>_state, concatenated in their order.");
}

template <class Integer>
void AppendLittleEndian(Integer value, std::string* out) {
  for (size_t i = 0; i < sizeof value; ++i) out->push_back(static_cast<char>((value >> (8 * i)) & 0xFF));
}

template <class Integer>
Integer LittleEndian(const char* data) {
  Integer value = 0;
  for (size_t i = 0; i < sizeof value; ++i) value |= static_cast<Integer>(static_cast<unsigned char>(data[i])) << (8 * i);
  return value;
}

// Elements of a shape with sizes from 1 to 2^31 and a product of at most 2^40.
uint64_t CountElements(const cerebro::wire::Tensor& tensor) {
  uint64_t count = 1;
  bool sane = tensor.shape_size() <= kMostDimensions;
  for (const int64_t size : tensor.shape()) {
    sane = sane && size >= 1 && size <= (int64_t{1} << 31) && count <= kMostElements / static_cast<uint64_t>(size);
    if (!sane) break;
    count *= static_cast<uint64_t>(size);
  }
  if (!sane) Corrupted("the shape of a tensor is out of range");
  return count;
}

TensorEntry ReadTensor(const cerebro::wire::Tensor& in, uint64_t raw_bytes, size_t element_bytes) {
  if (in.name().empty() || in.name().size() > kLongestTensorName) {
    Corrupted("the name of a tensor has " + std::to_string(in.name().size()) + " bytes");
  }
  const uint64_t bytes = CountElements(in) * element_bytes;
  if (in.offset() > raw_bytes || raw_bytes - in.offset() < bytes) Corrupted("tensor \"" + in.name() + "\" lies outside the raw part");
  TensorEntry entry;
  entry.name = in.name();
  entry.shape.assign(in.shape().begin(), in.shape().end());
  entry.offset = in.offset();
  entry.is_slot = in.is_slot();
  entry.trainable = in.trainable();
  return entry;
}

}  // namespace

std::string WriteStateHeader(const StateHeader& header) {
  cerebro::wire::StateHeader out;
  out.set_graph_digest(header.graph_digest);
  out.set_graph(header.graph_bytes);
  out.set_compile_params(header.compile_params);
  out.set_fit_params(header.fit_params);
  out.set_data_spec(header.data_spec);
  out.set_precision(static_cast<cerebro::wire::Precision>(header.precision));
  out.set_seed(header.seed);
  out.set_stream(header.stream);
  out.set_step(header.step);
  out.set_iterations_done(header.iterations_done);
  out.set_diverged_step(header.diverged_step);
  out.set_rows_seen(header.rows_seen);
  out.set_visits_in_iteration(header.visits_in_iteration);
  out.set_partitions(header.partitions);
  for (const TensorEntry& entry : header.tensors) {
    cerebro::wire::Tensor* tensor = out.add_tensors();
    tensor->set_name(entry.name);
    for (const int64_t size : entry.shape) tensor->add_shape(size);
    tensor->set_offset(entry.offset);
    tensor->set_is_slot(entry.is_slot);
    tensor->set_trainable(entry.trainable);
  }
  out.set_raw_bytes(header.raw_bytes);
  out.set_build(header.build);
  const std::string message = out.SerializeAsString();

  std::string bytes(kMagic, sizeof kMagic);
  AppendLittleEndian(kStateFormatVersion, &bytes);
  AppendLittleEndian(static_cast<uint64_t>(message.size()), &bytes);
  return bytes + message;
}

StateHeader ReadStateHeader(std::string_view bytes, size_t* raw_offset) {
  if (bytes.size() < kPrefixBytes || bytes.substr(0, sizeof kMagic) != std::string_view(kMagic, sizeof kMagic)) {
    Corrupted("it does not begin as one");
  }
  const auto version = LittleEndian<uint32_t>(bytes.data() + sizeof kMagic);
  if (version > kStateFormatVersion) {
    throw base::Error(ErrorCode::kFeatureNotSupported,
                      "a training state has format version " + std::to_string(version) + ", this build reads versions up to " +
                          std::to_string(kStateFormatVersion),
                      {}, "Install the version of the extension that wrote it, or a later one.");
  }
  if (version == 0) Corrupted("its format version is 0");
  const auto size = LittleEndian<uint64_t>(bytes.data() + sizeof kMagic + sizeof version);
  if (size > bytes.size() - kPrefixBytes || size > kLargestHeader) {
    Corrupted("its header would have " + std::to_string(size) + " bytes, " + std::to_string(bytes.size() - kPrefixBytes) + " follow");
  }
  cerebro::wire::StateHeader in;
  if (!in.ParseFromArray(bytes.data() + kPrefixBytes, static_cast<int>(size))) Corrupted("its header is damaged");

  StateHeader header;
  header.graph_digest = in.graph_digest();
  const bool hexadecimal = header.graph_digest.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (header.graph_digest.size() != kDigestLength || !hexadecimal) Corrupted("its digest is none");
  header.graph_bytes = in.graph();
  header.graph = std::make_shared<const base::Graph>(ReadGraph(in.graph()));
  header.compile_params = in.compile_params();
  header.fit_params = in.fit_params();
  header.data_spec = in.data_spec();
  if (in.precision() != cerebro::wire::PRECISION_FLOAT32 && in.precision() != cerebro::wire::PRECISION_FLOAT64) {
    Corrupted("its precision is " + std::to_string(static_cast<int>(in.precision())));
  }
  header.precision = static_cast<base::DType>(in.precision());
  header.seed = in.seed();
  header.stream = in.stream();
  header.step = in.step();
  header.iterations_done = in.iterations_done();
  header.diverged_step = in.diverged_step();
  header.rows_seen = in.rows_seen();
  header.visits_in_iteration = in.visits_in_iteration();
  header.partitions = in.partitions();
  header.raw_bytes = in.raw_bytes();
  header.build = in.build();
  if (in.tensors_size() > kMostTensors) Corrupted("it lists " + std::to_string(in.tensors_size()) + " tensors");
  for (const cerebro::wire::Tensor& tensor : in.tensors()) {
    header.tensors.push_back(ReadTensor(tensor, header.raw_bytes, base::DTypeSize(header.precision)));
  }
  *raw_offset = kPrefixBytes + static_cast<size_t>(size);
  return header;
}

}  // namespace wire
