// A CALL that commits, and work that may fail without taking the transaction along.
//
// Includes nothing of the server. Main thread only.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace pg {

/// Raises the server's own error in a read-only transaction and on a standby. command: for its message.
void RequireWritable(const char* command);

/// Errors: kPrerequisiteState in a transaction that does not see what others commit meanwhile. command: for the message.
void RequireReadCommitted(const char* command);

/// The transactions of a CALL, one after the other. While it lives, what belongs to a transaction (workers, shared memory,
/// temporary files, snapshots, claims of names.hpp) must be gone before Commit; what is plain C++ stays.
class Transactions {
 public:
  /// REQUIRES that the server lets the CALL commit (entry asks it), and no other Transactions.
  Transactions();
  ~Transactions();
  Transactions(const Transactions&) = delete;
  Transactions& operator=(const Transactions&) = delete;

  /// Commits and begins the next transaction, with a new snapshot. It is READ COMMITTED, whatever the default is: who goes on with a run sees what others
  /// have committed meanwhile, and is in nobody's way by what it has read.
  void Commit();
  /// The same, but the next transaction is the caller's, of the default isolation.
  void CommitLast();

 private:
  bool open_ = false;
};

/// Waits; a cancel ends it with its error.
void WaitFor(int milliseconds);

/// An error that Attempt has caught.
class CaughtError {
 public:
  const std::string& text() const { return text_; }
  /// A cancel or a timeout rather than a failure.
  bool cancelled() const { return cancelled_; }
  /// Throws it again, whole.
  [[noreturn]] void Throw() const;

 private:
  friend std::optional<CaughtError> Attempt(const std::function<void()>& work);
  std::string text_;
  bool cancelled_ = false;
  std::shared_ptr<void> server_;  // of the server: its data; or
  std::exception_ptr own_;
};

/// Runs `work` in a subtransaction. An error rolls it back and is returned: the transaction can go on. What `work` has
/// made is gone then, workers included.
std::optional<CaughtError> Attempt(const std::function<void()>& work);

}  // namespace pg
