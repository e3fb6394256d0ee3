#include "entry/pack_row_reader.hpp"

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include "data/row_codec.hpp"
#include "pg/pinned_path.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

Datum cash_numeric(PG_FUNCTION_ARGS);  // in different headers of the server
}

namespace entry {
namespace {

using base::Error;
using base::ErrorCode;
using data::Cell;
using data::CellType;

data::CellType TypeOf(Oid element) {
  switch (element) {
    case BOOLOID: return data::CellType::kBool;
    case INT2OID: return data::CellType::kInt16;
    case INT4OID: return data::CellType::kInt32;
    case INT8OID: return data::CellType::kInt64;
    case FLOAT4OID: return data::CellType::kFloat32;
    case FLOAT8OID: return data::CellType::kFloat64;
    case TEXTOID:
    case VARCHAROID: return data::CellType::kText;
    case BYTEAOID: return data::CellType::kBytes;
    default: return data::CellType::kNull;
  }
}

/// The type that packing casts such values to, or InvalidOid: they are read as they are.
Oid ReadAs(Oid element) {
  switch (element) {
    case NUMERICOID: return FLOAT8OID;
    case BPCHAROID:
    case NAMEOID:
    case UNKNOWNOID: return TEXTOID;
    default: return InvalidOid;
  }
}

constexpr Oid kMoney = 790;  // the server's headers have two names for it
constexpr double kMicroseconds = 1000000.0;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Seconds since 1970 as date_part('epoch', ...) has them, infinite for the infinite ones.
double SecondsOf(DateADT date) {
  if (DATE_IS_NOBEGIN(date)) return -kInfinity;
  if (DATE_IS_NOEND(date)) return kInfinity;
  return (static_cast<double>(date) + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)) * SECS_PER_DAY;
}

double SecondsOf(Timestamp time) {
  if (TIMESTAMP_IS_NOBEGIN(time)) return -kInfinity;
  if (TIMESTAMP_IS_NOEND(time)) return kInfinity;
  const Timestamp epoch = (static_cast<Timestamp>(UNIX_EPOCH_JDATE) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;
  if (time < INT64_MAX + epoch) return static_cast<double>(time - epoch) / kMicroseconds;
  return (static_cast<double>(time) - static_cast<double>(epoch)) / kMicroseconds;
}

/// The type that values are read in where their column is preprocessed, or InvalidOid: as packing without it reads
/// them.
Oid ReadAsClass(Oid element, bool is_array, base::ValueClass value_class) {
  switch (value_class) {
    case base::ValueClass::kCategory:
      return is_array || element == TEXTOID || element == VARCHAROID ? InvalidOid : TEXTOID;
    case base::ValueClass::kDate:
    case base::ValueClass::kTime:
      return !is_array && (element == DATEOID || element == TIMESTAMPOID || element == TIMESTAMPTZOID) ? FLOAT8OID
                                                                                                       : InvalidOid;
    case base::ValueClass::kBoolean:
    case base::ValueClass::kNumber:
      return !is_array && (element == INTERVALOID || element == TIMEOID || element == kMoney) ? FLOAT8OID : InvalidOid;
    default:
      return InvalidOid;
  }
}

/// The server's own casts. Inside call().
Datum ConvertOne(Oid given, Datum datum) {
  switch (given) {
    case NUMERICOID: return DirectFunctionCall1(numeric_float8, datum);
    case BPCHAROID: return DirectFunctionCall1(rtrim1, datum);
    case NAMEOID: return DirectFunctionCall1(name_text, datum);
    case BOOLOID:
      return CStringGetTextDatum(DatumGetBool(datum) ? "true" : "false");
    case DATEOID:
      return Float8GetDatum(SecondsOf(DatumGetDateADT(datum)));
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      return Float8GetDatum(SecondsOf(DatumGetTimestamp(datum)));
    case INTERVALOID:
      return DirectFunctionCall2(interval_part, CStringGetTextDatum("epoch"), datum);
    case TIMEOID:
      return DirectFunctionCall2(time_part, CStringGetTextDatum("epoch"), datum);
    case kMoney:
      return DirectFunctionCall1(numeric_float8, DirectFunctionCall1(cash_numeric, datum));
    default: return CStringGetTextDatum(DatumGetCString(datum));
  }
}

/// What gives a real[] of a value of the type, pgvector's above all: a cast function of one to three arguments. Inside
/// call().
bool FindVectorCast(Oid type, MemoryContext context, FmgrInfo* cast) {
  Oid function = InvalidOid;
  if (find_coercion_pathway(get_array_type(FLOAT4OID), type, COERCION_EXPLICIT, &function) != COERCION_PATH_FUNC)
    return false;
  fmgr_info_cxt(function, cast, context);
  return true;
}

/// Whether the names are f1, f2, ... as ROW(...) gives them.
bool NamedByNumber(TupleDesc desc) {
  for (int i = 0; i < desc->natts; ++i) {
    if ("f" + std::to_string(i + 1) != NameStr(pg::compat::Attribute(desc, i)->attname)) return false;
  }
  return true;
}

}  // namespace

void RowReader::LookUp(FunctionCallInfo fcinfo, HeapTupleHeader row) {
  const Oid type = HeapTupleHeaderGetTypeId(row);
  const int32 typmod = HeapTupleHeaderGetTypMod(row);
  if (desc_ != nullptr && type == type_ && typmod == typmod_) return;
  const MemoryContext cache = fcinfo->flinfo->fn_mcxt;
  TupleDesc desc = pg::call([&] {
    TupleDesc shared = lookup_rowtype_tupdesc(type, typmod);
    MemoryContext old = MemoryContextSwitchTo(cache);
    TupleDesc copy = CreateTupleDescCopy(shared);
    MemoryContextSwitchTo(old);
    ReleaseTupleDesc(shared);
    return copy;
  });
  std::vector<int> taken = FieldsToTake(desc, type == RECORDOID);
  const size_t n = taken.size();
  std::vector<Column> columns(n);
  for (size_t i = 0; i < n; ++i) {
    const Oid declared = pg::compat::Attribute(desc, taken[i])->atttypid;
    Column* c = &columns[i];
    pg::call([&] {
      const Oid base = getBaseType(declared);
      const Oid element = get_element_type(base);
      c->is_array = OidIsValid(element);
      c->element = c->is_array ? element : base;
      if (i < classes_.size()) {
        c->value_class = classes_[i];
        ReadAsClass(fcinfo, c);
      }
      const Oid read_as = wanted_.empty() || OidIsValid(c->given) ? InvalidOid : ReadAs(c->element);
      if (OidIsValid(read_as)) {
        c->given = c->element;
        c->given_is_array = c->is_array;
        get_typlenbyvalalign(c->given, &c->given_length, &c->given_by_value, &c->given_align);
        c->element = read_as;
      }
      get_typlenbyvalalign(c->element, &c->length, &c->by_value, &c->align);
    });
    c->type = TypeOf(c->element);
    const bool known = c->type != data::CellType::kNull && !(c->is_array && c->element == BYTEAOID);
    c->plain = !c->is_array && c->by_value;
    if (!known) {
      throw Error(ErrorCode::kDatatypeMismatch, "field " + std::to_string(taken[i] + 1) + " of the row has a type that cannot be packed", "",
                  "Cast it to smallint, integer, bigint, real, double precision, boolean, text, bytea or an array of them.");
    }
  }
  ++row_types_;
  columns_ = std::move(columns);
  taken_ = std::move(taken);
  const auto all = static_cast<size_t>(desc->natts);
  all_values_.assign(all, 0);
  all_nulls_ = std::make_unique<bool[]>(all);
  values_.assign(n, 0);
  nulls_ = std::make_unique<bool[]>(n);
  cells_.assign(n, data::Cell());
  texts_.assign(n, {});
  LayOutNumbers();
  type_ = type;
  typmod_ = typmod;
  desc_ = desc;
}

// Inside call().
void RowReader::ReadAsClass(FunctionCallInfo fcinfo, Column* c) const {
  const MemoryContext cache = fcinfo->flinfo->fn_mcxt;
  if (*c->value_class == base::ValueClass::kArray && !c->is_array) {
    if (!FindVectorCast(c->element, cache, &c->convert)) return;
    c->given = c->element;
    c->element = FLOAT4OID;
    c->is_array = true;
    c->given_is_array = false;
    return;
  }
  const Oid read_as = entry::ReadAsClass(c->element, c->is_array, *c->value_class);
  if (!OidIsValid(read_as)) return;
  c->given = c->element;
  c->given_is_array = c->is_array;
  c->element = read_as;
  const bool known = c->given == BOOLOID || c->given == BPCHAROID || c->given == NAMEOID || c->given == UNKNOWNOID;
  if (*c->value_class != base::ValueClass::kCategory || known) return;
  Oid output = InvalidOid;
  bool varlena = false;
  getTypeOutputInfo(c->given, &output, &varlena);
  fmgr_info_cxt(output, &c->convert, cache);
}

std::vector<int> RowReader::FieldsToTake(void* row_desc, bool record) const {
  auto* desc = static_cast<TupleDesc>(row_desc);
  std::vector<int> positions;
  std::string missing;
  for (const std::string& name : wanted_) {
    const size_t before = positions.size();
    for (int i = 0; i < desc->natts; ++i) {
      const Form_pg_attribute field = pg::compat::Attribute(desc, i);
      if (field->attisdropped || name != NameStr(field->attname)) continue;
      positions.push_back(i);
      break;
    }
    if (positions.size() == before && missing.empty()) missing = name;
  }
  if (!wanted_.empty() && positions.size() == wanted_.size()) return positions;
  positions.clear();
  for (int i = 0; i < desc->natts; ++i) {
    if (wanted_.empty() || !pg::compat::Attribute(desc, i)->attisdropped) positions.push_back(i);
  }
  if (wanted_.empty()) return positions;
  if (!record || !NamedByNumber(desc)) {
    // fields that have names are never taken by their positions
    std::string fields;
    for (const int i : positions) fields += (fields.empty() ? "" : ", ") + pg::QuoteIdent(NameStr(pg::compat::Attribute(desc, i)->attname));
    throw Error(ErrorCode::kUndefinedColumn, "the row has no field \"" + missing + "\", a column that the model was trained on",
                "The row's fields are " + fields + ".",
                "Give a row that has all columns of the model, by their names, or ROW(...) of their values in the model's order.");
  }
  if (positions.size() == wanted_.size()) return positions;
  std::string names;
  for (const std::string& name : wanted_) names += (names.empty() ? "" : ", ") + pg::QuoteIdent(name);
  throw Error(ErrorCode::kInvalidParameter,
              "the row has " + std::to_string(positions.size()) + " fields, but the model was trained on " + std::to_string(wanted_.size()) + " columns",
              "They are " + names + ".", "Give a row that has columns of these names, or ROW(...) of their values in this order.");
}

std::vector<pg::Column> RowReader::Fields() const {
  std::vector<pg::Column> fields;
  const pg::PinnedPath pinned(
      pg::PinnedPath::Until::kBlock);  // types that are not the server's own are written with their schema
  for (size_t i = 0; i < taken_.size(); ++i) {
    const Column& column = columns_[i];
    pg::Column field;
    field.name = NameStr(pg::compat::Attribute(static_cast<TupleDesc>(desc_), taken_[i])->attname);
    // what is preprocessed is described by the type that the row has
    const bool as_given = column.value_class && OidIsValid(column.given) && column.given != UNKNOWNOID;
    field.is_array = as_given ? column.given_is_array : column.is_array;
    field.base_type = pg::call([&] { return format_type_be(as_given ? column.given : column.element); });
    field.type = field.base_type + (field.is_array ? "[]" : "");
    fields.push_back(std::move(field));
  }
  return fields;
}

// The cells of plain columns stay as they are made here from row to row, but those of a row with NULLs.
void RowReader::LayOutNumbers() {
  size_t bytes = 0;
  for (size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    if (!column.plain) continue;
    const size_t length = static_cast<size_t>(column.length);
    if (i == 0 || !columns_[i - 1].plain || columns_[i - 1].type != column.type) bytes = (bytes + 7) / 8 * 8;
    column.offset = bytes;
    bytes += length;
  }
  numbers_.assign(bytes / 8 + 1, 0);
  for (size_t i = columns_.size(); i-- > 0;) {
    Column& column = columns_[i];
    if (!column.plain) continue;
    const bool goes_on = i + 1 < columns_.size() && columns_[i + 1].plain && columns_[i + 1].type == column.type;
    column.run = goes_on ? columns_[i + 1].run + 1 : 1;
    data::Cell& cell = cells_[i];
    cell = data::Cell();
    cell.type = column.type;
    cell.count = 1;
    cell.data = reinterpret_cast<const char*>(numbers_.data()) + column.offset;
    cell.side_by_side = column.run;
  }
  had_nulls_ = false;
}

// Stores datums as their types' own bytes, so that scalars and arrays are read alike.
void RowReader::StoreNumbers() {
  char* const bytes = reinterpret_cast<char*>(numbers_.data());
  const auto store = [this, bytes](size_t first, auto number) {
    char* out = bytes + columns_[first].offset;
    const Datum* in = values_.data() + first;
    for (size_t k = 0; k < static_cast<size_t>(columns_[first].run); ++k) {
      number = static_cast<decltype(number)>(in[k]);
      std::memcpy(out + k * sizeof(number), &number, sizeof(number));
    }
  };
  for (size_t i = 0; i < columns_.size(); i += columns_[i].plain ? static_cast<size_t>(columns_[i].run) : 1) {
    if (!columns_[i].plain) continue;
    switch (columns_[i].length) {
      case 1: store(i, uint8_t{}); break;
      case 2: store(i, uint16_t{}); break;
      case 4: store(i, uint32_t{}); break;
      default: store(i, uint64_t{});
    }
  }
}

const std::vector<data::Cell>& RowReader::Read(FunctionCallInfo fcinfo, int n, size_t expected) {
  if (PG_ARGISNULL(n)) throw Error(ErrorCode::kNullValue, "the row to pack is NULL");
  const Datum argument = PG_GETARG_DATUM(n);
  HeapTupleHeader row = pg::call([&] { return DatumGetHeapTupleHeader(argument); });
  LookUp(fcinfo, row);
  if (expected != 0 && expected != columns_.size()) {
    throw Error(ErrorCode::kInvalidParameter,
                "the row has " + std::to_string(columns_.size()) + " fields where " + std::to_string(expected) + " are packed");
  }
  HeapTupleData tuple = pg::compat::ViewTuple(row);
  if (wanted_.empty()) {
    heap_deform_tuple(&tuple, static_cast<TupleDesc>(desc_), values_.data(), nulls_.get());
  } else {
    heap_deform_tuple(&tuple, static_cast<TupleDesc>(desc_), all_values_.data(), all_nulls_.get());
    for (size_t i = 0; i < taken_.size(); ++i) {
      values_[i] = all_values_[static_cast<size_t>(taken_[i])];
      nulls_[i] = all_nulls_[static_cast<size_t>(taken_[i])];
    }
  }
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (OidIsValid(columns_[i].given) && !nulls_[i]) values_[i] = Convert(&columns_[i], values_[i]);
  }
  StoreNumbers();
  bool has_nulls = false;
  for (size_t i = 0; i < columns_.size(); ++i) {
    has_nulls = has_nulls || nulls_[i];
    if (columns_[i].plain) continue;
    cells_[i] = data::Cell();
    if (!nulls_[i]) Fill(i, values_[i]);
  }
  if (!has_nulls && !had_nulls_) return cells_;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (!columns_[i].plain) continue;
    cells_[i].type = nulls_[i] ? data::CellType::kNull : columns_[i].type;
    cells_[i].count = nulls_[i] ? 0 : 1;
    cells_[i].side_by_side = has_nulls ? 1 : columns_[i].run;
  }
  had_nulls_ = has_nulls;
  return cells_;
}

Datum RowReader::Convert(Column* converted, Datum datum) const {
  return pg::call([&] {
    Column& column = *converted;
    if (column.is_array && OidIsValid(column.convert.fn_oid)) {
      switch (column.convert.fn_nargs) {
        case 1:
          return FunctionCall1(&column.convert, datum);
        case 2:
          return FunctionCall2(&column.convert, datum, Int32GetDatum(-1));
        default:
          return FunctionCall3(&column.convert, datum, Int32GetDatum(-1), BoolGetDatum(true));
      }
    }
    if (OidIsValid(column.convert.fn_oid)) return CStringGetTextDatum(OutputFunctionCall(&column.convert, datum));
    if (!column.is_array) return ConvertOne(column.given, datum);
    ArrayType* array = DatumGetArrayTypeP(datum);
    Datum* values;
    bool* nulls;
    int count;
    deconstruct_array(array, column.given, column.given_length, column.given_by_value, column.given_align, &values, &nulls, &count);
    for (int k = 0; k < count; ++k) {
      if (!nulls[k]) values[k] = ConvertOne(column.given, values[k]);
    }
    return PointerGetDatum(construct_md_array(values, nulls, ARR_NDIM(array), ARR_DIMS(array), ARR_LBOUND(array), column.element,
                                              column.length, column.by_value, column.align));
  });
}

void RowReader::Fill(size_t i, Datum datum) {
  const Column& column = columns_[i];
  if (column.is_array) return FillArray(i, datum);
  data::Cell& cell = cells_[i];
  cell.type = TypeOf(column.element);
  cell.count = 1;
  struct varlena* value = pg::call([&] { return pg_detoast_datum_packed(reinterpret_cast<struct varlena*>(DatumGetPointer(datum))); });
  const base::Bytes bytes{reinterpret_cast<const uint8_t*>(VARDATA_ANY(value)), static_cast<size_t>(VARSIZE_ANY_EXHDR(value))};
  if (cell.type == data::CellType::kBytes) {
    cell.data = bytes.data;
    cell.count = static_cast<int64_t>(bytes.size);
  } else {
    texts_[i].assign(1, bytes);
    cell.texts = texts_[i].data();
  }
}

void RowReader::FillArray(size_t i, Datum datum) {
  const Column& column = columns_[i];
  data::Cell& cell = cells_[i];
  ArrayType* array = pg::call([&] { return DatumGetArrayTypeP(datum); });
  cell.type = TypeOf(column.element);
  cell.is_array = true;
  cell.rank = ARR_NDIM(array);
  cell.count = cell.rank == 0 ? 0 : 1;
  for (int d = 0; d < cell.rank; ++d) {
    cell.dims[d] = ARR_DIMS(array)[d];
    cell.count *= cell.dims[d];
  }
  cell.has_null_elements = pg::call([&] { return array_contains_nulls(array); });
  if (cell.has_null_elements) return;
  if (cell.type != data::CellType::kText) {
    cell.data = ARR_DATA_PTR(array);  // fixed-length elements without NULLs lie side by side
    return;
  }
  struct Elements {
    Datum* values;
    int count;
  };
  const Elements elements = pg::call([&] {
    Elements found{};
    deconstruct_array(array, column.element, column.length, column.by_value, column.align, &found.values, nullptr, &found.count);
    return found;
  });
  texts_[i].clear();
  for (int k = 0; k < elements.count; ++k) {
    // array elements are never toasted one by one
    const char* value = DatumGetPointer(elements.values[k]);
    texts_[i].push_back({reinterpret_cast<const uint8_t*>(VARDATA_ANY(value)), static_cast<size_t>(VARSIZE_ANY_EXHDR(value))});
  }
  cell.texts = texts_[i].data();
}

}  // namespace entry
