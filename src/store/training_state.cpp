#include "store/training_state.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "base/error.hpp"
#include "plan/params.hpp"
#include "wire/keras.hpp"

namespace store {
namespace {

[[noreturn]] void CutShort(size_t bytes) {
  throw base::Error(base::ErrorCode::kDataCorrupted, "a training state is cut short: " + std::to_string(bytes) + " bytes");
}

void RequireNext(int64_t next, int64_t piece) {
  if (piece == next) return;
  throw base::Error(base::ErrorCode::kDataCorrupted,
                    "piece " + std::to_string(next) + " of a training state is missing: piece " + std::to_string(piece) + " came");
}

void SetCounters(const engine::StateCounters& counters, wire::StateHeader* header) {
  header->seed = counters.seed;
  header->stream = counters.stream;
  header->step = counters.step;
  header->iterations_done = counters.iterations_done;
  header->diverged_step = counters.diverged_step;
  header->rows_seen = counters.rows_seen;
  header->visits_in_iteration = counters.visits_in_iteration;
  header->partitions = counters.partitions;
}

}  // namespace

StateEncoder::StateEncoder(const base::DataSpec& data) : data_spec_(base::WriteDataSpec(data)), build_(engine::BuildDescription()) {}

wire::StateHeader StateEncoder::HeaderOf(const ModelSpec& spec, const engine::StateLayout& layout) {
  WrittenGraph& graph = graphs_[spec.graph];
  if (graph.bytes.empty()) graph = {wire::GraphDigest(*spec.graph), wire::WriteGraph(*spec.graph)};
  wire::StateHeader header;
  header.graph_digest = graph.digest;
  header.graph_bytes = graph.bytes;
  header.compile_params = spec.compile_params;
  header.fit_params = spec.fit_params;
  header.data_spec = data_spec_;
  header.precision = layout.precision;
  for (const engine::StateTensor& tensor : layout.tensors) {
    header.tensors.push_back({tensor.name, tensor.shape, tensor.offset - engine::kStateCountersBytes, tensor.is_slot, tensor.trainable});
  }
  header.raw_bytes = layout.bytes - engine::kStateCountersBytes;
  return header;
}

std::string StateEncoder::Head(const ModelSpec& spec, const engine::StateLayout& layout, const void* block) {
  wire::StateHeader header = HeaderOf(spec, layout);
  SetCounters(CountersOf(block), &header);
  header.build = build_;
  return wire::WriteStateHeader(header);
}

std::string StateEncoder::Encode(const ModelSpec& spec, const engine::StateLayout& layout, const void* block) {
  std::string bytes = Head(spec, layout, block);
  bytes.append(static_cast<const char*>(block) + engine::kStateCountersBytes, layout.bytes - engine::kStateCountersBytes);
  return bytes;
}

std::string StateEncoder::HeadTemplate(const ModelSpec& spec, const engine::StateLayout& layout) {
  return wire::WriteStateHeader(HeaderOf(spec, layout));
}

std::string StoredHead(std::string_view head_template, std::string_view first_piece) {
  if (first_piece.size() < engine::kStateCountersBytes) CutShort(first_piece.size());
  size_t behind = 0;
  wire::StateHeader header = wire::ReadStateHeader(head_template, &behind);
  engine::StateCounters counters;
  std::memcpy(&counters, first_piece.data(), sizeof(counters));
  SetCounters(counters, &header);
  header.build = engine::BuildDescription();
  return wire::WriteStateHeader(header);
}

// Every field of a header has its own bytes, so that two headers with the same template grow alike.
size_t StoredHeadBytes(size_t template_bytes, const void* block) {
  wire::StateHeader filled;
  SetCounters(CountersOf(block), &filled);
  filled.build = engine::BuildDescription();
  return template_bytes + wire::WriteStateHeader(filled).size() - wire::WriteStateHeader({}).size();
}

size_t ScoringBytes(const engine::StateLayout& layout) {
  size_t end = engine::kStateCountersBytes;
  for (const engine::StateTensor& tensor : layout.tensors) {
    if (!tensor.is_slot) end = std::max(end, tensor.offset + tensor.count * base::DTypeSize(layout.precision));
  }
  return end;
}

StateView::StateView(std::string_view bytes) : bytes_(bytes), header_(wire::ReadStateHeader(bytes, &raw_offset_)) {}

ModelSpec StateView::Spec() const {
  ModelSpec spec;
  spec.graph = header_.graph;
  spec.compile_params = header_.compile_params;
  spec.fit_params = header_.fit_params;
  spec.config = plan::ReadConfig(spec.compile_params, spec.fit_params, *spec.graph);
  return spec;
}

// The header was checked: its tensors lie inside the raw part that it announces. That part itself may be cut.
std::string_view StateView::Tensor(const wire::TensorEntry& tensor) const {
  const size_t size = static_cast<size_t>(base::ElementCount(tensor.shape)) * base::DTypeSize(header_.precision);
  const std::string_view raw = bytes_.substr(raw_offset_);
  if (tensor.offset > raw.size() || raw.size() - tensor.offset < size) CutShort(bytes_.size());
  return raw.substr(tensor.offset, size);
}

size_t StateView::WeightCount() const {
  size_t count = 0;
  for (const wire::TensorEntry& tensor : header_.tensors) {
    if (!tensor.is_slot) count += static_cast<size_t>(base::ElementCount(tensor.shape));
  }
  return count;
}

std::string StateView::Weights() const {
  std::string weights;
  weights.reserve(WeightCount() * sizeof(float));
  for (const wire::TensorEntry& tensor : header_.tensors) {
    if (tensor.is_slot) continue;
    const std::string_view values = Tensor(tensor);
    if (header_.precision == base::DType::kFloat32) {
      weights.append(values);
      continue;
    }
    for (size_t at = 0; at < values.size(); at += sizeof(double)) {
      double wide;
      std::memcpy(&wide, values.data() + at, sizeof(wide));
      const auto narrow = static_cast<float>(wide);
      weights.append(reinterpret_cast<const char*>(&narrow), sizeof(narrow));
    }
  }
  return weights;
}

namespace {

using StoredTensors = std::map<std::string, const wire::TensorEntry*>;

StoredTensors TensorsOf(const wire::StateHeader& header) {
  StoredTensors stored;
  for (const wire::TensorEntry& entry : header.tensors) stored[entry.name] = &entry;
  return stored;
}

const wire::TensorEntry* Find(const StoredTensors& stored, const engine::StateTensor& tensor) {
  const auto it = stored.find(tensor.name);
  if (it == stored.end() || it->second->shape != tensor.shape || it->second->is_slot != tensor.is_slot) return nullptr;
  return it->second;
}

// What is in the header decides how much of the layout can be filled.
StateFit FitOf(const wire::StateHeader& header, const StoredTensors& stored, const engine::StateLayout& layout) {
  if (header.precision != layout.precision) {
    throw base::Error(base::ErrorCode::kInvalidParameter,
                      std::string("the training state is in ") + base::DTypeName(header.precision) + ", this session trains in " +
                          base::DTypeName(layout.precision),
                      "", "Set cerebro.precision to the precision of the first training.");
  }
  StateFit fit = StateFit::kWhole;
  for (const engine::StateTensor& tensor : layout.tensors) {
    if (Find(stored, tensor) != nullptr) continue;
    if (!tensor.is_slot) {
      throw base::Error(base::ErrorCode::kInvalidParameter,
                        "the training state does not fit the model: weight \"" + tensor.name + "\" of shape " +
                            base::FormatShape(tensor.shape) + " is not in it",
                        "", "Train the changed architecture under a new mst_key, or without warm_start.");
    }
    fit = StateFit::kWeightsOnly;
  }
  return fit;
}

}  // namespace

StateFit CheckState(const StateView& state, const engine::StateLayout& layout) {
  const StoredTensors stored = TensorsOf(state.header());
  const StateFit fit = FitOf(state.header(), stored, layout);
  for (const engine::StateTensor& tensor : layout.tensors) {
    if (const wire::TensorEntry* entry = Find(stored, tensor)) state.Tensor(*entry);  // its bytes are there
  }
  return fit;
}

void StateDecoder::Begin() {
  const StoredTensors stored = TensorsOf(header_);
  fit_ = FitOf(header_, stored, layout_);
  for (const engine::StateTensor& tensor : layout_.tensors) {
    if (tensor.is_slot && fit_ == StateFit::kWeightsOnly) continue;
    const Part part{Find(stored, tensor)->offset, tensor.offset, tensor.count * base::DTypeSize(layout_.precision)};
    needed_ = std::max(needed_, part.from + part.bytes);
    parts_.push_back(part);
  }
  engine::StateCounters& counters = CountersOf(block_);
  counters.seed = header_.seed;
  counters.stream = header_.stream;
  counters.step = fit_ == StateFit::kWhole ? header_.step : 0;
  counters.iterations_done = header_.iterations_done;
  counters.diverged_step = header_.diverged_step;
  counters.rows_seen = header_.rows_seen;
  counters.visits_in_iteration = header_.visits_in_iteration;
  counters.partitions = header_.partitions;
}

void StateDecoder::Add(int64_t piece, std::string_view data) {
  RequireNext(next_, piece);
  bytes_ += data.size();
  if (next_++ == 0) {
    size_t behind = 0;
    header_ = wire::ReadStateHeader(data, &behind);
    Begin();
    data.remove_prefix(behind);
  }
  for (const Part& part : parts_) {
    const size_t first = std::max(part.from, raw_), end = std::min(part.from + part.bytes, raw_ + data.size());
    if (first < end) std::memcpy(static_cast<char*>(block_) + part.to + (first - part.from), data.data() + (first - raw_), end - first);
  }
  raw_ += data.size();
}

StateFit StateDecoder::Finish() const {
  if (raw_ < needed_) CutShort(bytes_);
  return fit_;
}

StateFit DecodeState(const StateView& state, const engine::StateLayout& layout, void* block) {
  CheckState(state, layout);
  StateDecoder decoder(layout, block);
  decoder.Add(0, state.bytes());
  return decoder.Finish();
}

StoredPieces::StoredPieces(std::string head, const void* block, const engine::StateLayout& layout, size_t piece_bytes)
    : head_(std::move(head)),
      raw_(static_cast<const char*>(block) + engine::kStateCountersBytes, layout.bytes - engine::kStateCountersBytes),
      piece_bytes_(piece_bytes),
      bytes_(head_.size() + raw_.size()) {}

std::string_view StoredPieces::operator[](size_t piece) {
  const size_t from = piece * piece_bytes_, end = std::min(from + piece_bytes_, bytes_);
  if (from >= head_.size()) return raw_.substr(from - head_.size(), end - from);
  joined_ = head_.substr(from, end - from);
  joined_ += raw_.substr(0, end - from - joined_.size());
  return joined_;
}

size_t StatePieces::PartOf(size_t piece, size_t leading) const {
  const size_t from = Begin(piece);
  return leading > from ? std::min(leading - from, (*this)[piece].size()) : 0;
}

StatePieces RawPieces(const void* block, const engine::StateLayout& layout, size_t template_bytes, size_t piece_bytes) {
  const size_t head = StoredHeadBytes(template_bytes, block);
  // counters are never cut; a head shorter than they are does not make the piece longer
  const size_t tensors = piece_bytes > head ? piece_bytes - head : 0;
  const size_t first = std::min(piece_bytes, engine::kStateCountersBytes + tensors);
  return StatePieces({static_cast<const char*>(block), layout.bytes}, piece_bytes, first);
}

void StateJoiner::Add(int64_t piece, std::string_view data) {
  RequireNext(next_, piece);
  next_++;
  bytes_ += data;
}

std::string StateJoiner::Take() {
  next_ = 0;
  return std::exchange(bytes_, std::string());
}

void RawStateReader::Add(int64_t piece, std::string_view data) {
  RequireNext(next_, piece);
  next_++;
  if (data.size() > block_bytes_ - filled_) {
    throw base::Error(base::ErrorCode::kDataCorrupted,
                      "a training state has more than the " + std::to_string(block_bytes_) + " bytes that its model has");
  }
  if (!data.empty()) std::memcpy(block_ + filled_, data.data(), data.size());
  filled_ += data.size();
}

void RawStateReader::Finish(size_t needed) const {
  if (filled_ < needed) CutShort(filled_);
}

void StateWeights::Add(base::Bytes piece) { state_.append(reinterpret_cast<const char*>(piece.data), piece.size); }

std::optional<std::string> StateWeights::Take() {
  const std::string bytes = std::exchange(state_, std::string());
  const StateView state(bytes);
  if (state.WeightCount() * sizeof(float) > kMostWeightBytes) return std::nullopt;
  return state.Weights();
}

}  // namespace store
