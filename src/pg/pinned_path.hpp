// The search_path under which the extension's own statements are analysed: pg_catalog, and temporary objects last.
//
// A name in a statement of ours is a name of the server, whatever schemas and temporary types the caller's search_path leads to. Names of the
// caller's tables are resolved before, under the caller's path (names.hpp). What belongs to the user and runs inside a statement of ours, such as a
// function in a view or in a check, runs under the user's own path, as it does in the user's own statements: a path that is pinned for a statement
// goes when the statement is planned, which is after its names were looked up.
//
// Includes nothing of the server. Main thread only.
#pragma once

namespace pg {

class PinnedPath {
 public:
  /// kBlock: until the object goes. kStatement: until the planner or the executor begins with the statement that is run next.
  enum class Until { kBlock, kStatement };

  explicit PinnedPath(Until until);
  ~PinnedPath();
  PinnedPath(const PinnedPath&) = delete;
  PinnedPath& operator=(const PinnedPath&) = delete;

 private:
  friend struct PinnedPathHooks;
  PinnedPath* const outer_;
  const Until until_;
  int level_ = 0;  // of the server's stack of settings; 0 when the path is the caller's again
};

}  // namespace pg
