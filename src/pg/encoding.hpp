// Texts of the database in an encoding that does not depend on it.
#pragma once

#include <string>

namespace pg {

/// The text in UTF-8. Of a database whose encoding is UTF-8 or not said (SQL_ASCII) it comes back as it is. Errors: the
/// server's own for a character that cannot be converted.
std::string ToUtf8(const std::string& text);

/// Whether the bytes are a text of the database, as the server takes one.
bool IsServerText(const std::string& text);

}  // namespace pg
