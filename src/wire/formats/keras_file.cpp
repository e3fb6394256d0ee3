// Keras's own files.
//
// .weights.h5 (Keras 3): a dataset for each variable, "layers/dense_1/vars/0". Layers are called by their class in snake
// case, counted in the model's order; a recurrent layer's variables lie in "layers/lstm/cell/vars". Newer versions add an
// attribute "name" with the layer's own name to "vars". What a TimeDistributed layer wraps lies in "layer", the four
// products of a MultiHeadAttention in "query_dense", "key_dense", "value_dense" and "output_dense". Layers are found by these names where all are there, else by
// position. Files of Keras 2.12 and 2.13 say "_layer_checkpoint_dependencies" for "layers".
// Weights and whole models of Keras 2 (.h5): attribute "layer_names" of the root or of "model_weights", for each layer
// "weight_names", in the order of get_weights(). Layers are found by name where all are there, else, as Keras does, in
// their order. A whole model has its architecture in the attribute "model_config".
// .keras: a zip archive of config.json (the architecture), model.weights.h5 and metadata.json.
#include "wire/formats/keras_file.hpp"

#include <algorithm>
#include <map>

#include "layers/definition.hpp"
#include "layers/refusal.hpp"
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

// Where Keras 3 has a weight inside of its layer's group.
std::string PathInLayer(const base::Layer& layer, const base::WeightSpec& spec) {
  std::string path;
  for (int i = 0; i < layer.time_distributed; ++i) path += "/layer";
  if (layer.kind == base::LayerKind::kMultiHeadAttention) {
    const size_t end = spec.name.find('_');  // query_kernel, query_bias, ...
    return path + "/" + spec.name.substr(0, end) + "_dense/vars/" + (spec.name.substr(end + 1) == "kernel" ? "0" : "1");
  }
  const bool recurrent = layer.kind == base::LayerKind::kLSTM || layer.kind == base::LayerKind::kGRU || layer.kind == base::LayerKind::kSimpleRNN;
  return path + (recurrent ? "/cell" : "") + "/vars/" + std::to_string(&spec - layer.weights.data());
}

// What Keras 3 calls each layer of a graph in its files.
std::vector<std::string> NamesByClass(const base::Graph& graph) {
  std::map<std::string, int> used;
  std::vector<std::string> names;
  for (const base::Layer& layer : graph.layers) {
    const std::string name = layer.time_distributed > 0 ? "time_distributed" : SnakeCase(layers::DefinitionOf(layer).class_names[0]);
    const int count = used[name]++;
    names.push_back(count == 0 ? name : name + "_" + std::to_string(count));
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
      if (entry.first.compare(end, kEnd.size(), kEnd) == 0) names_.emplace(entry.second[0], entry.first.substr(0, end));
    }
  }

  /// The group of the layer of this name; nullptr when there are none or several.
  const std::string* Named(const std::string& layer) const {
    return names_.count(layer) == 1 ? &names_.find(layer)->second : nullptr;
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
  std::multimap<std::string, std::string> names_;  // layer -> group
};

std::string Keras3Weights(const base::Graph& graph, const Hdf5File& file, const std::string& root, const LayerNames& names) {
  const Variables variables(file);
  const std::vector<GraphWeight> weights = WeightsOf(graph);
  const std::vector<std::string> by_class = NamesByClass(graph);
  const std::vector<std::string> known = variables.Known();
  bool all_named = true;
  for (const base::Layer& layer : graph.layers) {
    all_named = all_named && (layer.weights.empty() || variables.Named(NameInFile(names, layer.name)) != nullptr);
  }
  std::string out;
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    const base::Layer& layer = graph.layers[i];
    if (layer.weights.empty()) continue;
    const std::string& name = NameInFile(names, layer.name);
    const std::string group = all_named ? *variables.Named(name) : root + "/" + (name == layer.name ? by_class[i] : name);
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

std::string Keras2Weights(const base::Graph& graph, const Hdf5File& file, const std::string& root, const LayerNames& names) {
  std::map<std::string, const FileTensor*> datasets;
  for (const FileTensor& tensor : file.file.tensors) datasets[tensor.name] = &tensor;
  struct Entry {
    std::string name;
    std::vector<std::string> weights;  // paths
  };
  std::vector<Entry> entries;
  for (const std::string& name : TextList(file, root, "layer_names")) {
    const std::string group = root.empty() ? name : root + "/" + name;
    Entry entry = {name, TextList(file, group, "weight_names")};
    for (std::string& weight : entry.weights) weight = group + "/" + weight;
    if (!entry.weights.empty()) entries.push_back(std::move(entry));
  }
  std::map<std::string, const Entry*> by_name;
  std::vector<std::string> known;
  for (const Entry& entry : entries) {
    by_name[entry.name] = &entry;
    known.push_back(entry.name);
  }
  std::vector<const base::Layer*> ours;
  bool all_named = true;
  for (const base::Layer& layer : graph.layers) {
    if (layer.weights.empty()) continue;
    ours.push_back(&layer);
    all_named = all_named && by_name.count(NameInFile(names, layer.name)) == 1;
  }
  if (!all_named && ours.size() != entries.size()) {
    throw base::Error(ErrorCode::kInvalidParameter,
                      "the file has " + std::to_string(entries.size()) + " layers with weights, the architecture " + std::to_string(ours.size()),
                      TheFileHas(known), kNamesHint);
  }
  const std::vector<GraphWeight> weights = WeightsOf(graph);
  std::string out;
  for (size_t i = 0; i < ours.size(); ++i) {
    const Entry& entry = all_named ? *by_name[NameInFile(names, ours[i]->name)] : entries[i];
    Tensors tensors;
    for (const std::string& path : entry.weights) {
      const auto found = datasets.find(path);
      if (found == datasets.end()) throw base::Error(ErrorCode::kInvalidData, "the HDF5 file has no dataset " + Quote(path));
      tensors.push_back(found->second);
    }
    AppendLayer(*ours[i], tensors, weights, entry.name, known, &out);
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
  archive.config = Content(*config, &archive.owned);
  archive.weights = Content(*weights, &archive.owned);
  return archive;
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
  const std::vector<std::string> by_class = NamesByClass(graph);
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
  ZipWriter zip;
  zip.Add("metadata.json", "{\"keras_version\": \"3.0.0\", \"date_saved\": \"1980-01-01@00:00:00\"}");
  zip.Add("config.json", WriteKeras(graph, KerasForm::kKeras3));
  zip.Add("model.weights.h5", ExportHdf5Weights(graph, weights));
  return zip.Finish();
}

}  // namespace wire
