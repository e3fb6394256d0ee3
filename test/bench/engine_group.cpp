// Models that train side by side, in memory, with no database: what a group of models saves, and after how many mini-batches to switch.
//
//   bench_engine_group [models]      so many models of each kind (default 16) on one buffer; prints us per step and model: each alone with
//                                    its own workspace, then as a group of models, by the mini-batches per switch (0: all of the buffer)
//
// The shapes are those of the project's acceptance tests, with rows shuffled and in order; every figure is processor time, the median of
// seven rounds, the ways alternating.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "engine/core/model_group.hpp"
#include "models.hpp"

namespace {

using bench::Case;
using bench::Trainee;

double SecondsTogether(engine::ModelGroup* group, const std::vector<Trainee>& models, const base::Buffer& buffer) {
  int64_t batches = 0;
  const double started = bench::Seconds();
  for (const Trainee& trainee : models) trainee.model->BeginVisit();
  for (const engine::TrainResult& result : group->Train(buffer, {})) batches += result.batches;
  for (const Trainee& trainee : models) trainee.model->EndVisit();
  return (bench::Seconds() - started) / static_cast<double>(batches);
}

/// steps: of one round.
void Run(const Case& c, int steps, int count, bool shuffle) {
  constexpr int kBatchesPerSwitch[] = {0, 1, 2, 4, 8, 16, 32};
  constexpr size_t kAlone = sizeof(kBatchesPerSwitch) / sizeof(kBatchesPerSwitch[0]);
  const bench::Rows rows = bench::MakeRows(c, static_cast<int64_t>(c.batch_size) * steps);
  const std::vector<Trainee> alone = bench::MakeModels(c, rows.data, count, true, shuffle);
  const std::vector<Trainee> members = bench::MakeModels(c, rows.data, count, true, shuffle);
  std::vector<engine::Model*> models;
  for (const Trainee& trainee : members) models.push_back(trainee.model.get());
  std::vector<double> times[kAlone + 1];
  for (int round = 0; round < 7; round++) {
    times[kAlone].push_back(bench::SecondsPerStep(alone, rows.buffer));
    for (size_t t = 0; t < kAlone; t++) {
      engine::ModelGroup group(models, kBatchesPerSwitch[t]);
      times[t].push_back(SecondsTogether(&group, members, rows.buffer));
    }
  }
  std::printf("%-18s batch %3d  %-9s alone %8.2f us  batches per switch", c.name.c_str(), c.batch_size, shuffle ? "shuffled" : "in order",
              1e6 * bench::Median(times[kAlone]));
  for (size_t t = 0; t < kAlone; t++) std::printf("  %d: %.2f", kBatchesPerSwitch[t], 1e6 * bench::Median(times[t]));
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    engine::SetThreads(1);
    std::printf("%s\n", engine::BuildDescription().c_str());
    const int count = argc > 1 ? std::atoi(argv[1]) : 16;
    const std::pair<Case, int> cases[] = {{bench::Perceptron({64, 32, 10}, 32), 60},
                                          {bench::Perceptron({784, 128, 10}, 32), 30},
                                          {bench::Perceptron({784, 128, 10}, 64), 20},
                                          {bench::Perceptron({200, 256, 128, 1}, 256), 8}};
    for (const auto& [c, steps] : cases) {
      for (const bool shuffle : {true, false}) Run(c, steps, count, shuffle);
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
    return 1;
  }
  return 0;
}
