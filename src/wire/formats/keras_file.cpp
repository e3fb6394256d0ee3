// Keras's own files.
//
// .weights.h5 (Keras 3): a dataset for each variable, "layers/dense_1/vars/0". Layers are called by their class in snake
// case, counted in the model's order; a recurrent layer's variables lie in "layers/lstm/cell/vars". Newer versions add an
// attribute "name" with the layer's own name to "vars". What a TimeDistributed layer wraps lies in "layer", the halves of
// a Bidirectional layer in "forward_layer" and "backward_layer", the layers of a model inside in "layers/functional/layers",
// the four products of a MultiHeadAttention in "query_dense", "key_dense", "value_dense" and "output_dense". Layers are
// found by their names where all are there, else by position. Files of Keras 2.12 and 2.13 say
// "_layer_checkpoint_dependencies" for "layers".
// Weights and whole models of Keras 2 (.h5): attribute "layer_names" of the root or of "model_weights", for each layer
// "weight_names", in the order of get_weights(). Layers are found by name where all are there, else, as Keras does, in
// their order. A whole model has its architecture in the attribute "model_config".
// .keras: a zip archive of config.json (the architecture), model.weights.h5 and metadata.json.
#include "wire/formats/keras_file.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "layers/definition.hpp"
#include "layers/refusal.hpp"
#include "wire/formats/keras_model.hpp"
#include "wire/formats/weight_names.hpp"
#include "wire/formats/zip.hpp"
#include "wire/keras.hpp"

namespace wire {
namespace {

using base::ErrorCode;
using layers::Quote;
using Tensors = std::vector<const FileTensor*>;

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }

// "BatchNormalization" -> "batch_normalization", "LeakyReLU" -> "leaky_re_lu", as Keras does.
std::string SnakeCase(const std::string& name) {
  std::string snake;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool word = i > 0 && IsUpper(name[i]) && ((i + 1 < name.size() && IsLower(name[i + 1])) || IsLower(name[i - 1]));
    if (word) snake.push_back('_');
    snake.push_back(IsUpper(name[i]) ? static_cast<char>(name[i] - 'A' + 'a') : name[i]);
  }
  return snake;
}

bool IsRecurrent(const base::Layer& layer) {
  return layer.kind == base::LayerKind::kLSTM || layer.kind == base::LayerKind::kGRU || layer.kind == base::LayerKind::kSimpleRNN;
}

// Where Keras 3 has a weight inside of its layer's group.
std::string PathInLayer(const base::Layer& layer, const base::WeightSpec& spec) {
  std::string path;
  for (int i = 0; i < layer.time_distributed; ++i) path += "/layer";
  if (layer.kind == base::LayerKind::kMultiHeadAttention) {
    const size_t end = spec.name.find('_');  // query_kernel, query_bias, ...
    return path + "/" + spec.name.substr(0, end) + "_dense/vars/" + (spec.name.substr(end + 1) == "kernel" ? "0" : "1");
  }
  return path + (IsRecurrent(layer) ? "/cell" : "") + "/vars/" + std::to_string(&spec - layer.weights.data());
}

// Whether a layer and the next one are the halves of a Bidirectional layer.
bool BeginsHalves(const base::Graph& graph, size_t position) {
  if (position + 1 >= graph.layers.size()) return false;
  const base::Layer &forward = graph.layers[position], &backward = graph.layers[position + 1];
  const std::string both = forward.name.substr(0, forward.name.rfind('/') + 1);
  return IsRecurrent(forward) && forward.kind == backward.kind && !both.empty() && forward.name.rfind(both + "forward_", 0) == 0 &&
         backward.name.rfind(both + "backward_", 0) == 0;
}

// What Keras 3 calls each layer of a graph in its files. wrapped: halves of a Bidirectional layer lie inside of it there.
std::vector<std::string> NamesByClass(const base::Graph& graph, bool wrapped) {
  std::map<std::string, int> used;
  const auto next = [&](const std::string& name) {
    const int count = used[name]++;
    return count == 0 ? name : name + "_" + std::to_string(count);
  };
  std::vector<std::string> names;
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    const base::Layer& layer = graph.layers[i];
    if (wrapped && BeginsHalves(graph, i)) {
      const std::string both = next("bidirectional");
      names.push_back(both + "/forward_layer");
      names.push_back(both + "/backward_layer");
      ++i;
    } else {
      names.push_back(next(layer.time_distributed > 0 ? "time_distributed" : SnakeCase(layers::DefinitionOf(layer).class_names[0])));
    }
  }
  return names;
}

const std::string& NameInFile(const LayerNames& names, const std::string& layer) {
  const auto other = names.find(layer);
  return other == names.end() ? layer : other->second;
}

// "The file has a, b, c." Names come from a file that nobody vouches for.
std::string TheFileHas(const std::vector<std::string>& names) {
  constexpr size_t kMostNames = 10, kLongestName = 60;
  std::string list;
  for (size_t i = 0; i < names.size() && i < kMostNames; ++i) list += (i > 0 ? ", " : "") + names[i].substr(0, kLongestName);
  return "The file has " + (list.empty() ? "none" : list) + (names.size() > kMostNames ? ", ..." : "") + ".";
}

constexpr const char* kNamesHint = "Layers are found by name where all are in the file, see the argument names, else in their order.";

// A layer's variables in a file. known: what the file calls its layers.
void AppendLayer(const base::Layer& layer, const Tensors& tensors, const std::vector<GraphWeight>& weights, const std::string& group,
                 const std::vector<std::string>& known, std::string* out) {
  if (tensors.size() != layer.weights.size()) {
    throw base::Error(ErrorCode::kInvalidParameter,
                      "the file has " + std::to_string(tensors.size()) + " weights in " + Quote(group) + ", layer " + Quote(layer.name) + " (" +
                          layers::DefinitionOf(layer).class_names[0] + ") needs " + std::to_string(layer.weights.size()),
                      TheFileHas(known), kNamesHint);
  }
  size_t next = 0;
  for (const GraphWeight& weight : weights) {
    if (weight.layer == &layer) AppendWeight(weight, *tensors[next++], out);
  }
}

constexpr size_t kMostOfAName = 1000;  // layers of one name that are told apart

// Keras 3: the variables of every group that has "vars".
class Variables {
 public:
  explicit Variables(const Hdf5File& file) {
    for (const FileTensor& tensor : file.file.tensors) {
      const size_t slash = tensor.name.rfind('/');
      if (slash == std::string::npos || slash < 5 || tensor.name.compare(slash - 5, 5, "/vars") != 0) continue;
      const std::string number = tensor.name.substr(slash + 1);
      if (number.empty() || number.size() > 6 || number.find_first_not_of("0123456789") != std::string::npos) continue;
      const std::string owner = tensor.name.substr(0, slash - 5);
      if (owner.substr(owner.rfind('/') + 1).rfind("seed_generator", 0) == 0) continue;  // a state, no weight
      groups_[owner][std::stoi(number)] = &tensor;
    }
    for (const auto& entry : file.texts) {
      constexpr std::string_view kEnd = "/vars@name";
      if (entry.first.size() <= kEnd.size() || entry.second.size() != 1) continue;
      const size_t end = entry.first.size() - kEnd.size();
      if (entry.first.compare(end, kEnd.size(), kEnd) == 0) names_[entry.second[0]].push_back(entry.first.substr(0, end));
    }
  }

  /// The group of a layer by its name, "encoder/dense" for a layer of a model inside; none where none or several fit.
  std::optional<std::string> Named(const std::string& layer) const { return NamedInside(layer, ""); }

  /// Whether a group's path begins so.
  bool HasInside(const std::string& prefix) const {
    const auto first = groups_.lower_bound(prefix);
    return first != groups_.end() && first->first.compare(0, prefix.size(), prefix) == 0;
  }

  /// What the file calls its layers: their own names where it has any, else the groups of their variables.
  std::vector<std::string> Known() const {
    std::vector<std::string> known;
    for (const auto& entry : names_) known.push_back(entry.first);
    if (!known.empty()) return known;
    for (const auto& entry : groups_) known.push_back(entry.first);
    return known;
  }

  /// A layer's, in the order of its weights.
  Tensors Of(const base::Layer& layer, const std::string& group) const {
    if (layer.kind != base::LayerKind::kMultiHeadAttention) return Of(group);
    // their names are in another order than its weights, and their shapes may be the same
    std::string inside = group;
    for (int i = 0; i < layer.time_distributed; ++i) inside += "/layer";
    Tensors tensors;
    for (const char* product : {"/query_dense", "/key_dense", "/value_dense", "/output_dense"}) {
      const Tensors part = Of(inside + product);
      tensors.insert(tensors.end(), part.begin(), part.end());
    }
    return tensors;
  }

 private:
  // Inside of a group: the layer with the fewest groups around it, for layers of models inside may have the same name.
  std::optional<std::string> NamedInside(const std::string& layer, const std::string& outer) const {
    const auto candidates = names_.find(layer);
    if (candidates != names_.end() && candidates->second.size() <= kMostOfAName) {
      const std::string* found = nullptr;
      std::ptrdiff_t least = 0;
      bool several = false;
      for (const std::string& group : candidates->second) {
        if (group.compare(0, outer.size(), outer) != 0) continue;
        const std::ptrdiff_t depth = std::count(group.begin(), group.end(), '/');
        if (found == nullptr || depth < least) {
          found = &group;
          least = depth;
          several = false;
        } else if (depth == least) {
          several = true;
        }
      }
      if (found != nullptr) return several ? std::nullopt : std::optional<std::string>(*found);
    }
    const size_t slash = layer.find('/');
    if (slash == std::string::npos) return std::nullopt;
    const std::optional<std::string> model = NamedInside(layer.substr(0, slash), outer);
    return model.has_value() ? NamedInside(layer.substr(slash + 1), *model + "/") : std::nullopt;
  }

  Tensors Of(const std::string& group) const {
    Tensors tensors;
    const auto append = [&](const std::map<int, const FileTensor*>& variables) {
      for (const auto& variable : variables) tensors.push_back(variable.second);
    };
    const auto own = groups_.find(group);
    if (own != groups_.end()) append(own->second);
    const std::string inside = group + "/";
    for (auto at = groups_.lower_bound(inside); at != groups_.end() && at->first.compare(0, inside.size(), inside) == 0; ++at) {
      append(at->second);
    }
    return tensors;
  }

  std::map<std::string, std::map<int, const FileTensor*>> groups_;
  std::map<std::string, std::vector<std::string>> names_;  // layer -> its groups
};

std::string Keras3Weights(const base::Graph& graph, const Hdf5File& file, const std::string& root, const LayerNames& names) {
  const Variables variables(file);
  const std::vector<GraphWeight> weights = WeightsOf(graph);
  const std::vector<std::string> by_class = NamesByClass(graph, variables.HasInside(root + "/bidirectional"));
  const std::vector<std::string> known = variables.Known();
  std::vector<std::optional<std::string>> groups;
  bool all_named = true;
  for (const base::Layer& layer : graph.layers) {
    groups.push_back(layer.weights.empty() ? std::nullopt : variables.Named(NameInFile(names, layer.name)));
    all_named = all_named && (layer.weights.empty() || groups.back().has_value());
  }
  std::string out;
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    const base::Layer& layer = graph.layers[i];
    if (layer.weights.empty()) continue;
    const std::string& name = NameInFile(names, layer.name);
    const std::string group = all_named ? *groups[i] : root + "/" + (name == layer.name ? by_class[i] : name);
    AppendLayer(layer, variables.Of(layer, group), weights, group, known, &out);
  }
  return out;
}

// Keras 2 cuts lists that are too long for an attribute: "layer_names0", "layer_names1", ...
std::vector<std::string> TextList(const Hdf5File& file, const std::string& group, const std::string& name) {
  if (const std::vector<std::string>* whole = file.Texts(group, name)) return *whole;
  std::vector<std::string> list;
  for (int i = 0;; ++i) {
    const std::vector<std::string>* part = file.Texts(group, name + std::to_string(i));
    if (part == nullptr) return list;
    list.insert(list.end(), part->begin(), part->end());
  }
}

// Keras 2: a file's groups of weights, one a layer of the model. A Bidirectional layer and a model inside of the model are one
// there; the layers that they are taken apart into are found by their own names, which the weights' names have.
class LayerGroups {
 public:
  LayerGroups(const Hdf5File& file, const std::string& root) {
    std::map<std::string, const FileTensor*> datasets;
    for (const FileTensor& tensor : file.file.tensors) datasets[tensor.name] = &tensor;
    for (const std::string& name : TextList(file, root, "layer_names")) {
      const std::string path = root.empty() ? name : root + "/" + name;
      Tensors tensors;
      std::string missing;
      for (const std::string& weight : TextList(file, path, "weight_names")) {
        const auto found = datasets.find(path + "/" + weight);
        if (found == datasets.end() && missing.empty()) missing = path + "/" + weight;
        tensors.push_back(found == datasets.end() ? nullptr : found->second);
      }
      if (tensors.empty()) continue;
      positions_[name] = names_.size();
      names_.push_back(name);
      groups_.push_back(std::move(tensors));
      missing_.push_back(std::move(missing));
    }
  }

  const std::vector<std::string>& names() const { return names_; }
  /// Errors here and below: kInvalidData for a group that lacks a dataset.
  const Tensors& at(size_t position) const {
    if (!missing_[position].empty()) throw base::Error(ErrorCode::kInvalidData, "the HDF5 file has no dataset " + Quote(missing_[position]));
    return groups_[position];
  }

  /// The weights of the layer of this name in their order; none where they are not all there.
  std::optional<Tensors> Of(const base::Layer& layer, const std::string& name) {
    const auto own = positions_.find(name);
    if (own != positions_.end()) return at(own->second);
    const size_t slash = name.find('/');
    const auto outer = slash == std::string::npos ? positions_.end() : positions_.find(name.substr(0, slash));
    if (outer == positions_.end()) return std::nullopt;
    Inside& inside = InsideOf(outer->second);
    Tensors tensors;
    for (const base::WeightSpec& spec : layer.weights) {
      const FileTensor* found = inside.names.Find(name, spec.name);
      // the names of weights inside of a model may lack the model's
      for (size_t at = slash; found == nullptr && at != std::string::npos; at = name.find('/', at + 1)) {
        found = inside.names.Find(name.substr(at + 1), spec.name);
      }
      if (found == nullptr) return std::nullopt;
      tensors.push_back(groups_[outer->second][static_cast<size_t>(found - inside.file.tensors.data())]);
    }
    return tensors;
  }

 private:
  struct Inside {
    explicit Inside(TensorFile group) : file(std::move(group)), names(file, '/') {}
    const TensorFile file;
    TensorNames names;
  };

  Inside& InsideOf(size_t position) {
    std::unique_ptr<Inside>& inside = inside_[position];
    if (inside == nullptr) {
      TensorFile group;
      for (const FileTensor* tensor : at(position)) group.tensors.push_back(*tensor);
      inside = std::make_unique<Inside>(std::move(group));
    }
    return *inside;
  }

  std::vector<std::string> names_;
  std::vector<Tensors> groups_;
  std::vector<std::string> missing_;                  // by group: a dataset that it names and the file lacks, or ""
  std::map<std::string, size_t> positions_;           // by name
  std::map<size_t, std::unique_ptr<Inside>> inside_;  // of the groups that were looked into
};

std::string Keras2Weights(const base::Graph& graph, const Hdf5File& file, const std::string& root, const LayerNames& names) {
  LayerGroups groups(file, root);
  std::vector<const base::Layer*> ours;
  std::vector<std::optional<Tensors>> named;
  for (const base::Layer& layer : graph.layers) {
    if (layer.weights.empty()) continue;
    ours.push_back(&layer);
    named.push_back(groups.Of(layer, NameInFile(names, layer.name)));
  }
  const bool all_named = std::all_of(named.begin(), named.end(), [](const std::optional<Tensors>& tensors) { return tensors.has_value(); });
  if (!all_named && ours.size() != groups.names().size()) {
    throw base::Error(ErrorCode::kInvalidParameter,
                      "the file has " + std::to_string(groups.names().size()) + " layers with weights, the architecture " +
                          std::to_string(ours.size()),
                      TheFileHas(groups.names()), kNamesHint);
  }
  const std::vector<GraphWeight> weights = WeightsOf(graph);
  std::string out;
  for (size_t i = 0; i < ours.size(); ++i) {
    const std::string& group = all_named ? NameInFile(names, ours[i]->name) : groups.names()[i];
    AppendLayer(*ours[i], all_named ? *named[i] : groups.at(i), weights, group, groups.names(), &out);
  }
  return out;
}

bool HasTexts(const Hdf5File& file, const std::string& group) {
  return file.Texts(group, "layer_names") != nullptr || file.Texts(group, "layer_names0") != nullptr;
}

ImportedWeights WeightsOfHdf5(const base::Graph& graph, const Hdf5File& file, const LayerNames& names) {
  if (HasTexts(file, "model_weights")) return {Keras2Weights(graph, file, "model_weights", names), {}};
  if (HasTexts(file, "")) return {Keras2Weights(graph, file, "", names), {}};
  std::string root = "layers";
  for (const FileTensor& tensor : file.file.tensors) {
    if (tensor.name.rfind("_layer_checkpoint_dependencies/", 0) == 0) root = "_layer_checkpoint_dependencies";
  }
  return {Keras3Weights(graph, file, root, names), {}};
}

struct KerasArchive {
  std::deque<std::string> owned;
  std::string_view config, weights;
};

KerasArchive OpenKeras(std::string_view bytes) {
  KerasArchive archive;
  const std::vector<ZipEntry> entries = ReadZip(bytes);
  const ZipEntry *config = FindEntry(entries, "config.json"), *weights = FindEntry(entries, "model.weights.h5");
  if (config == nullptr || weights == nullptr) {
    throw base::Error(ErrorCode::kInvalidData, std::string("the zip archive has no ") + (config == nullptr ? "config.json" : "model.weights.h5"), {},
                      "A .keras file has config.json and model.weights.h5.");
  }
  if (config->bytes > kLongestArchitecture) {
    throw base::Error(ErrorCode::kLimitExceeded, "config.json of the zip archive has " + std::to_string(config->bytes) + " bytes, more than 64 MB", {},
                      "It holds a model's layers, not their weights. Save the model again.");
  }
  archive.config = Content(*config, &archive.owned);
  archive.weights = Content(*weights, &archive.owned);
  return archive;
}

// Keras 3 computes another function by the name that Keras 2 has for this one.
void RequireFunctionsOfKeras3(const base::Graph& graph) {
  for (const base::Layer& layer : graph.layers) {
    for (const char* argument : {"activation", "recurrent_activation"}) {
      const base::Value* function = layer.attributes.Find(argument);
      if (function == nullptr || !function->is_string() || function->string() != "hard_sigmoid") continue;
      throw base::Error(ErrorCode::kFeatureNotSupported,
                        "layer " + Quote(layer.name) + " (" + layers::DefinitionOf(layer).class_names[0] +
                            ") computes the hard_sigmoid of Keras 2, which is not written for Keras 3",
                        {}, "Keras 3 has relu6(x + 3) / 6 by this name. Export it as \"tfjs\" or \"onnx\".");
    }
  }
}

}  // namespace

ImportedWeights ImportHdf5Weights(const base::Graph& graph, std::string_view bytes, const LayerNames& names) {
  return WeightsOfHdf5(graph, ReadHdf5(bytes), names);
}

ImportedModel ImportHdf5Model(std::string_view bytes) {
  const Hdf5File file = ReadHdf5(bytes);
  const std::vector<std::string>* config = file.Texts("", "model_config");
  if (config == nullptr || config->size() != 1) {
    throw base::Error(ErrorCode::kInvalidParameter, "the HDF5 file has weights, but no architecture", {},
                      "Load the architecture by cerebro.load_model(), then its weights by cerebro.import_weights().");
  }
  return {(*config)[0], WeightsOfHdf5(ReadKeras((*config)[0]), file, {}).weights, {}};
}

std::string ExportHdf5Weights(const base::Graph& graph, std::string_view weights) {
  const std::vector<std::string> by_class = NamesByClass(graph, false);
  TensorFile file;
  for (const GraphWeight& weight : WeightsOf(graph)) {
    const auto layer = static_cast<size_t>(weight.layer - graph.layers.data());
    file.tensors.push_back({"layers/" + by_class[layer] + PathInLayer(*weight.layer, *weight.spec), weight.spec->shape, ElementType::kFloat32,
                            weights.substr(weight.offset * sizeof(float), weight.elements * sizeof(float))});
  }
  return WriteHdf5(file);
}

ImportedWeights ImportKerasWeights(const base::Graph& graph, std::string_view bytes, const LayerNames& names) {
  const KerasArchive archive = OpenKeras(bytes);
  return ImportHdf5Weights(graph, archive.weights, names);
}

ImportedModel ImportKerasModel(std::string_view bytes) {
  const KerasArchive archive = OpenKeras(bytes);
  const std::string config(archive.config);
  return {config, ImportHdf5Weights(ReadKeras(config), archive.weights, {}).weights, {}};
}

std::string ExportKerasModel(const base::Graph& graph, std::string_view weights) {
  RequireFunctionsOfKeras3(graph);
  ZipWriter zip;
  zip.Add("metadata.json", "{\"keras_version\": \"3.0.0\", \"date_saved\": \"1980-01-01@00:00:00\"}");
  zip.Add("config.json", WriteKeras(graph, KerasForm::kKeras3));
  zip.Add("model.weights.h5", ExportHdf5Weights(graph, weights));
  return zip.Finish();
}

}  // namespace wire
