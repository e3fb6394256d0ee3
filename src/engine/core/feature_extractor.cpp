#include "engine/core/feature_extractor.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/graph_cut.hpp"
#include "base/huge_pages.hpp"
#include "engine/api/autograd.hpp"
#include "engine/api/binding.hpp"
#include "engine/core/autograd_library.hpp"
#include "engine/math/fpenv.hpp"
#include "engine/math/poll.hpp"
#include "engine/native/extractor.hpp"

namespace engine {

struct FeatureExtractor::Impl {
  ResolvedNetwork network;          // of the prefix
  base::OptimizerConfig optimizer;  // that LibTorch's trainer is made with
  std::vector<base::Shape> shapes;
  std::vector<bool> reads;
  std::unique_ptr<native::Extractor> native;
  std::unique_ptr<AutogradTrainer> autograd;  // where there is no native one
  const void* block = nullptr;

  Impl(const base::Graph& whole, const std::vector<int>& calls, const base::DataSpec& data, const Options& options) {
    network.graph = std::make_shared<const base::Graph>(base::PrefixGraph(whole, calls));
    network.data = data;
    network.data.targets.clear();
    network.data.has_weights = false;
    network.device = options.device;
    network.layout = MakeStateLayout(*network.graph, {}, options.precision);
    for (const int call : calls) shapes.push_back(whole.calls.at(static_cast<size_t>(call)).output_shape);
    reads = ColumnsRead(*network.graph, data);
    if (options.kernels && options.device < 0) native = native::Extractor::Make(*network.graph, network.data, network.layout);
    if (native != nullptr) return;
    base::LossConfig values;  // whose predictions are the outputs as they are
    values.kind = base::LossKind::kMeanSquaredError;
    network.losses.assign(calls.size(), values);
    network.loss_weights.assign(calls.size(), 1.0);
    autograd = TheAutogradLibrary().MakeTrainer(network, optimizer);
  }

  ~Impl() {
    try {
      Detach();
    } catch (...) {
      // a device's error: nothing is wanted of it any more
    }
  }

  void Detach() {
    if (autograd != nullptr && block != nullptr) autograd->Detach();
    block = nullptr;
  }
};

FeatureExtractor::FeatureExtractor(std::shared_ptr<const base::Graph> whole, const std::vector<int>& calls, const base::DataSpec& data,
                                   const Options& options) {
  const math::FtzGuard ftz;
  impl_ = std::make_unique<Impl>(*whole, calls, data, options);
}

FeatureExtractor::~FeatureExtractor() {
  const math::FtzGuard ftz;
  impl_.reset();
}

const StateLayout& FeatureExtractor::layout() const { return impl_->network.layout; }
bool FeatureExtractor::has_kernels() const { return impl_->native != nullptr; }
const std::vector<base::Shape>& FeatureExtractor::shapes() const { return impl_->shapes; }
const std::vector<bool>& FeatureExtractor::reads() const { return impl_->reads; }
size_t FeatureExtractor::workspace_bytes() const { return impl_->native == nullptr ? 0 : impl_->native->workspace_bytes(); }

void FeatureExtractor::Attach(const void* block) {
  const math::FtzGuard ftz;
  impl_->Detach();
  if (impl_->native != nullptr) impl_->native->Attach(block);
  if (impl_->autograd != nullptr && block != nullptr) impl_->autograd->Attach(const_cast<void*>(block));  // scoring writes no weight
  impl_->block = block;
}

void FeatureExtractor::Run(const base::Buffer& buffer, std::vector<std::vector<float>>* out, const Poll& poll) {
  const math::FtzGuard ftz;
  const math::PollScope scope(poll);
  if (impl_->block == nullptr) throw base::Error(base::ErrorCode::kInternal, "features are computed without weights");
  RequireColumns(impl_->reads, buffer);
  out->resize(impl_->shapes.size());
  for (size_t i = 0; i < out->size(); ++i) {
    std::vector<float>& values = (*out)[i];
    values.clear();  // its memory is used again
    const auto elements = static_cast<size_t>(buffer.rows * base::ElementCount(impl_->shapes[i]));
    if (elements <= values.capacity()) continue;
    values.reserve(elements);
    base::AdviseHugePages(values.data(), elements * sizeof(float));
  }
  for (int64_t first = 0; first < buffer.rows; first += native::Extractor::kMostRows) {
    math::PollInterrupts();
    const int64_t n = std::min(native::Extractor::kMostRows, buffer.rows - first);
    if (impl_->native != nullptr) {
      impl_->native->Run(buffer, first, n, out);
    } else {
      impl_->autograd->Predict(buffer, first, n, out);
    }
  }
}

}  // namespace engine
