#include "pg/args.hpp"

#include <limits>

#include "pg/datum.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/timestamp.h"
}

namespace pg {
namespace {

[[noreturn]] void ThrowNull(const char* name) {
  throw base::Error(base::ErrorCode::kNullValue, std::string("argument ") + name + " must not be NULL", "",
                    "Give it a value: only arguments with a default may be left out or NULL.");
}

/// A detoasted value's bytes. Freed by Release when it is a copy: an aggregate's arguments may be large.
struct Flat {
  const char* data;
  size_t size;
  void* copy;
};

Flat Detoast(Datum value) {
  return call([&] {
    auto* original = reinterpret_cast<struct varlena*>(DatumGetPointer(value));
    struct varlena* flat = PG_DETOAST_DATUM_PACKED(value);
    return Flat{VARDATA_ANY(flat), static_cast<size_t>(VARSIZE_ANY_EXHDR(flat)), flat == original ? nullptr : flat};
  });
}

std::string FlatString(Datum value) {
  const Flat flat = Detoast(value);
  std::string result(flat.data, flat.size);
  if (flat.copy != nullptr) call([&] { pfree(flat.copy); });
  return result;
}

struct Elements {
  Datum* values;
  bool* nulls;
  int count;
};

/// Elements of a one-dimensional array of one of two types, without NULLs.
Elements ArrayElements(Datum value, Oid type, Oid other_type, int16 length, bool by_value, char align, const char* name) {
  struct Found {
    Elements elements;
    int dimensions;
    bool right_type;
  };
  const Found found = call([&] {
    Found f = {{nullptr, nullptr, 0}, 0, false};
    ArrayType* array = DatumGetArrayTypeP(value);
    f.dimensions = ARR_NDIM(array);
    f.right_type = ARR_ELEMTYPE(array) == type || ARR_ELEMTYPE(array) == other_type;
    if (f.right_type && f.dimensions == 1) {
      deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align, &f.elements.values, &f.elements.nulls, &f.elements.count);
    }
    return f;
  });
  if (!found.right_type) {
    throw base::Error(base::ErrorCode::kDatatypeMismatch, std::string("argument ") + name + " is an array of the wrong type");
  }
  if (found.dimensions > 1) {
    throw base::Error(base::ErrorCode::kInvalidParameter,
                      std::string("argument ") + name + " must be a one-dimensional array, not one of " + std::to_string(found.dimensions) +
                          " dimensions");
  }
  for (int i = 0; i < found.elements.count; i++) {
    if (found.elements.nulls[i]) {
      throw base::Error(base::ErrorCode::kNullValue,
                        std::string("argument ") + name + " must not contain NULL (element " + std::to_string(i + 1) + ")");
    }
  }
  return found.elements;
}

std::vector<int32_t> Int4Array(Datum value, const char* name) {
  const Elements e = ArrayElements(value, INT4OID, INT4OID, sizeof(int32), true, 'i', name);
  std::vector<int32_t> result(static_cast<size_t>(e.count));
  for (int i = 0; i < e.count; i++) result[static_cast<size_t>(i)] = DatumGetInt32(e.values[i]);
  return result;
}

}  // namespace

int Args::count() const { return fcinfo_->nargs; }

bool Args::is_null(int i) const {
  FunctionCallInfo fcinfo = fcinfo_;
  return i >= count() || PG_ARGISNULL(i);
}

Datum Args::datum(int i) const {
  FunctionCallInfo fcinfo = fcinfo_;
  return PG_GETARG_DATUM(i);
}

std::string Args::text(int i, const char* name) const {
  if (is_null(i)) ThrowNull(name);
  return FlatString(datum(i));
}

std::optional<std::string> Args::opt_text(int i) const {
  if (is_null(i)) return std::nullopt;
  return FlatString(datum(i));
}

int32_t Args::int4(int i, const char* name) const {
  if (is_null(i)) ThrowNull(name);
  return DatumGetInt32(datum(i));
}

std::optional<int32_t> Args::opt_int4(int i) const {
  if (is_null(i)) return std::nullopt;
  return DatumGetInt32(datum(i));
}

int32_t Args::whole(int i, const char* name) const {
  if (is_null(i)) ThrowNull(name);
  return *opt_whole(i, name);
}

std::optional<int32_t> Args::opt_whole(int i, const char* name) const {
  if (is_null(i)) return std::nullopt;
  const int64_t value = DatumGetInt64(datum(i));
  constexpr int64_t kLeast = std::numeric_limits<int32_t>::min(), kMost = std::numeric_limits<int32_t>::max();
  if (value < kLeast || value > kMost) {
    throw base::Error(base::ErrorCode::kInvalidParameter, std::string("argument ") + name + " is " + std::to_string(value), "",
                      "It is a whole number of at most " + std::to_string(kMost) + ".");
  }
  return static_cast<int32_t>(value);
}

std::optional<int64_t> Args::opt_int8(int i) const {
  if (is_null(i)) return std::nullopt;
  return DatumGetInt64(datum(i));
}

std::optional<double> Args::opt_float8(int i) const {
  if (is_null(i)) return std::nullopt;
  return DatumGetFloat8(datum(i));
}

std::optional<double> Args::opt_float4(int i) const {
  if (is_null(i)) return std::nullopt;
  return static_cast<double>(DatumGetFloat4(datum(i)));
}

double Args::interval(int i, const char* name) const {
  if (is_null(i)) ThrowNull(name);
  const Interval value = call([&] { return *DatumGetIntervalP(datum(i)); });
  constexpr double kDay = 24 * 60 * 60;
  return static_cast<double>(value.time) / 1e6 + static_cast<double>(value.day) * kDay + static_cast<double>(value.month) * 30 * kDay;
}

bool Args::boolean(int i, bool if_null) const { return is_null(i) ? if_null : DatumGetBool(datum(i)); }

std::optional<bool> Args::opt_boolean(int i) const {
  if (is_null(i)) return std::nullopt;
  return DatumGetBool(datum(i));
}

std::string Args::bytea(int i, const char* name) const { return text(i, name); }

std::optional<std::string> Args::opt_bytea(int i) const { return opt_text(i); }

std::vector<int32_t> Args::int4_array(int i, const char* name) const {
  if (is_null(i)) ThrowNull(name);
  return Int4Array(datum(i), name);
}

std::optional<std::vector<int32_t>> Args::opt_int4_array(int i, const char* name) const {
  if (is_null(i)) return std::nullopt;
  return Int4Array(datum(i), name);
}

std::vector<std::string> Args::text_array(int i, const char* name) const {
  if (is_null(i)) ThrowNull(name);
  const Elements e = ArrayElements(datum(i), TEXTOID, VARCHAROID, -1, false, 'i', name);
  std::vector<std::string> result;
  result.reserve(static_cast<size_t>(e.count));
  for (int k = 0; k < e.count; k++) result.push_back(FlatString(e.values[k]));
  return result;
}

std::optional<std::string> Args::opt_value(int i) const {
  if (is_null(i)) return std::nullopt;
  char* const printed = call([&] {
    const Oid type = get_fn_expr_argtype(fcinfo_->flinfo, i);
    if (!OidIsValid(type)) ereport(ERROR, (errcode(ERRCODE_INDETERMINATE_DATATYPE), errmsg("could not determine the type of argument %d", i + 1)));
    Oid output = InvalidOid;
    bool is_varlena = false;
    getTypeOutputInfo(type, &output, &is_varlena);
    return OidOutputFunctionCall(output, datum(i));
  });
  std::string text(printed);
  call([&] { pfree(printed); });
  return text;
}

void RequireCommits(FunctionCallInfo fcinfo, const char* procedure) {
#if CEREBRO_HAS_PROCEDURES
  const bool lets = fcinfo->context != nullptr && IsA(fcinfo->context, CallContext) && !castNode(CallContext, fcinfo->context)->atomic;
  if (lets && !IsSubTransaction()) return;  // in a block with EXCEPTION some servers say that it does
#endif
  throw base::Error(base::ErrorCode::kPrerequisiteState, std::string(procedure) + " cannot run inside a transaction block",
                    "It commits while it runs, which only a CALL at the top level may do.",
                    "Call it by itself: not between BEGIN and COMMIT, in a function, or beside other statements in one string. "
                    "cerebro.fit_multiple_model() trains in one transaction.");
}

Datum TextDatum(const std::string& s) {
  RequireValueSize(s.size());
  return call([&] { return RawText(s); });
}

Datum ByteaDatum(const std::string& bytes) {
  RequireValueSize(bytes.size());
  return call([&] { return RawVarlena(bytes); });
}

}  // namespace pg
