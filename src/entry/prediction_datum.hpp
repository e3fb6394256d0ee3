// Predictions as the server's values. Includes postgres.h: only src/entry sees this file.
#pragma once

#include <string>
#include <vector>

#include "pg/guard.hpp"
#include "score/predictions.hpp"

namespace entry {

/// All numbers of a row, as real[].
Datum VectorDatum(const std::vector<score::OutputInfo>& outputs, const score::RowValues& values);
/// A JSON text, as jsonb.
Datum JsonbDatum(const std::string& json);

}  // namespace entry
