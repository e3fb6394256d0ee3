// Makespans of plans, simulated by src/plan alone: what many workers would gain, without having them. One iteration is every model's pass over all
// partitions; the unit of time is the cheapest model's visit. Prints two Markdown tables for docs/benchmarks.md.
#include <cmath>
#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

#include "base/philox.hpp"
#include "plan/simulate.hpp"

namespace {

constexpr int kIterations = 5;
constexpr int kRunIterations = 10;

/// n models: all alike, or costs spread evenly on a logarithmic scale from 1 to `spread`, in the order of their costs.
std::vector<double> Costs(int n, double spread) {
  std::vector<double> costs;
  for (int i = 0; i < n; i++) costs.push_back(n > 1 ? std::pow(spread, static_cast<double>(i) / (n - 1)) : 1.0);
  return costs;
}

std::vector<double> Shuffled(std::vector<double> costs) {
  base::Stream random(1, 0, base::Purpose::kSearch);
  for (size_t i = costs.size(); i > 1; i--) std::swap(costs[i - 1], costs[random.Below(i)]);
  return costs;
}

const char* Name(double spread) { return spread > 1 ? "1:8" : "equal"; }

void SharedTable() {
  std::printf("| workers | models | costs | hopping | hopping, metrics every iteration |\n|---|---|---|---|---|\n");
  for (const int workers : {8, 16, 32, 64, 128, 256}) {
    // twice as many models as workers, a number that does not divide evenly, and four times as many
    for (const int models : {2 * workers, 2 * workers + 3, 4 * workers}) {
      for (const double spread : {1.0, 8.0}) {
        const std::vector<double> costs = Costs(models, spread);
        const plan::SimulationResult hop = plan::SimulateShared(costs, workers, models, workers, kIterations, false);
        const plan::SimulationResult barrier = plan::SimulateShared(costs, workers, models, workers, kIterations, true);
        std::printf("| %d | %d | %s | %.3f | %.3f |\n", workers, models, Name(spread), hop.ratio(), barrier.ratio());
      }
    }
  }
}

// Half of the models eight times as long as the others: alternating, in two blocks, by chance.
enum class Mix { kEqual, kAlternating, kBlocks, kChance, kSpread };

const char* MixName(Mix mix) {
  switch (mix) {
    case Mix::kEqual: return "equal";
    case Mix::kAlternating: return "1, 8 alternating";
    case Mix::kBlocks: return "8s, then 1s";
    case Mix::kChance: return "1 or 8 by chance";
    case Mix::kSpread: return "1 to 8 by chance";
  }
  return "";
}

std::vector<double> Mixed(Mix mix, int models) {
  if (mix == Mix::kSpread) return Shuffled(Costs(models, 8));
  base::Stream random(2, 0, base::Purpose::kSearch);
  std::vector<double> costs;
  for (int m = 0; m < models; m++) {
    const bool chance = random.Below(2) == 0;
    const bool costly = mix == Mix::kAlternating ? m % 2 == 0 : mix == Mix::kBlocks ? m < models / 2 : mix == Mix::kChance && chance;
    costs.push_back(costly ? 8 : 1);
  }
  return costs;
}

void RoundsTable() {
  std::printf("| segments | models | costs | all advance | with rests, metrics at the end | with rests, metrics every iteration | rotation |\n");
  std::printf("|---|---|---|---|---|---|---|\n");
  for (const int segments : {8, 16, 32, 64, 128, 256, 512, 1024}) {
    for (const int models : {segments, 2 * segments, 4 * segments, 4 * segments + 3, 8 * segments}) {
      for (const Mix mix : {Mix::kEqual, Mix::kAlternating, Mix::kBlocks, Mix::kChance, Mix::kSpread}) {
        const std::vector<double> costs = Mixed(mix, models);
        const plan::SimulationResult all = plan::SimulateRounds(costs, segments, 1, false, false);
        const plan::SimulationResult rests = plan::SimulateRounds(costs, segments, kRunIterations, true, false);
        const plan::SimulationResult barrier = plan::SimulateRounds(costs, segments, kRunIterations, true, true);
        const plan::SimulationResult rotation = plan::SimulateRotation(costs, segments, 1);
        std::printf("| %d | %d | %s | %.3f | %.3f | %.3f | %.3f |\n", segments, models, MixName(mix), all.ratio(), rests.ratio(), barrier.ratio(),
                    rotation.ratio());
      }
    }
  }
}

}  // namespace

int main() {
  try {
    SharedTable();
    std::printf("\n");
    RoundsTable();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  return 0;
}
