// A model of a round, in the process that trains or scores it. Only SegmentRound's own files see it.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>

#include "engine/core/model_pool.hpp"
#include "engine/core/program.hpp"
#include "segments/messages.hpp"
#include "segments/process_cache.hpp"
#include "segments/segment_process.hpp"
#include "store/training_state.hpp"

namespace segments {

struct SegmentRound::Member {
  Member(int number, const KnownModel& known, bool scoring, BlockPool* pool)
      : index(number),
        model(&known),
        config(scoring ? &known.scoring : &known.described.config),
        program(scoring ? known.scoring_program : known.program),
        block(pool->Take(program->layout().bytes)),
        raw(block->data(), program->layout().bytes) {}

  void Zero() { std::memset(block->data(), 0, program->layout().bytes); }

  int index;
  const KnownModel* model;  // of the process's cache, as the next two
  const base::TrainConfig* config;
  std::shared_ptr<const engine::Program> program;
  std::optional<EntryKind> entry;     // of a model that enters the run
  std::optional<store::Block> block;  // until it is taken out
  store::RawStateReader raw;          // without an entry
  size_t raw_bytes = 0;               // that have come of it
  store::StateJoiner incoming;        // with one: stored bytes or weights
  bool complete = false;
  std::optional<engine::LentModel> lent;  // until the round is finished; attached to the block
  ModelReply record;
};

}  // namespace segments
