// Features that are computed while a buffer is visited: once for all models that read them.
//
// The models of a visit that share frozen layers get what these make of the buffer as a column. Whichever of them is there lends its
// weights, which are the same in all: frozen layers with given weights, by the plan's digest (plan/frozen.hpp). The columns are kept with
// the buffer where the process's cache has room, so that the next visit does not compute them again. Used by one thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/core/feature_extractor.hpp"

namespace train {

/// A feature column that is computed, and who can: any of these gives the same values.
struct SharedFeature {
  size_t column = 0;                        // index into DataSpec::inputs
  std::vector<std::pair<int, int>> makers;  // models of the run, and the call of the model's whole graph
};

class FeatureComputer {
 public:
  using GraphOf = std::function<std::shared_ptr<const base::Graph>(int model)>;  // the whole one
  using BlockOf = std::function<const void*(int model)>;                         // its state in this process; nullptr: not here

  /// data: of the run, with its feature columns. reads: by column, whether a model itself reads it; other packed columns are only there to
  /// compute from. Nothing is compiled before it is needed.
  FeatureComputer(std::vector<SharedFeature> features, base::DataSpec data, std::vector<bool> reads, const engine::Options& options,
                  GraphOf graph_of);
  ~FeatureComputer();
  FeatureComputer(const FeatureComputer&) = delete;
  FeatureComputer& operator=(const FeatureComputer&) = delete;

  bool empty() const { return features_.empty(); }
  /// Puts in the columns that are wanted, by a model that is here. When all features are there it takes out packed columns that nobody
  /// reads any more. The new columns are valid until the next call. wanted: by column. Features that no model here makes stay without data:
  /// their readers are not here either.
  void Complete(int partition_id, int buffer_id, const std::vector<bool>& wanted, const BlockOf& block_of, const engine::Poll& poll,
                std::vector<base::Bytes>* columns);

 private:
  engine::FeatureExtractor& ExtractorOf(int model, const std::vector<int>& calls);

  const std::vector<SharedFeature> features_;
  const base::DataSpec data_;
  const std::vector<bool> reads_;
  const engine::Options options_;
  const GraphOf graph_of_;
  std::map<std::pair<const base::Graph*, std::vector<int>>, std::unique_ptr<engine::FeatureExtractor>> extractors_;
  std::vector<std::vector<float>> values_;  // by feature
};

}  // namespace train
