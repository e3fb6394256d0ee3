// Makespans of plans, simulated by src/plan alone: what many workers would gain, without having them. One iteration is every model's pass over all
// partitions; the unit of time is the cheapest model's visit. Prints a Markdown table for docs/benchmarks.md.
#include <cmath>
#include <cstdio>
#include <exception>
#include <vector>

#include "plan/simulate.hpp"

namespace {

constexpr int kIterations = 5;

/// n models: all alike, or costs spread evenly on a logarithmic scale from 1 to `spread`.
std::vector<double> Costs(int n, double spread) {
  std::vector<double> costs;
  for (int i = 0; i < n; i++) costs.push_back(n > 1 ? std::pow(spread, static_cast<double>(i) / (n - 1)) : 1.0);
  return costs;
}

void Line(int workers, int models, double spread) {
  const std::vector<double> costs = Costs(models, spread);
  const int partitions = workers;
  const plan::SimulationResult hop = plan::SimulateShared(costs, partitions, models, workers, kIterations, false);
  const plan::SimulationResult barrier = plan::SimulateShared(costs, partitions, models, workers, kIterations, true);
  const plan::SimulationResult waves = plan::SimulateWaves(costs, workers, kIterations);
  const plan::SimulationResult rotation = plan::SimulateRotation(costs, workers, kIterations);
  std::printf("| %d | %d | %s | %.3f | %.3f | %.3f | %.3f |\n", workers, models, spread > 1 ? "1:8" : "equal", hop.ratio(), barrier.ratio(), waves.ratio(),
              rotation.ratio());
}

}  // namespace

int main() {
  try {
    std::printf("| workers | models | costs | hopping | hopping, metrics every iteration | waves of bundles | rotation of single models |\n");
    std::printf("|---|---|---|---|---|---|---|\n");
    for (const int workers : {8, 16, 32, 64, 128, 256}) {
      // twice as many models as workers, a number that does not divide evenly, and four times as many
      for (const int models : {2 * workers, 2 * workers + 3, 4 * workers}) {
        for (const double spread : {1.0, 8.0}) Line(workers, models, spread);
      }
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  return 0;
}
