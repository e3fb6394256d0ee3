#include "entry/data_columns.hpp"

#include "entry/data_columns.hpp"

#include <string>

#include "base/error.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace entry {

using base::Error;
using base::ErrorCode;

std::vector<base::Bytes> DataColumns(FunctionCallInfo fcinfo, int first, const std::function<bool(size_t column)>& may_lack) {
  if (get_fn_expr_variadic(fcinfo->flinfo)) {
    throw Error(ErrorCode::kInvalidParameter, "fit_step takes its data columns one by one, not as a VARIADIC array");
  }
  std::vector<base::Bytes> columns;
  for (int i = first; i < PG_NARGS(); i++) {
    if (get_fn_expr_argtype(fcinfo->flinfo, i) != BYTEAOID) {
      throw Error(ErrorCode::kDatatypeMismatch, "data column " + std::to_string(i - first + 1) + " of fit_step is not of type bytea",
                  "", "Pass the packed table's columns: those made by training_preprocessor_dl().");
    }
    if (PG_ARGISNULL(i) && may_lack && may_lack(columns.size())) {
      columns.push_back({});
      continue;
    }
    if (PG_ARGISNULL(i)) {
      throw Error(ErrorCode::kNullValue, "data column " + std::to_string(i - first + 1) + " of fit_step is NULL", "",
                  "Pass the packed table's columns: those made by training_preprocessor_dl().");
    }
    const Datum datum = PG_GETARG_DATUM(i);
    struct varlena* value = pg::call([&] { return pg_detoast_datum_packed(reinterpret_cast<struct varlena*>(DatumGetPointer(datum))); });
    columns.push_back({reinterpret_cast<const uint8_t*>(VARDATA_ANY(value)), static_cast<size_t>(VARSIZE_ANY_EXHDR(value))});
  }
  return columns;
}

}  // namespace entry
