// How a value becomes one of the type that packing casts it to, as data/row_sql.hpp writes it in SQL.
#include <cstdint>
#include <limits>

#include "entry/pack_row_reader.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

Datum cash_numeric(PG_FUNCTION_ARGS);  // in different headers of the server
}

namespace entry {
namespace {

constexpr double kMicroseconds = 1000000.0;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Seconds since 1970 as date_part('epoch', ...) has them, infinite for the infinite ones.
Datum SecondsOfDate(DateADT date) {
  if (DATE_IS_NOBEGIN(date)) return Float8GetDatum(-kInfinity);
  if (DATE_IS_NOEND(date)) return Float8GetDatum(kInfinity);
  return Float8GetDatum((static_cast<double>(date) + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)) * SECS_PER_DAY);
}

Datum SecondsOfTimestamp(Timestamp time) {
  if (TIMESTAMP_IS_NOBEGIN(time)) return Float8GetDatum(-kInfinity);
  if (TIMESTAMP_IS_NOEND(time)) return Float8GetDatum(kInfinity);
  const Timestamp epoch = (static_cast<Timestamp>(UNIX_EPOCH_JDATE) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;
  if (time < INT64_MAX + epoch) return Float8GetDatum(static_cast<double>(time - epoch) / kMicroseconds);
  return Float8GetDatum((static_cast<double>(time) - static_cast<double>(epoch)) / kMicroseconds);
}

}  // namespace

// Inside call().
Datum RowReader::ConvertOne(const Column& column, Datum datum) const {
  auto* const function = const_cast<FmgrInfo*>(&column.function);
  switch (column.conversion) {
    case Conversion::kNone: return datum;
    case Conversion::kNumeric: return DirectFunctionCall1(numeric_float8, datum);
    case Conversion::kTrim: return DirectFunctionCall1(rtrim1, datum);
    case Conversion::kName: return DirectFunctionCall1(name_text, datum);
    case Conversion::kOutput: return CStringGetTextDatum(OutputFunctionCall(function, datum));
    case Conversion::kCast:
      if (column.arguments == 1) return FunctionCall1(function, datum);
      if (column.arguments == 2) return FunctionCall2(function, datum, Int32GetDatum(-1));
      return FunctionCall3(function, datum, Int32GetDatum(-1), BoolGetDatum(true));
    case Conversion::kLiteral: {
      const Datum value = InputFunctionCall(function, DatumGetCString(datum), column.parameter, -1);
      const bool is_time = column.declared == TIMESTAMPOID || column.declared == TIMESTAMPTZOID;
      return is_time ? SecondsOfTimestamp(DatumGetTimestamp(value)) : value;
    }
    case Conversion::kDate: return SecondsOfDate(DatumGetDateADT(datum));
    case Conversion::kTimestamp: return SecondsOfTimestamp(DatumGetTimestamp(datum));
    case Conversion::kTime: return DirectFunctionCall2(time_part, CStringGetTextDatum("epoch"), datum);
    case Conversion::kZonedTime: return DirectFunctionCall2(timetz_part, CStringGetTextDatum("epoch"), datum);
    case Conversion::kInterval: return DirectFunctionCall2(interval_part, CStringGetTextDatum("epoch"), datum);
    case Conversion::kMoney: return DirectFunctionCall1(numeric_float8, DirectFunctionCall1(cash_numeric, datum));
  }
  return datum;
}

Datum RowReader::Convert(const Column& column, Datum datum) const {
  return pg::call([&] {
    if (!OidIsValid(column.given) || !column.is_array) return ConvertOne(column, datum);
    ArrayType* array = DatumGetArrayTypeP(datum);
    Datum* values;
    bool* nulls;
    int count;
    deconstruct_array(array, column.given, column.given_length, column.given_by_value, column.given_align, &values, &nulls, &count);
    for (int k = 0; k < count; ++k) {
      if (!nulls[k]) values[k] = ConvertOne(column, values[k]);
    }
    return PointerGetDatum(construct_md_array(values, nulls, ARR_NDIM(array), ARR_DIMS(array), ARR_LBOUND(array), column.element,
                                              column.length, column.by_value, column.align));
  });
}

}  // namespace entry
