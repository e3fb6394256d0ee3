// An entry of a Keras text's lists of layers, and the input shapes that entries state. Inside of src/wire/formats only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/value.hpp"
#include "layers/definition.hpp"
#include "layers/refusal.hpp"

namespace wire {

/// An entry as it was written. Pointers into the text's value, which must outlive it.
struct KerasLayer {
  enum class Form {
    kLayer,
    kModel,            // a model inside of a model
    kBidirectional,    // wrappers of a layer
    kTimeDistributed,
  };

  Form form = Form::kLayer;
  const layers::LayerDefinition* definition = nullptr;  // of a kLayer
  std::string class_name;                               // as messages name it
  std::string name;
  const base::Value* config = nullptr;  // a dictionary; a model's may be its list of layers (Keras until 2.2.2)
  const base::Value* inbound_nodes = nullptr;  // or nullptr
  bool trainable = true;
  bool operation = false;  // an operation on tensors outside of a layer: its second operand is among the arguments of its calls
  char sign = 0;           // an operation's: + - * /, which has a meaning with a number, too
  std::shared_ptr<const base::Value> rewritten;  // what config points to, where the text has another one

  bool is_input() const { return definition != nullptr && definition->kind == base::LayerKind::kInput; }
  layers::Where where() const { return {name, class_name, ""}; }
};

/// Reads the entries of a list of layers: known classes, dictionaries as configurations. A layer without a name gets
/// one as Keras makes them ("dense", "dense_1"). `frozen`: the model itself is not trainable, so no layer is.
std::vector<KerasLayer> ReadLayers(const base::Value& list, bool frozen);

/// Makes a Rescaling of an operation with a number as its second operand.
void RewriteOperand(double operand, KerasLayer* layer);

/// The entry of the layer that a wrapper holds under `key`, with the wrapper's name; nullptr as `key`'s value is refused.
KerasLayer ReadWrapped(const KerasLayer& wrapper, const char* key);

/// A Sequential model's list of layers: the configuration itself (Keras until 2.2.2) or its entry "layers".
const base::Value& LayerList(const base::Value& config);

/// The shape that a layer's configuration states for its input (batch_input_shape, batch_shape, input_shape, input_dim),
/// without the batch, as a list in which a dimension of unknown size is null; null when it states none. argument: where
/// it was found.
base::Value StatedInputShape(const KerasLayer& layer, std::string* argument);

/// Where the shapes of a model's inputs come from that its text leaves open.
struct InputShapes {
  bool checked_only = false;  // they are not needed: shapes are left out
  const std::vector<base::Shape>* columns = nullptr;  // those of a table's columns; nullptr: an open one is refused
};

/// Whether a stated shape, as StatedInputShape gives it, has an open dimension or is none.
bool IsOpen(const base::Value& stated);

/// The shape of input number `position` of `inputs`, as a list of sizes. `where` names layer and argument. `missing`: what is wrong
/// when nothing is stated, with its hint.
base::Value InputShape(const base::Value& stated, const InputShapes& shapes, size_t position, size_t inputs, const layers::Where& where,
                       const std::string& missing, const std::string& hint);

/// An InputLayer's configuration as its definition has it: the shape under the name "shape".
base::Value InputConfig(const KerasLayer& layer, base::Value shape);

}  // namespace wire
