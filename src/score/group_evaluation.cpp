#include "score/group_evaluation.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "data/all_groups.hpp"
#include "data/groups.hpp"
#include "engine/core/model.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/snapshot.hpp"
#include "pg/sql.hpp"
#include "score/evaluation.hpp"
#include "store/group_models.hpp"
#include "store/loaded_model.hpp"
#include "store/model_spec.hpp"

namespace score {
namespace {

using base::Error;
using base::ErrorCode;

constexpr size_t kGroupsAtOnce = 256;

/// Sums of a group, partition by partition, as those of any table are added.
struct Sums {
  std::vector<double> all, partition;
  int partition_id = 0;
  int64_t rows = 0;

  explicit Sums(size_t size) : all(size, 0.0), partition(size, 0.0) {}
  double* Of(int id) {
    if (id != partition_id) Close();
    partition_id = id;
    return partition.data();
  }
  void Close() {
    for (size_t k = 0; k < all.size(); k++) all[k] += partition[k];
    partition.assign(all.size(), 0.0);
  }
};

class GroupScorer {
 public:
  GroupScorer(store::GroupModels* models, const data::GroupedTable& test, bool use_gpus,
              const std::function<void(const GroupScore&)>& use)
      : models_(*models), test_(test), use_gpus_(use_gpus), use_(use) {}

  /// Returns the groups without a model.
  int64_t Run() {
    int64_t without = 0;
    data::GroupCursor cursor(test_);
    for (std::vector<data::Group> groups = cursor.Next(kGroupsAtOnce); !groups.empty();
         groups = cursor.Next(kGroupsAtOnce)) {
      without += Score(groups.front().id, groups.back().id);
    }
    return without;
  }

 private:
  /// Who scores a group.
  struct Scorer {
    engine::Model* model = nullptr;  // nullptr: nobody
    const store::StoredModel* stored = nullptr;
    const char* chosen = nullptr;
  };

  // Keys, as texts that every session reads alike.
  std::map<int64_t, std::vector<pg::Cell>> KeysOf(int64_t first, int64_t last) const {
    std::string list;
    for (const pg::Column& key : test_.keys) list += ", cerebro._label_text(g." + pg::QuoteIdent(key.name) + ")";
    std::map<int64_t, std::vector<pg::Cell>> keys;
    const pg::Result rows = pg::Read("SELECT g.group_id" + list + " FROM " + test_.groups_table.Sql() +
                                         " AS g WHERE g.group_id OPERATOR(pg_catalog.>=) $1 AND g.group_id "
                                         "OPERATOR(pg_catalog.<=) $2",
                                     {first, last});
    for (const auto& row : rows.rows) keys[base::WholeNumber(row[0])] = std::vector<pg::Cell>(row.begin() + 1, row.end());
    return keys;
  }

  int64_t Score(int64_t first, int64_t last) {
    const std::map<int64_t, std::vector<pg::Cell>> keys = KeysOf(first, last);
    int64_t without = 0, current = 0;
    Scorer scorer;
    std::unique_ptr<Sums> sums;
    const auto finish = [&] {
      if (sums == nullptr) return;
      sums->Close();
      Use(current, scorer, *sums);
      sums.reset();
      if (scorer.chosen == store::kChosenOwn) scorer.model->Detach();  // its weights go
    };
    data::GroupSource(test_).ForEach(first, last, [&](int64_t group, const base::Buffer& buffer) {
      pg::CheckInterrupts();
      if (group != current) {
        finish();
        current = group;
        scorer = ScorerOf(keys.at(group));
        if (scorer.model == nullptr) {
          without++;
        } else {
          sums = std::make_unique<Sums>(scorer.model->program().sums_size());
        }
      }
      if (sums == nullptr) return;
      scorer.model->Evaluate(buffer, sums->Of(buffer.partition_id), pg::CheckInterrupts);
      sums->rows += buffer.rows;
    });
    finish();
    return without;
  }

  Scorer ScorerOf(const std::vector<pg::Cell>& keys) {
    const std::optional<store::ChosenModel> chosen = models_.Find(keys);
    if (!chosen) return Global();
    std::unique_ptr<engine::Model>& model = by_key_[chosen->mst_key];
    const store::StoredModel& stored = models_.run().models.at(chosen->mst_key);
    if (model == nullptr) {
      const store::ModelTable bare = models_.Bare(chosen->mst_key);
      model = store::BuildModel(store::ScoringSpec(stored), test_.packed.spec, store::ScoringOptions(bare, use_gpus_));
    }
    const std::string what = "group " + std::to_string(chosen->group_id) + " of " + models_.run().name.Text();
    store::Block block = store::WeightBlockOf(model->program(), models_.Read(*chosen).weights, what);
    model->Attach(block.data());
    block_.emplace(std::move(block));
    return {model.get(), &stored, store::kChosenOwn};
  }

  Scorer Global() {
    if (!looked_for_global_) {
      looked_for_global_ = true;
      global_table_ = models_.Global();
      if (global_table_) {
        global_.emplace(store::LoadModelForScoring(*global_table_, global_table_->models.front(), test_.packed.spec,
                                                   store::ScoringOptions(*global_table_, use_gpus_)));
      }
    }
    if (!global_) return {};
    return {global_->model.get(), &global_table_->models.front(), store::kChosenGlobal};
  }

  void Use(int64_t group, const Scorer& scorer, const Sums& sums) const {
    const engine::Program& program = scorer.model->program();
    GroupScore score;
    score.group_id = group;
    score.rows = sums.rows;
    score.chosen = scorer.chosen;
    score.mst_key = scorer.stored->mst_key;
    score.names = program.metric_names();
    score.values = program.Finish(sums.all.data());
    use_(score);
  }

  store::GroupModels& models_;
  const data::GroupedTable& test_;
  const bool use_gpus_;
  const std::function<void(const GroupScore&)>& use_;
  std::optional<store::Block> block_;                     // of the group in hand
  std::map<int, std::unique_ptr<engine::Model>> by_key_;  // by mst_key
  bool looked_for_global_ = false;
  std::optional<store::ModelTable> global_table_;
  std::optional<store::LoadedModel> global_;
};

/// The output table of evaluate.
class GroupScoreTable {
 public:
  GroupScoreTable(pg::TableName name, const data::GroupedTable& test) : name_(std::move(name)), test_(test) {
    std::string columns = "group_id pg_catalog.int8";
    for (const pg::Column& key : test_.keys) columns += ", " + pg::QuoteIdent(key.name) + " " + key.sql_type;
    pg::Execute("CREATE TABLE " + name_.Sql() + " (" + columns +
                ", group_rows pg_catalog.int8, chosen pg_catalog.text, mst_key pg_catalog.int4, loss pg_catalog.float8,"
                " metric pg_catalog.float8, metric_names pg_catalog.text[], metric_values pg_catalog.float8[])");
  }

  void Add(const GroupScore& score) {
    const auto list = [](const std::vector<std::string>& elements) {
      std::string text = "{";
      for (const std::string& element : elements) text += (text.size() > 1 ? "," : "") + element;
      return text + "}";
    };
    std::vector<std::string> numbers, names;
    for (const double value : score.values) numbers.push_back(pg::NumberText(value));
    for (const std::string& name : score.names) names.push_back("\"" + name + "\"");
    ids_.push_back(score.group_id);
    rows_.push_back(score.rows);
    chosen_.emplace_back(score.chosen);
    mst_keys_.push_back(score.mst_key);
    names_.push_back(list(names));
    values_.push_back(list(numbers));
    any_ = true;
    if (ids_.size() >= kGroupsAtOnce) Write();
  }

  void Write() {
    if (ids_.empty()) return;
    std::string keys;
    for (const pg::Column& key : test_.keys) keys += ", g." + pg::QuoteIdent(key.name);
    pg::Execute("INSERT INTO " + name_.Sql() + " SELECT u.id" + keys +
                    ", u.n, u.chosen, u.k::pg_catalog.int4, (u.v::pg_catalog.float8[])[1],"
                    " (u.v::pg_catalog.float8[])[2], u.names::pg_catalog.text[], u.v::pg_catalog.float8[] FROM"
                    " ROWS FROM (pg_catalog.unnest($1::pg_catalog.int8[]), pg_catalog.unnest($2::pg_catalog.int8[]),"
                    " pg_catalog.unnest($3::pg_catalog.text[]), pg_catalog.unnest($4::pg_catalog.int8[]),"
                    " pg_catalog.unnest($5::pg_catalog.text[]), pg_catalog.unnest($6::pg_catalog.text[]))"
                    " AS u(id, n, chosen, k, names, v) JOIN " +
                    test_.groups_table.Sql() + " AS g ON g.group_id OPERATOR(pg_catalog.=) u.id ORDER BY u.id",
                {ids_, rows_, chosen_, mst_keys_, names_, values_});
    for (std::vector<int64_t>* list : {&ids_, &rows_, &mst_keys_}) list->clear();
    for (std::vector<std::string>* list : {&chosen_, &names_, &values_}) list->clear();
  }
  bool any() const { return any_; }

 private:
  const pg::TableName name_;
  const data::GroupedTable& test_;
  bool any_ = false;
  // rows that are gathered
  std::vector<int64_t> ids_, rows_, mst_keys_;
  std::vector<std::string> chosen_, names_, values_;
};


void RequireSameKeys(const store::GroupRunTable& run, const data::GroupedTable& test) {
  const auto same = [](const pg::Column& a, const pg::Column& b) { return a.name == b.name; };
  if (std::equal(run.keys.begin(), run.keys.end(), test.keys.begin(), test.keys.end(), same)) return;
  const auto list = [](const std::vector<pg::Column>& keys) {
    std::string text;
    for (const pg::Column& key : keys) text += (text.empty() ? "\"" : ", \"") + key.name + "\"";
    return text;
  };
  throw Error(ErrorCode::kInvalidParameter,
              "packed table " + test.packed.name.Text() + " is grouped by " + list(test.keys) + ", the models of " +
                  run.name.Text() + " by " + list(run.keys),
              "", "Give a table that is packed by the same grouping columns.");
}

}  // namespace

void RequireScorable(const store::GroupModels& models, const data::GroupedTable& test) {
  const store::GroupRunTable& run = models.run();
  RequireSameKeys(run, test);
  data::PackedTable training;
  training.spec = run.data;
  training.name = run.name;
  data::RequireCompatible(training, test.packed);
  store::ModelTable checked = models.Bare(run.models.begin()->first);
  checked.models.clear();
  for (const auto& [key, model] : run.models) checked.models.push_back(model);
  CheckTestValues(checked, data::ViewAllGroups(test));
}

int64_t ScoreGroups(store::GroupModels* models, const data::GroupedTable& test, bool use_gpus,
                    const std::function<void(const GroupScore&)>& use) {
  return GroupScorer(models, test, use_gpus, use).Run();
}

void EvaluateByGroup(std::string_view model_table, std::string_view test_table, std::string_view output_table,
                     bool use_gpus, std::optional<int> mst_key) {
  const pg::TableName output = pg::ParseNewTableName(output_table, "output_table");
  const std::unique_ptr<store::GroupModels> models = store::OpenAnyGroupModels(model_table, "model_table");
  const store::GroupRunTable& run = models->run();
  if (mst_key) {
    throw Error(ErrorCode::kInvalidParameter,
                "mst_key cannot be given: each group of table " + run.name.Text() +
                    " has a model that was chosen for it",
                "", "Leave mst_key out; cerebro.group_leaderboard() shows the chosen models.");
  }
  const data::GroupedTable test = data::OpenGroupedTable(test_table, "test_table");
  pg::ClaimOutput(output, "output_table");
  pg::RequireAbsent(output, "output_table");
  pg::RequireCreate(output);
  RequireScorable(*models, test);
  GroupScoreTable scores(output, test);
  const auto write = [&scores](const GroupScore& score) { scores.Add(score); };
  const int64_t without = ScoreGroups(models.get(), test, use_gpus, write);
  scores.Write();
  if (!scores.any()) {
    throw Error(ErrorCode::kPrerequisiteState, "no group of packed table " + test.packed.name.Text() + " has a model",
                "Its groups are unknown to the models, or have no usable one, and there is no global model.",
                "Train with global_model => true: then the global model is scored for them.");
  }
  if (without > 0) {
    pg::Notice(std::to_string(without) + (without == 1 ? " group is" : " groups are") +
                   " left out: unknown, or without a usable model, and there is no global model",
               "Train with global_model => true: then the global model is scored for them.");
  }
}

}  // namespace score
