// How the groups of a run are handed out to the processes that train them.
//
// A task is some groups that follow each other in the packed table: they are read by one scan. Tasks are taken in the
// order of their rows, largest first, as longest processing time first does it for bundles. No bit depends on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace plan {

struct GroupTask {
  size_t first = 0, count = 0;  // of the groups given
  int64_t rows = 0;
};

/// rows: of each group, in the order of the packed table; 0: it is no part of any task, and none goes over it. parts:
/// how many tasks are wanted at least, where there are as many groups: some times the number of processes. most_rows:
/// of a task with more than one group, so that it fits in memory. A pure function of its arguments.
std::vector<GroupTask> CutIntoTasks(const std::vector<int64_t>& rows, int64_t parts, int64_t most_rows);

/// Whether a group has more rows than the even share of a process: then its models hop between its partitions, with
/// all processes, instead of being trained by one.
bool HopsGroup(int64_t group_rows, int64_t all_rows, int processes);

}  // namespace plan
