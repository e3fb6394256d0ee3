#include "pg/snapshot.hpp"

#include "pg/guard.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"
}

namespace pg {

FreshSnapshot::FreshSnapshot() {
  call([] {
    // tables that others have made meanwhile are found, too
    AcceptInvalidationMessages();
    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
  });
}

FreshSnapshot::~FreshSnapshot() {
  // an abort drops the snapshots of its transaction
  CallInDestructor([] { PopActiveSnapshot(); });
}

GlanceSnapshot::GlanceSnapshot() {
  call([] { PushActiveSnapshot(GetTransactionSnapshot()); });
}

GlanceSnapshot::~GlanceSnapshot() {
  CallInDestructor([] { PopActiveSnapshot(); });
}

}  // namespace pg
