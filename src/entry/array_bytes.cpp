// What the functions of extension/madlib need in C: arrays as raw bytes and back, one row's array for a packed buffer, arithmetic on the
// elements of an array, and Python's literals.
#include <cstring>
#include <string>
#include <type_traits>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "pg/args.hpp"
#include "pg/guard.hpp"

extern "C" {
#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(pg_cerebro_array_bytes);
PG_FUNCTION_INFO_V1(pg_cerebro_array_cells);
PG_FUNCTION_INFO_V1(pg_cerebro_bytes_reals);
PG_FUNCTION_INFO_V1(pg_cerebro_bytes_smallints);
PG_FUNCTION_INFO_V1(pg_cerebro_array_scaled);
PG_FUNCTION_INFO_V1(pg_cerebro_array_squared);
PG_FUNCTION_INFO_V1(pg_cerebro_literal_json);
PG_FUNCTION_INFO_V1(pg_cerebro_literal_python);

Datum numeric_mul(PG_FUNCTION_ARGS);  // in different headers of the server
}

namespace {

using base::Error;
using base::ErrorCode;

/// An array as the server stores it, detoasted.
struct ArrayView {
  ArrayType* array = nullptr;
  Oid element = InvalidOid;
  int16 length = 0;
  bool by_value = false;
  char align = 0;
  size_t count = 0;

  size_t bytes() const { return count * static_cast<size_t>(att_align_nominal(length, align)); }
};

// name: of the column, for the message; empty for a value of no column.
ArrayView ReadArray(Datum value, const std::string& name) {
  const ArrayView view = pg::call([&] {
    ArrayView v;
    v.array = DatumGetArrayTypeP(value);
    v.element = ARR_ELEMTYPE(v.array);
    get_typlenbyvalalign(v.element, &v.length, &v.by_value, &v.align);
    v.count = static_cast<size_t>(ArrayGetNItems(ARR_NDIM(v.array), ARR_DIMS(v.array)));
    return v;
  });
  const std::string what = name.empty() ? "the array" : "an array of column \"" + name + "\"";
  if (view.length <= 0) {
    throw Error(ErrorCode::kDatatypeMismatch, what + " has elements of no fixed length", "", "Cast it to an array of numbers.");
  }
  if (array_contains_nulls(view.array)) throw Error(ErrorCode::kInvalidData, what + " has NULL elements");
  return view;
}

struct varlena* NewBytea(size_t bytes) {
  if (bytes > MaxAllocSize - VARHDRSZ) {
    throw Error(ErrorCode::kLimitExceeded, "a value of " + std::to_string(bytes) + " bytes is more than the server can store");
  }
  auto* result = pg::call([&] { return static_cast<struct varlena*>(palloc(VARHDRSZ + bytes)); });
  SET_VARSIZE(result, VARHDRSZ + bytes);
  return result;
}

std::string DimensionsText(int count, const int* dims) {
  std::string text = "{";
  for (int i = 0; i < count; i++) text += (i > 0 ? "," : "") + std::to_string(dims[i]);
  return text + "}";
}

/// Bytes -> a one-dimensional array of fixed-length elements.
Datum ArrayOfBytes(Datum value, Oid element, size_t element_bytes, const char* type) {
  struct varlena* raw = pg::call([&] { return pg_detoast_datum_packed(reinterpret_cast<struct varlena*>(DatumGetPointer(value))); });
  const size_t bytes = VARSIZE_ANY_EXHDR(raw);
  if (bytes % element_bytes != 0) {
    throw Error(ErrorCode::kInvalidData, "a value of " + std::to_string(bytes) + " bytes is no array of " + type,
                "An element has " + std::to_string(element_bytes) + " bytes.");
  }
  return pg::call([&] {
    if (bytes == 0) return PointerGetDatum(construct_empty_array(element));
    const size_t size = ARR_OVERHEAD_NONULLS(1) + bytes;
    auto* array = static_cast<ArrayType*>(palloc(size));
    SET_VARSIZE(array, size);
    array->ndim = 1;
    array->dataoffset = 0;
    array->elemtype = element;
    ARR_DIMS(array)[0] = static_cast<int>(bytes / element_bytes);
    ARR_LBOUND(array)[0] = 1;
    std::memcpy(ARR_DATA_PTR(array), VARDATA_ANY(raw), bytes);
    return PointerGetDatum(array);
  });
}

template <typename T>
T Product(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a * b;
  } else {
    T product = 0;
    if (__builtin_mul_overflow(a, b, &product)) {
      throw Error(ErrorCode::kInvalidData, "the product " + std::to_string(a) + " * " + std::to_string(b) + " is out of the type's range");
    }
    return product;
  }
}

template <typename T>
void MultiplyAll(char* data, size_t count, const T* factor) {
  for (size_t i = 0; i < count; i++) {
    T element;
    std::memcpy(&element, data + i * sizeof(T), sizeof(T));
    element = Product(element, factor == nullptr ? element : *factor);
    std::memcpy(data + i * sizeof(T), &element, sizeof(T));
  }
}

/// The array with each element times the factor, or times itself where there is none. Dimensions stay.
Datum Multiplied(Datum value, bool has_factor, Datum factor) {
  ArrayType* array = pg::call([&] { return DatumGetArrayTypeP(value); });
  const Oid element = ARR_ELEMTYPE(array);
  if (element == NUMERICOID) {
    return pg::call([&] {
      Datum* elements;
      bool* nulls;
      int count;
      deconstruct_array(array, NUMERICOID, -1, false, 'i', &elements, &nulls, &count);
      for (int i = 0; i < count; i++) {
        if (!nulls[i]) elements[i] = DirectFunctionCall2(numeric_mul, elements[i], has_factor ? factor : elements[i]);
      }
      return PointerGetDatum(construct_md_array(elements, nulls, ARR_NDIM(array), ARR_DIMS(array), ARR_LBOUND(array), NUMERICOID, -1, false, 'i'));
    });
  }
  const ArrayView view = ReadArray(value, "");
  auto* result = pg::call([&] { return static_cast<ArrayType*>(palloc(VARSIZE(view.array))); });
  std::memcpy(result, view.array, VARSIZE(view.array));
  char* data = ARR_DATA_PTR(result);
  const auto multiply = [&](auto number) {
    const auto* by = has_factor ? &number : nullptr;
    MultiplyAll(data, view.count, by);
  };
  switch (element) {
    case INT2OID: multiply(has_factor ? DatumGetInt16(factor) : int16{0}); break;
    case INT4OID: multiply(has_factor ? DatumGetInt32(factor) : int32{0}); break;
    case INT8OID: multiply(has_factor ? DatumGetInt64(factor) : int64{0}); break;
    case FLOAT4OID: multiply(has_factor ? DatumGetFloat4(factor) : float4{0}); break;
    case FLOAT8OID: multiply(has_factor ? DatumGetFloat8(factor) : float8{0}); break;
    default: throw Error(ErrorCode::kDatatypeMismatch, "the array has elements that are no numbers");
  }
  return PointerGetDatum(result);
}

}  // namespace

Datum pg_cerebro_array_bytes(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const ArrayView view = ReadArray(PG_GETARG_DATUM(0), "");
    struct varlena* result = NewBytea(view.bytes());
    if (view.count > 0) std::memcpy(VARDATA(result), ARR_DATA_PTR(view.array), view.bytes());
    return PointerGetDatum(result);
  });
}

// (value, factor, shape, column): the elements of one row, which must have the shape; real ones times the factor.
Datum pg_cerebro_array_cells(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const std::string column = pg::Args(fcinfo).text(3, "column_name");
    if (PG_ARGISNULL(0)) throw Error(ErrorCode::kNullValue, "column \"" + column + "\" holds NULL");
    if (PG_ARGISNULL(2)) throw Error(ErrorCode::kNullValue, "the shape of column \"" + column + "\" is NULL");
    const Datum shape_datum = PG_GETARG_DATUM(2);
    ArrayType* shape = pg::call([&] { return DatumGetArrayTypeP(shape_datum); });
    const int dims = pg::call([&] { return ArrayGetNItems(ARR_NDIM(shape), ARR_DIMS(shape)); });
    // with NULLs it has fewer numbers than elements
    const bool has_nulls = pg::call([&] { return array_contains_nulls(shape); });
    if (ARR_ELEMTYPE(shape) != INT4OID || has_nulls || ARR_NDIM(shape) > 1 || dims > MAXDIM) {
      throw Error(ErrorCode::kInvalidParameter, "the shape of column \"" + column + "\" is none",
                  "A shape is a one-dimensional array of at most " + std::to_string(MAXDIM) + " whole numbers.");
    }
    const ArrayView view = ReadArray(PG_GETARG_DATUM(0), column);
    const int* wanted = reinterpret_cast<const int*>(ARR_DATA_PTR(shape));
    if (ARR_NDIM(view.array) != dims || std::memcmp(ARR_DIMS(view.array), wanted, sizeof(int) * static_cast<size_t>(dims)) != 0) {
      throw Error(ErrorCode::kInvalidData, "column \"" + column + "\" has arrays of different shapes",
                  "One row has " + DimensionsText(dims, wanted) + ", another one " +
                      DimensionsText(ARR_NDIM(view.array), ARR_DIMS(view.array)) + ".");
    }
    struct varlena* result = NewBytea(view.bytes());
    std::memcpy(VARDATA(result), ARR_DATA_PTR(view.array), view.bytes());
    const float factor = PG_ARGISNULL(1) ? 1.0F : PG_GETARG_FLOAT4(1);
    if (view.element == FLOAT4OID && factor != 1.0F) MultiplyAll(VARDATA(result), view.count, &factor);
    return PointerGetDatum(result);
  });
}

Datum pg_cerebro_bytes_reals(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum { return ArrayOfBytes(PG_GETARG_DATUM(0), FLOAT4OID, sizeof(float4), "real"); });
}

Datum pg_cerebro_bytes_smallints(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum { return ArrayOfBytes(PG_GETARG_DATUM(0), INT2OID, sizeof(int16), "smallint"); });
}

Datum pg_cerebro_array_scaled(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum { return Multiplied(PG_GETARG_DATUM(0), true, PG_GETARG_DATUM(1)); });
}

Datum pg_cerebro_array_squared(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum { return Multiplied(PG_GETARG_DATUM(0), false, Datum{0}); });
}

// NULL for what is no literal: the caller has a message of its own.
Datum pg_cerebro_literal_json(PG_FUNCTION_ARGS) {
  bool readable = true;
  const Datum result = pg::entry([&]() -> Datum {
    try {
      return pg::TextDatum(base::FormatJson(base::ParseLiteral(pg::Args(fcinfo).text(0, "literal"))));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kSyntax) throw;
      readable = false;
      return Datum{0};
    }
  });
  if (!readable) PG_RETURN_NULL();
  return result;
}

Datum pg_cerebro_literal_python(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    return pg::TextDatum(base::FormatPython(base::ParseLiteral(pg::Args(fcinfo).text(0, "literal"))));
  });
}
