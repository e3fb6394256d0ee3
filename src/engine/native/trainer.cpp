#include "engine/native/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "engine/api/constraint.hpp"
#include "engine/api/workspace.hpp"
#include "engine/math/activations.hpp"
#include "engine/math/learning_rate.hpp"
#include "engine/math/losses.hpp"
#include "engine/math/metrics.hpp"
#include "engine/math/optimizer.hpp"
#include "engine/native/batch.hpp"
#include "engine/native/network.hpp"

namespace engine::native {

namespace {

// Weights of one layer that the optimizer moves.
template <typename T>
struct Moved {
  size_t tensor = 0;  // index into StateLayout::tensors
  size_t first_slot = 0;
  size_t index = 0;  // in the layer's weights
  int64_t count = 0;
  Regularizer regularizer;
  T* weight = nullptr;
  T* gradient = nullptr;
  T* slots[math::kMaxSlots] = {};
  bool moved = false;  // in this step, part by part
};

template <typename T>
class TypedTrainer : public Trainer, private GradientSink<T>, private GradientParts<T> {
 public:
  TypedTrainer(std::unique_ptr<Network<T>> network, const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& data,
               const StateLayout& layout)
      : network_(std::move(network)),
        optimizer_(config.optimizer),
        loader_(graph, data, network_->loss().sparse(), config.class_weight),
        pass_layout_(network_->LayOut(config.batch_size)),
        clips_jointly_(config.optimizer.global_clipnorm > 0),
        clips_(math::ClipsGradients(config.optimizer)),
        loaded_rows_(config.batch_size) {
    FindWeights(graph, layout);
    LayOutGradients();
  }

  void Attach(void* block) override {
    counters_ = static_cast<StateCounters*>(block);
    if (block == nullptr) return;
    const auto at = [&](size_t tensor) { return reinterpret_cast<T*>(static_cast<char*>(block) + offsets_[tensor]); };
    size_t next = 0;
    for (std::vector<T*>& layer : weights_) {
      for (T*& weight : layer) weight = at(next++);
    }
    for (std::vector<Moved<T>>& layer : moved_) {
      for (Moved<T>& weight : layer) {
        weight.weight = at(weight.tensor);
        for (size_t s = 0; s < slots_; ++s) weight.slots[s] = at(weight.first_slot + s);
      }
    }
  }

  size_t WorkspaceBytes(int64_t rows) const override { return loader_.Bytes(rows) + train_bytes_; }

  void UseWorkspace(std::shared_ptr<KernelMemory> memory, int64_t rows) override {
    if (memory != nullptr) memory_ = std::move(memory);
    loaded_rows_ = rows;
    memory_start_ = nullptr;
  }

  void Load(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n) override {
    SetPointers(WorkspaceBytes(loaded_rows_));
    loader_.Load(buffer, rows, first, n, true, true);
  }

  size_t ScoringBytes(int64_t rows) const override { return loader_.Bytes(rows) + network_->LayOut(std::min(rows, ScoringRows())).bytes; }

  void LoadForScoring(const base::Buffer& buffer, int64_t first, int64_t n) override {
    SetPointers(loader_.Bytes(loaded_rows_) + ScoringLayout().bytes);
    loader_.Load(buffer, nullptr, first, n, true, false);
  }

  void Score(int64_t first, int64_t n, const std::vector<base::MetricConfig>& metrics, double* sums) override {
    SetPointers(loader_.Bytes(loaded_rows_) + ScoringLayout().bytes);
    const int64_t most = ScoringRows();
    for (int64_t done = 0; done < n; done += most) ScoreRows(first + done, std::min(most, n - done), metrics, sums);
    sums[1] += static_cast<double>(n) * RegularizerLoss();
  }

  bool TakeLoaded(const Trainer& other) override {
    const auto* like = dynamic_cast<const TypedTrainer*>(&other);
    if (like == nullptr || like->memory_ != memory_ || like->loaded_rows_ != loaded_rows_) return false;
    if (!loader_.LoadsLike(like->loader_)) return false;
    loader_.TakeLoaded(like->loader_);
    return true;
  }

  bool uses_sparse_product() const override { return network_->uses_sparse_product(); }

  double InputDensity(const base::Buffer& buffer, int64_t n) override {
    n = std::min(n, buffer.rows);
    if (n == 0 || !network_->uses_sparse_product()) return 1;
    UseWorkspace(nullptr, std::max(loaded_rows_, n));
    SetPointers(loader_.Bytes(loaded_rows_));
    return network_->Density(loader_.Load(buffer, nullptr, 0, n, false, false).x, n);
  }

  bool Train(int64_t first, int64_t n, const math::DrawKeys& keys, double* loss_sum) override {
    SetPointers(WorkspaceBytes(loaded_rows_));
    const Batch<T> batch = loader_.Slice(first, n);
    typename Network<T>::Pass pass;
    pass.layout = &pass_layout_;
    pass.workspace = pass_memory_;
    pass.weights = &weights_;
    pass.x = batch.x;
    pass.rows = batch.rows;
    pass.keys = &keys;
    const T* results = network_->Forward(pass);
    const Loss& loss = network_->loss();
    T* values = network_->LossValues(pass);
    std::copy(results, results + n * loss.positions() * loss.classes(), values);
    double sum = loss.Run(batch, values, InPass(pass_layout_.factors), InPass(pass_layout_.losses));
    sum += static_cast<double>(n) * RegularizerLoss();
    if (!std::isfinite(sum)) return false;
    *loss_sum += sum;

    const math::UpdateRule<T> rule(optimizer_, math::LearningRate(optimizer_, counters_->step), counters_->step);
    rule_ = &rule;
    network_->Backward(pass, this);
    if (clips_jointly_) {
      math::ClipGradients<T>(optimizer_, views_);
      for (std::vector<Moved<T>>& layer : moved_) Move(&layer);
    }
    rule_ = nullptr;
    ++counters_->step;
    return true;
  }

 private:
  void ScoreRows(int64_t first, int64_t n, const std::vector<base::MetricConfig>& metrics, double* sums) {
    const Batch<T> batch = loader_.Slice(first, n);
    typename Network<T>::Pass pass;
    pass.layout = &ScoringLayout();
    pass.workspace = pass_memory_;
    pass.weights = &weights_;
    pass.x = batch.x;
    pass.rows = n;
    T* results = network_->Forward(pass);
    const Loss& loss = network_->loss();
    T* values = network_->LossValues(pass);
    std::copy(results, results + n * loss.positions() * loss.classes(), values);
    sums[0] += static_cast<double>(n);
    sums[1] += loss.Run(batch, values, InPass(pass.layout->factors), InPass(pass.layout->losses));
    math::BiasActivation(loss.squash(), static_cast<const T*>(nullptr), n * loss.positions(), loss.classes(), results);
    math::MetricBatch<T> predictions;
    predictions.output = results;
    predictions.target = batch.target;
    predictions.index = batch.index;
    predictions.positions = n * loss.positions();
    predictions.classes = loss.classes();
    double* at = sums + 2;
    for (const base::MetricConfig& metric : metrics) {
      math::UpdateMetric<T>(metric, predictions, at);
      at += math::MetricSums(metric, predictions.classes);
    }
  }

  void FindWeights(const base::Graph& graph, const StateLayout& layout) {
    for (const StateTensor& tensor : layout.tensors) offsets_.push_back(tensor.offset);
    size_t tensor = 0, trained = 0;
    for (const base::Layer& layer : graph.layers) {
      weights_.emplace_back(layer.weights.size(), nullptr);
      gradient_destinations_.emplace_back(layer.weights.size(), nullptr);
      moved_.emplace_back();
      for (size_t i = 0; i < layer.weights.size(); ++i, ++tensor) {
        const base::WeightSpec& spec = layer.weights[i];
        weight_elements_ += static_cast<int64_t>(layout.tensors[tensor].count);
        if (!spec.trainable) continue;
        Moved<T> weight;
        weight.tensor = tensor;
        weight.index = i;
        weight.count = static_cast<int64_t>(layout.tensors[tensor].count);
        weight.regularizer = ReadRegularizer(spec.regularizer, layer.name + "/" + spec.name);
        moved_.back().push_back(weight);
        ++trained;
      }
    }
    slots_ = math::SlotNames(optimizer_).size();
    for (std::vector<Moved<T>>& layer : moved_) {
      for (Moved<T>& weight : layer) {
        weight.first_slot = tensor;
        tensor += slots_;
      }
    }
  }

  T* InPass(size_t offset) const { return reinterpret_cast<T*>(pass_memory_ + offset); }

  // A layer's gradients are used up before the next layer's are made, unless all are clipped by one norm: they share memory.
  void LayOutGradients() {
    size_t next = pass_layout_.bytes;
    train_bytes_ = next;
    for (const std::vector<Moved<T>>& layer : moved_) {
      if (!clips_jointly_) next = pass_layout_.bytes;
      for (const Moved<T>& weight : layer) {
        gradient_offsets_.push_back(next);
        next += KernelMemory::Padded<T>(weight.count);
      }
      train_bytes_ = std::max(train_bytes_, next);
    }
  }

  // At once: as many as leave the results of a convolutional network in the cache, but no fewer than make the results outweigh the weights,
  // which come into the cache again with every slice. A function of the network alone, because sums are made of a slice's.
  int64_t ScoringRows() const {
    constexpr int64_t kCacheBytes = 1024 * 1024, kUnit = 8;  // a tile's rows (engine/math/simd/gemm_tiles.inc)
    const int64_t bytes = std::max(kCacheBytes, weight_elements_ * static_cast<int64_t>(sizeof(T)));
    return std::max(kUnit, bytes / network_->ResultBytes() / kUnit * kUnit);
  }

  const typename Network<T>::Layout& ScoringLayout() {
    if (scoring_rows_ != loaded_rows_) scoring_layout_ = network_->LayOut(std::min(loaded_rows_, ScoringRows()));
    scoring_rows_ = loaded_rows_;
    return scoring_layout_;
  }

  // Workspace: rows loaded | pass | gradients. Nobody makes it larger between a Load and what is done with the rows.
  void SetPointers(size_t bytes) {
    if (memory_ == nullptr) memory_ = std::make_shared<KernelMemory>();
    memory_->Reserve(bytes);
    char* base = memory_->template At<char>(0);
    if (base == memory_start_) return;
    memory_start_ = base;
    loader_.UseMemory(base, loaded_rows_);
    pass_memory_ = base + loader_.Bytes(loaded_rows_);
    views_.clear();
    size_t i = 0;
    for (size_t layer = 0; layer < moved_.size(); ++layer) {
      for (Moved<T>& weight : moved_[layer]) {
        weight.gradient = InPass(gradient_offsets_[i++]);
        gradient_destinations_[layer][weight.index] = weight.gradient;
        if (clips_jointly_) views_.push_back({weight.gradient, weight.count});
      }
    }
  }

  double RegularizerLoss() const {
    double sum = 0;
    for (const std::vector<Moved<T>>& layer : moved_) {
      for (const Moved<T>& weight : layer) {
        const Regularizer& r = weight.regularizer;
        if (!r.empty()) sum += math::RegularizerSum(weight.weight, weight.count, r.l1, r.l2);
      }
    }
    return sum;
  }

  T* const* Destinations(int graph_layer) override { return gradient_destinations_[static_cast<size_t>(graph_layer)].data(); }

  // A norm is taken of a whole gradient.
  GradientParts<T>* Parts(int graph_layer) override {
    parts_layer_ = &moved_[static_cast<size_t>(graph_layer)];
    return clips_ ? nullptr : this;
  }

  void Take(size_t weight_index, int64_t first, int64_t n, T* values) override {
    for (Moved<T>& weight : *parts_layer_) {
      if (weight.index != weight_index) continue;
      const Regularizer& r = weight.regularizer;
      if (!r.empty()) math::AddRegularizer(weight.weight + first, n, static_cast<T>(r.l1), static_cast<T>(2 * r.l2), values);
      T* slots[math::kMaxSlots];
      for (size_t s = 0; s < slots_; ++s) slots[s] = weight.slots[s] + first;
      rule_->Apply(weight.weight + first, values, slots, n);
      weight.moved = true;
    }
  }

  void Done(int graph_layer) override {
    std::vector<Moved<T>>& layer = moved_[static_cast<size_t>(graph_layer)];
    for (Moved<T>& weight : layer) {
      const Regularizer& r = weight.regularizer;
      if (weight.moved) continue;
      if (!r.empty()) math::AddRegularizer(weight.weight, weight.count, static_cast<T>(r.l1), static_cast<T>(2 * r.l2), weight.gradient);
    }
    if (clips_jointly_) return;
    if (clips_) {
      views_.clear();
      for (const Moved<T>& weight : layer) views_.push_back({weight.gradient, weight.count});
      math::ClipGradients<T>(optimizer_, views_);
    }
    Move(&layer);
  }

  void Move(std::vector<Moved<T>>* layer) {
    for (Moved<T>& weight : *layer) {
      if (!weight.moved) rule_->Apply(weight.weight, weight.gradient, weight.slots, weight.count);
      weight.moved = false;
    }
  }

  std::unique_ptr<Network<T>> network_;
  base::OptimizerConfig optimizer_;
  BatchLoader<T> loader_;
  typename Network<T>::Layout pass_layout_;
  bool clips_jointly_;
  bool clips_;
  std::vector<size_t> offsets_;                         // of the state's tensors
  size_t slots_ = 0;                                    // of a weight
  typename Network<T>::Weights weights_;                // by graph layer
  std::vector<std::vector<T*>> gradient_destinations_;  // of gradients, by graph layer
  std::vector<std::vector<Moved<T>>> moved_;            // by graph layer
  std::vector<math::GradientView<T>> views_;
  int64_t weight_elements_ = 0;           // of all layers
  std::vector<size_t> gradient_offsets_;  // from the pass's start, in the order of moved_
  size_t train_bytes_ = 0;                // pass and gradients
  typename Network<T>::Layout scoring_layout_;
  int64_t scoring_rows_ = 0;              // that it is for
  std::shared_ptr<KernelMemory> memory_;  // own or shared; from the first Load on
  int64_t loaded_rows_;                   // that it has room for
  char* memory_start_ = nullptr;          // where the memory began when pointers were set
  char* pass_memory_ = nullptr;
  StateCounters* counters_ = nullptr;
  const math::UpdateRule<T>* rule_ = nullptr;     // in Train
  std::vector<Moved<T>>* parts_layer_ = nullptr;  // of the layer that hands parts over
};

template <typename T>
std::unique_ptr<Trainer> MakeTrainer(const base::Graph& graph, const base::TrainConfig& config, const base::LossConfig& loss,
                                     const base::DataSpec& data, const StateLayout& layout) {
  if (data.targets.size() != 1) return nullptr;
  const double weight = config.loss_weights.empty() ? 1.0 : config.loss_weights[0];
  std::unique_ptr<Network<T>> network = Network<T>::Make(graph, loss, weight);
  if (!network) return nullptr;
  return std::make_unique<TypedTrainer<T>>(std::move(network), graph, config, data, layout);
}

}  // namespace

std::unique_ptr<Trainer> Trainer::Make(const base::Graph& graph, const base::TrainConfig& config, const base::LossConfig& loss,
                                       const base::DataSpec& data, const StateLayout& layout) {
  return layout.precision == base::DType::kFloat64 ? MakeTrainer<double>(graph, config, loss, data, layout)
                                                   : MakeTrainer<float>(graph, config, loss, data, layout);
}

}  // namespace engine::native
