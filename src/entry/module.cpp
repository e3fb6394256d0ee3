// The module's head: what the server checks when it loads the library, and what it calls then.
#include "pg/guard.hpp"
#include "pg/library.hpp"
#include "pg/settings.hpp"

extern "C" {

CEREBRO_MODULE_MAGIC(CEREBRO_VERSION);

PGDLLEXPORT void _PG_init(void);

/// Registers the settings and nothing more: no tensor, no thread. A server that preloads the library forks safely.
void _PG_init(void) {
  pg::entry([] {
    pg::RequireOnlyLibrary();
    pg::RegisterSettings();
  });
}

}  // extern "C"
