#include "pg/cluster.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "pg/guard.hpp"

extern "C" {
#include "access/xact.h"
#if CEREBRO_GREENPLUM
#include "cdb/cdbdisp.h"
#include "cdb/cdbhash.h"
#include "cdb/cdbutil.h"
#include "cdb/cdbvars.h"
#include "utils/guc.h"
#include "utils/vmem_tracker.h"
#endif
}

namespace pg {

bool OnGreenplum() { return CEREBRO_GREENPLUM != 0; }

#if CEREBRO_GREENPLUM

int SegmentIndex() { return GpIdentity.segindex; }

// A query that segments run holds the session's connections to them until it ends; those of a cursor are its own.
TablesSeen TablesSeenHere() {
  if (Gp_role == GP_ROLE_EXECUTE) return SegmentIndex() < 0 ? TablesSeen::kNone : TablesSeen::kReplicated;
  for (const dispatcher_handle_t* open = open_dispatcher_handles; open != nullptr; open = open->next) {
    if (!open->dispatcherState->isExtendedQuery) return TablesSeen::kNone;
  }
  return TablesSeen::kAll;
}

int SegmentCount() {
  return call([] { return getgpsegmentCount(); });
}

std::vector<int32_t> SegmentKeys() {
  const int count = SegmentCount();
  std::vector<int32_t> keys(static_cast<size_t>(count), -1);
  int32_t* found = keys.data();
  call([&] {
    const Oid family = get_opclass_family(cdb_default_distribution_opclass_for_type(INT4OID));
    Oid function = cdb_hashproc_in_opfamily(family, INT4OID);
    CdbHash* hash = makeCdbHash(count, 1, &function);
    int missing = count;
    for (int32 key = 0; missing > 0; key++) {
      cdbhashinit(hash);
      cdbhash(hash, 1, Int32GetDatum(key), false);
      const unsigned segment = cdbhashreduce(hash);
      if (found[segment] < 0) {
        found[segment] = key;
        missing--;
      }
    }
    pfree(hash);
  });
  return keys;
}

std::string DistributedBy(const std::string& column) { return " WITH (appendonly = false) DISTRIBUTED BY (" + column + ")"; }

std::string DistributedByKey(const std::string& column) { return DistributedBy(column + " pg_catalog.int4_ops"); }

std::string DistributedRandomly() { return " WITH (appendonly = false) DISTRIBUTED RANDOMLY"; }

OlderPlanner::OlderPlanner() {
  level_ = call([] {
    const int level = NewGUCNestLevel();
    // refused without an error where optimizer_control is off
    compat::SetSetting("optimizer", "off", DEBUG2);
    return level;
  });
}

OlderPlanner::~OlderPlanner() {
  if (level_ == 0 || ServerErrorInFlight()) return;  // the abort gives settings back
  CallInDestructor([this] { AtEOXact_GUC(true, level_); });
}

namespace {

// Left for what the server itself allocates while ours is in use: rows on their way, sorts.
constexpr size_t kHeadroom = size_t{8} << 20;

bool InRedZone() { return VmemTrackerIsActivated() && RedZoneHandler_IsVmemRedZone(); }

}  // namespace

// The tracker looks for the red zone before it takes anything, and not again until somebody else asks: one large request ends
// well behind its border. It may raise an error while it is asked, that of a cancelled query for one.
bool ReservedMemory::TryGrow(size_t bytes) {
  const auto wanted = static_cast<int64>(bytes + kHeadroom);
  red_zone_ = InRedZone();
  if (red_zone_) return false;
  if (!call([&] { return VmemTracker_ReserveVmem(wanted) == MemoryAllocation_Success; })) return false;
  red_zone_ = InRedZone();
  VmemTracker_ReleaseVmem(red_zone_ ? wanted : static_cast<int64>(kHeadroom));
  if (!red_zone_) bytes_ += bytes;
  return !red_zone_;
}

void ReservedMemory::Shrink(size_t bytes) {
  if (bytes > 0) VmemTracker_ReleaseVmem(static_cast<int64>(bytes));
  bytes_ -= bytes;
}

#else

int SegmentIndex() { return -1; }
TablesSeen TablesSeenHere() { return TablesSeen::kAll; }
int SegmentCount() { return 0; }
std::vector<int32_t> SegmentKeys() { return {}; }
std::string DistributedBy(const std::string&) { return {}; }
std::string DistributedByKey(const std::string&) { return {}; }
std::string DistributedRandomly() { return {}; }

OlderPlanner::OlderPlanner() = default;
OlderPlanner::~OlderPlanner() = default;

bool ReservedMemory::TryGrow(size_t bytes) {
  bytes_ += bytes;
  return true;
}

void ReservedMemory::Shrink(size_t bytes) { bytes_ -= bytes; }

#endif

namespace {

std::string ThisProcess() {
  const int segment = SegmentIndex();
  return segment < 0 ? "the coordinator" : "segment " + std::to_string(segment);
}

}  // namespace

void ReservedMemory::Grow(size_t bytes) {
  if (TryGrow(bytes)) return;
  throw base::Error(base::ErrorCode::kOutOfMemory, ThisProcess() + " refuses " + std::to_string(bytes) + " bytes for " + what_,
                    std::to_string(bytes_) + " bytes were granted before." +
                        (red_zone_ ? " With these it would be in the red zone, where the server cancels queries." : ""),
                    "Raise gp_vmem_protect_limit or the resource group's memory, lower cerebro.cache_mem, or train fewer models at once.");
}

namespace {

constexpr int kMostCallbacks = 8;

struct EndCallback {
  void (*call)();
  bool at_commit;
};
EndCallback end_callbacks[kMostCallbacks];
int end_callback_count = 0;

extern "C" {
static void RunEndCallbacks(XactEvent event, void*) {
  const bool commits = event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE;
  if (!commits && event != XACT_EVENT_ABORT) return;
  for (int i = 0; i < end_callback_count; i++) {
    if (!commits || end_callbacks[i].at_commit) end_callbacks[i].call();
  }
}
}

void AddEndCallback(void (*callback)(), bool at_commit) {
  for (int i = 0; i < end_callback_count; i++) {
    if (end_callbacks[i].call == callback) return;
  }
  if (end_callback_count == kMostCallbacks)
    throw base::Error(base::ErrorCode::kInternal, "too many callbacks for the end of a transaction");
  if (end_callback_count == 0) call([] { RegisterXactCallback(RunEndCallbacks, nullptr); });
  end_callbacks[end_callback_count++] = {callback, at_commit};
}

}  // namespace

void AtAbort(void (*callback)()) { AddEndCallback(callback, false); }

void AtTransactionEnd(void (*callback)()) { AddEndCallback(callback, true); }

}  // namespace pg
