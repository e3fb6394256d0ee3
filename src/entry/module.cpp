// The module's head: what the server checks when it loads the library, and what it calls then.
#include "pg/guard.hpp"
#include "pg/library.hpp"
#include "pg/settings.hpp"

extern "C" {

// From PostgreSQL 18 on a module says its name and version, which pg_get_loaded_modules() shows.
#ifdef PG_MODULE_MAGIC_EXT
PG_MODULE_MAGIC_EXT(.name = "pg_cerebro", .version = CEREBRO_VERSION);
#else
PG_MODULE_MAGIC;
#endif

PGDLLEXPORT void _PG_init(void);

/// Registers the settings and nothing more: no tensor, no thread. A server that preloads the library forks safely.
void _PG_init(void) {
  pg::entry([] {
    pg::RequireOnlyLibrary(process_shared_preload_libraries_in_progress);
    pg::RegisterSettings();
  });
}

}  // extern "C"
