// A stored model made ready to score or predict: built, its weights in place, attached.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/tensor.hpp"
#include "engine/core/model.hpp"
#include "store/model_spec.hpp"
#include "store/result_tables.hpp"

namespace store {

struct LoadedModel {
  // the model is laid over the block: it goes first
  std::unique_ptr<Block> block;
  std::unique_ptr<engine::Model> model;
};

/// Options of the engine for a stored run: its precision, and a GPU when asked for.
engine::Options ScoringOptions(const ModelTable& table, bool use_gpus);

/// The configuration of a model that will not be trained: with plain SGD, which has no slots, so that its state is
/// counters and weights alone.
base::TrainConfig ScoringConfig(const base::TrainConfig& config);
/// What such a model of a table is built from. Its texts are those that it was trained by.
ModelSpec ScoringSpec(const StoredModel& stored);

/// Writes a stored model's weights into a block of the program's layout. Errors: kDataCorrupted for a wrong length.
void LoadStoredWeights(const ModelTable& table, const StoredModel& stored, const engine::Program& program, void* block);

/// `data` describes the rows that the model will see: the training table's specification, or one that differs in its
/// inputs' types.
LoadedModel LoadModelForScoring(const ModelTable& table, const StoredModel& stored, const base::DataSpec& data,
                                const engine::Options& options);

/// Opens a model table for a function that works with one model. mst_key may be left out when there is only one.
/// Errors: kNullValue with the keys and a hint at the leaderboard when there are several; kPrerequisiteState when the
/// model diverged.
ModelTable OpenOneModel(std::string_view model_table, std::optional<int> mst_key);

/// The weights of a model, laid out as engine::Predictor has them.
Block LoadWeightBlock(const ModelTable& table, const StoredModel& stored, const engine::Options& options);

/// The same of weights that have been read, raw float32 in Keras's order. program: of ScoringSpec. Errors: kDataCorrupted
/// for a wrong length, whose message says what the weights are.
Block WeightBlockOf(const engine::Program& program, const std::string& raw, const std::string& what);

/// The rows that say where a model's weights and configuration are stored: another text after every training. Empty where that cannot be
/// told: there is no such table, or it is a view.
/// Read-only statements; the caller must hold SELECT.
std::string StoredVersion(const std::string& model_table, std::optional<int> mst_key);

/// A model whose loss became NaN or infinite: its weights say nothing.
bool IsDiverged(const StoredModel& model);

}  // namespace store
