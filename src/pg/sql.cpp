#include "pg/sql.hpp"

#include <iterator>
#include <utility>
#include <variant>

#include "pg/guard.hpp"
#include "pg/pinned_path.hpp"
#include "pg/spi_connection.hpp"
#include "pg/sql_params.hpp"
#include "pg/sql_result.hpp"

namespace pg {
namespace {

/// call() for what runs a statement of ours: an error's context does not show it.
template <typename F>
auto CallStatement(const std::string& sql, F&& f) -> decltype(f()) {
  try {
    return call(std::forward<F>(f));
  } catch (PgError& error) {
    error.HideStatement(sql);
    throw;
  }
}

void RequireSuccess(int code, const char* what) {
  if (code < 0) elog(ERROR, "%s failed: %s", what, SPI_result_code_string(code));
}

// On Greenplum a definition is analysed by the segments once more, under the session's own path: its text has to say all that it means, and a segment's
// process that is started for it must not begin with a path that is pinned.
bool IsPinned(const std::string& sql) {
#if CEREBRO_GREENPLUM
  for (const char* verb : {"SELECT ", "INSERT ", "UPDATE ", "DELETE "}) {
    if (sql.rfind(verb, 0) == 0) return true;
  }
  return false;
#else
  (void)sql;
  return true;
#endif
}

Result Run(const std::string& sql, const Params& params, bool read_only) {
  CheckParams(params);
  SpiConnection spi;
  std::optional<PinnedPath> pinned;
  if (IsPinned(sql)) pinned.emplace(PinnedPath::Until::kStatement);
  CallStatement(sql, [&] {
    if (params.empty()) {
      RequireSuccess(SPI_execute(sql.c_str(), read_only, 0), "SPI_execute");
    } else {
      const ServerParams server = MakeParams(params, nullptr);
      RequireSuccess(SPI_execute_with_args(sql.c_str(), server.count, server.types, server.values, server.nulls, read_only, 0),
                     "SPI_execute_with_args");
    }
  });
  Result result = TakeResult(SPI_tuptable, SPI_processed);
  spi.Finish();
  return result;
}

/// Plans whose owner went while a server error was in flight: freed when the next statement is prepared.
std::vector<SPIPlanPtr>& OrphanPlans() {
  static auto* plans = new std::vector<SPIPlanPtr>;
  return *plans;
}

void FreeOrphanPlans() {
  std::vector<SPIPlanPtr>& plans = OrphanPlans();
  while (!plans.empty()) {
    const SPIPlanPtr plan = plans.back();
    plans.pop_back();
    call([&] { SPI_freeplan(plan); });
  }
}

}  // namespace

Result Execute(const std::string& sql, const Params& params) { return Run(sql, params, false); }
Result Read(const std::string& sql, const Params& params) { return Run(sql, params, true); }

const char* TypeNameOf(const Param& param) {
  constexpr const char* kNames[] = {"text", "bool", "int8", "float8", "text", "bytea", "int8[]", "float8[]", "text[]"};
  static_assert(std::variant_size_v<Param> == std::size(kNames));
  return kNames[param.index()];
}

struct Statement::Impl {
  std::string sql;
  SPIPlanPtr plan = nullptr;
  std::vector<Oid> types;
  bool read_only = true;

  ~Impl() {
    if (plan == nullptr) return;
    if (!ServerErrorInFlight()) {
      CallInDestructor([this] { SPI_freeplan(plan); });
    } else {
      try {
        OrphanPlans().push_back(plan);
      } catch (const std::bad_alloc&) {  // the plan stays until the session's end
      }
    }
  }
};

Statement::Statement(const std::string& sql, const std::vector<std::string>& types, bool read_only) : impl_(std::make_unique<Impl>()) {
  FreeOrphanPlans();
  impl_->sql = sql;
  impl_->read_only = read_only;
  for (const std::string& type : types) impl_->types.push_back(TypeNamed(type));
  SpiConnection spi;
  const PinnedPath pinned(PinnedPath::Until::kBlock);
  impl_->plan = CallStatement(sql, [&] {
    // what writes gets rows one after another: a plan made anew for each would hold copies of the values, which may be
    // large
    const int options = read_only ? 0 : CURSOR_OPT_GENERIC_PLAN;
    SPIPlanPtr plan = SPI_prepare_cursor(sql.c_str(), static_cast<int>(impl_->types.size()), impl_->types.data(), options);
    if (plan == nullptr) RequireSuccess(SPI_result, "SPI_prepare");
    RequireSuccess(SPI_keepplan(plan), "SPI_keepplan");
    return plan;
  });
  spi.Finish();
}

Statement::~Statement() = default;
Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;

Result Statement::Run(const Params& params) {
  if (params.size() != impl_->types.size()) {
    throw base::Error(base::ErrorCode::kInternal, "a statement of " + std::to_string(impl_->types.size()) + " parameters was run with " +
                                                      std::to_string(params.size()));
  }
  CheckParams(params);
  SpiConnection spi;
  const PinnedPath pinned(PinnedPath::Until::kStatement);  // under another path the server would analyse the text anew
  CallStatement(impl_->sql, [&] {
    const ServerParams server = MakeParams(params, impl_->types.data());
    RequireSuccess(SPI_execute_plan(impl_->plan, server.values, server.nulls, impl_->read_only, 0), "SPI_execute_plan");
  });
  Result result = TakeResult(SPI_tuptable, SPI_processed);
  spi.Finish();
  return result;
}

/// The portal is known by its name: if the server closed it, the name finds nothing.
struct Cursor::Impl {
  std::string sql;
  std::string portal;

  ~Impl() {
    if (portal.empty()) return;
    CallInDestructor([this] {
      Portal open = SPI_cursor_find(portal.c_str());
      if (open != nullptr) SPI_cursor_close(open);
    });
  }
};

Cursor::Cursor(const std::string& sql, const Params& params, bool read_only) : impl_(std::make_unique<Impl>()) {
  CheckParams(params);
  impl_->sql = sql;
  impl_->portal.reserve(NAMEDATALEN);
  SpiConnection spi;
  const PinnedPath pinned(PinnedPath::Until::kStatement);
  const char* name = CallStatement(sql, [&] {
    const ServerParams server = MakeParams(params, nullptr);
    Portal portal = SPI_cursor_open_with_args(nullptr, sql.c_str(), server.count, server.types, server.values, server.nulls, read_only,
                                              CURSOR_OPT_NO_SCROLL);
    if (portal == nullptr) elog(ERROR, "SPI_cursor_open_with_args failed: %s", SPI_result_code_string(SPI_result));
    return portal->name;
  });
  impl_->portal = name;
  spi.Finish();
}

Cursor::~Cursor() = default;
Cursor::Cursor(Cursor&&) noexcept = default;

Result Cursor::Fetch(int64_t count) {
  SpiConnection spi;
  CallStatement(impl_->sql, [&] {
    Portal portal = SPI_cursor_find(impl_->portal.c_str());
    if (portal == nullptr) elog(ERROR, "cursor \"%s\" is gone", impl_->portal.c_str());
    SPI_cursor_fetch(portal, true, static_cast<long>(count));
  });
  Result result = TakeResult(SPI_tuptable, SPI_processed);
  spi.Finish();
  return result;
}

}  // namespace pg
