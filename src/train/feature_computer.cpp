#include "train/feature_computer.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "data/buffer_view.hpp"

namespace train {
namespace {

// The call by which a model makes a feature, or -1.
int CallOf(const SharedFeature& feature, int model) {
  for (const auto& [maker, call] : feature.makers) {
    if (maker == model) return call;
  }
  return -1;
}

}  // namespace

FeatureComputer::FeatureComputer(std::vector<SharedFeature> features, base::DataSpec data, std::vector<bool> reads,
                                 const engine::Options& options, GraphOf graph_of)
    : features_(std::move(features)),
      data_(std::move(data)),
      reads_(std::move(reads)),
      options_(options),
      graph_of_(std::move(graph_of)),
      values_(features_.size()) {}

FeatureComputer::~FeatureComputer() = default;

engine::FeatureExtractor& FeatureComputer::ExtractorOf(int model, const std::vector<int>& calls) {
  const std::shared_ptr<const base::Graph> graph = graph_of_(model);
  std::unique_ptr<engine::FeatureExtractor>& extractor = extractors_[{graph.get(), calls}];
  if (extractor == nullptr) extractor = std::make_unique<engine::FeatureExtractor>(graph, calls, data_, options_);
  return *extractor;
}

// A model that makes most of what is missing makes all of that in one pass over its layers; then the next one.
void FeatureComputer::Complete(int partition_id, int buffer_id, const std::vector<bool>& wanted, const BlockOf& block_of,
                               const engine::Poll& poll, std::vector<base::Bytes>* columns) {
  std::vector<size_t> missing;
  std::set<int> here;
  for (size_t f = 0; f < features_.size(); ++f) {
    if (!wanted[features_[f].column] || (*columns)[features_[f].column].data != nullptr) continue;
    missing.push_back(f);
    for (const auto& [model, call] : features_[f].makers) {
      if (block_of(model) != nullptr) here.insert(model);
    }
  }
  if (missing.empty()) return;
  const base::Buffer buffer = data::ViewBuffer(data_, partition_id, buffer_id, *columns);
  while (!missing.empty()) {
    int best = -1;
    std::ptrdiff_t most = 0;
    for (const int model : here) {
      const auto makes = std::count_if(missing.begin(), missing.end(), [&](size_t f) { return CallOf(features_[f], model) >= 0; });
      if (makes > most) {
        most = makes;
        best = model;
      }
    }
    if (best < 0) return;
    std::vector<size_t> made, left;
    std::vector<int> calls;
    for (const size_t f : missing) {
      const int call = CallOf(features_[f], best);
      (call >= 0 ? made : left).push_back(f);
      if (call >= 0) calls.push_back(call);
    }
    engine::FeatureExtractor& extractor = ExtractorOf(best, calls);
    extractor.Attach(block_of(best));
    std::vector<std::vector<float>> out;
    for (const size_t f : made) out.push_back(std::move(values_[f]));
    extractor.Run(buffer, &out, poll);
    extractor.Attach(nullptr);
    for (size_t i = 0; i < made.size(); ++i) {
      std::vector<float>& values = values_[made[i]] = std::move(out[i]);
      (*columns)[features_[made[i]].column] = {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(float)};
    }
    missing = std::move(left);
  }
  const bool all =
      std::all_of(features_.begin(), features_.end(), [&](const SharedFeature& f) { return (*columns)[f.column].data != nullptr; });
  for (size_t i = 0; all && i < reads_.size(); ++i) {
    if (!reads_[i]) (*columns)[i] = {};
  }
}

}  // namespace train
