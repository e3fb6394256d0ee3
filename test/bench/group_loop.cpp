// The engine's own loop over the models of many groups, without the database: what test/bench/groups compares a run
// with.
//
//   bench_group_loop <rows.bin> <sizes.txt> <configurations.txt> <iterations> <processes>
//
// rows.bin: 21 floats a row, 20 inputs and a label, groups one after another. configurations.txt: a line a model,
// compile_params | fit_params. Every model of every group begins with new weights and visits the group's rows once an
// iteration; in the end its loss over them is computed. Groups go to the processes largest first, each to the one with
// the fewest rows. Prints the seconds from the fork to the end of the last process.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "base/tensor.hpp"
#include "engine/core/model_group.hpp"
#include "engine/core/model_pool.hpp"
#include "engine/core/state_scorer.hpp"
#include "models.hpp"
#include "plan/params.hpp"
#include "wire/keras.hpp"

namespace {

constexpr int64_t kInputs = 20;

base::DataSpec Data() {
  base::DataSpec data;
  base::ColumnSpec x;
  x.name = "x";
  x.dtype = base::DType::kFloat32;
  x.shape = {kInputs};
  data.inputs.push_back(x);
  base::ColumnSpec y;
  y.name = "y";
  y.dtype = base::DType::kFloat32;
  y.kind = base::TargetKind::kReal;
  data.targets.push_back(y);
  data.rows = data.num_partitions = 1;
  return data;
}

struct Group {
  std::vector<float> x, y;
};

/// Memory for a state, at a multiple of 64 bytes.
struct Aligned {
  explicit Aligned(size_t bytes) : memory(std::aligned_alloc(64, (bytes + 63) / 64 * 64)) {}
  ~Aligned() { std::free(memory); }
  Aligned(const Aligned&) = delete;
  Aligned& operator=(const Aligned&) = delete;
  void* memory;
};

double Train(const std::vector<const Group*>& groups, const std::vector<std::string>& configurations, int iterations) {
  const base::DataSpec data = Data();
  engine::ModelPool pool(data, engine::Options());
  const std::string network = R"({"class_name": "Sequential", "config": {"name": "mlp", "layers": [)" +
                              bench::Dense(32, "relu", {kInputs}) + ", " + bench::Dense(1, "linear") + "]}}";
  const auto graph = std::make_shared<const base::Graph>(wire::ReadKeras(network, &data));
  std::vector<base::TrainConfig> configs;
  for (const std::string& line : configurations) {
    const size_t bar = line.find('|');
    configs.push_back(plan::ReadConfig(line.substr(0, bar), line.substr(bar + 1), *graph));
  }
  std::vector<std::shared_ptr<const engine::Program>> programs;
  std::vector<engine::LentModel> lent;
  std::vector<engine::Model*> models;
  std::vector<std::unique_ptr<Aligned>> blocks;
  std::vector<engine::ScoredState> states;
  for (const base::TrainConfig& config : configs) {
    programs.push_back(pool.ProgramOf(graph, config));
    lent.push_back(pool.Lend(programs.back(), config));
    models.push_back(lent.back().get());
    blocks.push_back(std::make_unique<Aligned>(programs.back()->layout().bytes));
    states.push_back({programs.back(), &config, blocks.back()->memory});
  }
  engine::ModelGroup together(models);
  engine::StateScorer scorer(states);
  double total = 0;
  for (const Group* group : groups) {
    base::Buffer buffer;
    buffer.rows = static_cast<int64_t>(group->y.size());
    buffer.inputs = {reinterpret_cast<const uint8_t*>(group->x.data())};
    buffer.targets = {reinterpret_cast<const uint8_t*>(group->y.data())};
    for (size_t m = 0; m < models.size(); m++) {
      programs[m]->Initialise(configs[m].optimizer, blocks[m]->memory, 1, m + 1, 1);
      models[m]->Attach(blocks[m]->memory);
    }
    for (int i = 0; i < iterations; i++) {
      for (engine::Model* model : models) model->BeginVisit(engine::BufferEnd::kCarries);
      together.Train(buffer, {});
      together.EndVisit({});
    }
    for (engine::Model* model : models) model->Detach();
    std::vector<double> sums(scorer.sums_size(), 0.0);
    scorer.Evaluate(buffer, sums.data(), {});
    total += programs[0]->Finish(sums.data())[0];
  }
  return total;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr,
                 "usage: bench_group_loop <rows.bin> <sizes.txt> <configurations.txt> <iterations> <processes>\n");
    return 1;
  }
  std::ifstream rows(argv[1], std::ios::binary), sizes(argv[2]), lines(argv[3]);
  std::vector<Group> groups;
  for (int64_t n = 0; sizes >> n;) {
    Group group;
    std::vector<float> row(kInputs + 1);
    for (int64_t r = 0; r < n; r++) {
      rows.read(reinterpret_cast<char*>(row.data()), static_cast<std::streamsize>(row.size() * sizeof(float)));
      group.x.insert(group.x.end(), row.begin(), row.end() - 1);
      group.y.push_back(row.back());
    }
    groups.push_back(std::move(group));
  }
  std::vector<std::string> configurations;
  for (std::string line; std::getline(lines, line);) configurations.push_back(line);
  const int iterations = std::atoi(argv[4]);
  const auto processes = static_cast<size_t>(std::atoi(argv[5]));
  std::vector<const Group*> order;
  for (const Group& group : groups) order.push_back(&group);
  std::stable_sort(order.begin(), order.end(),
                   [](const Group* a, const Group* b) { return a->y.size() > b->y.size(); });
  std::vector<std::vector<const Group*>> parts(processes);
  std::vector<size_t> loads(processes);
  for (const Group* group : order) {
    const auto least = static_cast<size_t>(std::min_element(loads.begin(), loads.end()) - loads.begin());
    parts[least].push_back(group);
    loads[least] += group->y.size();
  }
  const auto began = std::chrono::steady_clock::now();
  for (const auto& part : parts) {
    if (fork() != 0) continue;
    const double total = Train(part, configurations, iterations);
    _exit(total >= 0 ? 0 : 1);
  }
  for (size_t p = 0; p < processes; p++) wait(nullptr);
  std::printf("seconds=%.3f\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  return 0;
}
