#include "entry/prediction_datum.hpp"

#include <cstring>

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
}

namespace entry {

Datum VectorDatum(const std::vector<score::OutputInfo>& outputs, const score::RowValues& values) {
  int64_t count = 0;
  for (const score::OutputInfo& output : outputs) count += output.elements;
  const size_t bytes = ARR_OVERHEAD_NONULLS(1) + static_cast<size_t>(count) * sizeof(float);
  auto* array = pg::call([&] { return static_cast<ArrayType*>(palloc0(bytes)); });
  SET_VARSIZE(array, bytes);
  array->ndim = 1;
  array->dataoffset = 0;
  array->elemtype = FLOAT4OID;
  ARR_DIMS(array)[0] = static_cast<int>(count);
  ARR_LBOUND(array)[0] = 1;
  char* to = ARR_DATA_PTR(array);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const size_t size = static_cast<size_t>(outputs[i].elements) * sizeof(float);
    std::memcpy(to, values[i], size);
    to += size;
  }
  return PointerGetDatum(array);
}

Datum JsonbDatum(const std::string& json) {
  return pg::call([&] { return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.c_str())); });
}

}  // namespace entry
