#include "pg/encoding.hpp"

#include "pg/guard.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace pg {

std::string ToUtf8(const std::string& text) {
  const int encoding = GetDatabaseEncoding();
  if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII || text.empty()) return text;
  const char* const converted = call([&] { return pg_server_to_any(text.c_str(), static_cast<int>(text.size()), PG_UTF8); });
  std::string utf8 = converted;
  if (converted != text.c_str()) call([&] { pfree(const_cast<char*>(converted)); });
  return utf8;
}

bool IsServerText(const std::string& text) {
  return call([&] { return pg_verifymbstr(text.data(), static_cast<int>(text.size()), true); });
}

}  // namespace pg
