#include "engine/native/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "definitions/optimizer.hpp"
#include "engine/api/workspace.hpp"
#include "engine/math/activations.hpp"
#include "engine/math/learning_rate.hpp"
#include "engine/math/losses.hpp"
#include "engine/math/metrics.hpp"
#include "engine/math/optimizer.hpp"
#include "engine/math/poll.hpp"
#include "engine/native/batch.hpp"
#include "engine/native/network.hpp"
#include "engine/native/trained_weights.hpp"

namespace engine::native {

namespace {

/// The network, how rows get into it, and where weights lie in a block.
template <typename T>
class TypedProgram : public Program, public std::enable_shared_from_this<TypedProgram<T>> {
 public:
  /// scored_bytes: Network::ResultBytes of the network as whose part this one is scored.
  TypedProgram(std::unique_ptr<const Network<T>> compiled, int64_t scored_bytes, const base::Graph& graph,
               const std::map<int, double>& class_weight, const base::DataSpec& data, const StateLayout& layout)
      : network(std::move(compiled)),
        result_bytes(scored_bytes),
        loader(graph, data, SparseTargets(), class_weight),
        weights(graph, layout) {}

  std::unique_ptr<Trainer> MakeTrainer(const base::OptimizerConfig& optimizer, int64_t batch_size) const override;
  bool uses_sparse_product() const override { return network->uses_sparse_product(); }

  const std::unique_ptr<const Network<T>> network;
  const int64_t result_bytes;
  const BatchLoader<T> loader;  // a trainer's begins as a copy
  const TrainedWeights weights;

 private:
  std::vector<bool> SparseTargets() const {
    std::vector<bool> sparse;
    for (size_t i = 0; i < network->outputs(); ++i) sparse.push_back(network->loss(i).sparse());
    return sparse;
  }
};

/// A trained weight in the block of a trainer.
template <typename T>
struct Moved : TrainedWeight {
  explicit Moved(const TrainedWeight& trained) : TrainedWeight(trained) {}
  T* weight = nullptr;
  T* gradient = nullptr;
  T* slots[math::kMaxSlots] = {};
  bool decays = false;  // by the optimizer's weight decay
  bool moved = false;  // in this step, part by part
};

template <typename T>
class TypedTrainer : public Trainer, private GradientSink<T>, private GradientParts<T> {
 public:
  TypedTrainer(std::shared_ptr<const TypedProgram<T>> program, const base::OptimizerConfig& optimizer, int64_t batch_size)
      : program_(std::move(program)), network_(program_->network.get()), loader_(program_->loader) {
    for (const size_t count : program_->weights.counts) {
      weights_.emplace_back(count, nullptr);
      gradient_destinations_.emplace_back(count, nullptr);
    }
    size_t norms = 0;
    for (const std::vector<TrainedWeight>& layer : program_->weights.layers) {
      moved_.emplace_back(layer.begin(), layer.end());
      for (const TrainedWeight& weight : layer) {
        if (weight.constraint) norms = std::max(norms, static_cast<size_t>(weight.constraint->norms()));
      }
    }
    norms_.resize(norms);
    Configure(optimizer, batch_size);
  }

  void Configure(const base::OptimizerConfig& optimizer, int64_t batch_size) override {
    optimizer_ = optimizer;
    const bool clips_jointly = optimizer.global_clipnorm > 0;
    const bool laid_out = clips_jointly_ == clips_jointly;
    clips_ = math::ClipsGradients(optimizer);
    const definitions::OptimizerDefinition& definition = definitions::DefinitionOf(optimizer);
    keeps_untouched_ = definition.keeps_untouched != nullptr && definition.keeps_untouched(optimizer);
    clips_jointly_ = clips_jointly;
    batch_size_ = batch_size;
    for (std::vector<Moved<T>>& layer : moved_) {
      for (Moved<T>& weight : layer) weight.decays = optimizer.weight_decay != 0 && math::Decays(optimizer, weight.name);
    }
    if (!laid_out) pass_rows_ = 0;
    UseWorkspace(nullptr, batch_size);
  }

  void SetClassWeights(const std::map<int, double>& class_weight) override { loader_.SetClassWeights(class_weight); }

  void Attach(void* block) override {
    counters_ = static_cast<StateCounters*>(block);
    if (block == nullptr) return;
    const auto at = [&](size_t tensor) { return reinterpret_cast<T*>(static_cast<char*>(block) + program_->weights.offsets[tensor]); };
    size_t next = 0;
    for (std::vector<T*>& layer : weights_) {
      for (T*& weight : layer) weight = at(next++);
    }
    for (std::vector<Moved<T>>& layer : moved_) {
      for (Moved<T>& weight : layer) {
        weight.weight = at(weight.tensor);
        for (size_t s = 0; s < program_->weights.slots; ++s) weight.slots[s] = at(weight.first_slot + s);
      }
    }
  }

  size_t WorkspaceBytes(int64_t rows) const override { return loader_.Bytes(rows) + train_bytes_; }

  void UseWorkspace(std::shared_ptr<Workspace> memory, int64_t rows) override {
    if (memory != nullptr) memory_ = std::move(memory);
    loaded_rows_ = rows;
    memory_start_ = nullptr;
    const int64_t pass_rows = std::min(batch_size_, rows);
    if (pass_rows_ == pass_rows) return;
    pass_rows_ = pass_rows;
    pass_layout_ = network_->LayOut(pass_rows, true);
    LayOutGradients();
  }

  void Load(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n) override {
    SetPointers(WorkspaceBytes(loaded_rows_));
    loader_.Load(buffer, rows, first, n, true, true);
  }

  size_t ScoringBytes(int64_t rows) const override {
    return loader_.Bytes(rows) + network_->LayOut(std::min(rows, ScoringRows()), false).bytes;
  }

  void LoadForScoring(const base::Buffer& buffer, int64_t first, int64_t n) override {
    SetPointers(loader_.Bytes(loaded_rows_) + ScoringLayout().bytes);
    loader_.Load(buffer, nullptr, first, n, true, false);
  }

  size_t ProductBytes() const override { return static_cast<size_t>(network_->product_elements()) * sizeof(T); }
  void MakeProducts(void* memory) const override { network_->MakeProducts(weights_, static_cast<T*>(memory)); }

  void Score(int64_t first, int64_t n, const std::vector<base::MetricConfig>& metrics, const std::vector<int>& outputs,
             const void* products, double* sums) override {
    SetPointers(loader_.Bytes(loaded_rows_) + ScoringLayout().bytes);
    const int64_t most = ScoringRows();
    for (int64_t done = 0; done < n; done += most) ScoreRows(first + done, std::min(most, n - done), metrics, outputs, products, sums);
    sums[1] += static_cast<double>(n) * RegularizerLoss();
  }

  bool TakeLoaded(const Trainer& other) override {
    const auto* like = dynamic_cast<const TypedTrainer*>(&other);
    if (like == nullptr || like->memory_ != memory_ || like->loaded_rows_ != loaded_rows_) return false;
    if (!loader_.LoadsLike(like->loader_)) return false;
    loader_.TakeLoaded(like->loader_);
    return true;
  }

  double InputDensity(const base::Buffer& buffer, int64_t n) override {
    n = std::min(n, buffer.rows);
    if (n == 0 || !network_->uses_sparse_product()) return 1;
    UseWorkspace(nullptr, n);
    SetPointers(loader_.Bytes(n));
    return network_->Density(loader_.Load(buffer, nullptr, 0, n, false, false).inputs.data(), n);
  }

  bool Train(int64_t first, int64_t n, const math::DrawKeys& keys, double* loss_sum) override {
    SetPointers(WorkspaceBytes(loaded_rows_));
    const Batch<T>& batch = loader_.Slice(first, n);
    typename Network<T>::Pass pass;
    pass.layout = &pass_layout_;
    pass.workspace = pass_memory_;
    pass.weights = &weights_;
    pass.inputs = batch.inputs.data();
    pass.rows = batch.rows;
    pass.keys = &keys;
    network_->Forward(pass);
    double sum = Losses(batch, pass);
    sum += static_cast<double>(n) * RegularizerLoss();
    if (!std::isfinite(sum)) return false;
    *loss_sum += sum;

    const math::UpdateRule<T> rule(optimizer_, math::LearningRate(optimizer_, counters_->step), counters_->step);
    rule_ = &rule;
    network_->Backward(pass, this);
    if (clips_jointly_) {
      math::ClipGradients<T>(optimizer_, views_);
      for (size_t layer = 0; layer < moved_.size(); ++layer) {
        if (network_->moves(static_cast<int>(layer))) Move(&moved_[layer]);
      }
    }
    rule_ = nullptr;
    ++counters_->step;
    return true;
  }

 private:
  /// Of all outputs, in their order; their gradients are left where Backward wants them.
  double Losses(const Batch<T>& batch, const typename Network<T>::Pass& pass) {
    double sum = 0;
    for (size_t i = 0; i < network_->outputs(); ++i) {
      const Loss& loss = network_->loss(i);
      const T* results = network_->Results(pass, i);
      T* values = network_->LossValues(pass, i);
      std::copy(results, results + pass.rows * loss.positions() * loss.classes(), values);
      const T* mask = network_->Mask(pass, i);
      const double of_output = loss.Run(batch, batch.targets[i], values, InPass(pass.layout->factors), InPass(pass.layout->losses), mask,
                                        mask == nullptr ? 0 : network_->mask_elements(i));
      sum = i == 0 ? of_output : sum + of_output;
    }
    return sum;
  }

  void ScoreRows(int64_t first, int64_t n, const std::vector<base::MetricConfig>& metrics, const std::vector<int>& outputs,
                 const void* products, double* sums) {
    const Batch<T>& batch = loader_.Slice(first, n);
    typename Network<T>::Pass pass;
    pass.layout = &ScoringLayout();
    pass.workspace = pass_memory_;
    pass.weights = &weights_;
    pass.inputs = batch.inputs.data();
    pass.rows = n;
    pass.products = static_cast<const T*>(products);
    network_->Forward(pass);
    sums[0] += static_cast<double>(n);
    sums[1] += Losses(batch, pass);
    int current = -1;
    math::MetricBatch<T> predictions;
    double* at = sums + 2;
    for (size_t m = 0; m < metrics.size(); ++m) {
      if (outputs[m] != current) {
        current = outputs[m];
        predictions = Predictions(pass, batch, static_cast<size_t>(current));
      }
      math::UpdateMetric<T>(metrics[m], predictions, at);
      at += math::MetricSums(metrics[m], predictions.classes);
    }
  }

  /// Over what the loss has made of LossValues: the results are others' to read.
  math::MetricBatch<T> Predictions(const typename Network<T>::Pass& pass, const Batch<T>& batch, size_t output) {
    const Loss& loss = network_->loss(output);
    const int64_t positions = pass.rows * loss.positions();
    const T* results = network_->Results(pass, output);
    math::MetricBatch<T> predictions;
    predictions.output = results;
    if (loss.squash() != math::FusedActivation::kLinear) {
      T* values = network_->LossValues(pass, output);
      std::copy(results, results + positions * loss.classes(), values);
      math::BiasActivation(loss.squash(), static_cast<const T*>(nullptr), positions, loss.classes(), values);
      predictions.output = values;
    }
    predictions.target = batch.targets[output].values;
    predictions.index = batch.targets[output].index;
    predictions.positions = positions;
    predictions.classes = loss.classes();
    const T* mask = network_->Mask(pass, output);
    if (mask != nullptr && network_->mask_elements(output) == loss.positions()) {
      bool* counts = reinterpret_cast<bool*>(pass_memory_ + pass.layout->factors);  // the losses have been made
      for (int64_t i = 0; i < positions; ++i) counts[i] = mask[i] != 0;
      predictions.mask = counts;
    }
    return predictions;
  }

  T* InPass(size_t offset) const { return reinterpret_cast<T*>(pass_memory_ + offset); }

  // A layer's gradients are used up before the next layer's are made: they share memory. They have memory of their own
  // when all are clipped by one norm, and those of a layer whose calls add to them.
  void LayOutGradients() {
    gradient_offsets_.assign(moved_.size(), pass_layout_.bytes);
    size_t shared = pass_layout_.bytes;
    for (size_t layer = 0; layer < moved_.size(); ++layer) {
      if (!network_->moves(static_cast<int>(layer)) || !(clips_jointly_ || network_->adds_calls(static_cast<int>(layer)))) continue;
      gradient_offsets_[layer] = shared;
      shared += GradientBytes(moved_[layer]);
    }
    train_bytes_ = shared;
    for (size_t layer = 0; layer < moved_.size(); ++layer) {
      if (!network_->moves(static_cast<int>(layer)) || clips_jointly_ || network_->adds_calls(static_cast<int>(layer))) continue;
      gradient_offsets_[layer] = shared;
      train_bytes_ = std::max(train_bytes_, shared + GradientBytes(moved_[layer]));
    }
  }

  static size_t GradientBytes(const std::vector<Moved<T>>& layer) {
    size_t bytes = 0;
    for (const Moved<T>& weight : layer) bytes += Workspace::Padded<T>(weight.count);
    return bytes;
  }

  // At once: as many as leave the results of a convolutional network in the cache, but no fewer than make the results
  // outweigh the weights, which come into the cache again with every slice. A function of the network alone, because
  // sums are made of a slice's; of a graph that was cut, of the whole one, whose sums it makes.
  int64_t ScoringRows() const {
    constexpr int64_t kCacheBytes = 1024 * 1024, kUnit = 8;  // a tile's rows (engine/math/simd/gemm_tiles.inc)
    const int64_t bytes = std::max(kCacheBytes, program_->weights.elements * static_cast<int64_t>(sizeof(T)));
    return std::max(kUnit, bytes / program_->result_bytes / kUnit * kUnit);
  }

  const typename Network<T>::Layout& ScoringLayout() {
    if (scoring_rows_ != loaded_rows_) scoring_layout_ = network_->LayOut(std::min(loaded_rows_, ScoringRows()), false);
    scoring_rows_ = loaded_rows_;
    return scoring_layout_;
  }

  // Workspace: rows loaded | pass | gradients. Nobody makes it larger between a Load and what is done with the rows.
  void SetPointers(size_t bytes) {
    if (memory_ == nullptr) memory_ = std::make_shared<Workspace>();
    memory_->Reserve(bytes);
    char* base = memory_->template At<char>(0);
    if (base == memory_start_) return;
    memory_start_ = base;
    loader_.UseMemory(base, loaded_rows_);
    pass_memory_ = base + loader_.Bytes(loaded_rows_);
    views_.clear();
    for (size_t layer = 0; layer < moved_.size(); ++layer) {
      if (!network_->moves(static_cast<int>(layer))) continue;
      size_t offset = gradient_offsets_[layer];
      for (Moved<T>& weight : moved_[layer]) {
        weight.gradient = InPass(offset);
        offset += Workspace::Padded<T>(weight.count);
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
        if (r.l1 != 0 || r.l2 != 0) sum += math::RegularizerSum(weight.weight, weight.count, r.l1, r.l2);
        if (r.orthogonal != 0) sum += math::OrthogonalPenalty(weight.weight, r.vectors, r.orthogonal);
      }
    }
    return sum;
  }

  T* const* Destinations(int graph_layer) override { return gradient_destinations_[static_cast<size_t>(graph_layer)].data(); }

  // A norm is taken of a whole gradient, and so is a step that looks at the whole weight.
  GradientParts<T>* Parts(int graph_layer) override {
    parts_layer_ = &moved_[static_cast<size_t>(graph_layer)];
    const bool orthogonal = std::any_of(parts_layer_->begin(), parts_layer_->end(),
                                        [](const Moved<T>& weight) { return weight.regularizer.orthogonal != 0; });
    return clips_ || orthogonal || rule_->whole() ? nullptr : this;
  }

  void Take(size_t weight_index, int64_t first, int64_t n, T* values) override {
    math::PollInterrupts();
    for (Moved<T>& weight : *parts_layer_) {
      if (weight.index != weight_index) continue;
      const Regularizer& r = weight.regularizer;
      if (!r.empty()) math::AddRegularizer(weight.weight + first, n, static_cast<T>(r.l1), static_cast<T>(2 * r.l2), values);
      T* slots[math::kMaxSlots];
      for (size_t s = 0; s < program_->weights.slots; ++s) slots[s] = weight.slots[s] + first;
      rule_->Apply(weight.weight + first, values, slots, n, weight.decays);
      weight.moved = true;
    }
  }

  bool skips_zeros(size_t weight_index) const override {
    const auto same = [&](const Moved<T>& weight) { return weight.index == weight_index; };
    const auto weight = std::find_if(parts_layer_->begin(), parts_layer_->end(), same);
    return keeps_untouched_ && weight != parts_layer_->end() && weight->regularizer.empty() && !weight->decays;
  }

  void Done(int graph_layer) override {
    std::vector<Moved<T>>& layer = moved_[static_cast<size_t>(graph_layer)];
    for (Moved<T>& weight : layer) {
      const Regularizer& r = weight.regularizer;
      if (weight.moved) continue;
      if (r.l1 != 0 || r.l2 != 0) {
        math::AddRegularizer(weight.weight, weight.count, static_cast<T>(r.l1), static_cast<T>(2 * r.l2), weight.gradient);
      }
      if (r.orthogonal != 0) math::AddOrthogonalGradient(weight.weight, r.vectors, r.orthogonal, weight.gradient);
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
      if (!weight.moved) MoveInParts(weight);
      weight.moved = false;
      if (weight.constraint) weight.constraint->Apply(weight.weight, norms_.data());
    }
  }

  // Parts give the bits of the whole: elements are moved one by one, but by a rule that wants them all.
  void MoveInParts(const Moved<T>& weight) {
    const int64_t part = rule_->whole() ? weight.count : int64_t{1024 * 1024};
    for (int64_t first = 0; first < weight.count; first += part) {
      if (first > 0) math::PollInterrupts();
      T* slots[math::kMaxSlots];
      for (size_t s = 0; s < program_->weights.slots; ++s) slots[s] = weight.slots[s] + first;
      rule_->Apply(weight.weight + first, weight.gradient + first, slots, std::min(part, weight.count - first), weight.decays);
    }
  }

  const std::shared_ptr<const TypedProgram<T>> program_;
  const Network<T>* network_;  // the program's
  base::OptimizerConfig optimizer_;
  int64_t batch_size_ = 0;
  int64_t pass_rows_ = 0;  // that pass_layout_ has room for
  BatchLoader<T> loader_;
  typename Network<T>::Layout pass_layout_;
  bool clips_jointly_ = false;
  bool clips_ = false;
  bool keeps_untouched_ = false;  // the optimizer, a weight whose gradient is zero
  typename Network<T>::Weights weights_;                // by graph layer
  std::vector<std::vector<T*>> gradient_destinations_;  // of gradients, by graph layer
  std::vector<std::vector<Moved<T>>> moved_;            // by graph layer
  std::vector<math::GradientView<T>> views_;
  std::vector<size_t> gradient_offsets_;  // by graph layer, from the pass's start
  std::vector<T> norms_;                  // of the constraint that takes most
  size_t train_bytes_ = 0;                // pass and gradients
  typename Network<T>::Layout scoring_layout_;
  int64_t scoring_rows_ = 0;              // that it is for
  std::shared_ptr<Workspace> memory_;  // own or shared; from the first Load on
  int64_t loaded_rows_ = 0;               // that it has room for
  char* memory_start_ = nullptr;          // where the memory began when pointers were set
  char* pass_memory_ = nullptr;
  StateCounters* counters_ = nullptr;
  const math::UpdateRule<T>* rule_ = nullptr;     // in Train
  std::vector<Moved<T>>* parts_layer_ = nullptr;  // of the layer that hands parts over
};

template <typename T>
std::unique_ptr<Trainer> TypedProgram<T>::MakeTrainer(const base::OptimizerConfig& optimizer, int64_t batch_size) const {
  return std::make_unique<TypedTrainer<T>>(this->shared_from_this(), optimizer, batch_size);
}

template <typename T>
std::shared_ptr<const Program> MakeProgram(const base::Graph& graph, const std::vector<base::LossConfig>& losses,
                                           const std::vector<double>& loss_weights, const std::map<int, double>& class_weight,
                                           const base::DataSpec& data, const StateLayout& layout) {
  std::unique_ptr<const Network<T>> network = Network<T>::Make(graph, losses, loss_weights);
  if (!network) return nullptr;
  const std::unique_ptr<const Network<T>> whole = graph.whole == nullptr ? nullptr : Network<T>::Make(*graph.whole, losses, loss_weights);
  const int64_t result_bytes = (whole == nullptr ? network : whole)->ResultBytes();
  return std::make_shared<const TypedProgram<T>>(std::move(network), result_bytes, graph, class_weight, data, layout);
}

}  // namespace

std::shared_ptr<const Program> Program::Make(const base::Graph& graph, const std::vector<base::LossConfig>& losses,
                                             const std::vector<double>& loss_weights, const std::map<int, double>& class_weight,
                                             const base::DataSpec& data, const StateLayout& layout) {
  return layout.precision == base::DType::kFloat64 ? MakeProgram<double>(graph, losses, loss_weights, class_weight, data, layout)
                                                   : MakeProgram<float>(graph, losses, loss_weights, class_weight, data, layout);
}

}  // namespace engine::native
