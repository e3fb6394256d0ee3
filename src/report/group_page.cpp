#include "report/group_page.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "report/axis.hpp"
#include "report/charts.hpp"
#include "report/findings.hpp"
#include "report/frame.hpp"
#include "report/markup.hpp"
#include "report/svg.hpp"
#include "report/text.hpp"

namespace report {
namespace {

constexpr double kHeight = 280;
constexpr Frame kFrame{62, 14, kChartWidth - 24, kHeight - 46};
constexpr int kBins = 30;

// As a constant of SQL, for who copies it.
std::string SqlText(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

std::string MetricName(const GroupRun& run) {
  return run.metric + (run.validated ? " of the group's validation rows" : " of the group's training rows");
}

std::string Finding(const GroupRun& run) {
  std::string text = Counted(run.trained, "group") + " of " + Count(run.groups) +
                     (run.trained == 1 ? " has" : " have") + " models of " + (run.trained == 1 ? "its" : "their") +
                     " own";
  if (run.has_global) text += "; for " + Counted(run.global, "group") + " the global model predicts";
  std::vector<double> values;
  for (const GroupMark& mark : run.marks) {
    if (IsFinite(mark.value)) values.push_back(mark.value);
  }
  if (values.empty()) return text + ".";
  std::sort(values.begin(), values.end());
  const auto at = [&values](double part) {
    return values[static_cast<size_t>(part * static_cast<double>(values.size() - 1))];
  };
  return text + ". Half of the groups are between " + Number(at(0.25)) + " and " + Number(at(0.75)) + " in " +
         run.metric + ", the median is " + Number(at(0.5)) + ".";
}

/// Groups by the value of their best model.
std::string Histogram(const GroupRun& run, const Range& range) {
  const Scale x(range, kFrame.left, kFrame.right, SuitsLogarithm(range), false, 8);
  std::vector<int64_t> bins(kBins);
  const double width = (kFrame.right - kFrame.left) / kBins;
  for (const GroupMark& mark : run.marks) {
    if (!x.Holds(mark.value)) continue;
    const int bin = static_cast<int>((x.At(mark.value) - kFrame.left) / width);
    bins[static_cast<size_t>(std::clamp(bin, 0, kBins - 1))]++;
  }
  Range counts;
  counts.Add(0);
  for (const int64_t n : bins) counts.Add(static_cast<double>(n));
  const Scale y(counts, kFrame.bottom, kFrame.top, false, true);
  Svg svg("group-values", kChartWidth, kHeight, "Groups by " + run.metric,
          "A bar for each range of values; its height is the number of groups.");
  DrawLeftAxis(kFrame, y, &svg);
  for (int b = 0; b < kBins; b++) {
    const int64_t n = bins[static_cast<size_t>(b)];
    if (n == 0) continue;
    const double top = y.At(static_cast<double>(n));
    svg.Rect(kFrame.left + b * width + 0.5, top, width - 1, kFrame.bottom - top, "bar", Counted(n, "group"));
  }
  DrawBottomAxis(kFrame, x, MetricName(run), &svg);
  return svg.Finish();
}

/// A spot a group: its rows, and the value of its best model.
std::string SizeChart(const GroupRun& run, const Range& values) {
  Range sizes;
  for (const GroupMark& mark : run.marks) sizes.Add(static_cast<double>(mark.rows));
  const Scale x(sizes, kFrame.left, kFrame.right, SuitsLogarithm(sizes), false, 8),
      y(values, kFrame.bottom, kFrame.top, SuitsLogarithm(values));
  Svg svg("group-sizes", kChartWidth, kHeight, run.metric + " by the size of groups",
          "A spot for each group: its rows, and the value of its best model.");
  DrawLeftAxis(kFrame, y, &svg);
  DrawBottomAxis(kFrame, x, "rows of the group", &svg);
  svg.Open("model s1");
  for (const GroupMark& mark : run.marks) {
    if (!y.Holds(mark.value) || !x.Holds(static_cast<double>(mark.rows))) continue;
    svg.Circle(x.At(static_cast<double>(mark.rows)), y.At(mark.value), 2.2, "dot",
               Counted(mark.rows, "row") + ": " + Number(mark.value));
  }
  svg.Close();
  return svg.Finish();
}

std::string Distribution(const GroupRun& run) {
  Range values;
  for (const GroupMark& mark : run.marks) values.Add(mark.value);
  if (values.empty)
    return Section("distribution", "Groups", "No group has a value",
                   Paragraph("No group was trained without diverging."));
  std::string drawn = static_cast<int64_t>(run.marks.size()) < run.marks_of
                          ? " A sample of " + Counted(static_cast<int64_t>(run.marks.size()), "group") + " is drawn."
                          : "";
  return Section(
      "distribution", "Groups", "How good the groups' models are",
      Figure(Histogram(run, values), "Groups by the " + MetricName(run) + ", of the best model of each." + drawn) +
          Figure(SizeChart(run, values), "The same by the number of rows that a group has for training."));
}

std::string GroupTable(const std::string& caption, const GroupRun& run, const std::vector<GroupLine>& lines,
                       bool trained) {
  std::vector<std::pair<std::string, bool>> columns = {{run.keys, false}, {"rows", true}, {"validation rows", true}};
  if (trained) columns.insert(columns.end(), {{"mst_key", true}, {run.metric, true}});
  if (trained && run.has_global) columns.emplace_back("global model", true);
  columns.emplace_back("chosen", false);
  if (!trained) columns.insert(columns.end(), {{"status", false}, {"reason", false}});
  Table table(caption, columns);
  for (const GroupLine& line : lines) {
    std::vector<std::string> cells = {Escape(line.key), Escape(Count(line.rows)), Escape(Count(line.validation_rows))};
    if (trained) cells.insert(cells.end(), {std::to_string(line.mst_key), Escape(Number(line.value))});
    if (trained && run.has_global) cells.push_back(Escape(Number(line.global_value)));
    cells.push_back(Escape(line.chosen));
    if (!trained) cells.insert(cells.end(), {Escape(line.status), Escape(line.reason)});
    table.Add(cells);
  }
  return table.Finish();
}

std::string Curves(const GroupRun& run) {
  if (!HasCurve(run.curves, CurveOf::kLoss)) return "";
  std::string inside = Figure(CurveChart("group-losses", run.curves, CurveOf::kLoss),
                              "Losses of the worst groups' models, after each iteration for which they are known.");
  if (!run.curves.metric.empty() && HasCurve(run.curves, CurveOf::kMetric))
    inside += Figure(CurveChart("group-metrics", run.curves, CurveOf::kMetric), "The same by " + run.metric + ".");
  return Section("curves", "Groups", "How the models of the worst groups have learned", inside);
}

std::string Confusions(const GroupRun& run) {
  std::string inside;
  for (size_t i = 0; i < run.confusions.size(); i++) {
    const GroupConfusion& group = run.confusions[i];
    if (group.confusion.classes.empty() || group.confusion.classes.size() > kMostClasses) continue;
    const std::string id = "group-confusion-" + std::to_string(i + 1),
                      caption = group.key + ": rows of each actual class by predicted class. ";
    inside += Figure(ConfusionChart(id, group.confusion), caption + ConfusionFinding(group.confusion));
  }
  if (inside.empty()) return "";
  return Section("confused", "Groups", "What the models of the worst groups take for what", inside);
}

std::string Lists(const GroupRun& run) {
  std::string text;
  if (!run.worst.empty()) {
    text += Section(
        "worst", "Groups", "Where the models are worst",
        GroupTable("Groups with the worst best model, worst first", run, run.worst, true) +
            Paragraph("All groups: SELECT * FROM cerebro.group_leaderboard(" + SqlText(run.table) + ")", "class=\"soft\""));
    text += Curves(run) + Confusions(run);
  }
  if (!run.without.empty()) {
    const int64_t all = run.diverged + run.failed + run.skipped;
    text += Section(
        "without", "Groups",
        Counted(all, "group") + (all == 1 ? " has" : " have") + " no model of " + (all == 1 ? "its" : "their") + " own",
        GroupTable("Groups without a model of their own", run, run.without, false));
  }
  return text;
}

std::string Configurations(const GroupRun& run) {
  Table table("Configurations over all groups, best first", {{"mst_key", false},
                                                             {"loss", true},
                                                             {run.metric, true},
                                                             {"groups that have it", true},
                                                             {"status", false},
                                                             {"compile_params", false},
                                                             {"fit_params", false}});
  for (const ConfigurationLine& line : run.configurations) {
    table.Add({Escape(line.mst_key), Escape(Number(line.loss)), Escape(Number(line.metric)), Escape(Count(line.chosen)),
               Escape(line.status), "<code>" + Escape(line.compile_params) + "</code>",
               "<code>" + Escape(line.fit_params) + "</code>"});
  }
  return Section("configurations", "Configurations", "Which configuration is best over all groups",
                 table.Finish() + Paragraph("Means over the groups, weighted by their rows.", "class=\"soft\""));
}

}  // namespace

std::string GroupPage(const GroupRun& run) {
  const std::string title = run.name.empty() ? run.table : run.name;
  std::string head = Paragraph("pg_cerebro \xC2\xB7 report of a run over groups", "class=\"kicker\"") +
                     Element("h1", "", Escape(title));
  if (!run.description.empty()) head += Paragraph(run.description, "class=\"soft\"");
  head += Paragraph(Finding(run), "class=\"lead\"") + List(run.facts, "facts");
  const std::string body = Element("header", "", "\n" + head) + "<main>\n" + Distribution(run) + Lists(run) +
                           Configurations(run) +
                           Section("run", "Run", "What was trained on what", ListInTwo(run.settings)) + "</main>\n" +
                           Element("footer", "",
                                   Escape("Made by cerebro.report() from " + run.table +
                                          " and its tables. Hover over a mark to read what it is."));
  return Document(title, body);
}

}  // namespace report
