// One definition a layer: what everybody but the engine needs to know of it. wire reads and stores layers by it, plan
// takes costs from it.
//
// Adding a layer: a line in base/kinds.inc, a file in this room that defines layers::k<name>, and the engine's half
// (engine/torch/layers, and engine/native/layers for the hand-written trainer). No other file of base, layers, plan and
// wire changes.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "base/graph.hpp"
#include "layers/argument.hpp"

namespace layers {

using Shapes = std::vector<base::Shape>;

/// What a layer's time goes into. plan/cost.cpp has the rates.
enum class Work {
  kUnstated,    // no definition may leave it so
  kGather,      // an input: rows out of a packed buffer
  kElements,    // passes over the elements of its output, and the operations that `flops` counts
  kDraws,       // a random number an element in training, nothing in scoring
  kDense,       // a matrix product
  kConvolution,
  kRecurrent,   // small products, one a time step
};

struct Cost {
  Work work = Work::kUnstated;
  /// Operations of a call that are started one after another, those of all its passes.
  double operations = 1;
  /// Whether these are the operations of each time step: of each index of the input's first dimension.
  bool each_time_step = false;
  /// Forward operations for one row: 2 for each multiplication and addition of a product, 1 for each other operation on
  /// an element, functions such as exp included. Copies count nothing. nullptr = nothing to speak of.
  double (*flops)(const base::Layer& layer, const Shapes& inputs, const base::Shape& output) = nullptr;
};

/// Where zeros among the elements of a layer's output come from. A product whose left side has many takes less time.
enum class Zeros {
  kNone,
  kMade,  // about half of the elements are zero, as behind a ReLU
  kKept,  // those of its input
  kData,  // those of the packed table
};

/// What numbers a layer gives. A loss of probabilities asks (plan/loss_rules.hpp).
enum class Range {
  kUnknown,      // its definition does not say
  kAny,          // of any size and sign
  kNotNegative,
  kZeroToOne,
  kSigmoid,      // from 0 to 1, as a sigmoid makes them
  kSoftmax,      // a softmax's: from 0 to 1, and those of the last dimension add up to 1
  kOfInput,      // as its input's
};

/// How other formats name a layer and lay out its weights, where that is a renaming and a permutation of dimensions.
struct Exchange {
  struct Weight {
    const char* name;        // ours
    const char* torch_name;  // in the state_dict of PyTorch's module
    std::vector<int> axes;   // dimension i of PyTorch's tensor is ours number axes[i]; empty: the same order
    /// Recurrent layers: block i along the first dimension of PyTorch's tensor is our gate number gates[i]; empty: no
    /// gates.
    std::vector<int> gates;
    /// PyTorch's second bias of a recurrent layer. A weight of ours with two rows has one in each tensor; where ours has
    /// one row, the second tensor is zero, and is added.
    const char* torch_second = nullptr;
    /// What PyTorch's module has where our layer has no such weight; NaN: nothing either.
    double absent = std::numeric_limits<double>::quiet_NaN();
    /// Our last two dimensions, channels and what each gives, are PyTorch's first one, and its second has the size 1: the
    /// axes are those of a tensor (..., 1, channels * multiplier).
    bool depthwise = false;
  };
  /// The ONNX operator that computes the layer on a batch of its usual rank, in ONNX's layout (channels first);
  /// nullptr = there is no single one.
  const char* onnx = nullptr;
  std::vector<Weight> weights;  // all of a layer's, or none when PyTorch has no such layout of them
  /// Why PyTorch has no such module, for a layer whose arguments it lacks; nullptr, and nullptr as its result = it has.
  const char* (*torch_lacks)(const base::Layer& layer) = nullptr;
};

struct LayerDefinition {
  base::LayerKind kind = base::LayerKind::kInput;
  std::vector<const char*> class_names;  // Keras's; the first is the one used in messages
  std::vector<Argument> arguments;
  std::vector<const char*> ignored;      // arguments without an effect here, besides those that every layer may have
  size_t min_inputs = 1, max_inputs = 1;
  /// Output shape of one call; throws kInvalidParameter naming the layer when an input does not fit. Shapes are without
  /// the batch.
  base::Shape (*shape)(const base::Layer& layer, const Shapes& inputs) = nullptr;
  /// Weights in Keras's order, for inputs that `shape` accepted; nullptr = none. A frozen layer's are made not
  /// trainable by the caller.
  std::vector<base::WeightSpec> (*weights)(const base::Layer& layer, const Shapes& inputs) = nullptr;
  Cost cost;
  /// nullptr = Zeros::kNone. Takes layers without attributes, too.
  Zeros (*zeros)(const base::Layer& layer) = nullptr;
  /// nullptr = Range::kUnknown. rank: dimensions of the output, without the batch.
  Range (*range)(const base::Layer& layer, size_t rank) = nullptr;
  Exchange exchange;
};

/// Most inputs of a layer that takes any number of them.
constexpr size_t kMostInputs = 10000;

#define CEREBRO_LAYER(name, number) extern const LayerDefinition k##name;
#include "base/kinds.inc"

/// All of them, in the order of base/kinds.inc.
const std::vector<const LayerDefinition*>& Definitions();

/// nullptr when there is no such layer.
const LayerDefinition* FindLayer(const std::string& class_name);
const LayerDefinition* FindLayer(base::LayerKind kind);

/// A layer's definition. Throws kInternal when its kind has none, which no graph of wire::GraphBuilder has.
const LayerDefinition& DefinitionOf(const base::Layer& layer);

/// Whether the definition has an argument of this name.
bool HasArgument(const LayerDefinition& definition, const std::string& name);

/// "Activation, Add, ...": for hints.
std::string KnownLayers();

/// Reads a layer's arguments into attributes as layers/argument.hpp describes. `config`: Keras's arguments, or
/// attributes that were normalised before (then nothing changes). Throws kInvalidParameter (unknown, missing or wrong
/// argument) or kFeatureNotSupported (a value of Keras's that is not supported), naming layer and argument.
base::Value NormalizeArguments(const LayerDefinition& definition, const std::string& layer_name, const base::Value& config);

}  // namespace layers
