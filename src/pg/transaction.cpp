// How commits go: the entry's CALL has a connection to SPI of its own that may end transactions; connections of our
// statements open and end above it. A commit takes the snapshot of the statement away, and what reads on the active one
// needs another: the portal's, as procedural languages have it.
//
// How an error is caught: as PL/pgSQL's EXCEPTION does, by a subtransaction. Its abort ends connections to SPI, parallel
// workers, snapshots and settings that the error left behind.
#include "pg/transaction.hpp"

#include <cstdlib>
#include <new>

#include "base/error.hpp"
#include "pg/guard.hpp"

extern "C" {
#include "access/xact.h"
#include "executor/spi.h"
#include "tcop/utility.h"
#if CEREBRO_HAS_PROCEDURES
#include "tcop/pquery.h"
#endif
}

namespace pg {

void RequireWritable(const char* command) {
  call([&] {
    PreventCommandIfReadOnly(command);
    PreventCommandDuringRecovery(command);
  });
}

void RequireReadCommitted(const char* command) {
  if (!IsolationUsesXactSnapshot()) return;
  throw base::Error(base::ErrorCode::kPrerequisiteState, std::string(command) + " needs a transaction that is read committed",
                    "At other levels it would not see what people ask of the run meanwhile.",
                    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED, or set default_transaction_isolation.");
}

void WaitFor(int milliseconds) {
  call([&] {
    compat::WaitOwnLatch(milliseconds);
    CHECK_FOR_INTERRUPTS();
  });
}

#if CEREBRO_HAS_PROCEDURES

Transactions::Transactions() {
  call([] {
    if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT) elog(ERROR, "SPI_connect_ext failed");
  });
  open_ = true;
}

Transactions::~Transactions() {
  if (open_) CallInDestructor([] { SPI_finish(); });
}

void Transactions::Commit() {
  call([] {
    SPI_commit();
    SPI_start_transaction();
    XactIsoLevel = XACT_READ_COMMITTED;  // nothing has a snapshot yet
    EnsurePortalSnapshotExists();
  });
}

void Transactions::CommitLast() {
  call([] {
    SPI_commit();
    SPI_start_transaction();
    EnsurePortalSnapshotExists();
  });
}

#else

Transactions::Transactions() {
  throw base::Error(base::ErrorCode::kFeatureNotSupported, "this server has no procedures", "", "Use cerebro.advance().");
}
Transactions::~Transactions() = default;
void Transactions::Commit() {}
void Transactions::CommitLast() {}

#endif

void CaughtError::Throw() const {
  if (server_ == nullptr) std::rethrow_exception(own_);
  call([this] { ReThrowError(static_cast<ErrorData*>(server_.get())); });
  std::abort();  // not reached
}

std::optional<CaughtError> Attempt(const std::function<void()>& work) {
  const MemoryContext context = CurrentMemoryContext;
  const ResourceOwner owner = CurrentResourceOwner;
  const auto put_back = [&] {
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
  };
  call([&] {
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(context);
  });
  CaughtError caught;
  bool failed = true;
  try {
    work();
    guard::ThrowDeferred();
    failed = false;
  } catch (const PgError& error) {
    caught.text_ = error.what();
    caught.cancelled_ = error.sqlstate() == ERRCODE_QUERY_CANCELED;
    caught.server_ = error.data();
  } catch (const std::bad_alloc&) {
    caught.text_ = "out of memory";
    caught.own_ = std::current_exception();
  } catch (const std::exception& error) {
    caught.text_ = error.what();
    caught.own_ = std::current_exception();
  }
  if (failed) {
    try {
      guard::ThrowDeferred();
    } catch (...) {
      // of a destructor, behind the error that counts: it is rolled back, too
    }
    call([&] {
      RollbackAndReleaseCurrentSubTransaction();
      put_back();
    });
    return caught;
  }
  call([&] {
    ReleaseCurrentSubTransaction();
    put_back();
  });
  return std::nullopt;
}

}  // namespace pg
