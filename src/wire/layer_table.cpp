#include "wire/layer_table.hpp"

#include <algorithm>

#include "wire/argument.hpp"
#include "wire/layer_rules.hpp"

namespace wire {
namespace {

using base::LayerKind;
using T = ArgumentType;

constexpr size_t kMostInputs = 10000;

// Arguments that any Keras layer may have and that change nothing here: types are the engine's, shapes are read from the graph,
// `name` and `trainable` are fields of base::Layer.
const std::vector<const char*> kIgnoredEverywhere = {
    "name", "trainable", "dtype", "input_dtype", "batch_input_shape", "batch_shape", "input_shape", "build_input_shape", "build_config",
    "input_dim", "input_length", "autocast", "quantization_config",
};

const Argument kGlorot{"kernel_initializer", T::kInitializer, "'glorot_uniform'"};
const Argument kBiasInitializer{"bias_initializer", T::kInitializer, "'zeros'"};
const Argument kUseBias{"use_bias", T::kBool, "True"};
const Argument kFormat{"data_format", T::kDataFormat, "'channels_last'"};
const Argument kWindowPadding{"padding", T::kChoice, "'valid'", "valid same"};
const Argument kNoActivityRegularizer{"activity_regularizer", T::kAbsent};

Argument Activation(const char* name, const char* initial) { return {name, T::kActivation, initial}; }
Argument Regularizer(const char* name) { return {name, T::kRegularizer, "None"}; }
Argument Constraint(const char* name) { return {name, T::kConstraint, "None"}; }
Argument Initializer(const char* name, const char* initial) { return {name, T::kInitializer, initial}; }

// Arguments of recurrent layers that follow their weights.
std::vector<Argument> Recurrent(const Argument& variant) {
  return {{"units", T::kPositive}, Activation("activation", "'tanh'"), Activation("recurrent_activation", "'sigmoid'"), kUseBias, kGlorot,
          Initializer("recurrent_initializer", "'orthogonal'"), kBiasInitializer, variant, Regularizer("kernel_regularizer"),
          Regularizer("recurrent_regularizer"), Regularizer("bias_regularizer"), Constraint("kernel_constraint"),
          Constraint("recurrent_constraint"), Constraint("bias_constraint"), {"dropout", T::kRate, "0.0"},
          {"recurrent_dropout", T::kRate, "0.0"}, {"return_sequences", T::kBool, "False"}, {"go_backwards", T::kBool, "False"},
          {"return_state", T::kAbsent}, {"stateful", T::kAbsent}, {"time_major", T::kAbsent}, {"zero_output_for_mask", T::kAbsent},
          kNoActivityRegularizer};
}
// How Keras computes, not what.
const std::vector<const char*> kRecurrentIgnored = {"implementation", "unroll", "seed", "use_cudnn"};

const std::vector<Argument> kPooling = {{"pool_size", T::kPair, "2"}, {"strides", T::kPairOr, "None", "pool_size"}, kWindowPadding,
                                        kFormat};
const std::vector<Argument> kGlobalPooling = {kFormat, {"keepdims", T::kBool, "False"}};

std::vector<LayerRow> MakeTable() {
  return {
      {LayerKind::kInput, {"InputLayer"},
       {{"shape", T::kInputShape}, {"sparse", T::kAbsent}, {"ragged", T::kAbsent}, {"type_spec", T::kAbsent}},
       {"optional"}, 0, 0, InputShape, nullptr, nullptr},

      {LayerKind::kDense, {"Dense"},
       {{"units", T::kPositive}, Activation("activation", "'linear'"), kUseBias, kGlorot, kBiasInitializer,
        Regularizer("kernel_regularizer"), Regularizer("bias_regularizer"), Constraint("kernel_constraint"),
        Constraint("bias_constraint"), kNoActivityRegularizer, {"lora_rank", T::kAbsent}},
       {}, 1, 1, DenseShape, DenseWeights, DenseFlops},

      {LayerKind::kConv2D, {"Conv2D", "Convolution2D"},
       {{"filters", T::kPositive}, {"kernel_size", T::kPair}, {"strides", T::kPair, "1"}, kWindowPadding, kFormat,
        {"dilation_rate", T::kPair, "1"}, {"groups", T::kPositive, "1"}, Activation("activation", "'linear'"), kUseBias, kGlorot,
        kBiasInitializer, Regularizer("kernel_regularizer"), Regularizer("bias_regularizer"), Constraint("kernel_constraint"),
        Constraint("bias_constraint"), kNoActivityRegularizer},
       {}, 1, 1, Conv2DShape, Conv2DWeights, Conv2DFlops},

      {LayerKind::kMaxPooling2D, {"MaxPooling2D", "MaxPool2D"}, kPooling, {}, 1, 1, Pooling2DShape, nullptr, Pooling2DFlops},
      {LayerKind::kAveragePooling2D, {"AveragePooling2D", "AvgPool2D"}, kPooling, {}, 1, 1, Pooling2DShape, nullptr, Pooling2DFlops},
      {LayerKind::kGlobalAveragePooling2D, {"GlobalAveragePooling2D", "GlobalAvgPool2D"}, kGlobalPooling, {}, 1, 1, GlobalPooling2DShape,
       nullptr, GlobalPooling2DFlops},
      {LayerKind::kGlobalMaxPooling2D, {"GlobalMaxPooling2D", "GlobalMaxPool2D"}, kGlobalPooling, {}, 1, 1, GlobalPooling2DShape, nullptr,
       GlobalPooling2DFlops},

      {LayerKind::kFlatten, {"Flatten"}, {kFormat}, {}, 1, 1, FlattenShape, nullptr, nullptr},
      {LayerKind::kReshape, {"Reshape"}, {{"target_shape", T::kTargetShape}}, {}, 1, 1, ReshapeShape, nullptr, nullptr},
      {LayerKind::kZeroPadding2D, {"ZeroPadding2D"}, {{"padding", T::kPadding, "1"}, kFormat}, {}, 1, 1, ZeroPadding2DShape, nullptr,
       nullptr},

      {LayerKind::kDropout, {"Dropout"}, {{"rate", T::kRate}, {"noise_shape", T::kNoiseShape, "None"}, {"seed", T::kSeed, "None"}},
       {}, 1, 1, DropoutShape, nullptr, ElementFlops},

      {LayerKind::kBatchNormalization, {"BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2"},
       {{"axis", T::kAxis, "-1"}, {"momentum", T::kFraction, "0.99"}, {"epsilon", T::kNonNegative, "0.001"}, {"center", T::kBool, "True"},
        {"scale", T::kBool, "True"}, Initializer("beta_initializer", "'zeros'"), Initializer("gamma_initializer", "'ones'"),
        Initializer("moving_mean_initializer", "'zeros'"), Initializer("moving_variance_initializer", "'ones'"),
        Regularizer("beta_regularizer"), Regularizer("gamma_regularizer"), Constraint("beta_constraint"), Constraint("gamma_constraint"),
        {"renorm", T::kAbsent}, {"virtual_batch_size", T::kAbsent}, {"synchronized", T::kAbsent}},
       {"fused"}, 1, 1, NormalizationShape, NormalizationWeights, NormalizationFlops},

      {LayerKind::kLayerNormalization, {"LayerNormalization"},
       {{"axis", T::kAxes, "-1"}, {"epsilon", T::kNonNegative, "0.001"}, {"center", T::kBool, "True"}, {"scale", T::kBool, "True"},
        Initializer("beta_initializer", "'zeros'"), Initializer("gamma_initializer", "'ones'"), Regularizer("beta_regularizer"),
        Regularizer("gamma_regularizer"), Constraint("beta_constraint"), Constraint("gamma_constraint"), {"rms_scaling", T::kAbsent}},
       {}, 1, 1, NormalizationShape, NormalizationWeights, NormalizationFlops},

      {LayerKind::kActivation, {"Activation"}, {{"activation", T::kActivation}}, {}, 1, 1, SameShape, nullptr, ElementFlops},
      {LayerKind::kReLU, {"ReLU"},
       {{"max_value", T::kNonNegativeOrNull, "None"}, {"negative_slope", T::kNonNegative, "0.0"}, {"threshold", T::kNonNegative, "0.0"}},
       {}, 1, 1, SameShape, nullptr, ElementFlops},
      {LayerKind::kLeakyReLU, {"LeakyReLU"}, {{"alpha", T::kNonNegative, "0.3"}}, {}, 1, 1, SameShape, nullptr, ElementFlops},
      {LayerKind::kELU, {"ELU"}, {{"alpha", T::kNumber, "1.0"}}, {}, 1, 1, SameShape, nullptr, ElementFlops},
      {LayerKind::kSoftmax, {"Softmax"}, {{"axis", T::kAxis, "-1"}}, {}, 1, 1, NormalizationShape, nullptr, ElementFlops},

      {LayerKind::kEmbedding, {"Embedding"},
       {{"input_dim", T::kPositive}, {"output_dim", T::kPositive}, Initializer("embeddings_initializer", "'uniform'"),
        Regularizer("embeddings_regularizer"), Constraint("embeddings_constraint"), {"mask_zero", T::kBool, "False"},
        {"input_length", T::kInputLength, "None"}, kNoActivityRegularizer, {"sparse", T::kAbsent}, {"lora_rank", T::kAbsent}},
       {}, 1, 1, EmbeddingShape, EmbeddingWeights, nullptr},

      {LayerKind::kLSTM, {"LSTM"}, Recurrent({"unit_forget_bias", T::kBool, "True"}), kRecurrentIgnored, 1, 1, RecurrentShape,
       RecurrentWeights, RecurrentFlops},
      {LayerKind::kGRU, {"GRU"}, Recurrent({"reset_after", T::kBool, "True"}), kRecurrentIgnored, 1, 1, RecurrentShape, RecurrentWeights,
       RecurrentFlops},

      {LayerKind::kAdd, {"Add"}, {}, {}, 2, kMostInputs, MergeShape, nullptr, MergeFlops},
      {LayerKind::kMultiply, {"Multiply"}, {}, {}, 2, kMostInputs, MergeShape, nullptr, MergeFlops},
      {LayerKind::kAverage, {"Average"}, {}, {}, 2, kMostInputs, MergeShape, nullptr, MergeFlops},
      {LayerKind::kMaximum, {"Maximum"}, {}, {}, 2, kMostInputs, MergeShape, nullptr, MergeFlops},
      {LayerKind::kConcatenate, {"Concatenate"}, {{"axis", T::kAxis, "-1"}}, {}, 1, kMostInputs, ConcatenateShape, nullptr, nullptr},
  };
}

}  // namespace

const std::vector<LayerRow>& LayerTable() {
  static const std::vector<LayerRow> table = MakeTable();
  return table;
}

const LayerRow* FindLayer(const std::string& class_name) {
  for (const LayerRow& row : LayerTable()) {
    for (const char* known : row.class_names) {
      if (class_name == known) return &row;
    }
  }
  return nullptr;
}

const LayerRow* FindLayer(LayerKind kind) {
  for (const LayerRow& row : LayerTable()) {
    if (row.kind == kind) return &row;
  }
  return nullptr;
}

std::string KnownLayers() {
  std::vector<std::string> names;
  for (const LayerRow& row : LayerTable()) names.emplace_back(row.class_names[0]);
  std::sort(names.begin(), names.end());
  std::string known;
  for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
  return known;
}

base::Value NormalizeArguments(const LayerRow& row, const std::string& layer_name, const base::Value& config) {
  std::vector<const char*> ignored = row.ignored;
  ignored.insert(ignored.end(), kIgnoredEverywhere.begin(), kIgnoredEverywhere.end());
  return base::Value(ReadArguments(row.arguments, ignored, config, {layer_name, row.class_names[0], ""}));
}

}  // namespace wire
