// For the files that compile loops once for each instruction set (frames.inc).
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CEREBRO_INSTRUCTION_SETS 1
#include <immintrin.h>
#endif

#define CEREBRO_TILE inline __attribute__((always_inline))
