// A newer snapshot for what follows in the same statement: read-only statements (pg::Read, pg::Cursor, workers of pg::Parallel) run on the active
// snapshot, which is that of the caller's statement and sees neither what this call has written nor what other sessions have committed since.
//
// Includes nothing of the server. Main thread only.
#pragma once

namespace pg {

class FreshSnapshot {
 public:
  /// Makes the newest snapshot that the transaction's isolation allows the active one; this call's writes so far are in it. REQUIRES that the
  /// process is not in parallel mode.
  FreshSnapshot();
  /// The one before is active again. Objects end in the opposite order of their beginnings.
  ~FreshSnapshot();
  FreshSnapshot(const FreshSnapshot&) = delete;
  FreshSnapshot& operator=(const FreshSnapshot&) = delete;
};

/// The same for read-only statements in the middle of a parallel run: tables that were made meanwhile are not found.
class GlanceSnapshot {
 public:
  /// REQUIRES that the transaction has had a snapshot.
  GlanceSnapshot();
  ~GlanceSnapshot();
  GlanceSnapshot(const GlanceSnapshot&) = delete;
  GlanceSnapshot& operator=(const GlanceSnapshot&) = delete;
};

}  // namespace pg
