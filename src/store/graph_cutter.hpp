// Graphs that are cut, as every process of a run makes them: from the whole graph and its cuts.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/graph.hpp"
#include "base/graph_cut.hpp"
#include "base/record.hpp"

namespace store {

/// Cuts graphs, each once: models of one graph and equal cuts share one object.
class GraphCutter {
 public:
  /// The whole graph where there are no cuts. Errors: base::CutGraph's.
  std::shared_ptr<const base::Graph> Cut(const std::shared_ptr<const base::Graph>& whole, const std::vector<base::FeatureCut>& cuts);

 private:
  std::map<std::pair<std::shared_ptr<const base::Graph>, std::vector<std::pair<int, std::string>>>, std::shared_ptr<const base::Graph>>
      cut_;
};

/// Cuts in the records that go between a run's processes.
void WriteCuts(const std::vector<base::FeatureCut>& cuts, base::RecordWriter* writer);
std::vector<base::FeatureCut> ReadCuts(base::RecordReader* reader);

}  // namespace store
