// Embedding: input_dim ! positive, output_dim ! positive, embeddings_initializer, embeddings_regularizer,
// embeddings_constraint, mask_zero false, input_length null or list of integers. Weights: embeddings (input_dim,
// output_dim).
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::Shape;
using T = ArgumentType;

Shape OutputShape(const Layer& layer, const Shapes& inputs) {
  const base::Value& length = *layer.attributes.Find("input_length");
  if (!length.is_null()) {
    Shape given;
    for (const base::Value& size : length.list()) given.push_back(size.integer());
    if (given != inputs[0]) {
      Unfit(layer, "argument \"input_length\" " + base::FormatShape(given) + " does not fit the input " + base::FormatShape(inputs[0]));
    }
  }
  Shape shape = inputs[0];
  shape.push_back(Int(layer, "output_dim"));
  return shape;
}

std::vector<base::WeightSpec> Weights(const Layer& layer, const Shapes&) {
  return {Weight(layer, "embeddings", "embeddings", {Int(layer, "input_dim"), Int(layer, "output_dim")})};
}

LayerDefinition Define() {
  LayerDefinition embedding;
  embedding.kind = base::LayerKind::kEmbedding;
  embedding.class_names = {"Embedding"};
  embedding.arguments = {{"input_dim", T::kPositive}, {"output_dim", T::kPositive}, Initializer("embeddings_initializer", "'uniform'"),
                         Regularizer("embeddings_regularizer"), Constraint("embeddings_constraint"), {"mask_zero", T::kBool, "False"},
                         {"input_length", T::kInputLength, "None"}, kNoActivityRegularizer, Absent("sparse"), Absent("lora_rank")};
  embedding.shape = OutputShape;
  embedding.weights = Weights;
  embedding.cost.work = Work::kElements;
  embedding.range = AnyRange;
  embedding.exchange = {"Gather", {{"embeddings", "weight", {}}}};
  return embedding;
}

}  // namespace

const LayerDefinition kEmbedding = Define();

}  // namespace layers
