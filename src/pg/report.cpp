#include "pg/report.hpp"

#include <cmath>

#include "pg/guard.hpp"

extern "C" {
#include "utils/guc.h"
#include "utils/timestamp.h"
}

namespace pg {
namespace {

void Report(int level, const std::string& message, const std::string& hint) {
  const std::string text = ServerText(message);
  const std::string hint_text = ServerText(hint);
  call([&] {
    ereport(level, (errcode(level >= WARNING ? ERRCODE_WARNING : ERRCODE_SUCCESSFUL_COMPLETION), errmsg_internal("%s", text.c_str()),
                    hint_text.empty() ? 0 : errhint("%s", hint_text.c_str())));
  });
}

constexpr double kEpochGap = static_cast<double>(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;

}  // namespace

void Info(const std::string& message) {
  // the server sends INFO always; who sets client_min_messages to warning or higher wants no progress lines
  if (client_min_messages > NOTICE) return;
  Report(INFO, message, {});
}
void Notice(const std::string& message, const std::string& hint) { Report(NOTICE, message, hint); }
void Warning(const std::string& message, const std::string& hint) { Report(WARNING, message, hint); }
void Debug(const std::string& message) { Report(DEBUG1, message, {}); }

void CheckInterrupts() {
  if (InterruptPending) call([] { CHECK_FOR_INTERRUPTS(); });
}

double Now() { return static_cast<double>(GetCurrentTimestamp()) / USECS_PER_SEC + kEpochGap; }

std::string TimestampText(double seconds_since_epoch) {
  const double micros = (seconds_since_epoch - kEpochGap) * USECS_PER_SEC;
  const char* text = call([&] { return timestamptz_to_str(static_cast<TimestampTz>(std::llround(micros))); });
  return text;
}

}  // namespace pg
