#include "pg/interconnect.hpp"

#include <algorithm>
#include <string>

#include "pg/cluster.hpp"
#include "pg/guard.hpp"
#include "pg/sql.hpp"

extern "C" {
#if CEREBRO_GREENPLUM
#include "access/xact.h"
#include "cdb/cdbutil.h"
#include "cdb/cdbvars.h"
#endif
}

namespace pg {

#if CEREBRO_GREENPLUM
namespace {

constexpr int kPackets = 128;  // of 8 kB by default: a megabyte for all connections of a process
constexpr int kMost = 64;      // a connection; more make no difference

bool open = false;
SubTransactionId opened_in = InvalidSubTransactionId;

// An error gives the settings back here and in the processes that write, but not in those that only read: these are
// ended, and started again when they are wanted. Otherwise they would send more than others are ready to receive.
void EndReaders() {
  if (!open) return;
  open = false;
  cdbcomponent_cleanupIdleQEs(false);
}

extern "C" {
static void EndReadersOfSubtransaction(SubXactEvent event, SubTransactionId ended, SubTransactionId, void*) {
  if (event == SUBXACT_EVENT_ABORT_SUB && ended <= opened_in) EndReaders();
}
}

void Register() {
  static bool registered = false;
  if (registered) return;
  AtAbort(EndReaders);
  call([] { RegisterSubXactCallback(EndReadersOfSubtransaction, nullptr); });
  registered = true;
}

void Set(int receives, int sends) {
  Execute("SET gp_interconnect_queue_depth TO " + std::to_string(receives));
  Execute("SET gp_interconnect_snd_queue_depth TO " + std::to_string(sends));
}

}  // namespace

WideInterconnect::WideInterconnect() {
  if (Gp_role != GP_ROLE_DISPATCH || open) return;
  const int wanted = std::clamp(kPackets / std::max(1, SegmentCount()), 1, kMost);
  if (Gp_interconnect_queue_depth >= wanted && Gp_interconnect_snd_queue_depth >= wanted) return;
  Register();
  receives_ = Gp_interconnect_queue_depth;
  sends_ = Gp_interconnect_snd_queue_depth;
  opened_in = GetCurrentSubTransactionId();
  open = true;
  Set(std::max(receives_, wanted), std::max(sends_, wanted));
}

WideInterconnect::~WideInterconnect() {
  if (receives_ == 0 || ServerErrorInFlight()) return;
  try {
    Set(receives_, sends_);
    open = false;
  } catch (...) {
    DeferCurrentException();
  }
}
#else
WideInterconnect::WideInterconnect() = default;
WideInterconnect::~WideInterconnect() = default;
#endif

}  // namespace pg
