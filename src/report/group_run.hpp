// What the page of a run over groups shows, as plain values. All texts are UTF-8 and come from users: they are escaped
// where they are written.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/run.hpp"

namespace report {

/// A group that was trained.
struct GroupMark {
  double value = kNoNumber;  // of its best own model
  double global_value = kNoNumber;
  int64_t rows = 0;
};

/// A group's model over its validation rows.
struct GroupConfusion {
  std::string key;
  Confusion confusion;
};

/// A row of a table of groups.
struct GroupLine {
  int64_t group_id = 0;
  std::string key, status, chosen, reason;
  int64_t mst_key = 0;
  double value = kNoNumber, global_value = kNoNumber;
  int64_t rows = 0, validation_rows = 0;
};

/// A configuration over all groups.
struct ConfigurationLine {
  std::string mst_key, compile_params, fit_params, status;
  double loss = kNoNumber, metric = kNoNumber;
  int64_t chosen = 0;  // groups that have it
};

struct GroupRun {
  std::string table, name, description, metric, keys;
  bool goes_up = false, validated = false, has_global = false;
  int64_t groups = 0, trained = 0, diverged = 0, failed = 0, skipped = 0, own = 0, global = 0;
  std::vector<GroupMark> marks;                   // all of them, or every so many
  int64_t marks_of = 0;                           // how many there are
  std::vector<GroupLine> worst, without;          // trained groups, worst first; groups without a model of their own
  Run curves;                                     // models of the worst groups, worst first, called by their keys
  std::vector<GroupConfusion> confusions;         // of the worst groups, worst first
  std::vector<ConfigurationLine> configurations;  // best first
  std::vector<Setting> facts, settings;
};

}  // namespace report
