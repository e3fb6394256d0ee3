// The first part of a round: the run's header, and the states of the models that are here.
#include <limits>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "pg/report.hpp"
#include "segments/process_cache.hpp"
#include "segments/round_member.hpp"
#include "segments/segment_process.hpp"
#include "store/architectures.hpp"
#include "store/loaded_model.hpp"
#include "train/first_state.hpp"

namespace segments {
namespace {

using base::Error;
using base::ErrorCode;

std::string_view View(base::Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data), bytes.size}; }

// Members point into what a header would replace, and sums are of the members that were there at the first buffer.
void RequireOrder(bool in_order) {
  if (!in_order) throw Error(ErrorCode::kInvalidParameter, "rows of a round come in another order than header, states, buffers", "",
                              "Rounds are run by fit_multiple_model() and evaluate() within their own run.");
}

}  // namespace

bool SegmentRound::KeepsHeader(int first) const {
  const ProcessCache& own = ProcessCacheOf(request_.run);
  return own.header.has_value() && (first == 0 || own.models.size() > static_cast<size_t>(first));
}

void SegmentRound::AddHeader(int first, base::Bytes header) {
  RequireOrder(first >= 0 && members_.empty() && !states_complete_);
  ProcessCache& own = ProcessCacheOf(request_.run);
  RunHeader read = ReadRunHeader(View(header));
  if (first > 0) {
    KeepAddedModels(std::move(read), static_cast<size_t>(first), &own);
    pg::Debug("the run has " + std::to_string(own.models.size()) + " models now");
  } else {
    KeepHeader(std::move(read), request_.use_gpus, &own);
    pg::Debug("the run's header was read: " + std::to_string(own.models.size()) + " models, " + std::to_string(header.size) + " bytes");
  }
}

void SegmentRound::BeginState(int model) {
  const bool scoring = request_.kind == RoundKind::kScore;
  ProcessCache& own = ProcessCacheOf(request_.run);
  members_.push_back(std::make_unique<Member>(model, ModelOf(own, model, scoring), scoring, &own.blocks));
  if (scoring) members_.back()->Zero();  // what is behind the part of a state that comes
}

size_t SegmentRound::StateBytesWanted(int model) const {
  constexpr size_t kAll = std::numeric_limits<size_t>::max();
  if (request_.kind != RoundKind::kScore) return kAll;
  if (members_.empty() || members_.back()->index != model) {
    return store::ScoringBytes(ModelOf(ProcessCacheOf(request_.run), model, true).scoring_program->layout());
  }
  const Member& member = *members_.back();
  return member.entry ? kAll : store::ScoringBytes(member.program->layout()) - member.raw_bytes;
}

void SegmentRound::AddState(int model, int piece, base::Bytes data) {
  pg::CheckInterrupts();
  RequireOrder(!states_complete_);
  if (members_.empty() || members_.back()->index != model) {
    CompleteState();
    BeginState(model);
  }
  Member* member = members_.back().get();
  if (piece == kEntryPiece) {
    member->entry = ReadEntry(View(data));
    member->Zero();
  } else if (member->entry) {
    incoming_memory_.Grow(data.size);
    member->incoming.Add(piece, View(data));
  } else {
    member->raw.Add(piece, View(data));
    member->raw_bytes += data.size;
  }
}

// All pieces of the last member are there.
void SegmentRound::CompleteState() {
  if (members_.empty() || members_.back()->complete) return;
  Member* member = members_.back().get();
  const engine::StateLayout& layout = member->program->layout();
  const bool scoring = request_.kind == RoundKind::kScore;
  if (member->entry) {
    Enter(member);
  } else {
    member->raw.Finish(scoring ? store::ScoringBytes(layout) : layout.bytes);
  }
  member->record.model = member->index;
  member->record.segment = pg::SegmentIndex();
  member->complete = true;
  if (scoring) return;
  member->lent.emplace(ProcessCacheOf(request_.run).pool->Lend(member->program, *member->config));
  member->lent->get()->Attach(member->block->data());
}

// In a living run an error of the model's own is in its record then, and its state is all zeros.
void SegmentRound::Enter(Member* member) {
  if (on_error() == engine::OnError::kThrows || request_.kind == RoundKind::kScore) return EnterState(member);
  try {
    EnterState(member);
  } catch (...) {
    member->record = ModelReply();  // what was noted before the error
    member->record.error = engine::TextOfEngineError();
    incoming_memory_.Release();
    member->Zero();
  }
}

// The first state of a model that enters the run.
void SegmentRound::EnterState(Member* member) {
  const RunHeader& header = HeaderOf(ProcessCacheOf(request_.run));
  const engine::StateLayout& layout = member->program->layout();
  const uint64_t stream = member->model->described.stream;
  void* block = member->block->data();
  const std::string incoming = member->incoming.Take();
  member->program->Initialise(member->config->optimizer, block, header.seed, stream, header.visits, pg::CheckInterrupts);
  if (member->entry == EntryKind::kState) {
    const store::StateView stored(incoming);
    member->record.weights_only = store::DecodeState(stored, layout, block) == store::StateFit::kWeightsOnly;
    engine::StateCounters& counters = store::CountersOf(block);
    counters.partitions = header.visits;
    counters.visits_in_iteration = 0;
    const std::string& build = stored.header().build;
    if (build != engine::BuildDescription()) member->record.build = build;
  } else if (member->entry == EntryKind::kWeights) {
    const RunModel& described = member->model->described;
    const std::string what = "model_weights of mst_key " + std::to_string(static_cast<int64_t>(stream));
    const size_t needed = static_cast<size_t>(described.graph->WeightCount()) * sizeof(float);
    if (described.given.empty() && incoming.size() != needed) {
      throw Error(ErrorCode::kDataCorrupted,
                  what + " has " + std::to_string(incoming.size()) + " bytes, the architecture needs " + std::to_string(needed));
    }
    const std::string weights = described.given.empty() ? incoming : store::ExpandWeights(*described.graph, described.given, incoming, what);
    store::LoadGivenWeights(*member->program, *described.graph, described.given, weights, block);
  } else if (member->entry == EntryKind::kClone || member->entry == EntryKind::kStoredClone) {
    CloneParent(incoming, member);
  }
  incoming_memory_.Release();
}

// incoming: its state, in raw or in stored form.
void SegmentRound::CloneParent(const std::string& incoming, Member* member) {
  const RunModel& described = member->model->described;
  const KnownModel& parent = ModelOf(ProcessCacheOf(request_.run), described.parent, false);
  const engine::StateLayout& layout = parent.program->layout();
  pg::ReservedMemory memory{"the state of a model that is cloned"};
  memory.Grow(layout.bytes);
  const store::Block from(layout.bytes);
  if (member->entry == EntryKind::kStoredClone) {
    store::DecodeState(store::StateView(incoming), layout, from.data());
  } else {
    store::RawStateReader raw(from.data(), layout.bytes);
    raw.Add(0, incoming);
    raw.Finish(layout.bytes);
  }
  const bool optimizer = described.keeps_optimizer && described.config.optimizer.kind == parent.described.config.optimizer.kind;
  train::CloneState(member->program->layout(), layout, optimizer, from.data(), member->block->data());
}

// All members are there, and the first buffer may come.
void SegmentRound::CompleteStates() {
  if (states_complete_) return;
  CompleteState();
  states_complete_ = true;
  if (members_.empty()) return;
  data_ = HeaderOf(ProcessCacheOf(request_.run)).data;
  data_.has_weights = request_.has_weights;
}

}  // namespace segments
