// The border between C++ exceptions and the server's longjmp. Includes postgres.h: only src/pg and src/entry see this file.
//
//   entry(lambda)  the only body of a SQL function or callback. C++ exceptions become ereports after the catch block is left and every C++
//                  object is gone. The floating-point control word is restored on every way out.
//   call(lambda)   the only way from C++ into a server function that can ereport. An ereport becomes PgError. The lambda and the server
//                  function must hold trivially destructible values only: a longjmp passes over them.
//
// Rules. A PgError is never swallowed: the server expects the transaction to be aborted, and the entry raises it again whole. While one
// is on its way (ServerErrorInFlight) destructors make no server call: the abort that follows cleans up. A server error stops at call()
// with the interrupt hold-off count at zero, as at any PG_CATCH: code on the way out must not count on it.
#pragma once

#include <csetjmp>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>
#endif

#include "base/error.hpp"
#include "pg/compat.hpp"

namespace pg {

/// A server error on its way through C++. Its data lies in a memory context of the guard's own: no context reset or deleted on the way out
/// takes it away. It is freed with the last copy of the exception unless the entry has taken it to raise it again.
class PgError : public std::runtime_error {
 public:
  explicit PgError(ErrorData* data);  // takes the data, as CaptureError made it
  PgError(const PgError& other) noexcept;
  PgError& operator=(const PgError&) = default;
  ~PgError() override;
  int sqlstate() const { return data_->sqlerrcode; }
  const std::shared_ptr<ErrorData>& data() const { return data_; }
  /// Takes a statement of ours out of the error's context and its query: the caller did not write it.
  void HideStatement(const std::string& sql);
  /// The same for an error of a parallel worker as the session gets it. A worker that is ended by a FATAL cannot do it itself.
  void HideWorkerStatement();

 private:
  std::shared_ptr<ErrorData> data_;
};

/// True from the moment when a server error was turned into an exception until the entry has raised it again: make no server call.
bool ServerErrorInFlight();

/// An exception that a destructor could not let out, to be raised by the entry (the first one counts). Call inside a catch block.
void DeferCurrentException() noexcept;

/// The text in the database's encoding; bytes that are not valid in it become '?'.
std::string ServerText(std::string text);

namespace guard {

/// Copies the error that the server has just thrown, leaves its error state and returns to `context`. Throws bad_alloc if there is no
/// memory.
ErrorData* CaptureError(MemoryContext context);
/// Keeps the exception in flight (call inside a catch block) for Raise.
void StoreCurrentException() noexcept;
/// Raises what StoreCurrentException kept, by ereport: does not return.
[[noreturn]] void Raise();
/// Throws what a destructor deferred, if anything.
void ThrowDeferred();

/// Rounding, denormal and exception bits of the processor.
inline uint64_t FloatControl() {
#if defined(__x86_64__) || defined(__i386__)
  return _mm_getcsr();
#elif defined(__aarch64__)
  uint64_t value;
  __asm__ volatile("mrs %0, fpcr" : "=r"(value));
  return value;
#else
  return 0;
#endif
}

inline void SetFloatControl(uint64_t value) {
#if defined(__x86_64__) || defined(__i386__)
  _mm_setcsr(static_cast<unsigned>(value));
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(value));
#else
  (void)value;
#endif
}

/// Restores the server's exception stack on every way out of call(): return, longjmp and C++ exception alike. Made before sigsetjmp and
/// never changed after it, so a longjmp finds it whole.
class StackKeeper {
 public:
  StackKeeper() : exception_stack_(PG_exception_stack), context_stack_(error_context_stack) {}
  ~StackKeeper() { Restore(); }
  StackKeeper(const StackKeeper&) = delete;
  StackKeeper& operator=(const StackKeeper&) = delete;
  void Restore() const {
    PG_exception_stack = exception_stack_;
    error_context_stack = context_stack_;
  }

 private:
  sigjmp_buf* const exception_stack_;
  ErrorContextCallback* const context_stack_;
};

}  // namespace guard

/// Runs `f` and returns its value. A server error inside becomes PgError, with the memory context of before.
template <typename F>
auto call(F&& f) -> decltype(f()) {
  using R = decltype(f());
  static_assert(std::is_void_v<R> || std::is_trivially_destructible_v<R>, "call() returns trivially destructible values only");
  const MemoryContext context = CurrentMemoryContext;
  const guard::StackKeeper keeper;
  sigjmp_buf local;
  if (sigsetjmp(local, 0) == 0) {
    PG_exception_stack = &local;
    return f();
  }
  keeper.Restore();
  throw PgError(guard::CaptureError(context));
}

/// A server call from a destructor: left out while a server error is in flight; an error of its own is raised by the entry.
template <typename F>
void CallInDestructor(F&& f) noexcept {
  if (ServerErrorInFlight()) return;
  try {
    call(std::forward<F>(f));
  } catch (...) {
    DeferCurrentException();
  }
}

/// The body of a SQL function: `return pg::entry([&]() -> Datum { ... });` The lambda captures by reference: nothing with a destructor
/// may be alive around it.
template <typename F>
auto entry(F&& f) -> decltype(f()) {
  using R = decltype(f());
  static_assert(std::is_void_v<R> || std::is_trivially_destructible_v<R>, "entry() returns trivially destructible values only");
  static_assert(std::is_trivially_destructible_v<std::remove_reference_t<F>>, "capture by reference: an ereport passes over the lambda");
  const MemoryContext context = CurrentMemoryContext;
  const uint64_t control = guard::FloatControl();
  try {
    if constexpr (std::is_void_v<R>) {
      f();
      guard::ThrowDeferred();
      guard::SetFloatControl(control);
      return;
    } else {
      R result = f();
      guard::ThrowDeferred();
      guard::SetFloatControl(control);
      return result;
    }
  } catch (...) {
    guard::StoreCurrentException();
  }
  guard::SetFloatControl(control);
  MemoryContextSwitchTo(context);
  guard::Raise();
}

}  // namespace pg
