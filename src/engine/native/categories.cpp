#include "engine/native/categories.hpp"

#include <algorithm>
#include <utility>

namespace engine::native {

namespace {

template <typename T>
class Joiner {
 public:
  Joiner(const base::Graph& graph, const std::vector<int>& returned, std::vector<StageValue>* values,
         std::vector<JoinedStage<T>>* stages)
      : graph_(graph), values_(*values), stages_(*stages), readers_(values->size()), makers_(values->size(), kNone) {
    for (const int value : returned) ++readers_[static_cast<size_t>(value)];
    for (size_t i = 0; i < stages_.size(); ++i) {
      makers_[static_cast<size_t>(stages_[i].output)] = i;
      for (const int input : stages_[i].inputs) ++readers_[static_cast<size_t>(input)];
    }
  }

  void Join() {
    for (JoinedStage<T>& stage : stages_) {
      if (stage.layer != nullptr && stage.inputs.size() == 1) JoinStage(&stage);
    }
    const auto gone = [](const JoinedStage<T>& stage) { return stage.layer == nullptr; };
    stages_.erase(std::remove_if(stages_.begin(), stages_.end(), gone), stages_.end());
  }

 private:
  static constexpr size_t kNone = static_cast<size_t>(-1);

  /// The stage that makes a value which nobody else reads, or nullptr.
  JoinedStage<T>* SoleMaker(int value) {
    const auto at = static_cast<size_t>(value);
    return readers_[at] == 1 && makers_[at] != kNone ? &stages_[makers_[at]] : nullptr;
  }

  /// An Embedding's layer that makes categories, or nullptr.
  std::unique_ptr<Layer<T>> CategoriesOf(int value) {
    const JoinedStage<T>* maker = SoleMaker(value);
    if (maker == nullptr || maker->layer->graph_layer() < 0) return nullptr;
    const std::vector<base::WeightSpec>& weights =
        graph_.layers[static_cast<size_t>(maker->layer->graph_layer())].weights;
    return !weights.empty() && weights[0].trainable ? maker->layer->MakeCategories() : nullptr;
  }

  void JoinStage(JoinedStage<T>* dense) {
    JoinedStage<T>* together = SoleMaker(dense->inputs[0]);
    if (together != nullptr && together->layer->PositionOfInput(0) < 0) together = nullptr;
    const std::vector<int> inputs = together == nullptr ? dense->inputs : together->inputs;
    std::vector<size_t> rest;
    std::vector<CategoryPart> parts;
    std::vector<std::pair<int, std::unique_ptr<Layer<T>>>> embeddings;  // the value of each
    for (size_t i = 0; i < inputs.size(); ++i) {
      std::unique_ptr<Layer<T>> made = CategoriesOf(inputs[i]);
      if (made == nullptr) {
        rest.push_back(i);
        continue;
      }
      const int embedding = SoleMaker(inputs[i])->layer->graph_layer();
      parts.push_back({together == nullptr ? 0 : together->layer->PositionOfInput(i),
                       values_[static_cast<size_t>(inputs[i])].elements, embedding,
                       graph_.layers[static_cast<size_t>(embedding)].weights[0].shape[0]});
      embeddings.emplace_back(inputs[i], std::move(made));
    }
    std::unique_ptr<Layer<T>> layer = parts.empty() ? nullptr : dense->layer->MakeOfCategories(parts);
    if (layer == nullptr) return;
    dense->layer = std::move(layer);
    dense->inputs = KeepTogether(together, inputs, rest);
    for (auto& [value, embedding] : embeddings) {
      values_[static_cast<size_t>(value)].elements = embedding->output_elements();
      SoleMaker(value)->layer = std::move(embedding);
      dense->inputs.push_back(value);
    }
  }

  /// What the Dense reads besides categories. Of two inputs or more the Concatenate stays.
  std::vector<int> KeepTogether(JoinedStage<T>* together, const std::vector<int>& inputs,
                                const std::vector<size_t>& rest) {
    if (together == nullptr) return {};
    if (rest.size() < 2) {
      values_[static_cast<size_t>(together->output)].stage = -1;
      together->layer.reset();
      together->inputs.clear();
      return rest.empty() ? std::vector<int>() : std::vector<int>{inputs[rest[0]]};
    }
    together->layer = together->layer->OfInputs(rest);
    together->inputs.clear();
    for (const size_t input : rest) together->inputs.push_back(inputs[input]);
    values_[static_cast<size_t>(together->output)].elements = together->layer->output_elements();
    return {together->output};
  }

  const base::Graph& graph_;
  std::vector<StageValue>& values_;
  std::vector<JoinedStage<T>>& stages_;
  std::vector<int> readers_;    // by value
  std::vector<size_t> makers_;  // by value: index of a stage
};

}  // namespace

template <typename T>
void JoinCategories(const base::Graph& graph, const std::vector<int>& returned, std::vector<StageValue>* values,
                    std::vector<JoinedStage<T>>* stages) {
  Joiner<T>(graph, returned, values, stages).Join();
}

template void JoinCategories(const base::Graph&, const std::vector<int>&, std::vector<StageValue>*,
                             std::vector<JoinedStage<float>>*);
template void JoinCategories(const base::Graph&, const std::vector<int>&, std::vector<StageValue>*,
                             std::vector<JoinedStage<double>>*);

}  // namespace engine::native
