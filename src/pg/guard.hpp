// The border between C++ exceptions and the server's longjmp. Includes postgres.h: only src/pg and src/entry see this file.
//
//   entry(lambda)  the only body of a SQL function or callback. C++ exceptions become ereports after the catch block is left and every C++
//                  object is gone.
//   call(lambda)   the only way from C++ into a server function that can ereport. An ereport becomes PgError. The lambda and the server
//                  function must hold trivially destructible values only: a longjmp passes over them.
#pragma once

#include <csetjmp>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "base/error.hpp"

extern "C" {
#include "postgres.h"
#include "fmgr.h"
#include "utils/elog.h"
#include "utils/memutils.h"
}

namespace pg {

/// A server error on its way through C++. Owns a copy of the error data in TopMemoryContext-independent form (malloc'd context).
class PgError : public std::runtime_error {
 public:
  explicit PgError(ErrorData* data);  // takes the data (allocated in ErrorContext-safe memory by call)
  ErrorData* data() const { return data_; }

 private:
  ErrorData* data_;  // lives in the memory context that was current at the call: valid until the entry raises it again
};

// see guard.cpp: what entry and call are made of
ErrorData* CaptureError(MemoryContext context);
[[noreturn]] void Raise(ErrorData* data);
/// An ErrorData made of the exception in flight (call inside a catch block); never throws.
ErrorData* DescribeCurrentException(MemoryContext context) noexcept;

/// Runs `f`; returns its value. F must not be noexcept(false)-destructible objects holding: see above.
template <typename F>
auto call(F&& f) -> decltype(f()) {
  using R = decltype(f());
  static_assert(std::is_void_v<R> || std::is_trivially_destructible_v<R>, "call() returns trivially destructible values only");
  sigjmp_buf* saved_exception_stack = PG_exception_stack;
  ErrorContextCallback* saved_context_stack = error_context_stack;
  MemoryContext caller_context = CurrentMemoryContext;
  sigjmp_buf local;
  if (sigsetjmp(local, 0) == 0) {
    PG_exception_stack = &local;
    if constexpr (std::is_void_v<R>) {
      f();
      PG_exception_stack = saved_exception_stack;
      error_context_stack = saved_context_stack;
      return;
    } else {
      R result = f();
      PG_exception_stack = saved_exception_stack;
      error_context_stack = saved_context_stack;
      return result;
    }
  }
  PG_exception_stack = saved_exception_stack;
  error_context_stack = saved_context_stack;
  throw PgError(CaptureError(caller_context));
}

/// The body of a SQL function: `return pg::entry([&]() -> Datum { ... });`
template <typename F>
auto entry(F&& f) -> decltype(f()) {
  MemoryContext context = CurrentMemoryContext;
  ErrorData* error = nullptr;
  try {
    return f();
  } catch (...) {
    error = DescribeCurrentException(context);
  }
  Raise(error);
}

}  // namespace pg
