// Digest of a graph. Part of the formats: it is stored with training states and compared between versions.
//
// Hashed, as 8-byte little-endian numbers and length-prefixed texts: the version of this rule; every layer's kind, trainable flag and attributes
// (layers/digest.hpp); every call's layer and inputs, behind a mark if it computes as in scoring; the inputs and outputs. Left out: names,
// initialisers and seeds, which decide neither shape nor function; and Call::frozen, which follows from the rest.
#include "base/hash.hpp"
#include "layers/digest.hpp"
#include "wire/keras.hpp"

namespace wire {
namespace {

constexpr uint64_t kDigestSeed = 0x6772617068;  // "graph"
constexpr uint64_t kDigestVersion = 1;
constexpr uint64_t kInference = ~uint64_t{0};  // no index of a layer

class GraphHasher {
 public:
  std::string Digest(const base::Graph& graph) {
    hasher_.UpdateU64(kDigestVersion);
    Count(graph.layers.size());
    for (const base::Layer& layer : graph.layers) AddLayer(layer);
    Count(graph.calls.size());
    for (const base::Call& call : graph.calls) {
      if (call.inference) hasher_.UpdateU64(kInference);
      Count(static_cast<size_t>(call.layer));
      AddIndexes(call.inputs);
    }
    AddIndexes(graph.inputs);
    AddIndexes(graph.outputs);
    return base::ToHex(hasher_.Finish());
  }

 private:
  void Count(size_t count) { hasher_.UpdateU64(static_cast<uint64_t>(count)); }

  void AddIndexes(const std::vector<int>& indexes) {
    Count(indexes.size());
    for (const int index : indexes) Count(static_cast<size_t>(index));
  }

  void AddLayer(const base::Layer& layer) {
    Count(static_cast<size_t>(layer.kind));
    Count(layer.trainable ? 1 : 0);
    layers::HashAttributes(layer, false, &hasher_);
  }

  base::Hasher hasher_{kDigestSeed};
};

}  // namespace

std::string GraphDigest(const base::Graph& graph) { return GraphHasher().Digest(graph); }

}  // namespace wire
