// Whether a text is a value of a type.
//
// Includes nothing of the server. Main thread only.
#pragma once

#include <string>

namespace pg {

/// Read-only. sql_type: as in Column::sql_type. Where the server does not read the text as a value of the type: its error, with
/// this message and hint; its own message becomes the detail.
void RequireReadable(const std::string& text, const std::string& sql_type, const std::string& message,
                     const std::string& hint);

}  // namespace pg
