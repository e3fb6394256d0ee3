#include "run/compare_groups.hpp"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "engine/core/model.hpp"
#include "pg/report.hpp"
#include "pg/snapshot.hpp"
#include "pg/sql.hpp"
#include "plan/ranking.hpp"
#include "score/ranked_models.hpp"
#include "store/group_tables.hpp"
#include "store/loaded_model.hpp"

namespace run {
namespace {

constexpr size_t kGroupsAtOnce = 1000;


/// Metric values of one model over groups. Sums of partitions are added in their order, as those of any table are.
class GlobalScorer {
 public:
  GlobalScorer(const pg::TableName& table, int mst_key, const base::DataSpec& data)
      : table_(store::OpenOneModel(table.Sql(), mst_key)),
        loaded_(store::LoadModelForScoring(table_, table_.models.front(), data, store::ScoringOptions(table_, false))) {
  }

  std::map<int64_t, std::vector<double>> Score(const data::GroupedTable& table, int64_t first, int64_t last) {
    const engine::Program& program = loaded_.model->program();
    std::map<int64_t, std::vector<double>> values;
    std::vector<double> sums, partition;
    int64_t group = 0;
    int number = 0;
    const auto close = [&] {
      for (size_t k = 0; k < sums.size(); k++) sums[k] += partition[k];
      partition.assign(sums.size(), 0.0);
    };
    const auto finish = [&] {
      if (group == 0) return;
      close();
      values[group] = program.Finish(sums.data());
    };
    data::GroupSource(table).ForEach(first, last, [&](int64_t id, const base::Buffer& buffer) {
      pg::CheckInterrupts();
      if (id != group) {
        finish();
        sums.assign(program.sums_size(), 0.0);
        partition = sums;
      } else if (buffer.partition_id != number) {
        close();
      }
      group = id;
      number = buffer.partition_id;
      loaded_.model->Evaluate(buffer, partition.data(), pg::CheckInterrupts);
    });
    finish();
    return values;
  }

 private:
  const store::ModelTable table_;
  const store::LoadedModel loaded_;
};

/// The rows of <output>_groups that change, gathered.
struct Changes {
  std::vector<int64_t> ids;
  std::vector<std::string> chosen, values;  // values: "": NULL
};

void Write(const pg::TableName& output, int global_mst_key, const Changes& changes) {
  const store::ResultTables tables(output);
  // the best own model of a group is the one whose loss the group has
  pg::Execute("UPDATE " + tables.groups.Sql() +
                  " AS g SET global_value = NULLIF(u.value, '')::pg_catalog.float8, chosen = u.chosen, mst_key = CASE"
                  " WHEN u.chosen OPERATOR(pg_catalog.<>) 'own' THEN $4::pg_catalog.int4 WHEN g.chosen"
                  " OPERATOR(pg_catalog.=) 'own' THEN g.mst_key ELSE (SELECT pg_catalog.min(i.mst_key) FROM " +
                  tables.info.Sql() +
                  " AS i WHERE i.group_id OPERATOR(pg_catalog.=) g.group_id AND i.diverged_step IS NULL AND "
                  "COALESCE(i.validation_loss_final, i.training_loss_final) OPERATOR(pg_catalog.=) g.loss) END FROM "
                  "ROWS FROM (pg_catalog.unnest($1::pg_catalog.int8[]), pg_catalog.unnest($2::pg_catalog.text[]),"
                  " pg_catalog.unnest($3::pg_catalog.text[])) AS u(id, chosen, value) WHERE u.id "
                  "OPERATOR(pg_catalog.=) g.group_id",
              {changes.ids, changes.chosen, changes.values, static_cast<int64_t>(global_mst_key)});
}

}  // namespace

int BestGlobalModel(const pg::TableName& global) {
  const pg::FreshSnapshot written;
  const score::Ranking ranking = score::RankModels(global);
  if (ranking.models.empty()) {
    throw base::Error(base::ErrorCode::kPrerequisiteState, "run " + global.Text() + " has no models",
                      "Groups are compared with the best of them.", "Restore its tables, or train all groups again.");
  }
  const plan::Standing& best = ranking.models.front().standing;
  if (best.diverged) {
    throw base::Error(base::ErrorCode::kPrerequisiteState,
                      "all global models have diverged: their loss became NaN or infinite", "",
                      "Lower the learning rate, or train without global_model.");
  }
  return static_cast<int>(best.mst_key);
}

void CompareGroups(const pg::TableName& output, int global_mst_key, const data::GroupedTable& training,
                   const std::optional<data::GroupedTable>& validation, bool must_be_beaten) {
  GlobalScorer scorer(output.WithSuffix(store::kGlobalSuffix), global_mst_key, training.packed.spec);
  int64_t last = 0;
  for (;;) {
    const pg::Result rows = pg::Execute(
        "SELECT g.group_id, g.status, g.value, g.loss, g.validation_rows, g.metric FROM " +
            store::ResultTables(output).groups.Sql() +
            " AS g WHERE g.group_id OPERATOR(pg_catalog.>) $1 ORDER BY g.group_id LIMIT " +
            std::to_string(kGroupsAtOnce),
        {last});
    if (rows.empty()) return;
    const int64_t first = base::WholeNumber(rows.at(0, 0));
    last = base::WholeNumber(rows.rows.back()[0]);
    std::map<int64_t, std::vector<double>> over;
    if (validation) over = scorer.Score(*validation, first, last);
    bool all = true;
    for (const auto& row : rows.rows) all = all && over.count(base::WholeNumber(row[0])) > 0;
    if (!all) {
      std::map<int64_t, std::vector<double>> trained = scorer.Score(training, first, last);
      over.merge(trained);  // keeps those over rows that validate
    }
    Changes changes;
    for (const auto& row : rows.rows) {
      const int64_t id = base::WholeNumber(row[0]);
      const std::string status = row[1].value_or(""), metric = row[5].value_or("loss");
      const std::string ranked_by = metric == "loss" ? "" : metric;
      const bool scored = status == store::kStatusTrained || status == store::kStatusDiverged;
      const auto found = over.find(id);
      plan::Standing global, own;
      if (scored && found != over.end()) global = plan::StandingOf(found->second, !ranked_by.empty());
      own.loss = base::RealOrNaN(row[3]);
      if (!ranked_by.empty()) own.metric = base::RealOrNaN(row[2]);
      const bool usable = status == store::kStatusTrained && row[2].has_value();
      const bool judged = validation && base::WholeOrZero(row[4]) > 0;
      const bool keeps = usable && (!must_be_beaten || (judged && plan::IsBetter(ranked_by, own, global)));
      const double value = ranked_by.empty() ? global.loss : global.metric;
      changes.ids.push_back(id);
      changes.chosen.emplace_back(keeps ? store::kChosenOwn : store::kChosenGlobal);
      changes.values.push_back(scored && found != over.end() && !std::isnan(value) ? pg::NumberText(value) : "");
    }
    Write(output, global_mst_key, changes);
  }
}

}  // namespace run
