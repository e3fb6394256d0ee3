// From SPI's tuple table to std values. Includes postgres.h.
#pragma once

#include "pg/guard.hpp"
#include "pg/sql.hpp"

extern "C" {
#include "executor/spi.h"
}

namespace pg {

/// Copies `rows` rows of SPI_tuptable (nullptr: none) while SPI is connected.
Result TakeResult(SPITupleTable* table, uint64_t rows);

}  // namespace pg
