// Keys of groups as texts that depend on no setting: how they are made, compared and put together. Pure; no SQL is run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pg/key_type.hpp"
#include "pg/names.hpp"

namespace store {

/// How a key column's values become texts.
struct KeyKind {
  std::string sql;      // of a value, which stands for the "$" in it
  bool exact = true;    // texts are equal if and only if the values are
  bool number = false;  // of numeric: trailing zeros do not count (PlainNumber)
  bool real = false;    // of a floating-point number: the sign of zero does not count (PlainReal)
};

/// The name of a column's kind, which is kept: "plain", "label", "number", "real" or "other".
std::string KindOfKey(const pg::Column& column, const pg::KeyType& type);
/// Errors: kDataCorrupted for a name that is none of these.
KeyKind KindNamed(const std::string& name);

/// The text of a numeric without trailing zeros: 1.50 and 1.5 are one number.
std::string PlainNumber(std::string text);
/// The text of a floating-point number without the sign of zero.
std::string PlainReal(std::string text);

/// Texts of keys as one, and back. nullopt is NULL. Errors of SplitKeys: kDataCorrupted.
std::string JoinKeys(const std::vector<std::optional<std::string>>& keys);
std::vector<std::optional<std::string>> SplitKeys(const std::string& joined);

}  // namespace store
