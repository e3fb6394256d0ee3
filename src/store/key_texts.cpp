#include "store/key_texts.hpp"

#include <set>

#include "base/error.hpp"

namespace store {

using base::Error;
using base::ErrorCode;

KeyKind KindNamed(const std::string& name) {
  if (name == "plain") return {"$::pg_catalog.text", true, false};
  if (name == "number") return {"$::pg_catalog.text", true, true};
  if (name == "label") return {"cerebro._label_text($)", true, false};
  if (name == "real") return {"cerebro._label_text($)", true, false, true};
  if (name == "other") return {"cerebro._label_text($)", false, false};
  throw Error(ErrorCode::kDataCorrupted, "a registered run over groups has a key column of kind \"" + name + "\"");
}

// Texts are compared by their bytes. Those of intervals and arrays are not exact: 24 hours are a day, and an array may have
// any of the others in it.
std::string KindOfKey(const pg::Column& column, const pg::KeyType& type) {
  static const std::set<std::string> kPlain = {"boolean", "smallint", "integer",           "bigint", "oid",
                                               "uuid",    "text",     "character varying", "name",   "character"};
  static const std::set<std::string> kLabel = {"date", "timestamp without time zone", "timestamp with time zone",
                                               "time without time zone", "inet", "cidr", "macaddr"};
  if (column.is_array || !type.plain()) return "other";
  if (type.holds_enum || kPlain.count(column.base_type) > 0) return "plain";
  if (kLabel.count(column.base_type) > 0) return "label";
  if (column.base_type == "real" || column.base_type == "double precision") return "real";
  return column.base_type == "numeric" ? "number" : "other";
}

std::string PlainReal(std::string text) { return text == "-0" ? "0" : text; }

std::string PlainNumber(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

// "5:north-": the length of a text and the text; "-" is NULL.
std::string JoinKeys(const std::vector<std::optional<std::string>>& keys) {
  std::string joined;
  for (const std::optional<std::string>& key : keys) joined += key ? std::to_string(key->size()) + ":" + *key : "-";
  return joined;
}

std::vector<std::optional<std::string>> SplitKeys(const std::string& joined) {
  std::vector<std::optional<std::string>> keys;
  for (size_t at = 0; at < joined.size();) {
    if (joined[at] == '-') {
      keys.emplace_back();
      at++;
      continue;
    }
    size_t size = 0, end = at;
    for (; end < joined.size() && joined[end] >= '0' && joined[end] <= '9' && size <= joined.size(); end++)
      size = size * 10 + static_cast<size_t>(joined[end] - '0');
    if (end == at || end >= joined.size() || joined[end] != ':' || size > joined.size() - end - 1)
      throw Error(ErrorCode::kDataCorrupted, "keys of a registered group cannot be read");
    keys.emplace_back(joined.substr(end + 1, size));
    at = end + 1 + size;
  }
  return keys;
}

}  // namespace store
