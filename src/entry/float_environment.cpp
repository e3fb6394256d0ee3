// The floating-point control and status register of this session: internal, for the tests that show that training leaves it alone.
#include "pg/guard.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_mxcsr);
}

Datum pg_cerebro_mxcsr(PG_FUNCTION_ARGS) {
#if defined(__x86_64__)
  constexpr unsigned kStickyFlags = 0x3f;  // any inexact division sets them
  PG_RETURN_INT32(static_cast<int32>(_mm_getcsr() & ~kStickyFlags));
#else
  PG_RETURN_NULL();
#endif
}
