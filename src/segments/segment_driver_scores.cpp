// What a round's states say of metrics: scoring, and the best weights so far.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pg/sql.hpp"
#include "segments/segment_driver_class.hpp"

namespace segments {

std::vector<std::vector<double>> SegmentDriver::Score(train::ScoredTable table, const std::vector<int>& models, train::VisitSink* sink) {
  SumsByPartition validation_sums;
  std::map<int, std::string> errors;
  if (table == train::ScoredTable::kTraining) training_sums_ = SumsOf(table, models, &errors);
  if (table == train::ScoredTable::kValidation) validation_sums = SumsOf(table, models, &errors);
  std::vector<std::vector<double>> values;
  for (const int m : models) {
    const auto number = static_cast<size_t>(m);
    std::vector<double> sums;
    if (table == train::ScoredTable::kValidation) {
      sums = AddSums(validation_sums, plan::Sequence().Visited(request_.spec.validation.spec.num_partitions), m);
    } else {
      const int partitions = request_.spec.plan.partitions;
      const bool training = table == train::ScoredTable::kTraining;
      sums = AddSums(training_sums_, training ? sequences_[number].Visited(partitions) : sequences_[number].LeftOut(partitions), m);
    }
    values.push_back(errors.count(m) == 0 ? request_.programs[number]->Finish(sums.data())
                                          : std::vector<double>(request_.metric_names[number].size(), std::numeric_limits<double>::quiet_NaN()));
  }
  for (const auto& [model, error] : errors) {
    trains_[static_cast<size_t>(model)] = false;
    sink->Failed(model, error);
  }
  sink->Progress(rows_trained_);
  return values;
}

SumsByPartition SegmentDriver::SumsOf(train::ScoredTable table, const std::vector<int>& models, std::map<int, std::string>* errors) {
  const bool training = table == train::ScoredTable::kTraining;
  const data::PackedTable& packed = training ? request_.spec.training : request_.spec.validation;
  RoundRequest request = round_request_;
  request.kind = RoundKind::kScore;
  request.table = training ? data::CachedTable::kTraining : data::CachedTable::kValidation;
  request.has_weights = packed.spec.has_weights;
  request.last = !request_.living && iteration_ == request_.LastIteration() && (!training || !validation_);
  Spread spread{rounds_, LocationsOf(models), (training ? training_ : *validation_).SegmentKeys()};
  if (!(spread == spread_)) SpreadWeights(&*tables_, spread.states, spread.keys);
  spread_ = std::move(spread);
  return SumsOnSegments(*tables_, spread_.states, spread_.keys, packed, request, errors);
}

// The best weights are copied from table to table, so that neither grows with the iterations.
void SegmentDriver::KeepBest(const std::vector<int>& models) {
  if (models.empty()) return;
  StateLocations locations = LocationsOf(models);
  for (size_t m = 0; m < request_.programs.size(); m++) {
    const bool better = std::binary_search(models.begin(), models.end(), static_cast<int>(m));
    if (has_best_[m] && !better) locations[best_].push_back(static_cast<int>(m));
    has_best_[m] = has_best_[m] || better;
    if (better) best_key_[m] = key_of_[m];
  }
  if (!tables_->Need(next_best_)) tables_->Empty(next_best_);
  pg::Execute("INSERT INTO " + tables_->Sql(next_best_) + " SELECT * FROM " +
              tables_->StatesSql(locations,
                                 "h.__dist_key__, h.model, h.piece, h.keep, pg_catalog.substr(h.data, 1, h.keep), NULL::pg_catalog.bytea",
                                 "h.keep OPERATOR(pg_catalog.>) 0") +
              " s");
  std::swap(best_, next_best_);
}

}  // namespace segments
