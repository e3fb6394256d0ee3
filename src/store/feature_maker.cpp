#include "store/feature_maker.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "base/record.hpp"
#include "data/buffer_view.hpp"
#include "data/packed_format.hpp"
#include "data/segment_map.hpp"
#include "pg/cluster.hpp"
#include "pg/parallel.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "wire/keras.hpp"

namespace store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr size_t kAlignment = 64;
constexpr int64_t kSampleRows = 64;
// A round's results: few rounds, and no more memory than a machine has to spare.
constexpr uint64_t kMostResultBytes = uint64_t{256} << 20;

size_t RoundUp(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

struct SharedFeatures {
  // immutable
  uint64_t job_offset, job_bytes, block_offset, items_offset, items, results_offset, results_bytes;
  // lock for mutable state
  pg::SharedSync sync;
  // mutable state
  uint64_t next;  // item
  uint64_t used;  // of the results
  int32_t full;   // a result found no room
};

template <typename T>
T* At(void* shared, uint64_t offset) {
  return reinterpret_cast<T*>(static_cast<char*>(shared) + offset);
}

std::string WriteJob(const FeatureJob& job) {
  base::RecordWriter w;
  w.Text(job.table.name.schema);
  w.Text(job.table.name.name);
  w.Text(base::WriteDataSpec(job.table.spec));
  w.Text(job.table.packer);
  w.Number(job.table.max_buffer_rows);
  w.Text(wire::WriteGraph(*job.graph));
  w.Number(static_cast<int64_t>(job.calls.size()));
  for (size_t i = 0; i < job.calls.size(); ++i) {
    w.Number(job.calls[i]);
    w.Text(data::FeatureEncodingName(job.encodings[i]));
  }
  w.Number(static_cast<int64_t>(job.options.precision));
  w.Number(job.options.kernels ? 1 : 0);
  return w.Take();
}

FeatureJob ReadJob(base::RecordReader* r) {
  FeatureJob job;
  job.table.name.schema = r->Text();
  job.table.name.name = r->Text();
  job.table.spec = base::ReadDataSpec(r->Text());
  job.table.packer = r->Text();
  job.table.max_buffer_rows = r->Number();
  job.graph = std::make_shared<const base::Graph>(wire::ReadGraph(r->Text()));
  for (int64_t left = r->Number(); left > 0; --left) {
    job.calls.push_back(static_cast<int>(r->Number()));
    job.encodings.push_back(data::FeatureEncodingFromName(r->Text()));
  }
  // threads and the floating-point set-up of this process
  job.options = EngineOptions(false);
  job.options.precision = static_cast<base::DType>(r->Number());
  job.options.kernels = r->Number() != 0;
  return job;
}

/// Bytes of a buffer's features as the engine gives them, a call: encoded ones are hardly ever longer.
size_t MostBytes(const FeatureJob& job, const std::vector<base::Shape>& shapes) {
  size_t bytes = 0;
  for (const base::Shape& shape : shapes) {
    bytes += RoundUp(static_cast<size_t>(job.table.max_buffer_rows * base::ElementCount(shape)) * (sizeof(float) + 1)) + 2 * kAlignment;
  }
  return bytes;
}

/// One round of parallel workers. Returns how many there were; 0: nothing was done, for want of workers or of shared memory.
int RunRound(const FeatureJob& job, const void* block, size_t block_bytes, size_t most_bytes, std::vector<FeatureItem>* items, int workers,
             const FeatureSink& sink) {
  const std::string text = WriteJob(job);
  SharedFeatures head{};
  size_t at = RoundUp(sizeof(head));
  const auto take = [&at](size_t bytes) {
    const size_t here = at;
    at = RoundUp(at + bytes);
    return here;
  };
  head.job_offset = take(text.size());
  head.job_bytes = text.size();
  head.block_offset = take(block_bytes);
  head.items_offset = take(items->size() * sizeof(FeatureItem));
  head.items = items->size();
  head.results_offset = at;
  // room for a result of each worker at least, so that every round gets on: no more workers than that, and none where there is no room
  const uint64_t free = pg::FreeSharedMemory() / 2;
  const uint64_t spare = free > head.results_offset ? free - head.results_offset : 0;
  workers = static_cast<int>(std::min<uint64_t>(static_cast<uint64_t>(workers), spare / std::max<size_t>(1, most_bytes)));
  if (workers < 1) {
    pg::Debug("parallel workers have no shared memory for features of a buffer: " + std::to_string(most_bytes) + " bytes");
    return 0;
  }
  const uint64_t least = most_bytes * static_cast<uint64_t>(workers);
  head.results_bytes = std::max(least, std::min({most_bytes * items->size(), kMostResultBytes, spare}));
  const pg::SharedMemory memory(head.results_offset + head.results_bytes);
  auto* shared = static_cast<SharedFeatures*>(memory.data());
  *shared = head;
  shared->sync.Init();
  std::memcpy(At<char>(shared, head.job_offset), text.data(), text.size());
  if (block == nullptr) {
    std::memset(At<char>(shared, head.block_offset), 0, block_bytes);
  } else {
    std::memcpy(At<char>(shared, head.block_offset), block, block_bytes);
  }
  std::memcpy(At<char>(shared, head.items_offset), items->data(), items->size() * sizeof(FeatureItem));
  int launched = 0;
  {
    pg::Parallel parallel(workers, memory, "pg_cerebro_feature_worker_main");
    parallel.Launch();
    launched = parallel.WaitForStart();
    if (launched > 0) parallel.Finish();
  }
  if (launched == 0) return 0;
  std::vector<FeatureItem> left;
  const auto* made = At<const FeatureItem>(shared, head.items_offset);
  for (size_t i = 0; i < items->size(); ++i) {
    if (made[i].result == 0) {
      left.push_back((*items)[i]);
      continue;
    }
    pg::CheckInterrupts();
    const char* from = At<const char>(shared, head.results_offset) + made[i].result - 1;
    const char* bytes = from + job.calls.size() * sizeof(uint64_t);
    std::vector<std::string_view> encoded;
    for (size_t c = 0; c < job.calls.size(); ++c) {
      uint64_t size = 0;
      std::memcpy(&size, from + c * sizeof(size), sizeof(size));
      encoded.emplace_back(bytes, size);
      bytes += size;
    }
    sink(made[i], encoded);
  }
  if (left.size() == items->size()) throw Error(ErrorCode::kInternal, "parallel workers made no features");
  *items = std::move(left);
  return launched;
}

}  // namespace

FeatureMaker::FeatureMaker(FeatureJob job, const void* block) : job_(std::move(job)), read_(job_.table) {
  read_.spec.targets.clear();
  read_.spec.has_weights = false;
  read_.features.clear();
  extractor_ = std::make_unique<engine::FeatureExtractor>(job_.graph, job_.calls, read_.spec, job_.options);
  read_.fetched = extractor_->reads();
  if (block == nullptr) {  // the extractor wants one, though nothing is read of it
    no_weights_ = std::make_unique<Block>(extractor_->layout().bytes);
    std::memset(no_weights_->data(), 0, extractor_->layout().bytes);
    block = no_weights_->data();
  }
  extractor_->Attach(block);
}

FeatureMaker::~FeatureMaker() = default;

const std::vector<base::Shape>& FeatureMaker::shapes() const { return extractor_->shapes(); }

size_t FeatureMaker::block_bytes() const { return extractor_->layout().bytes; }

const std::vector<std::string>& FeatureMaker::Make(int partition, int buffer) {
  if (select_ == nullptr) {
    select_ = std::make_unique<pg::Statement>("SELECT " + read_.DataColumns() + " FROM " + read_.FromClause() +
                                                  " WHERE partition_id OPERATOR(pg_catalog.=) $1::pg_catalog.int4 AND buffer_id"
                                                  " OPERATOR(pg_catalog.=) $2::pg_catalog.int4",
                                              std::vector<std::string>{"int8", "int8"});
  }
  const pg::Result found = select_->Run({static_cast<int64_t>(partition), static_cast<int64_t>(buffer)});
  if (found.rows.size() != 1) {
    throw Error(ErrorCode::kDataCorrupted,
                "packed table " + read_.name.Text() + " has " + std::to_string(found.rows.size()) + " rows for buffer " + std::to_string(buffer) +
                    " of partition " + std::to_string(partition),
                "The packed table was changed after it was made.", "Pack the data again by " + read_.packer + ".");
  }
  std::vector<base::Bytes> columns;
  for (const pg::Cell& cell : found.rows[0]) {
    if (!cell) {
      columns.push_back({});
    } else {
      columns.push_back({reinterpret_cast<const uint8_t*>(cell->data()), cell->size()});
    }
  }
  return Make(partition, buffer, columns);
}

const std::vector<std::string>& FeatureMaker::Make(int partition, int buffer, const std::vector<base::Bytes>& columns) {
  const base::Buffer view = data::ViewBuffer(read_.spec, partition, buffer, columns);
  extractor_->Run(view, &values_, pg::CheckInterrupts);
  encoded_.resize(job_.calls.size());
  for (size_t c = 0; c < job_.calls.size(); ++c) {
    const base::Shape& shape = shapes()[c];
    encoded_[c] = data::EncodeFeatures(job_.encodings[c], values_[c].data(), view.rows, base::ElementCount(shape), shape.empty() ? 1 : shape.back());
  }
  return encoded_;
}

int64_t FeatureMaker::Sample(std::vector<std::vector<float>>* values) {
  const pg::Result found =
      pg::Read("SELECT partition_id, buffer_id, " + read_.DataColumns() + " FROM " + read_.FromClause() +
               " WHERE partition_id OPERATOR(pg_catalog.=) (SELECT pg_catalog.min(f.partition_id) FROM " + read_.name.Sql() +
               " AS f) AND buffer_id OPERATOR(pg_catalog.=) 0");
  if (found.empty()) throw Error(ErrorCode::kDataCorrupted, "packed table " + read_.name.Text() + " has no first buffer");
  std::vector<base::Bytes> columns;
  size_t i = 0;
  for (const pg::Cell& cell : found.rows[0]) {
    if (i++ < 2) continue;
    columns.push_back(cell ? base::Bytes{reinterpret_cast<const uint8_t*>(cell->data()), cell->size()} : base::Bytes{});
  }
  base::Buffer view = data::ViewBuffer(read_.spec, base::WholeInt(found.at(0, 0)), 0, columns);
  view.rows = std::min(view.rows, kSampleRows);
  extractor_->Run(view, values, pg::CheckInterrupts);
  return view.rows;
}

// The session computes alone where workers are not wanted, cannot read the table, or cannot be had.
int MakeFeatures(const FeatureJob& job, const void* block, std::vector<FeatureItem> items, int workers, const FeatureSink& sink) {
  if (items.empty()) return 0;
  FeatureMaker maker(job, block);
  workers = job.table.temporary ? 0 : std::min(workers, static_cast<int>(std::min<size_t>(items.size(), 1024)));
  const size_t most_bytes = MostBytes(job, maker.shapes());
  int most = 0;
  while (workers > 1 && !items.empty()) {
    const int launched = RunRound(job, block, maker.block_bytes(), most_bytes, &items, workers, sink);
    if (launched == 0) break;
    most = std::max(most, launched);
  }
  for (const FeatureItem& item : items) {
    pg::CheckInterrupts();
    const std::vector<std::string>& encoded = maker.Make(item.partition, item.buffer);
    sink(item, {encoded.begin(), encoded.end()});
  }
  pg::Debug("features of " + job.table.name.Text() + " were computed by " +
            (most == 0 ? std::string("the session") : std::to_string(most) + " parallel workers"));
  return most;
}

void RunFeatureWorker(void* memory, size_t, int) {
  auto* shared = static_cast<SharedFeatures*>(memory);
  base::RecordReader reader({At<char>(shared, shared->job_offset), shared->job_bytes}, "the description of the features");
  FeatureMaker maker(ReadJob(&reader), At<char>(shared, shared->block_offset));
  auto* items = At<FeatureItem>(shared, shared->items_offset);
  for (;;) {
    shared->sync.Lock();
    const bool done = shared->full != 0 || shared->next >= shared->items;
    const uint64_t i = done ? 0 : shared->next++;
    shared->sync.Unlock();
    if (done) return;
    const std::vector<std::string>& encoded = maker.Make(items[i].partition, items[i].buffer);
    size_t bytes = encoded.size() * sizeof(uint64_t);
    for (const std::string& e : encoded) bytes += e.size();
    bytes = RoundUp(bytes);
    shared->sync.Lock();
    const bool fits = shared->used + bytes <= shared->results_bytes;
    const uint64_t at = shared->used;
    if (fits) {
      shared->used += bytes;
    } else {
      shared->full = 1;
    }
    shared->sync.Unlock();
    if (!fits) return;
    char* to = At<char>(shared, shared->results_offset) + at;
    for (const std::string& e : encoded) {
      const uint64_t size = e.size();
      std::memcpy(to, &size, sizeof(size));
      to += sizeof(size);
    }
    for (const std::string& e : encoded) {
      std::memcpy(to, e.data(), e.size());
      to += e.size();
    }
    items[i].result = at + 1;  // read when this process has ended
  }
}

std::string WriteFeatureJob(const FeatureJob& job, const void* block, size_t block_bytes) {
  base::RecordWriter w;
  w.Text(WriteJob(job));
  w.Text(block == nullptr ? std::string(block_bytes, '\0') : std::string(static_cast<const char*>(block), block_bytes));
  return w.Take();
}

struct SegmentFeatures::Impl {
  explicit Impl(std::string_view bytes);
  pg::ReservedMemory memory{"a model's frozen part"};
  std::unique_ptr<Block> block;
  std::unique_ptr<FeatureMaker> maker;
};

SegmentFeatures::Impl::Impl(std::string_view bytes) {
  base::RecordReader reader(bytes, "the description of the features");
  const std::string text = reader.Text(), weights = reader.Text();
  memory.Grow(weights.size());
  block = std::make_unique<Block>(weights.size());
  std::memcpy(block->data(), weights.data(), weights.size());
  base::RecordReader job(text, "the description of the features");
  maker = std::make_unique<FeatureMaker>(ReadJob(&job), block->data());
  if (maker->block_bytes() > block->size()) throw Error(ErrorCode::kInternal, "the weights of a frozen part are cut short");
}

SegmentFeatures::SegmentFeatures(std::string_view bytes) : impl_(std::make_unique<Impl>(bytes)) {}
SegmentFeatures::~SegmentFeatures() = default;

const std::string& SegmentFeatures::Make(int partition, int buffer, const std::vector<base::Bytes>& columns) {
  return impl_->maker->Make(partition, buffer, columns).front();
}

void MakeFeaturesOnSegments(const FeatureJob& job, const void* block, const std::vector<int64_t>& first_buffers, const std::string& into) {
  constexpr size_t kMostValue = size_t{1000} << 20;  // of a stored value
  const FeatureMaker maker(job, block);
  const std::string bytes = WriteFeatureJob(job, block, maker.block_bytes());
  if (bytes.size() > kMostValue) {
    throw Error(ErrorCode::kLimitExceeded,
                "the model's weights have " + std::to_string(bytes.size()) + " bytes: features of at most " + std::to_string(kMostValue) +
                    " bytes of weights can be computed on segments",
                "", "SET cerebro.enable_feature_materialization = off trains without stored features.");
  }
  const std::string header = "pg_temp._cerebro_features_" + pg::Execute("SELECT pg_catalog.pg_backend_pid()").Text();
  const pg::OlderPlanner planner;
  pg::Execute("CREATE TEMPORARY TABLE " + header + " (" + data::kDistributionColumn + " integer, job pg_catalog.bytea)" +
              pg::DistributedByKey(data::kDistributionColumn));
  pg::Execute("ALTER TABLE " + header + " ALTER COLUMN job SET STORAGE EXTERNAL");
  std::string keys, first;
  for (const int32_t key : data::FindSegments(job.table).SegmentKeys()) keys += (keys.empty() ? "(" : ", (") + std::to_string(key) + ")";
  for (const int64_t buffer : first_buffers) first += (first.empty() ? "" : ",") + std::to_string(buffer);
  pg::Execute("INSERT INTO " + header + " SELECT k.key, $1 FROM (VALUES " + keys + ") k(key)", {pg::Bytea{bytes}});
  const std::string make =
      "INSERT INTO " + into + " SELECT q." + data::kDistributionColumn +
      ", q.partition_id, q.buffer_id, cerebro._buffer_features(h.job, q.partition_id, q.buffer_id, " + maker.Columns() + ") FROM " + maker.From() +
      " JOIN " + header + " h ON h." + data::kDistributionColumn + " OPERATOR(pg_catalog.=) q." + data::kDistributionColumn +
      " WHERE q.buffer_id OPERATOR(pg_catalog.>=) ('{" + first + "}'::pg_catalog.int4[])[q.partition_id OPERATOR(pg_catalog.+) 1]";
  pg::Debug("statement that stores features: " + make);
  pg::Execute(make);
  pg::Execute("DROP TABLE " + header);
}

}  // namespace store
