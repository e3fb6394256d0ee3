// _label_text: a class label as text that depends on no setting: it is made under settings of its own, in the process at hand. They are not
// settings of the packing functions, because these would change what a view over the source table means ('01/02/2020'::date), and because
// a cluster's segments do not get a function's settings.
// _only_label: a label that is an array of one element.
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "entry/plain_settings.hpp"
#include "pg/args.hpp"
#include "pg/guard.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(pg_cerebro_label_text);
PG_FUNCTION_INFO_V1(pg_cerebro_only_label);
}

namespace {

/// Whether the text reads back as the number.
bool Exact(Oid type, Datum value, const char* text) {
  if (type == FLOAT8OID) return std::strtod(text, nullptr) == DatumGetFloat8(value);
  if (type == FLOAT4OID) return std::strtof(text, nullptr) == DatumGetFloat4(value);
  return true;
}

}  // namespace

Datum pg_cerebro_label_text(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const entry::PlainSettings settings;
    const Datum value = PG_GETARG_DATUM(0);
    return pg::call([&] {
      const Oid type = get_fn_expr_argtype(fcinfo->flinfo, 0);
      Oid output;
      bool varlena;
      getTypeOutputInfo(getBaseType(type), &output, &varlena);
      const bool number = getBaseType(type) == FLOAT8OID || getBaseType(type) == FLOAT4OID;
      char* text = OidOutputFunctionCall(output, value);
      // as few digits as tell the number from its neighbours, as later servers write it by themselves
      for (int digits = 0; number && digits < pg::compat::kExactFloatDigits; digits++) {
        extra_float_digits = digits;
        char* shorter = OidOutputFunctionCall(output, value);
        if (!Exact(getBaseType(type), value, shorter)) continue;
        text = shorter;
        break;
      }
      return CStringGetTextDatum(text);
    });
  });
}

Datum pg_cerebro_only_label(PG_FUNCTION_ARGS) {
  struct Label {
    Datum element;
    int count;
    bool is_null;
  };
  Label label = {0, 0, true};
  const Datum result = pg::entry([&]() -> Datum {
    const Datum value = PG_GETARG_DATUM(0);
    label = pg::call([&] {
      ArrayType* array = DatumGetArrayTypeP(value);
      int16 length;
      bool by_value;
      char align;
      Datum* elements;
      bool* nulls;
      Label found = {0, 0, true};
      get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &align);
      deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align, &elements, &nulls, &found.count);
      if (found.count == 1) {
        found.element = elements[0];
        found.is_null = nulls[0];
      }
      return found;
    });
    if (label.count != 1) {
      throw base::Error(base::ErrorCode::kInvalidData,
                        "label column \"" + pg::Args(fcinfo).text(1, "column_name") + "\" holds an array of " + std::to_string(label.count) +
                            " elements where one label is expected",
                        "", "For several labels at once, or a vector of numbers, use dependent_type => 'array'.");
    }
    return label.element;
  });
  if (label.is_null) PG_RETURN_NULL();
  return result;
}
