// The server keeps a stack of settings, a level for each function that changes some; a pinned path is such a level. It is taken away by the object, or,
// for a statement, by hooks that the planner and the executor call first. An abort takes it away with the transaction's other levels.
#include "pg/pinned_path.hpp"

#include "pg/guard.hpp"

extern "C" {
#include "executor/executor.h"
#include "optimizer/planner.h"
}

namespace pg {
namespace {

constexpr const char* kPinned = "pg_catalog, pg_temp";

PinnedPath* innermost = nullptr;
planner_hook_type next_planner = nullptr;
ExecutorStart_hook_type next_start = nullptr;

}  // namespace

struct PinnedPathHooks {
  // Nothing but the path that was pinned last is on top of the stack of settings, or it stays: a function of the user with settings of its own may be
  // running while a statement of ours is analysed.
  // Returns whether the statement at hand is the one that the path was pinned for.
  static bool Release() {
    PinnedPath* pinned = innermost;
    if (pinned == nullptr || pinned->until_ != PinnedPath::Until::kStatement || pinned->level_ == 0) return false;
    const int top = NewGUCNestLevel();
    if (top != pinned->level_ + 1) {
      AtEOXact_GUC(false, top);
      return false;
    }
    AtEOXact_GUC(false, pinned->level_);
    pinned->level_ = 0;
    return true;
  }

  // A planner takes what its server hands it: 13 added the text, forks of PostgreSQL add arguments of their own.
  template <typename... Arguments>
  static PlannedStmt* Plan(Arguments... arguments) {
    const bool ours = Release();
    PlannedStmt* plan = next_planner != nullptr ? next_planner(arguments...) : standard_planner(arguments...);
    if (ours) compat::DoWithoutJit(plan);
    return plan;
  }

  static void Start(QueryDesc* query, int flags) {
    Release();
    if (next_start != nullptr) {
      next_start(query, flags);
    } else {
      standard_ExecutorStart(query, flags);
    }
  }

  static void Install() {
    static bool installed = false;
    if (installed) return;
    next_planner = planner_hook;
    planner_hook = Plan;
    next_start = ExecutorStart_hook;
    ExecutorStart_hook = Start;
    installed = true;
  }
};

PinnedPath::PinnedPath(Until until) : outer_(innermost), until_(until) {
  PinnedPathHooks::Install();
  level_ = call([] {
    const int level = NewGUCNestLevel();
    compat::SetSetting("search_path", kPinned);
    return level;
  });
  innermost = this;
}

PinnedPath::~PinnedPath() {
  innermost = outer_;
  if (level_ != 0) CallInDestructor([this] { AtEOXact_GUC(false, level_); });
}

}  // namespace pg
