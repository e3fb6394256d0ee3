// Writes the result tables of a run (store/result_columns.hpp has their columns).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "store/result_rows.hpp"
#include "store/training_state.hpp"
#include "train/arguments.hpp"
#include "train/prepare.hpp"
#include "train/run.hpp"

namespace train {

/// "<dep>_class_values", one an encoded dependent variable, as the packed table's summary has them: <out>_summary has them, too.
std::vector<pg::Column> ClassValueColumns(const PreparedFit& fit);

/// Makes the five tables, empty: before the run, so that a missing privilege costs no training.
void CreateResultTables(const FitArguments& arguments, const PreparedFit& fit);

/// Before a warm start: the caller may do with the tables what ClearResultTables and the writers do. Errors: the
/// server's own.
void RequireRewritable(const PreparedFit& fit);

/// Makes room for a warm start's results: after its states were read, before the first ModelWriter::Write. Takes the
/// rows of the run before out, but for the visits of models that go on. Tables of earlier versions get what they lack.
void ClearResultTables(const FitArguments& arguments, const PreparedFit& fit);

/// Tables of earlier versions get what they lack: before the first part of a durable run that is a warm start.
void AddMissingColumns(const PreparedFit& fit);

/// The same as ClearResultTables in a durable run, before each commit: rows are deleted in the transaction that writes the new ones, so that
/// others see the last commit until the next one. Before the first commit of a run that is a warm start, it also does
/// what ClearResultTables does to the visits and to models that are not in the run. weights: a model, whether its
/// weights are written anew; empty: states and weights are left to ModelWriter::Replace.
void ClearForCheckpoint(const PreparedFit& fit, const std::vector<bool>& weights);

/// Writes models: the weights of each (raw float32, Keras's order) and its training state in pieces.
class ModelWriter {
 public:
  /// fit: outlives the writer.
  explicit ModelWriter(const PreparedFit& fit);
  /// block: of the model's layout. best: weights that are kept instead of the block's, or nullptr.
  void Write(const PreparedModel& model, const void* block, const std::string* best);
  /// Writes what is new since the last commit of a durable run, instead of what is stored. trained: the block is new.
  void Replace(const PreparedModel& model, const void* block, const std::string* best, bool trained);

 private:
  void WriteWeights(const PreparedModel& model, const void* block, const std::string* best);
  void WriteState(const PreparedModel& model, const void* block);
  const PreparedFit& fit_;
  store::RowInserter models_, states_;
  store::StateEncoder encoder_;
};

/// A stored model whose loss was no number: a warm start leaves it as it is.
void NoticeDivergedBefore(int mst_key, uint64_t diverged_step);

/// model_weights is NULL: the weights are over kMostWeightBytes.
void NoticeLargeWeights(int mst_key, size_t bytes);

/// Writes <out>_summary. more: values of columns that this table has besides its own.
void WriteSummary(const FitArguments& arguments, const PreparedFit& fit, const RunResult& result, double started_at,
                  const std::vector<store::ResultValue>& more);

/// Writes the rows about the run: info, visits and summary.
void WriteReports(const FitArguments& arguments, const PreparedFit& fit, const RunResult& result, double started_at);

}  // namespace train
