// cerebro._value_range: the smallest and the largest value of a column of a packed buffer, and one that is no whole number
// (NaN where there is none), for train/value_check.cpp.
#include <string>

#include "base/error.hpp"
#include "base/tensor.hpp"
#include "engine/api/value_limits.hpp"
#include "pg/args.hpp"
#include "pg/guard.hpp"

extern "C" {
#include "utils/array.h"

PG_FUNCTION_INFO_V1(pg_cerebro_value_range);
}

Datum pg_cerebro_value_range(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    const base::DataSpec spec = base::ReadDataSpec(args.text(0, "data_spec"));
    const base::DType precision = base::DTypeFromName(args.text(1, "value_precision"));
    const std::string bytes = args.bytea(4, "data");
    const size_t row_bytes = spec.inputs.size() == 1 ? spec.inputs[0].row_bytes() : 0;
    if (row_bytes == 0 || bytes.size() % row_bytes != 0) {
      throw base::Error(base::ErrorCode::kDataCorrupted, "a packed column of " + std::to_string(bytes.size()) +
                                                             " bytes is no whole number of rows of " + std::to_string(row_bytes) +
                                                             " bytes");
    }
    const engine::Elements elements{args.opt_int8(2).value_or(0), args.opt_int8(3).value_or(0)};
    const int64_t width = base::ElementCount(spec.inputs[0].shape);
    if (elements.first < 0 || elements.count < 0 || elements.first >= width || elements.count > width - elements.first) {
      throw base::Error(base::ErrorCode::kInvalidParameter, "a row of " + std::to_string(width) + " elements has none of those asked for");
    }
    const engine::ValueRange range = engine::RangeOf(spec.inputs[0], elements, precision, reinterpret_cast<const uint8_t*>(bytes.data()),
                                                     static_cast<int64_t>(bytes.size() / row_bytes));
    const double ends[] = {range.smallest, range.largest, range.fraction};
    return pg::call([&] {
      Datum values[] = {Float8GetDatum(ends[0]), Float8GetDatum(ends[1]), Float8GetDatum(ends[2])};
      return PointerGetDatum(construct_array(values, 3, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, 'd'));
    });
  });
}
