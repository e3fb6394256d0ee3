// cerebro._value_range: the smallest and the largest value of some elements of a packed buffer's column, and one that is no
// whole number (NaN where there is none), for train/value_check.cpp. elements: the first and the count of each.
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/tensor.hpp"
#include "engine/api/value_limits.hpp"
#include "pg/args.hpp"
#include "pg/guard.hpp"

extern "C" {
#include "utils/array.h"

PG_FUNCTION_INFO_V1(pg_cerebro_value_range);
}

namespace {

// REQUIRES pg::call.
Datum Float8Array(const double* values, size_t count) {
  auto* elements = static_cast<Datum*>(palloc(sizeof(Datum) * (count + 1)));
  for (size_t i = 0; i < count; i++) elements[i] = Float8GetDatum(values[i]);
  return PointerGetDatum(construct_array(elements, static_cast<int>(count), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, 'd'));
}

}  // namespace

Datum pg_cerebro_value_range(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    const base::DataSpec spec = base::ReadDataSpec(args.text(0, "data_spec"));
    const base::DType precision = base::DTypeFromName(args.text(1, "value_precision"));
    const std::vector<int32_t> elements = args.int4_array(2, "elements");
    const std::string bytes = args.bytea(3, "data");
    const size_t row_bytes = spec.inputs.size() == 1 ? spec.inputs[0].row_bytes() : 0;
    if (row_bytes == 0 || bytes.size() % row_bytes != 0) {
      throw base::Error(base::ErrorCode::kDataCorrupted, "a packed column of " + std::to_string(bytes.size()) +
                                                             " bytes is no whole number of rows of " + std::to_string(row_bytes) +
                                                             " bytes");
    }
    const int64_t width = base::ElementCount(spec.inputs[0].shape);
    std::vector<engine::Elements> subjects;
    for (size_t i = 0; i + 1 < elements.size(); i += 2) {
      const engine::Elements subject{elements[i], elements[i + 1]};
      if (subject.first < 0 || subject.count < 0 || subject.first >= width || subject.count > width - subject.first) {
        throw base::Error(base::ErrorCode::kInvalidParameter, "a row of " + std::to_string(width) + " elements has none of those asked for");
      }
      subjects.push_back(subject);
    }
    std::vector<double> ends;
    for (const engine::ValueRange& range : engine::RangesOf(spec.inputs[0], subjects, precision, reinterpret_cast<const uint8_t*>(bytes.data()),
                                                            static_cast<int64_t>(bytes.size() / row_bytes))) {
      ends.insert(ends.end(), {range.smallest, range.largest, range.fraction});
    }
    return pg::call([&] { return Float8Array(ends.data(), ends.size()); });
  });
}
