#include "engine/native/extractor.hpp"

#include <algorithm>
#include <utility>

#include "base/tensor.hpp"
#include "engine/api/workspace.hpp"
#include "engine/native/batch.hpp"
#include "engine/native/network.hpp"

namespace engine::native {

namespace {

// As many rows as leave the results in the cache.
int64_t RowsAtOnce(int64_t result_bytes) {
  constexpr int64_t kCacheBytes = 1024 * 1024, kUnit = 8;  // a tile's rows (engine/math/simd/gemm_tiles.inc)
  return std::clamp(kCacheBytes / std::max<int64_t>(1, result_bytes) / kUnit * kUnit, kUnit, Extractor::kMostRows);
}

template <typename T>
class TypedExtractor : public Extractor {
 public:
  TypedExtractor(std::unique_ptr<const Network<T>> network, const base::Graph& graph, const base::DataSpec& data, const StateLayout& layout)
      : network_(std::move(network)),
        loader_(graph, data, {}, {}),
        rows_(RowsAtOnce(network_->ResultBytes())),
        pass_(network_->LayOut(rows_, false)) {
    for (const StateTensor& tensor : layout.tensors) offsets_.push_back(tensor.offset);
    for (const base::Layer& layer : graph.layers) weights_.emplace_back(layer.weights.size(), nullptr);
    for (const int call : graph.outputs) elements_.push_back(base::ElementCount(graph.calls[static_cast<size_t>(call)].output_shape));
  }

  void Attach(const void* block) override {
    char* const begin = static_cast<char*>(const_cast<void*>(block));  // a forward pass in inference writes no weight
    size_t next = 0;
    for (std::vector<T*>& layer : weights_) {
      for (T*& weight : layer) weight = begin == nullptr ? nullptr : reinterpret_cast<T*>(begin + offsets_[next++]);
    }
  }

  void Run(const base::Buffer& buffer, int64_t first, int64_t n, std::vector<std::vector<float>>* out) override {
    memory_.Reserve(workspace_bytes());
    loader_.UseMemory(memory_.template At<char>(0), rows_);
    typename Network<T>::Pass pass;
    pass.layout = &pass_;
    pass.workspace = memory_.template At<char>(loader_.Bytes(rows_));
    pass.weights = &weights_;
    for (const int64_t end = first + n; first < end; first += rows_) {
      pass.rows = std::min(rows_, end - first);
      pass.inputs = loader_.Load(buffer, nullptr, first, pass.rows, false, false).inputs.data();
      network_->Forward(pass);
      for (size_t i = 0; i < elements_.size(); ++i) {
        const T* values = network_->Results(pass, i);
        (*out)[i].insert((*out)[i].end(), values, values + pass.rows * elements_[i]);
      }
    }
  }

  size_t workspace_bytes() const override { return loader_.Bytes(rows_) + pass_.bytes; }

 private:
  const std::unique_ptr<const Network<T>> network_;
  BatchLoader<T> loader_;
  const int64_t rows_;
  const typename Network<T>::Layout pass_;
  std::vector<size_t> offsets_;    // of the state's tensors
  std::vector<int64_t> elements_;  // of a row, an output
  typename Network<T>::Weights weights_;
  Workspace memory_;
};

template <typename T>
std::unique_ptr<Extractor> MakeExtractor(const base::Graph& graph, const base::DataSpec& data, const StateLayout& layout) {
  std::unique_ptr<const Network<T>> network = Network<T>::MakeForward(graph);
  return network == nullptr ? nullptr : std::make_unique<TypedExtractor<T>>(std::move(network), graph, data, layout);
}

}  // namespace

std::unique_ptr<Extractor> Extractor::Make(const base::Graph& graph, const base::DataSpec& data, const StateLayout& layout) {
  return layout.precision == base::DType::kFloat64 ? MakeExtractor<double>(graph, data, layout) : MakeExtractor<float>(graph, data, layout);
}

}  // namespace engine::native
