// The one exception type of pg_cerebro.
//
// Every layer throws base::Error for what a user can cause or must be told. The entry guard (src/pg/guard.hpp) turns it into
// an ereport with the SQLSTATE of its code, its detail and its hint. Anything else that escapes is a bug and becomes XX000.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace base {

/// What went wrong, in terms of the SQLSTATE that the caller of a SQL function sees.
enum class ErrorCode {
  kInvalidParameter,    // 22023 invalid_parameter_value
  kInvalidData,         // 22000 data_exception: a row's value cannot be used (NaN, unknown class, ragged shape)
  kNullValue,           // 22004 null_value_not_allowed
  kUndefinedTable,      // 42P01
  kUndefinedColumn,     // 42703
  kUndefinedObject,     // 42704: a model, a key, an index of ours that does not exist
  kDuplicateTable,      // 42P07
  kDatatypeMismatch,    // 42804
  kInvalidName,         // 42602
  kSyntax,              // 42601: a parameter text or a JSON text that cannot be read
  kFeatureNotSupported, // 0A000
  kWrongObjectType,     // 42809
  kPrerequisiteState,   // 55000 object_not_in_prerequisite_state
  kOutOfMemory,         // 53200
  kDiskFull,            // 53100
  kLimitExceeded,       // 54000 program_limit_exceeded
  kDataCorrupted,       // XX001
  kEngine,              // 38000 external_routine_exception: LibTorch refused
  kInternal,            // XX000
};

/// message: lower case, no full stop, names and numbers in it. detail, hint: full sentences, or empty.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message, std::string detail = {}, std::string hint = {})
      : std::runtime_error(message), code_(code), detail_(std::move(detail)), hint_(std::move(hint)) {}

  ErrorCode code() const { return code_; }
  const std::string& detail() const { return detail_; }
  const std::string& hint() const { return hint_; }

 private:
  ErrorCode code_;
  std::string detail_;
  std::string hint_;
};

}  // namespace base
