// Models that are asked inside of queries: looked up by name, kept by the process, one row or many at a time.
//
// A process keeps what it has loaded (weights, dictionaries, kernels for the types of the rows that came) up to cerebro.model_cache_mem; the model that was
// used longest ago goes first. A call site asks whether its model is IsCurrent before each row, which compares a few numbers: a registered model is
// looked up again when the registry has changed in any session or the role is another one; a model of a run's table once a command.
// Read-only statements only, so that standbys and parallel workers can predict, too.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/row_codec.hpp"
#include "pg/names.hpp"
#include "score/lookup_moment.hpp"
#include "score/outputs.hpp"
#include "score/predictions.hpp"
#include "score/row_packer.hpp"

namespace score {

class GroupRouter;
class KeptModel;
class OpenModel;
struct ScorerParts;

/// Predicts rows of one row type. What it is made of goes back to the model's kernel when it goes, for the next call site of such rows.
class RowScorer {
 public:
  ~RowScorer();
  RowScorer(const RowScorer&) = delete;
  RowScorer& operator=(const RowScorer&) = delete;

  void Clear();
  void Add(const data::Cell* cells);
  int64_t rows() const;
  int64_t row_bytes() const;
  /// Predicts the rows since Clear.
  void Run();
  /// What the last Run says of one of them. Valid until the next call.
  const RowValues& Values(int64_t row);
  /// Predicts with another model of the same kernel from now on. REQUIRES open.kernel() of the model that it was made for.
  void Use(const OpenModel& open);

 private:
  friend class OpenModel;
  RowScorer(std::shared_ptr<KeptModel> model, std::unique_ptr<ScorerParts> parts);
  std::shared_ptr<KeptModel> model_;
  std::unique_ptr<ScorerParts> parts_;
};

/// A model that was looked up.
class OpenModel {
 public:
  OpenModel() = default;
  /// name: of a registered model or run over groups, "penguins" or "penguins@3", or of a run's table with one model,
  /// "models", or any with the model's key, "models:3", or of a run over groups. pinned: the version must be named. Errors: kUndefinedObject;
  /// those of FindRegistered and OpenOneModel; kFeatureNotSupported for a table on a segment, and where a cluster's
  /// coordinator cannot ask the segments.
  static OpenModel Find(const std::string& name, bool pinned);
  /// Of the value that cerebro.model_bytes gives.
  static OpenModel Of(std::string bytes);

  /// Whether the name still means this model to this role, for the rows that are seen now.
  bool IsCurrent() const;
  const std::vector<RowField>& fields() const;
  /// REQUIRES !routes(), as what follows.
  const std::vector<OutputInfo>& outputs() const;
  /// columns: as RowPacker::Describe takes them.
  std::unique_ptr<RowScorer> ScorerFor(const std::vector<pg::Column>& columns) const;
  /// Of memory, about.
  size_t bytes() const;
  /// What models have in common that one RowScorer can predict with.
  const void* kernel() const;

  /// Whether it is a run over groups: which model predicts depends on a row's key columns.
  bool routes() const { return router_ != nullptr; }
  /// The key columns, as the table that was packed has them. REQUIRES routes(), as what follows.
  const std::vector<pg::Column>& keys() const;
  /// The model for rows with these keys, as texts of their types; nullopt: there is none.
  std::optional<OpenModel> Route(const std::vector<std::optional<std::string>>& keys) const;

 private:
  friend class RowScorer;
  enum class Origin { kRegistry, kTable, kBytes };
  std::shared_ptr<KeptModel> model_;
  std::shared_ptr<GroupRouter> router_;
  Origin origin_ = Origin::kBytes;
  LookupMoment moment_;
};

/// cerebro.model_bytes. Errors: as Find's; kLimitExceeded.
std::string ModelBytes(const std::string& name);

}  // namespace score
