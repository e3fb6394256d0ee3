#include "pg/query_cursor.hpp"

#include "base/error.hpp"
#include "pg/spi_connection.hpp"

namespace pg {

QueryCursor::QueryCursor(const std::string& query) {
  struct Opened {
    const char* portal;
    TupleDesc desc;
  };
  const MemoryContext memory = CurrentMemoryContext;
  SpiConnection connection;
  const Opened opened = call([&]() -> Opened {
    SPIPlanPtr plan = SPI_prepare(query.c_str(), 0, nullptr);
    if (plan == nullptr) elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
    if (!SPI_is_cursor_plan(plan)) return {nullptr, nullptr};
    Portal portal = SPI_cursor_open(nullptr, plan, nullptr, nullptr, true);
    if (portal == nullptr) elog(ERROR, "SPI_cursor_open failed: %s", SPI_result_code_string(SPI_result));
    MemoryContext before = MemoryContextSwitchTo(memory);
    TupleDesc desc = portal->tupDesc == nullptr ? nullptr : CreateTupleDescCopy(portal->tupDesc);
    MemoryContextSwitchTo(before);
    return {portal->name, desc};
  });
  if (opened.portal == nullptr || opened.desc == nullptr) {
    throw base::Error(base::ErrorCode::kSyntax, "the query gives no rows", "It was \"" + query + "\".",
                      "Give one SELECT, or the name of a table.");
  }
  portal_ = opened.portal;
  desc_ = opened.desc;
  connection.Finish();
}

QueryCursor::~QueryCursor() {
  if (portal_.empty()) return;
  CallInDestructor([this] {
    Portal open = SPI_cursor_find(portal_.c_str());
    if (open != nullptr) SPI_cursor_close(open);
  });
}

bool QueryCursor::Fetch(int64_t count, const std::function<void(HeapTuple* rows, uint64_t rows_count)>& use) {
  SpiConnection connection;
  call([&] {
    Portal portal = SPI_cursor_find(portal_.c_str());
    if (portal == nullptr) elog(ERROR, "cursor \"%s\" is gone", portal_.c_str());
    SPI_cursor_fetch(portal, true, static_cast<long>(count));
  });
  const uint64_t found = SPI_processed;
  if (found > 0) use(SPI_tuptable->vals, found);
  connection.Finish();
  return found > 0;
}

}  // namespace pg
