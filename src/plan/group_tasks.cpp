#include "plan/group_tasks.hpp"

#include <algorithm>
#include <numeric>

namespace plan {

std::vector<GroupTask> CutIntoTasks(const std::vector<int64_t>& rows, int64_t parts, int64_t most_rows) {
  const int64_t all = std::accumulate(rows.begin(), rows.end(), int64_t{0});
  const int64_t share = std::max<int64_t>(1, std::min(most_rows, all / std::max<int64_t>(1, parts)));
  std::vector<GroupTask> tasks;
  GroupTask task;
  const auto finish = [&] {
    if (task.count > 0) tasks.push_back(task);
    task = GroupTask();
  };
  for (size_t g = 0; g < rows.size(); g++) {
    if (rows[g] == 0 || task.rows + rows[g] > share) finish();
    if (rows[g] == 0) continue;
    if (task.count == 0) task.first = g;
    task.count++;
    task.rows += rows[g];
  }
  finish();
  std::stable_sort(tasks.begin(), tasks.end(), [](const GroupTask& a, const GroupTask& b) { return a.rows > b.rows; });
  return tasks;
}

bool HopsGroup(int64_t group_rows, int64_t all_rows, int processes) {
  return processes > 1 && group_rows > all_rows / processes;
}

}  // namespace plan
