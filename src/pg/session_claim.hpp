// A claim on a table's name that a session keeps over its commits: it guards a durable run. It is the claim of
// ClaimOutput (names.hpp), so that sessions which make, drop or rename the table are refused meanwhile; those of the
// same session are not in its way.
//
// Includes nothing of the server. Main thread only.
#pragma once

#include <cstdint>
#include <optional>

#include "pg/names.hpp"

namespace pg {

class SessionClaim {
 public:
  /// Errors: kPrerequisiteState when another session has it.
  explicit SessionClaim(const TableName& name);
  /// Gives it back; where a server error is in flight, the abort that follows does. It goes with the session at the latest.
  ~SessionClaim();
  SessionClaim(const SessionClaim&) = delete;
  SessionClaim& operator=(const SessionClaim&) = delete;

 private:
  int64_t key_;
};

/// The process that claims the name, for a transaction or over its commits; nothing when nobody does.
std::optional<int64_t> HolderOfClaim(const TableName& name);

}  // namespace pg
