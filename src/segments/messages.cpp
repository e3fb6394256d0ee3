#include "segments/messages.hpp"

#include <cstring>
#include <map>
#include <utility>

#include "base/config_record.hpp"
#include "base/error.hpp"
#include "base/record.hpp"
#include "store/graph_cutter.hpp"
#include "store/model_spec.hpp"
#include "train/run_features.hpp"
#include "wire/keras.hpp"

namespace segments {
namespace {

// Of a run's header: 2 has features, 3 the partition that a model knows as its first, 4 models that are added.
constexpr int64_t kHeaderVersion = 4;

void WriteIntegers(const std::vector<int32_t>& values, base::RecordWriter* w) {
  w->Text({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(int32_t)});
}

std::vector<int32_t> ReadIntegers(base::RecordReader* r) {
  const std::string raw = r->Text();
  std::vector<int32_t> values(raw.size() / sizeof(int32_t));
  if (!values.empty()) std::memcpy(values.data(), raw.data(), values.size() * sizeof(int32_t));
  return values;
}

}  // namespace

std::string WriteRoundRequest(const RoundRequest& o) {
  base::RecordWriter w;
  w.Number(static_cast<int64_t>(o.run));
  w.Number(static_cast<int64_t>(o.kind));
  w.Number(static_cast<int64_t>(o.table));
  w.Number((o.has_weights ? 1 : 0) | (o.use_gpus ? 2 : 0) | (o.last ? 4 : 0) | (o.living ? 8 : 0));
  WriteIntegers(o.next_key, &w);
  WriteIntegers(o.first_partition, &w);
  WriteIntegers(o.visits, &w);
  WriteIntegers(o.fusion_group, &w);
  WriteIntegers(o.batches_per_switch, &w);
  return w.Take();
}

RoundRequest ReadRoundRequest(std::string_view bytes) {
  base::RecordReader r(bytes, "a round's request");
  RoundRequest o;
  o.run = static_cast<uint64_t>(r.Number());
  const int64_t kind = r.Number(), table = r.Number();
  if (kind < static_cast<int64_t>(RoundKind::kTrain) || kind > static_cast<int64_t>(RoundKind::kScore) || table < 0 ||
      table > static_cast<int64_t>(data::CachedTable::kValidation)) {
    throw base::Error(base::ErrorCode::kDataCorrupted, "a round's request is of no known kind");
  }
  o.kind = static_cast<RoundKind>(kind);
  o.table = static_cast<data::CachedTable>(table);
  const int64_t flags = r.Number();
  o.has_weights = (flags & 1) != 0;
  o.use_gpus = (flags & 2) != 0;
  o.last = (flags & 4) != 0;
  o.living = (flags & 8) != 0;
  o.next_key = ReadIntegers(&r);
  o.first_partition = ReadIntegers(&r);
  o.visits = ReadIntegers(&r);
  o.fusion_group = ReadIntegers(&r);
  o.batches_per_switch = ReadIntegers(&r);
  return o;
}

std::string WriteRunHeader(const RunHeader& header) {
  std::map<const base::Graph*, int64_t> numbers;
  std::vector<const base::Graph*> graphs;
  for (const RunModel& model : header.models) {
    if (numbers.emplace(model.graph.get(), static_cast<int64_t>(graphs.size())).second) graphs.push_back(model.graph.get());
  }
  base::RecordWriter w;
  w.Number(kHeaderVersion);
  w.Text(base::WriteDataSpec(header.data));
  w.Number(static_cast<int64_t>(header.precision));
  w.Number(static_cast<int64_t>(header.seed));
  w.Number(header.visits);
  w.Number(static_cast<int64_t>(graphs.size()));
  for (const base::Graph* graph : graphs) w.Text(wire::WriteGraph(*graph));
  w.Number(static_cast<int64_t>(header.models.size()));
  for (const RunModel& model : header.models) {
    w.Number(numbers.at(model.graph.get()));
    store::WriteCuts(model.cuts, &w);
    w.Number(static_cast<int64_t>(model.given.size()));
    for (const bool given : model.given) w.Number(given ? 1 : 0);
    base::WriteConfig(model.config, &w);
    w.Number(static_cast<int64_t>(model.stream));
    w.Number(model.first_partition);
    w.Number(model.kernels ? 1 : 0);
    w.Number(static_cast<int64_t>(model.template_bytes));
    w.Number(model.like);
    w.Number(model.parent);
    w.Number(model.keeps_optimizer ? 1 : 0);
  }
  for (const data::PackedTable* table : {&header.training, &header.validation}) train::WriteTableFeatures(*table, &w);
  train::WriteSharedFeatures(header.shared_features, header.model_reads, &w);
  w.Number(static_cast<int64_t>(header.feature_cache));
  return w.Take();
}

RunHeader ReadRunHeader(std::string_view bytes) {
  base::RecordReader r(bytes, "a run's header");
  RunHeader header;
  const int64_t version = r.Number();
  if (version != kHeaderVersion) {
    throw base::Error(base::ErrorCode::kInternal, "a run's header has version " + std::to_string(version) + ", known is " +
                                                      std::to_string(kHeaderVersion));
  }
  header.data = base::ReadDataSpec(r.Text());
  header.precision = static_cast<base::DType>(r.Number());
  header.seed = static_cast<uint64_t>(r.Number());
  header.visits = static_cast<uint32_t>(r.Number());
  if (header.data.num_partitions < 1 || header.visits < 1) throw base::Error(base::ErrorCode::kDataCorrupted, "a run's header has no partitions");
  std::vector<std::shared_ptr<const base::Graph>> graphs;
  for (int64_t left = r.Number(); left > 0; left--) graphs.push_back(std::make_shared<const base::Graph>(wire::ReadGraph(r.Text())));
  store::GraphCutter cutter;
  for (int64_t left = r.Number(); left > 0; left--) {
    RunModel model;
    model.graph = graphs.at(static_cast<size_t>(r.Number()));
    model.cuts = store::ReadCuts(&r);
    model.trained = cutter.Cut(model.graph, model.cuts);
    for (int64_t layers = r.Number(); layers > 0; layers--) model.given.push_back(r.Number() != 0);
    model.config = base::ReadConfig(&r);
    model.stream = static_cast<uint64_t>(r.Number());
    model.first_partition = static_cast<int32_t>(r.Number());
    model.kernels = r.Number() != 0;
    model.template_bytes = static_cast<size_t>(r.Number());
    model.like = static_cast<int32_t>(r.Number());
    model.parent = static_cast<int32_t>(r.Number());
    model.keeps_optimizer = r.Number() != 0;
    header.models.push_back(std::move(model));
  }
  for (data::PackedTable* table : {&header.training, &header.validation}) {
    train::ReadTableFeatures(&r, table);
    table->spec = header.data;
  }
  train::ReadSharedFeatures(&r, &header.shared_features, &header.model_reads);
  header.feature_cache = static_cast<size_t>(r.Number());
  return header;
}

std::string WriteEntry(EntryKind kind) { return std::string(1, static_cast<char>(kind)); }

EntryKind ReadEntry(std::string_view bytes) {
  const int kind = bytes.size() == 1 ? bytes[0] : -1;
  if (kind < static_cast<int>(EntryKind::kFresh) || kind > static_cast<int>(EntryKind::kStoredClone)) {
    throw base::Error(base::ErrorCode::kInternal, "a model's entry cannot be read");
  }
  return static_cast<EntryKind>(kind);
}

std::string WriteModelReply(const ModelReply& m) {
  base::RecordWriter w;
  w.Number(m.model);
  w.Number(m.segment);
  w.Number(m.device);
  w.Number(m.kept_buffers);
  w.Number(m.read_buffers);
  w.Number(m.weights_only ? 1 : 0);
  w.Number(static_cast<int64_t>(m.diverged_step));
  w.Number(m.iterations_done);
  w.Text(m.build);
  w.Text(m.error);
  w.Number(static_cast<int64_t>(m.visits.size()));
  for (const SegmentVisit& v : m.visits) {
    w.Number(v.partition);
    w.Real(v.started);
    w.Real(v.ended);
    w.Real(v.seconds);
    w.Real(v.loss);
    w.Number(v.rows);
  }
  return w.Take();
}

ModelReply ReadModelReply(std::string_view bytes) {
  base::RecordReader r(bytes, "a segment's reply");
  ModelReply m;
  m.model = static_cast<int32_t>(r.Number());
  m.segment = static_cast<int32_t>(r.Number());
  m.device = static_cast<int32_t>(r.Number());
  m.kept_buffers = static_cast<int32_t>(r.Number());
  m.read_buffers = static_cast<int32_t>(r.Number());
  m.weights_only = r.Number() != 0;
  m.diverged_step = static_cast<uint64_t>(r.Number());
  m.iterations_done = r.Number();
  m.build = r.Text();
  m.error = r.Text();
  m.visits.resize(static_cast<size_t>(r.Number()));
  for (SegmentVisit& v : m.visits) {
    v.partition = static_cast<int32_t>(r.Number());
    v.started = r.Real();
    v.ended = r.Real();
    v.seconds = r.Real();
    v.loss = r.Real();
    v.rows = r.Number();
  }
  return m;
}

std::string WritePartitionSums(const PartitionSums& s) {
  base::RecordWriter w;
  w.Number(s.partition);
  w.Number(s.rows);
  w.Number(static_cast<int64_t>(s.models.size()));
  for (size_t i = 0; i < s.models.size(); i++) {
    w.Number(s.models[i]);
    w.Text({reinterpret_cast<const char*>(s.sums[i].data()), s.sums[i].size() * sizeof(double)});
    w.Text(i < s.errors.size() ? s.errors[i] : std::string());
  }
  return w.Take();
}

PartitionSums ReadPartitionSums(std::string_view bytes) {
  base::RecordReader r(bytes, "a segment's sums");
  PartitionSums s;
  s.partition = static_cast<int32_t>(r.Number());
  s.rows = r.Number();
  const auto count = static_cast<size_t>(r.Number());
  for (size_t i = 0; i < count; i++) {
    s.models.push_back(static_cast<int32_t>(r.Number()));
    const std::string raw = r.Text();
    std::vector<double> values(raw.size() / sizeof(double));
    if (!raw.empty()) std::memcpy(values.data(), raw.data(), raw.size());
    s.sums.push_back(std::move(values));
    s.errors.push_back(r.Text());
  }
  return s;
}

}  // namespace segments
