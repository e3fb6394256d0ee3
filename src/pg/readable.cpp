#include "pg/readable.hpp"

#include "pg/guard.hpp"
#include "pg/sql.hpp"

namespace pg {
namespace {

/// Says what the error means to the caller: the server's message becomes the detail. Texts lie where the error does.
void Explain(ErrorData* error, const std::string& message, const std::string& hint) {
  call([&] {
    const MemoryContext memory = GetMemoryChunkContext(error);
    char* detail = error->message;
    char* text = MemoryContextStrdup(memory, message.c_str());
    error->hint = MemoryContextStrdup(memory, hint.c_str());
    error->message = text;
    error->detail = detail;
  });
}

}  // namespace

void RequireReadable(const std::string& text, const std::string& sql_type, const std::string& message,
                     const std::string& hint) {
  try {
    Read("SELECT $1::" + sql_type, {text});
  } catch (const PgError& error) {
    const int category = ERRCODE_TO_CATEGORY(error.sqlstate());
    if (category == ERRCODE_DATA_EXCEPTION || category == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION)
      Explain(error.data().get(), message, hint);
    throw;
  }
}

}  // namespace pg
