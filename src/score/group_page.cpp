#include "score/group_page.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "data/groups.hpp"
#include "pg/encoding.hpp"
#include "pg/sql.hpp"
#include "plan/metric_order.hpp"
#include "report/group_page.hpp"
#include "report/text.hpp"
#include "score/class_counts.hpp"
#include "score/group_reports.hpp"
#include "score/outputs.hpp"
#include "score/ranked_models.hpp"
#include "score/scored_table.hpp"
#include "store/group_models.hpp"
#include "store/group_tables.hpp"
#include "store/loaded_model.hpp"
#include "store/result_rows.hpp"

namespace score {
namespace {

constexpr int64_t kMostMarks = 4000, kRowsAtOnce = 1000;
constexpr int64_t kMostLines = 50;  // of a table of groups
constexpr size_t kMostCurves = 4;   // of the worst groups, as many as have colours of their own
constexpr size_t kMostConfusions = 3;

std::string Text(const pg::Cell& cell) { return cell ? pg::ToUtf8(*cell) : ""; }

class GroupReader {
 public:
  GroupReader(const store::GroupRunTable& run, report::GroupRun* page)
      : run_(run),
        page_(*page),
        groups_(run.Tables().groups, store::ResultTable::kGroups, kRunArgument,
                {"group_id", "status", "chosen", "mst_key", "metric", "value", "global_value", "group_rows",
                 "validation_rows", "reason"}) {}

  void Read() {
    const pg::Result counts = pg::Read(
        "SELECT g.status, g.chosen, pg_catalog.count(*), pg_catalog.count(g.value), pg_catalog.max(g.metric) FROM " +
        groups_.Sql() + " g GROUP BY 1, 2");
    for (const auto& row : counts.rows) Count(row);
    page_.goes_up = plan::GoesUp(page_.metric);
    ReadMarks();
    page_.worst = Lines("g.status OPERATOR(pg_catalog.=) 'trained'",
                        std::string("NULLIF(g.value, 'NaN'::pg_catalog.float8) ") + (page_.goes_up ? "ASC" : "DESC") +
                            " NULLS FIRST, g.group_id");
    page_.without = Lines("g.status OPERATOR(pg_catalog.<>) 'trained'", "g.group_id");
  }

 private:
  void Count(const std::vector<pg::Cell>& row) {
    const std::string status = row[0].value_or(""), chosen = row[1].value_or("");
    const int64_t n = base::WholeOrZero(row[2]);
    page_.groups += n;
    if (status == store::kStatusTrained) page_.trained += n;
    if (status == store::kStatusDiverged) page_.diverged += n;
    if (status == store::kStatusFailed) page_.failed += n;
    if (status == store::kStatusSkipped) page_.skipped += n;
    if (chosen == store::kChosenOwn) page_.own += n;
    if (chosen == store::kChosenGlobal) page_.global += n;
    page_.marks_of += base::WholeOrZero(row[3]);
    if (row[4]) page_.metric = Text(row[4]);
  }

  void ReadMarks() {
    const int64_t every = std::max<int64_t>(1, page_.marks_of / kMostMarks);
    pg::Cursor cursor("SELECT g.value, g.global_value, g.group_rows FROM " + groups_.Sql() +
                      " g WHERE g.value IS NOT NULL AND g.group_id OPERATOR(pg_catalog.%) " + std::to_string(every) +
                      "::pg_catalog.int8 OPERATOR(pg_catalog.=) 0 ORDER BY g.group_id");
    for (;;) {
      const pg::Result rows = cursor.Fetch(kRowsAtOnce);
      if (rows.empty()) return;
      for (const auto& row : rows.rows) page_.marks.push_back({base::RealOrNaN(row[0]), base::RealOrNaN(row[1]), base::WholeOrZero(row[2])});
    }
  }

  std::vector<report::GroupLine> Lines(const std::string& condition, const std::string& order) const {
    std::string keys;
    for (const pg::Column& key : run_.keys) {
      keys += (keys.empty() ? "" : ", ', ', ") + std::string("COALESCE(g.") + pg::QuoteIdent(key.name) +
              "::pg_catalog.text, 'NULL')";
    }
    const pg::Result rows = pg::Read(
        "SELECT pg_catalog.concat(" + keys +
        "), g.status, g.chosen, g.reason, g.mst_key, g.value, g.global_value, g.group_rows,"
        " g.validation_rows, g.group_id FROM " +
        groups_.Sql() + " g WHERE " + condition + " ORDER BY " + order + " LIMIT " + std::to_string(kMostLines));
    std::vector<report::GroupLine> lines;
    for (const auto& row : rows.rows) {
      report::GroupLine line;
      line.key = Text(row[0]);
      line.status = Text(row[1]);
      line.chosen = Text(row[2]);
      line.reason = Text(row[3]);
      line.mst_key = base::WholeOrZero(row[4]);
      line.value = base::RealOrNaN(row[5]);
      line.global_value = base::RealOrNaN(row[6]);
      line.rows = base::WholeOrZero(row[7]);
      line.validation_rows = base::WholeOrZero(row[8]);
      line.group_id = base::WholeOrZero(row[9]);
      lines.push_back(std::move(line));
    }
    return lines;
  }

  const store::GroupRunTable& run_;
  report::GroupRun& page_;
  const store::ResultReader groups_;
};

/// Curves of the worst groups' models, in which groups are what models are in those of a run.
void ReadCurves(const store::GroupRunTable& run, report::GroupRun* page) {
  const store::ResultReader info(
      run.Tables().info, store::ResultTable::kGroupInfo, kRunArgument,
      {"metrics_iters", "training_loss", "training_metrics", "validation_loss", "validation_metrics", "status"});
  page->curves.metric = page->metric == "loss" ? "" : page->metric;
  page->curves.validated = page->validated;
  for (const report::GroupLine& line : page->worst) {
    if (page->curves.models.size() == kMostCurves) return;
    const pg::Result row = pg::Read("SELECT " + info.Columns("i") + " FROM " + info.Sql() +
                                        " i WHERE i.group_id OPERATOR(pg_catalog.=) $1 AND i.mst_key "
                                        "OPERATOR(pg_catalog.=) $2::pg_catalog.int4",
                                    {line.group_id, line.mst_key});
    if (row.empty()) continue;
    std::vector<std::vector<pg::Cell>> arrays;
    for (size_t i = 0; i < 5; i++) arrays.push_back(pg::ParseArrayText(row.at(0, i).value_or("{}")));
    const auto at = [&arrays](size_t array, size_t e) {
      return e < arrays[array].size() ? base::RealOrNaN(arrays[array][e]) : report::kNoNumber;
    };
    report::Model model;
    model.label = line.key;
    model.mst_key = line.mst_key;
    model.diverged = row.at(0, 5).value_or("") == store::kStatusDiverged;
    for (size_t e = 0; e < arrays[0].size(); e++)
      model.curve.push_back({base::WholeOrZero(arrays[0][e]), at(1, e), at(2, e), at(3, e), at(4, e)});
    page->curves.models.push_back(std::move(model));
  }
}

/// What the own models of the worst groups take for what, over their validation rows.
void ReadConfusions(const store::GroupRunTable& run, report::GroupRun* page) {
  const pg::Result table = pg::Read("SELECT s.validation_table FROM " + run.Tables().summary.Sql() +
                                    " AS s WHERE s.validation_table IS NOT NULL");
  if (table.empty()) return;
  try {
    const data::GroupedTable validation = data::OpenGroupedTable(table.Text(), "validation_table");
    const std::unique_ptr<store::GroupModels> models = store::OpenGroupModels(run.name.Sql(), kRunArgument);
    for (const report::GroupLine& line : page->worst) {
      if (page->confusions.size() >= kMostConfusions) return;
      if (line.chosen != store::kChosenOwn || line.validation_rows == 0) continue;
      ScoredTable scored;
      scored.table = models->Open({line.group_id, store::kChosenOwn, static_cast<int>(line.mst_key)});
      scored.test = data::ViewGroup(validation, data::ReadGroup(validation, line.group_id));
      const store::StoredModel& stored = scored.model();
      scored.loaded = store::LoadModelForScoring(scored.table, stored, scored.table.data,
                                                 store::ScoringOptions(scored.table, false));
      scored.outputs =
          DescribeOutputs(scored.loaded.model->program().output_shapes(), stored.config, scored.table.data);
      const std::vector<ClassCounts> counts = CountClasses(scored);
      for (size_t i = 0; i < scored.outputs.size(); i++) {
        if (!HasOneClass(scored.outputs[i])) continue;
        report::GroupConfusion group;
        group.key = line.key;
        group.confusion.output = pg::ToUtf8(scored.outputs[i].name);
        for (const std::string& name : scored.outputs[i].classes)
          group.confusion.classes.push_back(pg::ToUtf8(name));
        for (const auto& [pair, rows] : counts[i].confusions)
          group.confusion.cells.push_back({pair.first, pair.second, rows});
        page->confusions.push_back(std::move(group));
      }
    }
  } catch (const base::Error&) {
    page->confusions.clear();  // the tables were packed anew, or are gone; the rest of the page does not depend on them
  }
}

void ReadConfigurations(const store::GroupRunTable& run, report::GroupRun* page) {
  std::map<std::string, int64_t> chosen;  // by mst_key
  for (const auto& row : pg::Read("SELECT g.mst_key, pg_catalog.count(*) FROM " + run.Tables().groups.Sql() +
                                  " g WHERE g.chosen OPERATOR(pg_catalog.=) 'own' GROUP BY 1")
                             .rows) {
    chosen[row[0].value_or("")] = base::WholeOrZero(row[1]);
  }
  enum : size_t {
    kKey = 1,
    kCompile = 4,
    kFit = 5,
    kStatus = 6,
    kTrainLoss = 7,
    kTrainMetric = 8,
    kValLoss = 9,
    kValMetric = 10
  };
  for (const auto& row : ConfigurationLeaderboard(run.name)) {
    report::ConfigurationLine line;
    line.mst_key = Text(row[kKey]);
    line.compile_params = Text(row[kCompile]);
    line.fit_params = Text(row[kFit]);
    line.status = Text(row[kStatus]);
    line.loss = base::RealOrNaN(page->validated ? row[kValLoss] : row[kTrainLoss]);
    line.metric = base::RealOrNaN(page->validated ? row[kValMetric] : row[kTrainMetric]);
    line.chosen = chosen[line.mst_key];
    page->configurations.push_back(std::move(line));
  }
}

void ReadSummary(const store::GroupRunTable& run, report::GroupRun* page) {
  const store::ResultReader summary(
      run.Tables().summary, store::ResultTable::kSummary, kRunArgument,
      {"name", "description", "source_table", "validation_table", "num_iterations", "workers", "seed", "build",
       "start_training_time", "end_training_time", "early_stopping", "halving"});
  const pg::Result row = pg::Read("SELECT " + summary.Columns("s") +
                                  ", pg_catalog.date_part('epoch'::pg_catalog.text, s.end_training_time "
                                  "OPERATOR(pg_catalog.-) s.start_training_time) FROM " +
                                  summary.Sql() + " s");
  const std::vector<pg::Cell>& cells = row.rows.at(0);
  page->name = Text(cells[0]);
  page->description = Text(cells[1]);
  page->validated = cells[3].has_value();
  page->facts = {{"groups", report::Count(page->groups)},
                 {"configurations", report::Count(static_cast<int64_t>(run.models.size()))},
                 {"iterations", Text(cells[4])},
                 {"workers", Text(cells[5])},
                 {"time", cells[12] ? report::Seconds(base::RealOrNaN(cells[12])) : ""}};
  page->settings = {{"source_table", Text(cells[2])},
                    {"validation_table", Text(cells[3])},
                    {"grouping columns", page->keys},
                    {"seed", Text(cells[6])},
                    {"early_stopping", Text(cells[10])},
                    {"halving", Text(cells[11])},
                    {"build", Text(cells[7])},
                    {"start", Text(cells[8])},
                    {"end", Text(cells[9])}};
}

}  // namespace

std::string GroupReport(const pg::TableName& name) {
  const store::GroupRunTable run = store::OpenGroupRun(name.Sql(), kRunArgument);
  report::GroupRun page;
  page.table = pg::ToUtf8(name.Text());
  page.has_global = run.has_global;
  page.metric = "loss";
  for (const pg::Column& key : run.keys) page.keys += (page.keys.empty() ? "" : ", ") + pg::ToUtf8(key.name);
  GroupReader(run, &page).Read();
  ReadSummary(run, &page);
  ReadConfigurations(run, &page);
  ReadCurves(run, &page);
  ReadConfusions(run, &page);
  return report::GroupPage(page);
}

}  // namespace score
