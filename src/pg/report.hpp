// Messages to the client and interrupts.
#pragma once

#include <string>

namespace pg {

void Info(const std::string& message);
void Notice(const std::string& message, const std::string& hint = {});
void Warning(const std::string& message, const std::string& hint = {});
/// DEBUG1: the proof that a path was taken.
void Debug(const std::string& message);

/// Serves a cancel, a timeout or a terminate: throws PgError. Cheap when nothing is pending.
void CheckInterrupts();

/// Seconds since the epoch, microsecond resolution, by the server's clock; and as text for timestamptz.
double Now();
std::string TimestampText(double seconds_since_epoch);

}  // namespace pg
