// What entry() and call() are made of.
//
// An error that leaves C++ is kept in static objects between the catch block and the ereport: nothing on the stack is then alive, and a
// longjmp passes over nothing. The memory that it keeps is that of one error, freed by the next.
#include "pg/guard.hpp"

#include <cstring>
#include <sstream>

namespace pg {
namespace {

int errors_in_flight = 0;  // PgError objects alive

/// Each error has a memory context of its own: FreeErrorData leaves some of the strings behind.
void FreeError(ErrorData* data) {
  if (data != nullptr) MemoryContextDelete(GetMemoryChunkContext(data));
}

/// What the entry is about to raise.
struct Pending {
  bool out_of_memory = false;       // nothing else could be kept
  std::shared_ptr<ErrorData> data;  // a server's error, or
  int sqlstate = 0;                 // one of ours
  std::string message, detail, hint;
};

// Never destroyed: at the end of a backend the server's memory functions must not be called from exit handlers.
Pending& pending() {
  static auto* it = new Pending;
  return *it;
}

std::exception_ptr& deferred() {
  static auto* it = new std::exception_ptr;
  return *it;
}

/// The one table of SQLSTATEs.
int SqlState(base::ErrorCode code) {
  switch (code) {
    case base::ErrorCode::kInvalidParameter: return ERRCODE_INVALID_PARAMETER_VALUE;
    case base::ErrorCode::kInvalidData: return ERRCODE_DATA_EXCEPTION;
    case base::ErrorCode::kNullValue: return ERRCODE_NULL_VALUE_NOT_ALLOWED;
    case base::ErrorCode::kUndefinedTable: return ERRCODE_UNDEFINED_TABLE;
    case base::ErrorCode::kUndefinedColumn: return ERRCODE_UNDEFINED_COLUMN;
    case base::ErrorCode::kUndefinedObject: return ERRCODE_UNDEFINED_OBJECT;
    case base::ErrorCode::kDuplicateTable: return ERRCODE_DUPLICATE_TABLE;
    case base::ErrorCode::kDatatypeMismatch: return ERRCODE_DATATYPE_MISMATCH;
    case base::ErrorCode::kInvalidName: return ERRCODE_INVALID_NAME;
    case base::ErrorCode::kSyntax: return ERRCODE_SYNTAX_ERROR;
    case base::ErrorCode::kFeatureNotSupported: return ERRCODE_FEATURE_NOT_SUPPORTED;
    case base::ErrorCode::kWrongObjectType: return ERRCODE_WRONG_OBJECT_TYPE;
    case base::ErrorCode::kPrerequisiteState: return ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
    case base::ErrorCode::kOutOfMemory: return ERRCODE_OUT_OF_MEMORY;
    case base::ErrorCode::kDiskFull: return ERRCODE_DISK_FULL;
    case base::ErrorCode::kLimitExceeded: return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
    case base::ErrorCode::kDataCorrupted: return ERRCODE_DATA_CORRUPTED;
    case base::ErrorCode::kEngine: return ERRCODE_EXTERNAL_ROUTINE_EXCEPTION;
    case base::ErrorCode::kInternal: return ERRCODE_INTERNAL_ERROR;
  }
  return ERRCODE_INTERNAL_ERROR;
}

void Keep(int sqlstate, const std::string& message, const std::string& detail, const std::string& hint) {
  Pending& p = pending();
  p.sqlstate = sqlstate;
  p.message = ServerText(message);
  p.detail = ServerText(detail);
  p.hint = ServerText(hint);
}

void KeepCurrentException() {
  try {
    throw;
  } catch (const PgError& e) {
    pending().data = e.data();
  } catch (const base::Error& e) {
    Keep(SqlState(e.code()), e.what(), e.detail(), e.hint());
  } catch (const std::bad_alloc&) {
    pending().out_of_memory = true;
  } catch (const std::length_error&) {  // more than any memory has
    pending().out_of_memory = true;
  } catch (const std::exception& e) {
    Keep(ERRCODE_INTERNAL_ERROR, e.what(), {}, {});
  } catch (...) {
    Keep(ERRCODE_INTERNAL_ERROR, "unknown C++ exception", {}, {});
  }
}

}  // namespace

PgError::PgError(ErrorData* data) : std::runtime_error(data->message != nullptr ? data->message : "unknown error"), data_(data, FreeError) {
  errors_in_flight++;
}

PgError::PgError(const PgError& other) noexcept : std::runtime_error(other), data_(other.data_) { errors_in_flight++; }

PgError::~PgError() { errors_in_flight--; }

// The server writes a line around the whole text, in the language of its messages. Whatever stands outside of it (a
// trigger's function, the caller's own PL/pgSQL) stays.
void PgError::HideStatement(const std::string& sql) {
  if (data_->internalquery != nullptr && sql == data_->internalquery) {
    data_->internalquery = nullptr;
    data_->internalpos = 0;
  }
  if (data_->context == nullptr) return;
  std::string context = data_->context;
  const size_t at = context.find('"' + sql + '"');
  if (at == std::string::npos) return;
  const size_t before = context.rfind('\n', at);
  const size_t after = context.find('\n', at + sql.size() + 2);
  const size_t first = before == std::string::npos ? 0 : before + 1;
  if (after != std::string::npos) {
    context.erase(first, after + 1 - first);
  } else {
    context.erase(first == 0 ? 0 : before);
  }
  if (context.empty()) {
    data_->context = nullptr;
  } else {
    memcpy(data_->context, context.c_str(), context.size() + 1);  // it has become shorter
  }
}

// Only functions that nobody else calls tell such a statement from the caller's own, which may stand in the context too.
void PgError::HideWorkerStatement() {
  const auto is_ours = [](const std::string& text) {
    return text.find("cerebro_run.") != std::string::npos || text.find("cerebro._") != std::string::npos;
  };
  if (data_->internalquery != nullptr && is_ours(data_->internalquery)) {
    data_->internalquery = nullptr;
    data_->internalpos = 0;
  }
  if (data_->context == nullptr) return;
  std::istringstream lines(data_->context);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    if (!is_ours(line)) kept += (kept.empty() ? "" : "\n") + line;
  }
  if (kept.empty()) {
    data_->context = nullptr;
  } else if (kept.size() < std::strlen(data_->context)) {
    memcpy(data_->context, kept.c_str(), kept.size() + 1);
  }
}

bool ServerErrorInFlight() { return errors_in_flight > 0; }

void DeferCurrentException() noexcept {
  if (deferred() == nullptr) deferred() = std::current_exception();
}

std::string ServerText(std::string text) {
  if (pg_verifymbstr(text.c_str(), static_cast<int>(text.size()), true)) return text;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) >= 0x80 || c == '\0') c = '?';
  }
  return text;
}

namespace guard {

ErrorData* CaptureError(MemoryContext context) {
  // Copying allocates, and an error of its own must not jump past the C++ frames above.
  ErrorData* volatile data = nullptr;
  volatile MemoryContext memory = nullptr;
  const StackKeeper keeper;
  sigjmp_buf local;
  if (sigsetjmp(local, 0) == 0) {
    PG_exception_stack = &local;
    error_context_stack = nullptr;
    memory = compat::NewMemoryContext(TopMemoryContext, "pg_cerebro error");
    MemoryContextSwitchTo(memory);
    data = CopyErrorData();
  }
  keeper.Restore();
  MemoryContextSwitchTo(context);
  FlushErrorState();
  if (data == nullptr) {
    if (memory != nullptr) MemoryContextDelete(memory);
    throw std::bad_alloc();
  }
  return data;
}

void StoreCurrentException() noexcept {
  Pending& p = pending();
  p.out_of_memory = false;
  p.data.reset();
  try {
    KeepCurrentException();
  } catch (...) {  // no memory for the texts
    p.out_of_memory = true;
  }
  deferred() = nullptr;  // the first error is the one that counts
}

void Raise() {
  const Pending& p = pending();
  if (p.out_of_memory) {
    ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
                    errdetail("The system gave this process no more memory, although the estimate of the run was within the limit."),
                    errhint("Train fewer models at once or with smaller batches, lower cerebro.cache_mem, or raise the server's limits.")));
  }
  // the data is copied before the jump, and freed when the next error is stored
  if (p.data != nullptr) ReThrowError(p.data.get());
  ereport(ERROR, (errcode(p.sqlstate), errmsg_internal("%s", p.message.c_str()),
                  p.detail.empty() ? 0 : errdetail_internal("%s", p.detail.c_str()), p.hint.empty() ? 0 : errhint("%s", p.hint.c_str())));
  std::abort();  // not reached: ERROR does not return
}

void ThrowDeferred() {
  if (deferred() == nullptr) return;
  const std::exception_ptr error = std::exchange(deferred(), nullptr);
  std::rethrow_exception(error);
}

}  // namespace guard
}  // namespace pg
