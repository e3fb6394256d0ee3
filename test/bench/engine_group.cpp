// Models that train side by side, in memory, with no database: what a group saves, and how long a turn should be.
//
//   bench_engine_group [models]      so many models of each kind (default 16) on one buffer; prints us per step and model: each alone with
//                                    its own workspace, then as a group, by the mini-batches of a turn (0: all of the buffer)
//
// The shapes are those of the project's acceptance tests, with rows shuffled and in order; every figure is processor time, the median of
// seven rounds, the ways alternating.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "base/philox.hpp"
#include "engine/model.hpp"
#include "engine/model_group.hpp"
#include "plan/params.hpp"
#include "wire/keras.hpp"

namespace {

struct Case {
  const char* name;
  std::vector<int> units;  // inputs, hidden, outputs
  int batch_size;
  int steps;               // of one round
};

std::string Architecture(const Case& c) {
  std::string layers;
  for (size_t i = 1; i < c.units.size(); i++) {
    const bool last = i + 1 == c.units.size();
    const char* activation = !last ? "relu" : c.units.back() == 1 ? "sigmoid" : "softmax";
    layers += (i > 1 ? ", " : "") + std::string(R"({"class_name": "Dense", "config": {"name": "d)") + std::to_string(i) + R"(", "units": )" +
              std::to_string(c.units[i]) + R"(, "activation": ")" + activation + "\"" +
              (i == 1 ? R"(, "batch_input_shape": [null, )" + std::to_string(c.units[0]) + "]" : "") + "}}";
  }
  return R"({"class_name": "Sequential", "config": {"name": "m", "layers": [)" + layers + "]}}";
}

struct FreeAligned {
  void operator()(void* block) const { ::operator delete(block, std::align_val_t(64)); }
};

struct Trainee {
  std::unique_ptr<engine::Model> model;
  std::unique_ptr<void, FreeAligned> block;
};

std::vector<Trainee> MakeModels(const Case& c, const base::DataSpec& data, int count, bool shuffle) {
  const base::Graph graph = wire::ReadKeras(Architecture(c));
  const std::string loss = c.units.back() == 1 ? "binary_crossentropy" : "categorical_crossentropy";
  const base::TrainConfig config =
      plan::ReadConfig("loss='" + loss + "', optimizer='Adam(learning_rate=0.001)', metrics=['accuracy']",
                       "batch_size=" + std::to_string(c.batch_size) + ", epochs=1" + (shuffle ? "" : ", shuffle=False"));
  std::vector<Trainee> models;
  for (int i = 0; i < count; i++) {
    Trainee trainee;
    trainee.model = std::make_unique<engine::Model>(graph, config, data, engine::Options());
    trainee.block.reset(::operator new(trainee.model->layout().bytes, std::align_val_t(64)));
    trainee.model->Initialise(trainee.block.get(), 1, static_cast<uint64_t>(i), 1);
    trainee.model->Attach(trainee.block.get());
    models.push_back(std::move(trainee));
  }
  return models;
}

double Seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double MicrosecondsPerStep(const std::vector<Trainee>& models, const base::Buffer& buffer) {
  int64_t batches = 0;
  const double started = Seconds();
  for (const Trainee& trainee : models) {
    trainee.model->BeginVisit();
    batches += trainee.model->Train(buffer, {}).batches;
    trainee.model->EndVisit();
  }
  return 1e6 * (Seconds() - started) / static_cast<double>(batches);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// A buffer of random rows.
struct Rows {
  std::vector<uint8_t> x, y;
  base::DataSpec data;
  base::Buffer buffer;
};

Rows MakeRows(const Case& c) {
  Rows made;
  const int64_t rows = static_cast<int64_t>(c.batch_size) * c.steps;
  const int64_t outputs = c.units.back();
  base::Stream draw(1, 1, base::Purpose::kSearch);
  made.x.resize(static_cast<size_t>(rows * c.units[0]));
  made.y.resize(static_cast<size_t>(rows * outputs));
  for (uint8_t& v : made.x) v = static_cast<uint8_t>(draw.Below(256));
  for (int64_t r = 0; r < rows; r++) {
    const auto k = static_cast<int64_t>(draw.Below(static_cast<uint64_t>(std::max<int64_t>(outputs, 2))));
    if (outputs > 1 || k == 1) made.y[static_cast<size_t>(outputs > 1 ? r * outputs + k : r)] = 1;
  }
  made.data.inputs.resize(1);
  made.data.inputs[0].name = "x";
  made.data.inputs[0].dtype = base::DType::kUInt8;
  made.data.inputs[0].shape = {c.units[0]};
  made.data.inputs[0].scale = 1.0 / 255;
  made.data.targets.resize(1);
  made.data.targets[0].name = "y";
  made.data.targets[0].dtype = base::DType::kUInt8;
  made.data.targets[0].shape = {outputs};
  made.data.targets[0].kind = base::TargetKind::kArray;
  made.buffer.rows = rows;
  made.buffer.inputs = {made.x.data()};
  made.buffer.targets = {made.y.data()};
  return made;
}

double MicrosecondsTogether(engine::ModelGroup* group, const std::vector<Trainee>& models, const base::Buffer& buffer) {
  int64_t batches = 0;
  const double started = Seconds();
  for (const Trainee& trainee : models) trainee.model->BeginVisit();
  for (const engine::TrainResult& result : group->Train(buffer, {})) batches += result.batches;
  for (const Trainee& trainee : models) trainee.model->EndVisit();
  return 1e6 * (Seconds() - started) / static_cast<double>(batches);
}

void Run(const Case& c, int count, bool shuffle) {
  constexpr int kTurns[] = {0, 1, 2, 4, 8, 16, 32};
  constexpr size_t kAlone = sizeof(kTurns) / sizeof(kTurns[0]);
  const Rows rows = MakeRows(c);
  const std::vector<Trainee> alone = MakeModels(c, rows.data, count, shuffle);
  const std::vector<Trainee> members = MakeModels(c, rows.data, count, shuffle);
  std::vector<engine::Model*> models;
  for (const Trainee& trainee : members) models.push_back(trainee.model.get());
  std::vector<double> times[kAlone + 1];
  for (int round = 0; round < 7; round++) {
    times[kAlone].push_back(MicrosecondsPerStep(alone, rows.buffer));
    for (size_t t = 0; t < kAlone; t++) {
      engine::ModelGroup group(models, kTurns[t]);
      times[t].push_back(MicrosecondsTogether(&group, members, rows.buffer));
    }
  }
  std::printf("%-28s %-9s alone %8.2f us  turn", c.name, shuffle ? "shuffled" : "in order", Median(times[kAlone]));
  for (size_t t = 0; t < kAlone; t++) std::printf("  %d: %.2f", kTurns[t], Median(times[t]));
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    engine::SetThreads(1);
    std::printf("%s\n", engine::BuildDescription().c_str());
    const int count = argc > 1 ? std::atoi(argv[1]) : 16;
    for (const Case& c : {Case{"64-32-10, batch 32", {64, 32, 10}, 32, 60}, Case{"784-128-10, batch 32", {784, 128, 10}, 32, 30},
                          Case{"784-128-10, batch 64", {784, 128, 10}, 64, 20}, Case{"200-256-128-1, batch 256", {200, 256, 128, 1}, 256, 8}}) {
      for (const bool shuffle : {true, false}) Run(c, count, shuffle);
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
    return 1;
  }
  return 0;
}
