// Which rows of a table may have been written since a moment, by the numbers of the transactions that wrote them.
//
// Includes nothing of the server. Main thread only.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace pg {

/// Tells this server's data directory from all others, copies by pg_dump among them: decimal digits.
std::string SystemIdentifier();

/// The transactions from a moment until now. Rows have the lower 32 bits of a transaction's number, so a row that is older
/// than 2^32 transactions may be taken for a newer one; a newer one is never taken for an older one.
struct TransactionWindow {
  int64_t horizon = 0;  // its first transaction, in 64 bits
  uint32_t first = 0;   // the lower half
  uint32_t count = 0;
  bool all = false;  // rows of any transaction may be in it

  bool Contains(uint32_t xmin) const {
    constexpr uint32_t kFirstNormal = 3;  // below: what the server's first start wrote, and what old servers have frozen
    return all || (xmin >= kFirstNormal && xmin - first < count);
  }
};

/// From transaction `horizon` to the one before `next`, in 64 bits.
inline TransactionWindow WindowOf(int64_t horizon, uint64_t next) {
  TransactionWindow window;
  window.horizon = horizon;
  const auto from = static_cast<uint64_t>(horizon);
  window.all = horizon <= 0 || from > next || next - from > std::numeric_limits<uint32_t>::max();
  if (window.all) return window;
  window.first = static_cast<uint32_t>(from);
  window.count = static_cast<uint32_t>(next - from);
  return window;
}

/// From transaction `horizon` on, in 64 bits, to the newest one that any snapshot of this process may see.
TransactionWindow TransactionsSince(int64_t horizon);

/// The oldest transaction that had not ended when the snapshot of the current statement was taken, in 64 bits: rows of older
/// ones have been there, or will never be.
int64_t OldestOpenTransaction();

}  // namespace pg
