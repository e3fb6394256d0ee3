// The block that the processes of a run share: its parts lie apart from each other and inside, and the specification in
// it comes back whole.

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "pg/parallel.hpp"
#include "plan/params.hpp"
#include "wire/keras.hpp"
#include "workers/group_memory.hpp"
#include "workers/shared_memory.hpp"

namespace {

constexpr int kReady = 0x5e;

}  // namespace

namespace pg {

// There is no server here to make the lock: that it was asked to is what counts.
void SharedSync::Init() { std::memset(bytes, kReady, sizeof(bytes)); }
void SharedSync::Lock() {}
void SharedSync::Unlock() {}
void SharedSync::Broadcast() {}

}  // namespace pg

namespace {

using base::ErrorCode;
using workers::SharedRun;
using workers::SharedSizes;

constexpr size_t kLine = 64, kPage = 4096;

base::ColumnSpec Column(const std::string& name, base::DType dtype, const base::Shape& shape) {
  base::ColumnSpec column;
  column.name = name;
  column.dtype = dtype;
  column.shape = shape;
  return column;
}

data::PackedTable Table(const std::string& name, int partitions) {
  data::PackedTable table;
  table.name = {"My Schema", name};
  table.spec.inputs = {Column("pixels", base::DType::kUInt8, {8, 8, 1}), Column("sums", base::DType::kFloat32, {3})};
  table.spec.targets = {Column("label", base::DType::kInt32, {})};
  table.spec.targets[0].kind = base::TargetKind::kClassIndex;
  table.spec.targets[0].class_values = {"no", "yes, \"it is\""};
  table.spec.targets[0].num_classes = 2;
  table.spec.has_weights = true;
  table.spec.num_partitions = partitions;
  for (int p = 0; p < partitions; p++) {
    table.partition_rows.push_back(1000 + p);
    table.partition_buffers.push_back(2 + p);
  }
  for (const int64_t rows : table.partition_rows) table.spec.rows += rows;
  table.max_buffer_rows = 512;
  table.packer = "training_preprocessor_dl()";
  return table;
}

train::RunSpec Spec(int models, int bundles, int partitions, int validation_partitions) {
  train::RunSpec spec;
  spec.training = Table("train_packed", partitions);
  if (validation_partitions > 0) spec.validation = Table("valid_packed", validation_partitions);
  // two architectures
  std::vector<std::shared_ptr<const base::Graph>> graphs;
  for (const int units : {2, 3}) {
    graphs.push_back(std::make_shared<const base::Graph>(wire::ReadKeras(
        R"({"class_name": "Sequential", "config": {"name": "m", "layers": [{"class_name": "Dense", "config": {"name": "out", "units": )" +
        std::to_string(units) + R"(, "activation": "softmax", "batch_input_shape": [null, 3]}}]}})")));
  }
  for (int m = 0; m < models; m++) {
    auto model = std::make_shared<store::ModelSpec>();
    model->graph = graphs[static_cast<size_t>(m % 2)];
    model->compile_params = "loss='categorical_crossentropy',optimizer='Adam(lr=0.01)'";
    model->fit_params = "batch_size=" + std::to_string(8 + m) + ",epochs=1";
    model->config = plan::ReadConfig(model->compile_params, model->fit_params);
    spec.models.push_back(model);
    spec.costs.push_back(1e-3 * (m + 1));
  }
  std::vector<plan::Sequence> sequences;
  for (size_t m = 0; m < spec.costs.size(); ++m) {
    plan::Sequence sequence = plan::SequenceOf(m + 1, partitions);
    if (m % 3 == 0) sequence.shift = 1, sequence.first = static_cast<int64_t>(3 * m);  // of an old run that goes on
    sequences.push_back(sequence);
  }
  spec.plan = plan::MakePlan(spec.costs, sequences, partitions, bundles);
  for (const plan::Bundle& bundle : spec.plan.bundles) {
    plan::BundleFusion fusion;
    fusion.shared_scan.applied = bundle.models.size() > 1;
    for (const int m : bundle.models) {
      plan::FusionGroup members;
      members.models = {m};
      members.batches_per_switch = m % 3;
      members.horizontal.applied = m % 2 == 1;
      fusion.fusion_groups.push_back(members);
    }
    spec.fusion.bundles.push_back(fusion);
  }
  spec.precision = base::DType::kFloat64;
  spec.use_gpus = true;
  return spec;
}

SharedSizes Sizes(int models) {
  SharedSizes sizes;
  for (int m = 0; m < models; m++) {
    sizes.state_bytes.push_back(static_cast<size_t>(64 * (1 + 37 * m)));  // some a page, some more, some less
    sizes.sums.push_back(static_cast<size_t>(1 + m % 3));
  }
  return sizes;
}

struct Part {
  std::string name;
  size_t at, bytes, unit;
};

/// A laid-out block at an address that is a multiple of 64 and of nothing more, with zones before and behind that
/// nothing may write to.
class LaidOut {
 public:
  LaidOut(const train::RunSpec& spec, const SharedSizes& sizes, const std::string& states_path)
      : text_(workers::WriteRunSpec(spec)), bytes_(workers::SharedRunBytes(sizes, spec, text_, states_path.empty())) {
    const size_t whole = (bytes_ + 2 * kPage) / kPage * kPage + kPage;
    memory_.reset(static_cast<char*>(std::aligned_alloc(kPage, whole)));
    std::memset(memory_.get(), kZone, whole);
    run_ = workers::LayOutSharedRun(memory_.get() + kLine, bytes_, sizes, spec, text_, states_path);
  }
  void ExpectZones() const {
    EXPECT_EQ(std::string(memory_.get(), kLine), std::string(kLine, kZone));
    EXPECT_EQ(std::string(memory_.get() + kLine + bytes_, kLine), std::string(kLine, kZone));
  }
  SharedRun* run() const { return run_; }
  const std::string& text() const { return text_; }
  size_t bytes() const { return bytes_; }

 private:
  static constexpr char kZone = '\x5a';
  struct Free {
    void operator()(char* p) const { std::free(p); }
  };
  std::string text_;
  size_t bytes_;
  std::unique_ptr<char, Free> memory_;
  SharedRun* run_ = nullptr;
};

std::vector<Part> Parts(const SharedRun& run, const SharedSizes& sizes, bool states_inside) {
  const auto models = static_cast<size_t>(run.models);
  size_t stride = 0;
  for (const size_t sums : sizes.sums) stride += sums;
  std::vector<Part> parts = {
      {"head", 0, sizeof(SharedRun), kLine},
      {"specification", run.spec_offset, run.spec_bytes, 1},
      {"scheduler", run.scheduler_offset, plan::Scheduler::BlockSize(run.bundles), kLine},
      {"ring", run.ring_offset, run.ring_size * sizeof(train::VisitRecord), alignof(train::VisitRecord)},
      {"offsets of states", run.state_offsets_offset, models * sizeof(uint64_t), alignof(uint64_t)},
      {"stopped models", run.stopped_offset, models, 1},
      {"training sums", run.sums_offset[workers::kTrainingTable], static_cast<size_t>(run.partitions) * stride * sizeof(double), kLine},
      {"validation sums", run.sums_offset[workers::kValidationTable], static_cast<size_t>(run.validation_partitions) * stride * sizeof(double), kLine}};
  const auto* offsets = workers::At<uint64_t>(const_cast<SharedRun*>(&run), run.state_offsets_offset);
  for (size_t m = 0; m < models && states_inside; m++) {
    parts.push_back({"state " + std::to_string(m), run.states_offset + offsets[m], sizes.state_bytes[m], train::kStateAlignment});
  }
  return parts;
}

TEST(SharedMemory, PartsAreAlignedApartAndInside) {
  struct Run {
    int models, bundles, partitions, validation_partitions;
  };
  for (const Run& r : {Run{1, 1, 1, 0}, Run{1, 1, 1, 1}, Run{5, 2, 3, 0}, Run{5, 5, 4, 2}, Run{40, 6, 17, 5}}) {
    const train::RunSpec spec = Spec(r.models, r.bundles, r.partitions, r.validation_partitions);
    const SharedSizes sizes = Sizes(r.models);
    for (const bool inside : {true, false}) {
      SCOPED_TRACE(std::to_string(r.models) + " models, " + std::to_string(r.partitions) + " partitions" + (inside ? "" : ", states outside"));
      const LaidOut laid(spec, sizes, inside ? "" : "/tmp/states");
      const SharedRun& run = *laid.run();
      EXPECT_EQ(run.bytes, laid.bytes());
      EXPECT_EQ(run.models, r.models);
      EXPECT_EQ(run.bundles, static_cast<int>(spec.plan.bundles.size()));
      EXPECT_EQ(run.partitions, r.partitions);
      EXPECT_EQ(run.validation_partitions, r.validation_partitions);
      EXPECT_GE(run.ring_size, 2 * static_cast<size_t>(r.models));

      std::vector<Part> parts = Parts(run, sizes, inside);
      std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.at != b.at ? a.at < b.at : a.bytes < b.bytes; });
      for (size_t i = 0; i < parts.size(); i++) {
        const Part& part = parts[i];
        EXPECT_EQ(part.at % part.unit, 0u) << part.name;
        EXPECT_LE(part.at + part.bytes, laid.bytes()) << part.name;
        if (i == 0) continue;
        EXPECT_LE(parts[i - 1].at + parts[i - 1].bytes, part.at) << parts[i - 1].name << " and " << part.name;
      }
      laid.ExpectZones();
    }
  }
}

// The states in a file of their own have the same layout: the offsets count from the first state.
TEST(SharedMemory, StatesLieTheSameInsideAndOutside) {
  const train::RunSpec spec = Spec(5, 2, 3, 0);
  const SharedSizes sizes = Sizes(5);
  const LaidOut inside(spec, sizes, ""), outside(spec, sizes, "/tmp/states");
  const auto* a = workers::At<uint64_t>(inside.run(), inside.run()->state_offsets_offset);
  const auto* b = workers::At<uint64_t>(outside.run(), outside.run()->state_offsets_offset);
  uint64_t end = 0;
  for (size_t m = 0; m < sizes.state_bytes.size(); m++) {
    EXPECT_EQ(a[m], b[m]);
    EXPECT_EQ(b[m] % train::kStateAlignment, 0u);
    EXPECT_GE(b[m], end);
    end = b[m] + sizes.state_bytes[m];
  }
  EXPECT_LE(end, outside.run()->states_bytes);
  EXPECT_EQ(outside.run()->states_bytes, sizes.StatesBytes());
  EXPECT_STREQ(outside.run()->states_path, "/tmp/states");
  EXPECT_STREQ(inside.run()->states_path, "");
  EXPECT_GE(inside.bytes(), outside.bytes() + sizes.StatesBytes());
}

TEST(SharedMemory, IsReadyForItsProcesses) {
  const train::RunSpec spec = Spec(5, 2, 3, 0);
  const LaidOut laid(spec, Sizes(5), "");
  SharedRun* run = laid.run();
  EXPECT_EQ(run->sync.bytes[0], kReady);
  EXPECT_EQ(run->sync.bytes[sizeof(run->sync.bytes) - 1], kReady);
  EXPECT_EQ(run->phase, workers::WorkerPhase::kIdle);
  EXPECT_EQ(run->ring_head, 0u);
  EXPECT_EQ(run->ring_tail, 0u);
  const auto* stopped = workers::At<uint8_t>(run, run->stopped_offset);
  EXPECT_TRUE(std::all_of(stopped, stopped + run->models, [](uint8_t s) { return s == 0; }));
  EXPECT_EQ(std::string(workers::At<char>(run, run->spec_offset), run->spec_bytes), laid.text());

  // another process lays its scheduler over the block and finds every bundle at its first visit
  plan::Scheduler scheduler(workers::At<char>(run, run->scheduler_offset), spec.plan, false);
  EXPECT_EQ(scheduler.VisitsDone(), 0);
  scheduler.SetTarget(1);
  plan::Scheduler::Task task;
  std::vector<int> taken;
  while (scheduler.Take(&task)) {
    EXPECT_EQ(task.iteration, 0);
    EXPECT_EQ(task.visit, 0);
    taken.push_back(task.bundle);
  }
  std::sort(taken.begin(), taken.end());
  std::vector<int> all(spec.plan.bundles.size());
  std::iota(all.begin(), all.end(), 0);
  EXPECT_GT(all.size(), 1u);
  EXPECT_EQ(taken, all);
}

TEST(SharedMemory, RefusesAPathThatIsTooLong) {
  const train::RunSpec spec = Spec(1, 1, 1, 0);
  const size_t room = sizeof(SharedRun::states_path);
  EXPECT_STREQ(LaidOut(spec, Sizes(1), std::string(room - 1, 'p')).run()->states_path, std::string(room - 1, 'p').c_str());
  EXPECT_THROW(LaidOut(spec, Sizes(1), std::string(room, 'p')), base::Error);
}

void ExpectSameTable(const data::PackedTable& a, const data::PackedTable& b) {
  EXPECT_EQ(a.name.schema, b.name.schema);
  EXPECT_EQ(a.name.name, b.name.name);
  EXPECT_EQ(base::WriteDataSpec(a.spec), base::WriteDataSpec(b.spec));
  EXPECT_EQ(a.partition_rows, b.partition_rows);
  EXPECT_EQ(a.partition_buffers, b.partition_buffers);
  EXPECT_EQ(a.max_buffer_rows, b.max_buffer_rows);
  EXPECT_EQ(a.packer, b.packer);
}

// Models of one architecture that are cut alike share what is left of it, too.
TEST(RunSpec, ComesBackWithFeatures) {
  train::RunSpec spec = Spec(4, 2, 3, 2);
  const auto whole = std::make_shared<const base::Graph>(wire::ReadKeras(
      R"({"class_name": "Sequential", "config": {"name": "m", "layers": [
        {"class_name": "Dense", "config": {"name": "a", "units": 5, "activation": "tanh", "trainable": false, "batch_input_shape": [null, 3]}},
        {"class_name": "Dense", "config": {"name": "b", "units": 4, "activation": "relu", "trainable": false}},
        {"class_name": "Dense", "config": {"name": "out", "units": 2, "activation": "softmax"}}]}})"));
  for (size_t m = 0; m < spec.models.size(); m++) {
    auto model = std::make_shared<store::ModelSpec>(*spec.models[m]);
    model->graph = whole;
    if (m > 0) model->cuts = {{m == 3 ? 1 : 2, m == 3 ? "features_1" : "features_2"}};
    spec.models[m] = model;
  }
  for (data::PackedTable* table : {&spec.training, &spec.validation}) {
    for (const int units : {5, 4}) {
      base::ColumnSpec column;
      column.name = units == 5 ? "features_1" : "features_2";
      column.shape = {units};
      column.feature = true;
      table->spec.inputs.push_back(column);
    }
    const size_t columns = table->spec.inputs.size();
    table->features = {{columns - 2, "public.packed_features_1", "float16"}};
    table->fetched.assign(columns, true);
    table->fetched[0] = false;
  }
  spec.shared_features = {{spec.training.spec.inputs.size() - 1, {{1, 2}, {2, 2}}}};
  spec.model_reads = spec.training.fetched;
  spec.feature_cache = 12345;
  const std::string text = workers::WriteRunSpec(spec);
  const train::RunSpec read = workers::ReadRunSpec(text.data(), text.size());
  for (const auto& [is, was] : {std::pair(&read.training, &spec.training), std::pair(&read.validation, &spec.validation)}) {
    ExpectSameTable(*is, *was);
    EXPECT_EQ(is->fetched, was->fetched);
    ASSERT_EQ(is->features.size(), 1u);
    EXPECT_EQ(is->features[0].input, was->features[0].input);
    EXPECT_EQ(is->features[0].table, was->features[0].table);
    EXPECT_EQ(is->features[0].encoding, was->features[0].encoding);
    EXPECT_TRUE(is->spec.inputs.back().feature);
  }
  EXPECT_EQ(read.models[0]->trained, nullptr);
  EXPECT_EQ(read.models[0]->TrainedGraph(), read.models[0]->graph);
  EXPECT_EQ(read.models[1]->trained, read.models[2]->trained);
  EXPECT_NE(read.models[1]->trained, read.models[3]->trained);
  EXPECT_EQ(read.models[1]->trained->whole, read.models[1]->graph);
  EXPECT_EQ(read.models[1]->trained->calls.size(), 3u);  // the raw input, which nobody reads, the features, the head
  ASSERT_EQ(read.shared_features.size(), 1u);
  EXPECT_EQ(read.shared_features[0].column, spec.shared_features[0].column);
  EXPECT_EQ(read.shared_features[0].makers, spec.shared_features[0].makers);
  EXPECT_EQ(read.model_reads, spec.model_reads);
  EXPECT_EQ(read.feature_cache, spec.feature_cache);
}

TEST(RunSpec, ComesBackWhole) {
  for (const int validation_partitions : {0, 2}) {
    const train::RunSpec spec = Spec(5, 2, 3, validation_partitions);
    const std::string text = workers::WriteRunSpec(spec);
    const train::RunSpec read = workers::ReadRunSpec(text.data(), text.size());
    ExpectSameTable(read.training, spec.training);
    ExpectSameTable(read.validation, spec.validation);
    ASSERT_EQ(read.models.size(), spec.models.size());
    for (size_t m = 0; m < spec.models.size(); m++) {
      EXPECT_EQ(wire::WriteGraph(*read.models[m]->graph), wire::WriteGraph(*spec.models[m]->graph));
      EXPECT_EQ(read.models[m]->graph, read.models[m % 2]->graph);  // one object for an architecture
      EXPECT_EQ(read.models[m]->config.batch_size, static_cast<int>(8 + m));
      EXPECT_EQ(read.models[m]->config.optimizer.name, "Adam");
    }
    EXPECT_EQ(read.costs, spec.costs);
    EXPECT_EQ(plan::WritePlan(read.plan), plan::WritePlan(spec.plan));
    ASSERT_EQ(read.fusion.bundles.size(), spec.fusion.bundles.size());
    for (size_t b = 0; b < spec.fusion.bundles.size(); b++) {
      EXPECT_TRUE(read.plan.bundles[b].sequence == spec.plan.bundles[b].sequence);
      const plan::BundleFusion &there = read.fusion.bundles[b], &here = spec.fusion.bundles[b];
      EXPECT_EQ(there.shared_scan.applied, here.shared_scan.applied);
      ASSERT_EQ(there.fusion_groups.size(), here.fusion_groups.size());
      for (size_t g = 0; g < here.fusion_groups.size(); g++) {
        EXPECT_EQ(there.fusion_groups[g].models, here.fusion_groups[g].models);
        EXPECT_EQ(there.fusion_groups[g].batches_per_switch, here.fusion_groups[g].batches_per_switch);
        EXPECT_EQ(there.fusion_groups[g].horizontal.applied, here.fusion_groups[g].horizontal.applied);
      }
    }
    EXPECT_EQ(read.precision, spec.precision);
    EXPECT_EQ(read.use_gpus, spec.use_gpus);
    EXPECT_EQ(workers::WriteRunSpec(read), text);
  }
}

TEST(RunSpec, IsRefusedWhereItIsCut) {
  const std::string text = workers::WriteRunSpec(Spec(2, 2, 2, 1));
  for (size_t length = 0; length < text.size(); length++) {
    std::optional<ErrorCode> code;
    try {
      workers::ReadRunSpec(text.data(), length);
    } catch (const base::Error& error) {
      code = error.code();
      EXPECT_STREQ(error.what(), "the run's specification is cut short");
    }
    ASSERT_EQ(code, ErrorCode::kDataCorrupted) << length << " of " << text.size() << " bytes";
  }
}

// A living run has room for more models, in every part of the block that has something of each.
TEST(SharedMemory, RoomForMoreModelsIsApartAndInside) {
  const train::RunSpec spec = Spec(3, 2, 4, 1);
  SharedSizes sizes = Sizes(3);
  sizes.more_models = 5;
  sizes.more_state_bytes = 5 * 4096;
  sizes.more_sums = 5 * 3;
  sizes.added_bytes = 1000;
  sizes.round_bytes = 777;
  const LaidOut laid(spec, sizes, "");
  const SharedRun& run = *laid.run();
  EXPECT_EQ(run.models, 3);
  EXPECT_EQ(run.added_room, 1000u);
  EXPECT_EQ(run.round_room, 777u);
  EXPECT_EQ(run.sums_stride, sizes.SumsStride());
  EXPECT_EQ(sizes.SumsStride(), 1u + 2u + 3u + 15u);
  std::vector<Part> parts = {{"scheduler", run.scheduler_offset, plan::Scheduler::BlockSize(8), kLine},
                             {"offsets of states", run.state_offsets_offset, 8 * sizeof(uint64_t), alignof(uint64_t)},
                             {"sizes of sums", run.sums_sizes_offset, 8 * sizeof(uint64_t), alignof(uint64_t)},
                             {"stopped models", run.stopped_offset, 8, 1},
                             {"training sums", run.sums_offset[workers::kTrainingTable], 4 * run.sums_stride * sizeof(double), kLine},
                             {"validation sums", run.sums_offset[workers::kValidationTable], run.sums_stride * sizeof(double), kLine},
                             {"added", run.added_offset, 1000, 1},
                             {"round", run.round_offset, 777, 1},
                             {"failures", run.failures_offset, 8 * workers::kFailureBytes, 1},
                             {"states", run.states_offset, sizes.StatesBytes(), train::kStateAlignment}};
  for (size_t i = 0; i < parts.size(); i++) {
    EXPECT_EQ(parts[i].at % parts[i].unit, 0u) << parts[i].name;
    EXPECT_LE(parts[i].at + parts[i].bytes, laid.bytes()) << parts[i].name;
    if (i > 0) {
      EXPECT_LE(parts[i - 1].at + parts[i - 1].bytes, parts[i].at) << parts[i].name;
    }
  }
}

// The first text of a model stays, as far as there is room, and ends with a whole character.
TEST(GroupMemory, FailuresAreCutAtCharacters) {
  std::string long_name;
  while (long_name.size() < workers::GroupEntry::kMostErrorBytes) long_name += "\xc3\xa4";
  workers::GroupEntry entry{};
  workers::WriteGroupFailure(base::Error(base::ErrorCode::kDataCorrupted, "x" + long_name, "Detail."), &entry);
  EXPECT_EQ(std::string(entry.error), ("x" + long_name).substr(0, workers::GroupEntry::kMostErrorBytes - 1));
  EXPECT_EQ(entry.state, workers::GroupState::kFailed);
  workers::GroupEntry even{};
  workers::WriteGroupFailure(base::Error(base::ErrorCode::kDataCorrupted, long_name, ""), &even);
  EXPECT_EQ(std::string(even.error), long_name.substr(0, workers::GroupEntry::kMostErrorBytes - 2));
  workers::GroupEntry both{};
  workers::WriteGroupFailure(base::Error(base::ErrorCode::kDataCorrupted, "why", "Where."), &both);
  EXPECT_EQ(std::string(both.error), "why. Where.");
}

TEST(SharedMemory, FailuresAreWrittenOnce) {
  const train::RunSpec spec = Spec(3, 2, 4, 1);
  SharedSizes sizes = Sizes(3);
  sizes.more_models = 2;
  sizes.added_bytes = sizes.round_bytes = 1000;
  const LaidOut laid(spec, sizes, "");
  SharedRun* const run = laid.run();
  for (int m = 0; m < 5; m++) EXPECT_FALSE(workers::HasFailed(run, m));
  std::string text;
  while (text.size() < workers::kFailureBytes) text += "\xc3\xa4";  // two bytes
  workers::WriteFailure(run, 4, "x" + text);
  workers::WriteFailure(run, 1, "first");
  workers::WriteFailure(run, 1, "second");
  EXPECT_EQ(run->failures, 2u);
  const auto written = [&](int m) { return std::string(workers::At<char>(run, run->failures_offset) + static_cast<size_t>(m) * workers::kFailureBytes); };
  EXPECT_EQ(written(1), "first");
  EXPECT_EQ(written(4), ("x" + text).substr(0, workers::kFailureBytes - 1));
  for (int m = 0; m < 5; m++) EXPECT_EQ(workers::HasFailed(run, m), m == 1 || m == 4);
  const LaidOut ordinary(spec, Sizes(3), "");
  EXPECT_FALSE(workers::HasFailed(ordinary.run(), 0));
}

// What a process knows of a run after models were added is what one knows that begins then.
TEST(RunSpec, AddedModelsAndRoundsComeBack) {
  const train::RunSpec whole = Spec(5, 2, 3, 0);
  train::RunSpec known = Spec(5, 2, 3, 0);
  known.models.resize(1);  // of one of the two architectures
  known.costs.resize(1);
  for (size_t m = 1; m < whole.models.size(); m++) workers::ReadAddedModel(workers::WriteAddedModel(whole, m), &known);
  ASSERT_EQ(known.models.size(), whole.models.size());
  EXPECT_EQ(known.costs, whole.costs);
  for (size_t m = 0; m < whole.models.size(); m++) {
    EXPECT_EQ(known.models[m]->config.batch_size, whole.models[m]->config.batch_size);
    EXPECT_EQ(known.models[m]->graph->WeightCount(), whole.models[m]->graph->WeightCount());
  }
  EXPECT_EQ(known.models[3]->graph, known.models[1]->graph);  // found, not read again
  EXPECT_NE(known.models[1]->graph, known.models[0]->graph);

  train::RoundPlan round;
  round.plan = plan::MakePlan({1.0, 2.0}, {plan::SequenceOf(4, 3), plan::SequenceOf(5, 3)}, 3, 2);
  round.plan.bundles[0].models = {3};
  round.plan.bundles[1].models = {4};
  for (const int m : {3, 4}) {
    plan::BundleFusion fusion;
    fusion.fusion_groups.emplace_back();
    fusion.fusion_groups.back().models = {m};
    round.fusion.bundles.push_back(fusion);
  }
  workers::ReadRound(workers::WriteRound(round), &known);
  EXPECT_EQ(plan::WritePlan(known.plan), plan::WritePlan(round.plan));
  ASSERT_EQ(known.fusion.bundles.size(), 2u);
  EXPECT_EQ(known.fusion.bundles[1].fusion_groups[0].models, (std::vector<int>{4}));
}

}  // namespace
