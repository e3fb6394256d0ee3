// The settings that dates, intervals, numbers and bytes are written by, while a text is made that must not depend on the session: put back
// on every way out. Includes postgres.h.
#pragma once

#include "pg/guard.hpp"

extern "C" {
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/bytea.h"
}

namespace entry {

/// ISO dates, whose zone is a number, and numbers with all their digits. Times with a zone are written in that of the session.
class PlainFormats {
 public:
  PlainFormats() {
    DateStyle = USE_ISO_DATES;
    DateOrder = DATEORDER_YMD;
    IntervalStyle = INTSTYLE_POSTGRES;
    bytea_output = BYTEA_OUTPUT_HEX;
    extra_float_digits = pg::compat::kExactFloatDigits;
  }
  ~PlainFormats() {
    DateStyle = date_style_;
    DateOrder = date_order_;
    IntervalStyle = interval_style_;
    bytea_output = bytea_output_;
    extra_float_digits = float_digits_;
  }
  PlainFormats(const PlainFormats&) = delete;
  PlainFormats& operator=(const PlainFormats&) = delete;

 private:
  const int date_style_ = DateStyle, date_order_ = DateOrder, interval_style_ = IntervalStyle, float_digits_ = extra_float_digits;
  const decltype(bytea_output) bytea_output_ = bytea_output;
};

/// The same, and times with a zone in UTC.
class PlainSettings {
 public:
  PlainSettings() {
    session_timezone = pg::call([] { return pg_tzset("UTC"); });
  }
  ~PlainSettings() { session_timezone = zone_; }
  PlainSettings(const PlainSettings&) = delete;
  PlainSettings& operator=(const PlainSettings&) = delete;

 private:
  const PlainFormats formats_;
  pg_tz* const zone_ = session_timezone;
};

}  // namespace entry
