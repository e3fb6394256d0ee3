#include "report/page.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "report/charts.hpp"
#include "report/findings.hpp"
#include "report/markup.hpp"
#include "report/text.hpp"
#include "report/worth.hpp"

namespace report {
namespace {

constexpr size_t kMostRows = 500;           // of the leaderboard
constexpr size_t kMostSettingColumns = 6;   // likewise
constexpr size_t kMostListed = 12;          // confusions
constexpr size_t kMostLevels = 60;          // rows of the table of values
constexpr size_t kMostDataColumns = 200;

std::string Head(const Run& run) {
  const std::string title = run.name.empty() ? run.table : run.name;
  std::string inside = Paragraph("pg_cerebro \xC2\xB7 report of a run", "class=\"kicker\"") + Element("h1", "", Escape(title));
  if (!run.description.empty()) inside += Paragraph(run.description, "class=\"soft\"");
  inside += Paragraph(BestFinding(run), "class=\"lead\"") + List(run.facts, "facts");
  return Element("header", "", "\n" + inside);
}

std::string Key(const std::string& classes, std::string_view text) {
  return "<span class=\"key" + (classes.empty() ? "" : " " + classes) + "\"></span>" + Escape(text);
}

// Settings that all models have in common, as text.
std::string CommonSettings(const Run& run, const std::vector<std::string>& varying) {
  std::string text;
  for (const Setting& setting : run.models.front().settings) {
    if (std::find(varying.begin(), varying.end(), setting.name) != varying.end()) continue;
    text += (text.empty() ? "" : ", ") + setting.name + " = " + setting.value;
  }
  return text;
}

std::string Leaderboard(const Run& run, const Worths& worths) {
  const std::vector<std::string> varying = VaryingSettings(run);
  std::vector<std::string> shown;
  for (const Worth& worth : worths.settings) {
    if (shown.size() < kMostSettingColumns) shown.push_back(worth.setting);
  }
  bool validated = false, metric = false;
  for (const Model& model : run.models) {
    validated = validated || !std::isnan(model.validation_loss);
    metric = metric || !std::isnan(model.training_metric) || !std::isnan(model.validation_metric);
  }
  const std::string metric_name = run.metric.empty() ? "first metric" : run.metric;
  std::vector<std::pair<std::string, bool>> columns = {{"model", false}};
  const bool architecture = std::find(shown.begin(), shown.end(), "architecture") != shown.end();
  if (metric && validated) columns.emplace_back("validation " + metric_name, true);
  if (validated) columns.emplace_back("validation loss", true);
  if (!architecture) columns.emplace_back("architecture", false);
  for (const std::string& name : shown) columns.emplace_back(name, false);
  if (metric) columns.emplace_back("training " + metric_name, true);
  columns.emplace_back("training loss", true);
  columns.emplace_back("weights", true);
  columns.emplace_back("training time", true);
  columns.emplace_back("status", false);
  Table table("Models, best first by " + ScoreName(run), columns);
  for (size_t rank = 0; rank < std::min(run.models.size(), kMostRows); rank++) {
    const Model& model = run.models[rank];
    const bool coloured = rank < kHighlighted && !model.diverged;
    std::vector<std::string> cells = {Key(coloured ? "s" + std::to_string(rank + 1) : "", std::to_string(model.mst_key))};
    if (metric && validated) cells.push_back(Escape(Number(model.validation_metric)));
    if (validated) cells.push_back(Escape(Number(model.validation_loss)));
    if (!architecture) cells.push_back(Escape(model.architecture));
    for (const std::string& name : shown) {
      const std::string value = ValueOf(model, name);
      cells.push_back(Escape(value.empty() ? kDefaultValue : value));
    }
    if (metric) cells.push_back(Escape(Number(model.training_metric)));
    cells.push_back(Escape(Number(model.training_loss)));
    cells.push_back(Escape(Count(model.parameters)));
    cells.push_back(Escape(Seconds(model.seconds)));
    cells.push_back(Escape(model.status));
    table.Add(cells, model.diverged ? "lost" : rank == 0 ? "best" : "");
  }
  std::string inside;
  const std::string common = CommonSettings(run, varying);
  if (!common.empty() && run.models.size() > 1) inside += Paragraph("All models have " + common + ".", "class=\"soft\"");
  inside += table.Finish();
  if (run.models.size() > kMostRows) {
    inside += Paragraph("The first " + Count(static_cast<int64_t>(kMostRows)) + " of " + Count(static_cast<int64_t>(run.models.size())) +
                            " models. cerebro.leaderboard() lists all.", "class=\"soft\"");
  }
  if (varying.size() > shown.size()) {
    inside += Paragraph(Counted(static_cast<int64_t>(varying.size() - shown.size()), "other parameter") + " differ, too; see tool tips of the drawings.",
                        "class=\"soft\"");
  }
  return Section("leaderboard", "Leaderboard", LeaderboardFinding(run), inside);
}

std::string MutedSentence(const Run& run) {
  std::string text;
  if (run.models.size() > kHighlighted) {
    text = "The best " + std::to_string(kHighlighted) + " models have colours, here and in all other drawings; the others are muted.";
  }
  if (run.models.size() > kMostDrawn) text += " The first " + Count(static_cast<int64_t>(kMostDrawn)) + " models are drawn.";
  return text;
}

std::string Curves(const Run& run) {
  std::string inside;
  const bool loss = HasCurve(run, CurveOf::kLoss), metric = !run.metric.empty() && HasCurve(run, CurveOf::kMetric);
  bool validated = false;
  for (const Model& model : run.models) {
    for (const Evaluation& e : model.curve) validated = validated || !std::isnan(e.validation_loss);
  }
  const std::string lines = validated ? "Solid: validation table. Dashed: training table, of the best models." : "Of the training table.";
  if (loss) inside += Element("h3", "", "Loss") + Figure(CurveChart("loss", run, CurveOf::kLoss), lines + " " + MutedSentence(run));
  if (metric) inside += Element("h3", "", Escape(run.metric)) + Figure(CurveChart("metric", run, CurveOf::kMetric), lines);
  if (!loss && !metric) inside += Paragraph("No iteration has a finite value.");
  return Section("curves", "Learning curves", CurveFinding(run), inside);
}

// Values of each parameter with the mean score of their models.
std::string LevelTable(const Run& run, const Worths& worths) {
  Table table("Mean " + ScoreName(run) + " by value of a parameter",
              {{"parameter", false}, {"value", false}, {"models", true}, {worths.logarithm ? "geometric mean" : "mean", true}, {"diverged", true}});
  size_t rows = 0;
  for (const Worth& worth : worths.settings) {
    if (std::isnan(worth.share) && worth.levels.size() == run.models.size()) continue;
    for (size_t l = 0; l < worth.levels.size() && rows < kMostLevels; l++, rows++) {
      const Level& level = worth.levels[l];
      table.Add({Escape(l == 0 ? worth.setting : ""), Escape(level.value), Escape(Count(static_cast<int64_t>(level.models))),
                 Escape(Number(level.mean)), Escape(level.diverged == 0 ? "" : Count(static_cast<int64_t>(level.diverged)))});
    }
  }
  return rows == 0 ? "" : table.Finish();
}

std::string Parameters(const Run& run, const Worths& worths) {
  std::string inside;
  if (!worths.settings.empty() && run.models.size() > 1) {
    inside += Figure(ParallelChart("parallel", run, worths),
                     "One line a model, through the values of its parameters to its " + ScoreName(run) +
                         " at the right. Models with the same value are spread a little so that lines can be followed.");
  }
  if (!worths.absent.empty()) return Section("parameters", "Parameters", WorthFinding(run, worths), inside + Paragraph(worths.absent));
  inside += Element("h3", "", "Share of the differences that each parameter explains") +
            Figure(WorthChart("worth", run, worths), "");
  inside += LevelTable(run, worths);
  std::string method =
      "Method: for each parameter by itself, a one-way analysis of variance of the " + ScoreName(run) +
      (worths.logarithm ? " (its logarithm)" : "") + " of " + Counted(static_cast<int64_t>(worths.models), "model") +
      " by the parameter's value. The share is the adjusted R squared: what the values explain, less what as many arbitrary ones would explain by "
      "chance. Limits: an effect of two parameters together belongs to neither; parameters that were changed together share theirs; shares need not "
      "add up to 100 %; with few models they are rough. Diverged models have no score and are left out.";
  const bool ranges = std::any_of(worths.settings.begin(), worths.settings.end(), [](const Worth& worth) { return worth.ranges; });
  if (ranges) method += " Numbers that nearly every model has its own of are compared by ranges of equally many models.";
  const bool single = std::any_of(worths.settings.begin(), worths.settings.end(), [](const Worth& worth) { return std::isnan(worth.share); });
  if (single) method += " Parameters of which every model has a value of its own have no share.";
  return Section("parameters", "Parameters", WorthFinding(run, worths), inside + Paragraph(method, "class=\"soft\""));
}

std::string VisitSection(const Run& run) {
  if (!run.visits_absent.empty()) return Section("visits", "Visits by worker", "Who trained what when is not known", Paragraph(run.visits_absent));
  std::string caption = Counted(run.visits.count, "visit") + " of a model to a partition, in the last fit. ";
  caption += run.visits.bars.empty() ? "They are too many for a bar each: a cell is the darker, the more of its time a model was trained."
                                     : "A bar has its model's colour; muted ones are of models that are not among the best.";
  caption += " Between visits metrics are computed, and a worker waits where no model is left for it.";
  return Section("visits", "Visits by worker", VisitFinding(run), Figure(VisitChart("visits-chart", run), caption));
}

std::string ConfusionTable(const Confusion& confusion) {
  std::vector<const Confusion::Cell*> wrong;
  for (const Confusion::Cell& cell : confusion.cells) {
    if (cell.actual != cell.predicted && cell.rows > 0) wrong.push_back(&cell);
  }
  if (wrong.empty()) return "";
  std::stable_sort(wrong.begin(), wrong.end(), [](const Confusion::Cell* a, const Confusion::Cell* b) { return a->rows > b->rows; });
  const auto name = [&](int64_t c) {
    return Escape(c >= 0 && c < static_cast<int64_t>(confusion.classes.size()) ? confusion.classes[static_cast<size_t>(c)] : "class " + std::to_string(c));
  };
  Table table("Most frequent confusions of " + confusion.output, {{"actual", false}, {"predicted", false}, {"rows", true}});
  for (size_t i = 0; i < std::min(wrong.size(), kMostListed); i++) {
    table.Add({name(wrong[i]->actual), name(wrong[i]->predicted), Escape(Count(wrong[i]->rows))});
  }
  return table.Finish();
}

std::string Classes(const Validation& validation) {
  std::string text;
  for (size_t i = 0; i < validation.confusions.size(); i++) {
    const Confusion& confusion = validation.confusions[i];
    const std::string number = std::to_string(i + 1);
    std::string inside;
    if (confusion.classes.size() <= kMostClasses && !confusion.classes.empty()) {
      inside += Figure(ConfusionChart("confusion-" + number, confusion),
                       "Rows of each actual class by predicted class: the stronger the colour, the greater the part of the class.");
      const std::string table = ConfusionTable(confusion);
      if (!table.empty()) inside += Details("Most frequent confusions as a table", table);
    } else {
      inside += Paragraph("There are " + Counted(static_cast<int64_t>(confusion.classes.size()), "class", "classes") +
                          ", too many for a matrix; these are confused most often.") +
                ConfusionTable(confusion);
    }
    const std::string kicker = "Confusion" + (validation.confusions.size() > 1 ? " \xC2\xB7 " + confusion.output : "");
    text += Section("confused-" + number, kicker, ConfusionFinding(confusion), inside);
  }
  for (size_t i = 0; i < validation.calibrations.size(); i++) {
    const Calibration& calibration = validation.calibrations[i];
    const std::string number = std::to_string(i + 1);
    const bool any = std::any_of(calibration.bins.begin(), calibration.bins.end(), [](const Calibration::Bin& bin) { return bin.rows > 0; });
    const std::string kicker = "Calibration" + (validation.calibrations.size() > 1 ? " \xC2\xB7 " + calibration.output : "");
    const std::string inside =
        any ? Figure(CalibrationChart("calibration-" + number, calibration),
                     "Rows by the probability of the predicted class, in " + std::to_string(calibration.bins.size()) +
                         " bins; the area of a circle is its number of rows, the thin line one standard error. Below the diagonal the model is too sure.")
            : Paragraph("There are no rows.");
    text += Section("calibrated-" + number, kicker, CalibrationFinding(calibration), inside);
  }
  return text;
}

std::string Columns(const Validation& validation) {
  if (validation.importances.empty()) {
    return Section("importance", "Columns", "What each column is worth was not measured", Paragraph(validation.importance_absent));
  }
  Table table("What the best model loses without a column", {{"column", false}, {validation.importance_metric, true}, {"deviation", true}});
  for (const Importance& column : validation.importances) {
    table.Add({Escape(column.column), Escape(Number(column.mean)), Escape(Number(column.deviation))});
  }
  const int64_t more = static_cast<int64_t>(validation.importances.size()) - static_cast<int64_t>(kMostColumns);
  std::string caption = "Permutation importance: how much worse the " + validation.importance_metric + " is when the column's values are shuffled, over " +
                        Counted(validation.importance_rows, "row") + " of the validation table, mean and deviation of " +
                        Counted(validation.repeats, "shuffle") + ". Columns that say the same stand in for each other: each looks less important than it is.";
  if (more > 0) caption += " The first " + std::to_string(kMostColumns) + " of " + Count(more + static_cast<int64_t>(kMostColumns)) + " columns.";
  return Section("importance", "Columns", ImportanceFinding(validation),
                 Figure(ImportanceChart("importance-chart", validation), caption) + Details("As a table", table.Finish()));
}

std::string OnValidation(const Run& run) {
  const Validation& validation = run.validation;
  if (!validation.absent.empty()) {
    return Section("validation", "Best model on the validation table", "Confusion, calibration and importance of columns were not measured",
                   Paragraph(validation.absent));
  }
  std::string text;
  if (validation.confusions.empty()) {
    text += Section("validation", "Confusion and calibration", "The best model does not predict one class a row",
                    Paragraph("It is a regression, or a row may have several classes: there is no confusion matrix."));
  }
  return text + Classes(validation) + Columns(validation);
}

std::string DataSection(const Run& run) {
  std::string inside;
  if (!run.models.empty()) {
    const Model& best = run.models.front();
    inside += Element("h3", "", "Configuration of the best model") +
              Element("dl", "class=\"list\"",
                      "\n<dt>architecture</dt><dd>" + Escape(best.architecture) + "</dd>\n<dt>compile_params</dt><dd><code>" +
                          Escape(best.compile_params) + "</code></dd>\n<dt>fit_params</dt><dd><code>" + Escape(best.fit_params) + "</code></dd>\n");
  }
  inside += Element("h3", "", "Columns");
  Table table("Columns of the packed training table", {{"column", false}, {"role", false}, {"type", false}, {"shape", false}, {"values", false}});
  for (size_t i = 0; i < std::min(run.columns.size(), kMostDataColumns); i++) {
    const Column& column = run.columns[i];
    table.Add({Escape(column.name), Escape(column.role), Escape(column.type), Escape(column.shape), Escape(column.values)});
  }
  inside += table.Finish();
  if (run.columns.size() > kMostDataColumns) {
    inside += Paragraph("The first " + std::to_string(kMostDataColumns) + " of " + Count(static_cast<int64_t>(run.columns.size())) + " columns.",
                        "class=\"soft\"");
  }
  inside += Element("h3", "", "Run") + ListInTwo(run.settings);
  return Section("data", "Configuration and data", "What was trained on what", inside);
}

}  // namespace

std::string Page(const Run& run) {
  const Worths worths = run.models.empty() ? Worths() : MeasureWorths(run);
  std::string body = Head(run) + "<main>\n";
  if (!run.models.empty()) body += Leaderboard(run, worths) + Curves(run) + Parameters(run, worths) + VisitSection(run) + OnValidation(run);
  body += DataSection(run) + "</main>\n" +
          Element("footer", "", Escape("Made by cerebro.report() from " + run.table + " and its tables. Hover over a mark to read what it is."));
  return Document(run.name.empty() ? run.table : run.name, body);
}

}  // namespace report
