// The importer of ONNX's graphs: what its files share. onnx_import.cpp says how values of ONNX are seen in ours, and has
// the walk through a graph. onnx_import_values.cpp reads constants, attributes and the order of values,
// onnx_import_weights.cpp the operators with weights, onnx_import_shapes.cpp all others.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/tensor.hpp"
#include "base/value.hpp"
#include "layers/definition.hpp"
#include "wire/exchange.hpp"
#include "wire/graph_builder.hpp"

namespace cerebro {
namespace onnx {
class Attribute;
class Graph;
class Model;
class Node;
class Tensor;
}  // namespace onnx
}  // namespace cerebro

namespace wire {
namespace onnx {

constexpr uint64_t kMostCopies = 8;
constexpr int kMostIntegers = 64;     // of a list of axes, pads or sizes
// In Value::axes: the batch; a dimension of size 1 that is none of ours; our first one behind the batch in the opposite
// order.
constexpr int kBatch = 0, kOne = -1, kReversed = -2;

// A stretch of a flat value: the elements of an image of ours, seen through axes.
struct Part {
  base::Shape shape;      // of ours
  std::vector<int> axes;  // of ours without the batch, in ONNX's order; empty: as they are
};

struct Value {
  int call = -1;            // of ours; -1: a constant
  std::vector<int> axes;    // our dimension (1 = first behind the batch) of each of ONNX's
  std::vector<Part> parts;  // empty: elements are in our order
  bool not_negative = false;
  const cerebro::onnx::Tensor* constant = nullptr;
};

struct Constant {
  base::Shape shape;
  std::vector<float> values;
};

class Importer {
 public:
  Importer(const cerebro::onnx::Model& model, size_t file_bytes);
  ImportedModel Import();

 private:
  // ---- errors
  [[noreturn]] void Broken(const std::string& problem) const;
  [[noreturn]] void Unsupported(const std::string& what) const;
  std::string About() const;
  [[noreturn]] void Refuse(const std::string& what) const { Unsupported(About() + " " + what); }

  // ---- constants and values
  void AddConstant(const std::string& name, const cerebro::onnx::Tensor& tensor);
  void Set(const std::string& name, Value value);
  const Value& Get(const std::string& name) const;
  const std::string& InputName(int i) const;
  bool HasInput(int i) const { return !InputName(i).empty(); }
  const Value& Input(int i) const;
  bool IsConstant(int i) const { return HasInput(i) && Get(InputName(i)).constant != nullptr; }
  const cerebro::onnx::Tensor& Tensor(int i) const;
  base::Shape DimensionsOf(const cerebro::onnx::Tensor& tensor) const;
  void Spend(uint64_t bytes);
  Constant Floats(const cerebro::onnx::Tensor& tensor);
  Constant Floats(int i) { return Floats(Tensor(i)); }
  // A scalar or a vector.
  std::vector<float> Vector(int i, size_t count);
  double Scalar(int i, double if_absent);
  std::vector<int64_t> Integers(const cerebro::onnx::Tensor& tensor) const;
  // Integers that are an attribute in older operator sets and an input in newer ones; empty when absent.
  std::vector<int64_t> IntegersOf(const char* attribute, int input) const;

  // ---- attributes
  const cerebro::onnx::Attribute* FindAttribute(const char* name) const;
  int64_t Int(const char* name, int64_t if_absent) const;
  double Float(const char* name, double if_absent) const;
  std::string Text(const char* name, const char* if_absent) const;
  std::vector<int64_t> Ints(const char* name, std::vector<int64_t> if_absent) const;
  // Integers from 1 on, one a dimension; ones where they are absent, but for the kernel_shape.
  std::vector<int64_t> Sizes(const char* name, size_t dimensions) const;

  // ---- layers
  static std::string NameOf(const std::string& text, const char* if_empty);
  std::string UniqueName(const std::string& wanted);
  int AddLayer(const layers::LayerDefinition& definition, base::Dict config, std::vector<int> inputs, const std::string& part = "");
  // Of the layer that was added last.
  void SetWeight(const char* name, std::vector<float> values) { weights_.back()[name] = std::move(values); }
  // A copy: the builder moves its calls when one is added.
  base::Shape OurShape(const Value& value) const { return builder_.OutputShape(value.call); }
  static std::vector<int> Same(size_t rank);
  bool InOurOrder(const Value& value) const { return value.axes == Same(OurShape(value).size()); }
  // An image with channels first, of ours with channels last.
  const Value& Image() const;
  // Or a sequence.
  const Value& ImageOrSequence() const;
  // A value whose dimensions are ours.
  const Value& Plain(int i) const;
  void Output(int call, std::vector<int> axes, std::vector<Part> parts = {}, bool not_negative = false, int index = 0);
  void Alias(const Value& value) { Output(value.call, value.axes, value.parts, value.not_negative); }
  // The value's elements one behind the other, as ONNX has them: index in ours of each. REQUIRES that somebody holds as
  // many numbers.
  static std::vector<size_t> Order(const std::vector<Part>& parts);
  // Puts rows (of `width` numbers) that are in a flat value's order into ours.
  static std::vector<float> InOurRows(const Value& value, std::vector<float> rows, size_t width);

  // ---- what is needed
  void FindLiveNodes();
  bool OnlyTransposed(const std::string& name) const;
  void AddInputs();

  // ---- operators
  void ReadNode();
  void ReadConstant();
  void ReadIdentity();
  void ReadDropout();
  // A Dense layer over the last dimension.
  void AddDense(const Value& value, Constant kernel, bool transposed, const std::vector<float>* bias, double alpha);
  void ReadGemm();
  void ReadMatMul();
  // The pads that Keras's "same" has: in front of each dimension, then behind each.
  static std::vector<int64_t> SamePads(const base::Shape& image, const std::vector<int64_t>& window, const std::vector<int64_t>& strides,
                                       bool lower);
  std::vector<int64_t> Pads(const base::Shape& image, const std::vector<int64_t>& window, const std::vector<int64_t>& strides) const;
  int AddPadding(int call, const std::vector<int64_t>& pads);
  static base::Value ListOf(const std::vector<int64_t>& numbers) { return base::Value(base::List(numbers.begin(), numbers.end())); }
  void ReadConv();
  void ReadPool();
  void ReadGlobalPool();
  void ReadReduceMean();
  void ReadBatchNormalization();
  void ReadLayerNormalization();
  // The batch first, then all else flat.
  void Flat(const Value& value);
  void ReadFlatten();
  void ReadReshape();
  void ReadTranspose();
  std::set<size_t> AxesOf(size_t rank) const;
  void ReadSqueeze();
  void ReadUnsqueeze();
  void ReadPad();
  void ReadSlice();
  // Inputs of one layout.
  std::vector<int> Calls(bool* not_negative) const;
  void ReadConcat();
  void ReadMerge();
  void ReadGather();
  // ONNX's (gates * units, rows), block by block in its order, as columns of ours. REQUIRES that many numbers.
  static std::vector<float> Columns(const float* theirs, size_t rows, size_t units, const std::vector<size_t>& order);
  std::string ActivationOfGate(const cerebro::onnx::Attribute* activations, int i, const char* if_absent) const;
  void ReadRecurrent();
  void ReadActivation();
  void ReadAlpha();
  void ReadClip();
  void ReadSoftmax();

  const cerebro::onnx::Graph& graph_;
  GraphBuilder builder_;
  const bool own_;  // written by ExportOnnx
  const uint64_t file_bytes_;
  int64_t version_ = 0;
  std::unordered_map<std::string, Value> values_;
  std::vector<bool> live_;
  std::set<std::string> needed_;  // values that lead to an output
  std::set<std::string> outputs_;
  std::multimap<std::string, int> readers_;                  // value -> live nodes
  std::map<const cerebro::onnx::Node*, std::string> fused_;  // an Add that a Dense layer has taken in -> its value
  const cerebro::onnx::Node* node_ = nullptr;
  std::vector<int> inputs_;
  std::vector<std::map<std::string, std::vector<float>>> weights_;  // of each layer
  std::map<std::string, int> used_names_;
  std::set<std::string> taken_;
  uint64_t copied_ = 0;
  ImportedModel imported_;
};

}  // namespace onnx
}  // namespace wire
