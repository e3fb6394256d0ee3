// Who trained what when. Few visits are bars in their model's colour; many are cells, the darker the busier.
#include <algorithm>
#include <map>

#include "report/charts.hpp"
#include "report/frame.hpp"
#include "report/text.hpp"

namespace report {
namespace {

constexpr double kRow = 24;
constexpr double kBar = 16;
constexpr double kTop = 6;
constexpr double kLeft = 84, kRight = kChartWidth - 20;
constexpr size_t kMostWorkers = 64;

}  // namespace

std::string WorkerName(int64_t worker) { return worker < 0 ? "session" : "worker " + std::to_string(worker); }

std::string VisitChart(const std::string& id, const Run& run) {
  const Visits& visits = run.visits;
  const size_t workers = std::min(visits.workers.size(), kMostWorkers);
  const Frame frame{kLeft, kTop, kRight, kTop + kRow * static_cast<double>(workers)};
  Range range;
  range.Add(0);
  range.Add(visits.seconds);
  const Scale scale(range, frame.left, frame.right, false, false, 8);
  Svg svg(id, kChartWidth, frame.bottom + 44, "Visits of partitions by worker over time",
          visits.bars.empty() ? "One row a worker; a cell is the darker, the more of its time a model was trained."
                              : "One row a worker, one bar a visit of a model to a partition.");
  DrawBottomAxis(frame, scale, "seconds since the first visit of the last fit", &svg);
  std::map<int64_t, size_t> ranks;
  for (size_t rank = 0; rank < run.models.size(); rank++) ranks[run.models[rank].mst_key] = rank;
  std::map<int64_t, size_t> rows;
  for (size_t w = 0; w < workers; w++) {
    rows[visits.workers[w]] = w;
    const double y = frame.top + kRow * static_cast<double>(w);
    svg.Text(frame.left - 10, y + kRow - 9, WorkerName(visits.workers[w]), "label", Anchor::kEnd, kLeft - 14);
    svg.Rect(frame.left, y + (kRow - kBar) / 2, frame.right - frame.left, kBar, "track");
    if (visits.busy.empty()) continue;
    const double cell = visits.seconds / static_cast<double>(visits.busy[w].size());
    for (size_t c = 0; c < visits.busy[w].size(); c++) {
      if (visits.busy[w][c] <= 0) continue;
      const double from = scale.At(cell * static_cast<double>(c)), to = scale.At(cell * static_cast<double>(c + 1));
      svg.Rect(from, y + (kRow - kBar) / 2, to - from, kBar, "busy", Percent(visits.busy[w][c]), visits.busy[w][c]);
    }
  }
  for (const Visit& visit : visits.bars) {
    const auto row = rows.find(visit.worker);
    if (row == rows.end()) continue;
    const auto rank = ranks.find(visit.mst_key);
    const double from = scale.At(visit.start), to = std::max(scale.At(visit.end), from + 0.5);
    const double y = frame.top + kRow * static_cast<double>(row->second);
    svg.Rect(from, y + (kRow - kBar) / 2, to - from, kBar, "visit " + (rank == ranks.end() ? "muted" : SeriesClass(rank->second)),
             ModelName(visit.mst_key) + ", " + Seconds(visit.end - visit.start) + " at " + Seconds(visit.start));
  }
  return svg.Finish();
}

}  // namespace report
