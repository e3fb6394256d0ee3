// The bytes of a training state: made from a block of memory, laid over one again, taken apart into pieces and put
// together, and the weights taken out of them. The only owner of these bytes: whoever needs something of them asks
// here.
//
// A state has two forms. The stored form (wire/state.hpp: a header, then raw tensors) says all that is needed to go on
// with it. The raw form is the block as it is, counters and then tensors. It goes between the segments of one run,
// whose processes know the rest from the run's header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/tensor.hpp"
#include "engine/core/model.hpp"
#include "store/model_spec.hpp"
#include "wire/state.hpp"

namespace store {

constexpr size_t kStatePieceBytes = size_t{64} << 20;   // states are stored and sent in pieces of at most this
constexpr size_t kMostWeightBytes = size_t{256} << 20;  // of model_weights: larger ones are read by cerebro.weights()

/// The counters at the head of a block.
inline engine::StateCounters& CountersOf(void* block) { return *static_cast<engine::StateCounters*>(block); }
inline const engine::StateCounters& CountersOf(const void* block) { return *static_cast<const engine::StateCounters*>(block); }
/// Whether the loss of the block's model has become NaN or infinite: it trains no more.
inline bool HasDiverged(const void* block) { return CountersOf(block).diverged_step != 0; }

/// Writes blocks as self-contained state bytes. What models share is written once. Used by one thread.
class StateEncoder {
 public:
  /// The data specification goes along with every state, so that packed rows are all that further training needs.
  explicit StateEncoder(const base::DataSpec& data);
  std::string Encode(const ModelSpec& spec, const engine::StateLayout& layout, const void* block);
  /// What the stored form of this state begins with; the block behind its counters follows.
  std::string Head(const ModelSpec& spec, const engine::StateLayout& layout, const void* block);
  /// The head that the stored form of every state of this model begins with, but for counters (zero) and build (empty).
  std::string HeadTemplate(const ModelSpec& spec, const engine::StateLayout& layout);

 private:
  wire::StateHeader HeaderOf(const ModelSpec& spec, const engine::StateLayout& layout);
  struct WrittenGraph {
    std::string digest, bytes;
  };
  const std::string data_spec_, build_;
  std::map<std::shared_ptr<const base::Graph>, WrittenGraph> graphs_;
};

/// The head of a state's stored form, from the model's template and the first piece of the raw form: what is behind the
/// piece's counters follows it. The build is this process's. Errors: kDataCorrupted for a piece that ends before its
/// counters, and those of wire::ReadStateHeader.
std::string StoredHead(std::string_view head_template, std::string_view first_piece);

/// How long the head of a block's stored form is, by the length of the model's template.
size_t StoredHeadBytes(size_t template_bytes, const void* block);

/// How many leading bytes of the raw form scoring needs: counters and all weights.
size_t ScoringBytes(const engine::StateLayout& layout);

/// A state's bytes with their header read. It views the bytes, which outlive it. They may end behind whatever is asked
/// for.
class StateView {
 public:
  /// Errors: those of wire::ReadStateHeader.
  explicit StateView(std::string_view bytes);

  std::string_view bytes() const { return bytes_; }
  const wire::StateHeader& header() const { return header_; }
  /// The specification inside the header. Errors: texts that cannot be read.
  ModelSpec Spec() const;
  /// The raw values of one of the header's tensors, in the header's precision. Errors: kDataCorrupted where the bytes
  /// end before.
  std::string_view Tensor(const wire::TensorEntry& tensor) const;
  /// Elements of all weights.
  size_t WeightCount() const;
  /// All weights as raw float32, in Keras's order. Errors: those of Tensor.
  std::string Weights() const;

 private:
  std::string_view bytes_;
  size_t raw_offset_ = 0;  // before header_, whose reading sets it
  wire::StateHeader header_;
};

/// How much of stored bytes fitted a block.
enum class StateFit { kWhole, kWeightsOnly };

/// Whether and how a state fits a layout: to be asked before memory is taken for a layout that the state's own header
/// describes. Errors: those of DecodeState.
StateFit CheckState(const StateView& state, const engine::StateLayout& layout);

/// Fills a block from the pieces of a state in stored form, one after the other: no copy of the whole is made. Rules as
/// DecodeState's.
class StateDecoder {
 public:
  /// Both outlive the decoder.
  StateDecoder(const engine::StateLayout& layout, void* block) : layout_(layout), block_(block) {}
  /// Errors: kDataCorrupted unless pieces come in their order, from 0, the first with the whole header; those of
  /// wire::ReadStateHeader and DecodeState.
  void Add(int64_t piece, std::string_view data);
  /// Whether all that the layout asks for has come. REQUIRES that a piece has come.
  bool complete() const { return raw_ >= needed_; }
  /// To be called behind the last piece. Errors: kDataCorrupted when bytes are missing.
  StateFit Finish() const;
  /// REQUIRES that a piece has come.
  const wire::StateHeader& header() const { return header_; }

 private:
  /// Raw bytes that belong into the block.
  struct Part {
    size_t from, to, bytes;  // offsets in the raw part and in the block
  };
  void Begin();

  const engine::StateLayout& layout_;
  void* block_;
  wire::StateHeader header_;
  std::vector<Part> parts_;
  StateFit fit_ = StateFit::kWhole;
  size_t raw_ = 0;     // bytes of the raw part that have come
  size_t needed_ = 0;  // of them, so that all parts are there
  size_t bytes_ = 0;   // that have come
  int64_t next_ = 0;
};

/// Fills a block from a state. Weights must match by name and shape (kInvalidParameter otherwise). When the optimizer
/// slots do not, the slots keep their initial values and kWeightsOnly is returned. Counters come along. Bytes behind
/// the last tensor that the layout asks for may be missing: a layout without slots needs the weights' part only.
StateFit DecodeState(const StateView& state, const engine::StateLayout& layout, void* block);

/// A state cut into pieces, numbered from 0. It views the bytes, which outlive it.
class StatePieces {
 public:
  explicit StatePieces(std::string_view bytes, size_t piece_bytes = kStatePieceBytes) : StatePieces(bytes, piece_bytes, piece_bytes) {}
  /// first_bytes: of the first piece. REQUIRES that it is neither 0 nor more than piece_bytes.
  StatePieces(std::string_view bytes, size_t piece_bytes, size_t first_bytes)
      : bytes_(bytes), piece_bytes_(piece_bytes), missing_(piece_bytes - first_bytes) {}
  size_t count() const { return bytes_.empty() ? 0 : (bytes_.size() + missing_ + piece_bytes_ - 1) / piece_bytes_; }
  /// REQUIRES piece < count().
  std::string_view operator[](size_t piece) const { return bytes_.substr(Begin(piece), Begin(piece + 1) - Begin(piece)); }
  /// How many of the piece's bytes are among the first `leading` of the state.
  size_t PartOf(size_t piece, size_t leading) const;

 private:
  size_t Begin(size_t piece) const { return piece == 0 ? 0 : piece * piece_bytes_ - missing_; }
  std::string_view bytes_;
  size_t piece_bytes_;
  size_t missing_;  // by which the first piece is shorter than the others
};

/// A state's stored form in pieces, without a copy of the whole: most of them view the block, which outlives them.
class StoredPieces {
 public:
  /// head: StateEncoder::Head of the block.
  StoredPieces(std::string head, const void* block, const engine::StateLayout& layout, size_t piece_bytes = kStatePieceBytes);
  size_t count() const { return (bytes_ + piece_bytes_ - 1) / piece_bytes_; }
  /// Valid until the next call. REQUIRES piece < count().
  std::string_view operator[](size_t piece);

 private:
  const std::string head_;
  const std::string_view raw_;
  const size_t piece_bytes_;
  const size_t bytes_;   // of the whole
  std::string joined_;  // a piece with bytes of the head
};

/// A block's raw form in pieces. They are cut so that the stored form needs no other cuts: with StoredHead in the place
/// of the counters, the first piece has piece_bytes too. The block outlives them. REQUIRES piece_bytes of at least
/// kStateCountersBytes.
StatePieces RawPieces(const void* block, const engine::StateLayout& layout, size_t template_bytes, size_t piece_bytes = kStatePieceBytes);

/// Puts the pieces of one state together.
class StateJoiner {
 public:
  /// Errors: kDataCorrupted unless pieces come in their order, from 0, and none is left out.
  void Add(int64_t piece, std::string_view data);
  const std::string& bytes() const { return bytes_; }
  /// The bytes so far; the joiner begins anew.
  std::string Take();

 private:
  std::string bytes_;
  int64_t next_ = 0;
};

/// Fills a block from the pieces of a state's raw form.
class RawStateReader {
 public:
  /// The block outlives the reader.
  RawStateReader(void* block, size_t block_bytes) : block_(static_cast<char*>(block)), block_bytes_(block_bytes) {}
  /// Errors: kDataCorrupted unless pieces come in their order, from 0, and fit into the block.
  void Add(int64_t piece, std::string_view data);
  /// To be called behind the last piece. Errors: kDataCorrupted when fewer than `needed` bytes came.
  void Finish(size_t needed) const;

 private:
  char* block_;
  size_t block_bytes_;
  size_t filled_ = 0;
  int64_t next_ = 0;
};

/// Takes the weights out of the pieces of one state in stored form, which come in their order. They may end behind the
/// last weight.
class StateWeights {
 public:
  void Add(base::Bytes piece);
  /// Raw float32 in Keras's order; nothing when that is more than kMostWeightBytes. Errors: kDataCorrupted.
  std::optional<std::string> Take();

 private:
  std::string state_;
};

}  // namespace store
