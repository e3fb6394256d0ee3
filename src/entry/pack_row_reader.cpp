#include "entry/pack_row_reader.hpp"

#include <cstdint>
#include <cstring>
#include <string>

#include "data/row_codec.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "access/transam.h"
#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
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

constexpr Oid kMoney = 790;  // the server's headers have two names for it

/// Of an array, domains resolved: the elements lie as those of the domain's type. InvalidOid: it is none. Inside call().
Oid ElementType(Oid array) {
  const Oid element = get_element_type(array);
  return OidIsValid(element) ? getBaseType(element) : InvalidOid;
}

/// What a literal of no type is read as.
Oid LiteralType(const score::RowField& field) {
  if (field.text) return TEXTOID;
  if (field.array) return pg::compat::kFloat8ArrayOid;
  if (!field.value_class) return FLOAT8OID;
  switch (*field.value_class) {
    case base::ValueClass::kDate:
    case base::ValueClass::kTime: return field.zoned ? TIMESTAMPTZOID : TIMESTAMPOID;
    case base::ValueClass::kBoolean: return BOOLOID;
    case base::ValueClass::kBytes: return BYTEAOID;
    default: return FLOAT8OID;
  }
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
  auto* const cache = static_cast<MemoryContext>(MemoryOf(fcinfo));
  TupleDesc desc = pg::call([&] {
    TupleDesc shared = lookup_rowtype_tupdesc(type, typmod);
    MemoryContext old = MemoryContextSwitchTo(cache);
    TupleDesc copy = CreateTupleDescCopy(shared);
    MemoryContextSwitchTo(old);
    ReleaseTupleDesc(shared);
    return copy;
  });
  Use(desc, type == RECORDOID, cache);
  type_ = type;
  typmod_ = typmod;
}

// What packing casts a column of this type to. Inside call().
void RowReader::Choose(const score::RowField& field, void* memory, Column* c) const {
  auto* const cache = static_cast<MemoryContext>(memory);
  const auto read_as = [c](Conversion conversion, Oid element) {
    c->conversion = conversion;
    c->element = element;
  };
  if (c->element == UNKNOWNOID && !c->is_array) {
    c->is_array = field.array;
    c->declared = LiteralType(field);
    const bool is_time = c->declared == TIMESTAMPOID || c->declared == TIMESTAMPTZOID;
    read_as(Conversion::kLiteral, field.array ? FLOAT8OID : c->declared);
    Oid input;
    getTypeInputInfo(c->declared, &input, &c->parameter);
    fmgr_info_cxt(input, &c->function, cache);
    if (is_time) c->element = FLOAT8OID;
    return;
  }
  const auto by_element = [&](Conversion conversion, Oid element) {
    c->given = c->element;
    get_typlenbyvalalign(c->given, &c->given_length, &c->given_by_value, &c->given_align);
    read_as(conversion, element);
  };
  switch (c->element) {
    case NUMERICOID:
      if (field.value_class != base::ValueClass::kCategory) return by_element(Conversion::kNumeric, FLOAT8OID);
      break;
    case BPCHAROID: return by_element(Conversion::kTrim, TEXTOID);
    case NAMEOID: return by_element(Conversion::kName, TEXTOID);
    case TEXTOID:
    case VARCHAROID: return;
    default: break;
  }
  if (!field.value_class) return;
  const auto cast_to = [&](Oid target) {
    Oid function = InvalidOid;
    switch (find_coercion_pathway(target, c->declared, COERCION_EXPLICIT, &function)) {
      case COERCION_PATH_FUNC:
        c->conversion = Conversion::kCast;
        c->arguments = get_func_nargs(function);
        break;
      case COERCION_PATH_COERCEVIAIO: {
        bool varlena;
        c->conversion = Conversion::kOutput;
        getTypeOutputInfo(c->declared, &function, &varlena);
        break;
      }
      default: return false;
    }
    fmgr_info_cxt(function, &c->function, cache);
    return true;
  };
  switch (*field.value_class) {
    case base::ValueClass::kBoolean:
    case base::ValueClass::kNumber:
      if (c->is_array) return;
      if (c->element == kMoney) read_as(Conversion::kMoney, FLOAT8OID);
      if (c->element == INTERVALOID) read_as(Conversion::kInterval, FLOAT8OID);
      if (c->element == TIMEOID) read_as(Conversion::kTime, FLOAT8OID);
      if (c->element == TIMETZOID) read_as(Conversion::kZonedTime, FLOAT8OID);
      return;
    case base::ValueClass::kCategory:
      if (!c->is_array && cast_to(TEXTOID)) c->element = TEXTOID;
      return;
    case base::ValueClass::kDate:
    case base::ValueClass::kTime:
      if (c->is_array) return;
      if (c->element == DATEOID) read_as(Conversion::kDate, FLOAT8OID);
      if (c->element == TIMESTAMPOID || c->element == TIMESTAMPTZOID) read_as(Conversion::kTimestamp, FLOAT8OID);
      return;
    case base::ValueClass::kArray:
      if (c->is_array || TypeOf(c->element) != CellType::kNull || !cast_to(pg::compat::kFloat4ArrayOid)) return;
      c->element = FLOAT4OID;
      c->is_array = true;
      return;
    case base::ValueClass::kBytes: return;
  }
}

void RowReader::LookUpColumn(size_t i, void* memory, Column* c) const {
  pg::call([&] {
    const Oid base = getBaseType(c->declared);
    const Oid element = ElementType(base);
    c->declared = base;
    c->is_array = OidIsValid(element);
    c->element = c->is_array ? element : base;
    if (!wanted_.empty()) Choose(wanted_[i], memory, c);
    get_typlenbyvalalign(c->element, &c->length, &c->by_value, &c->align);
  });
  c->type = TypeOf(c->element);
  c->plain = !c->is_array && c->by_value;
  const bool known = c->type != data::CellType::kNull && !(c->is_array && c->element == BYTEAOID);
  if (known) return;
  c->unreadable = !wanted_.empty() && wanted_[i].value_class;
  c->plain = false;
  if (c->unreadable) return;
  throw Error(ErrorCode::kDatatypeMismatch, "field " + std::to_string(taken_[i] + 1) + " of the row has a type that cannot be packed", "",
              "Cast it to smallint, integer, bigint, real, double precision, boolean, text, bytea or an array of them.");
}

void RowReader::Use(void* row_desc, bool record, void* memory) {
  auto* const desc = static_cast<TupleDesc>(row_desc);
  desc_ = nullptr;  // until all of it is known
  taken_ = FieldsToTake(desc, record);
  const size_t n = taken_.size();
  std::vector<Column> columns(n);
  for (size_t i = 0; i < n; ++i) {
    columns[i].declared = pg::compat::Attribute(desc, taken_[i])->atttypid;
    LookUpColumn(i, memory, &columns[i]);
  }
  ++row_types_;
  columns_ = std::move(columns);
  const auto all = static_cast<size_t>(desc->natts);
  all_values_.assign(all, 0);
  all_nulls_ = std::make_unique<bool[]>(all);
  values_.assign(n, 0);
  nulls_ = std::make_unique<bool[]>(n);
  cells_.assign(n, data::Cell());
  texts_.assign(n, {});
  LayOutNumbers();
  desc_ = desc;
}

std::vector<int> RowReader::FieldsToTake(void* row_desc, bool record) const {
  auto* desc = static_cast<TupleDesc>(row_desc);
  std::vector<int> positions;
  std::string missing;
  for (const score::RowField& wanted : wanted_) {
    const std::string& name = wanted.name;
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
  for (const score::RowField& wanted : wanted_) names += (names.empty() ? "" : ", ") + pg::QuoteIdent(wanted.name);
  throw Error(ErrorCode::kInvalidParameter,
              "the row has " + std::to_string(positions.size()) + " fields, but the model was trained on " + std::to_string(wanted_.size()) + " columns",
              "They are " + names + ".", "Give a row that has columns of these names, or ROW(...) of their values in this order.");
}

std::vector<pg::Column> RowReader::Fields() const {
  std::vector<pg::Column> fields;
  for (size_t i = 0; i < taken_.size(); ++i) {
    const Column& column = columns_[i];
    pg::Column field;
    // values by position have the names of the training table in messages, too
    field.name = wanted_.empty() ? NameStr(pg::compat::Attribute(static_cast<TupleDesc>(desc_), taken_[i])->attname) : wanted_[i].name;
    const bool as_given = !wanted_.empty() && wanted_[i].value_class;
    const Oid element = as_given ? pg::call([&] { return ElementType(column.declared); }) : InvalidOid;
    field.is_array = as_given ? OidIsValid(element) : column.is_array;
    const Oid scalar = !as_given ? column.element : field.is_array ? element : column.declared;
    // types that are not the server's have their schema, as in a table's columns
    field.base_type = pg::call([&] { return scalar < FirstNormalObjectId ? format_type_be(scalar) : format_type_be_qualified(scalar); });
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
  const bool all = wanted_.empty();
  heap_deform_tuple(&tuple, static_cast<TupleDesc>(desc_), all ? values_.data() : all_values_.data(), all ? nulls_.get() : all_nulls_.get());
  return TakeFields();
}

const std::vector<data::Cell>& RowReader::ReadTuple(void* desc, void* tuple) {
  if (desc_ == nullptr) Use(desc, false, memory_);
  heap_deform_tuple(static_cast<HeapTuple>(tuple), static_cast<TupleDesc>(desc_), all_values_.data(), all_nulls_.get());
  return TakeFields();
}

const std::vector<data::Cell>& RowReader::ReadArguments(FunctionCallInfo fcinfo, int first) {
  if (desc_ == nullptr) {
    auto* const cache = static_cast<MemoryContext>(MemoryOf(fcinfo));
    TupleDesc desc = pg::call([&] {
      MemoryContext old = MemoryContextSwitchTo(cache);
      TupleDesc made = pg::compat::NewTupleDesc(PG_NARGS() - first);
      for (int i = first; i < PG_NARGS(); ++i) {
        char name[NAMEDATALEN];
        snprintf(name, sizeof(name), "f%d", i - first + 1);
        const Oid type = get_fn_expr_argtype(fcinfo->flinfo, i);
        if (!OidIsValid(type)) elog(ERROR, "the type of argument %d is not known", i + 1);
        TupleDescInitEntry(made, static_cast<AttrNumber>(i - first + 1), name, type, -1, 0);
      }
      MemoryContextSwitchTo(old);
      return made;
    });
    Use(desc, true, cache);
  }
  for (int i = first; i < PG_NARGS(); ++i) {
    all_nulls_[static_cast<size_t>(i - first)] = PG_ARGISNULL(i);
    all_values_[static_cast<size_t>(i - first)] = PG_ARGISNULL(i) ? Datum{0} : PG_GETARG_DATUM(i);
  }
  return TakeFields();
}

const std::vector<data::Cell>& RowReader::TakeFields() {
  for (size_t i = 0; i < taken_.size() && !wanted_.empty(); ++i) {
    values_[i] = all_values_[static_cast<size_t>(taken_[i])];
    nulls_[i] = all_nulls_[static_cast<size_t>(taken_[i])];
  }
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].conversion != Conversion::kNone && !nulls_[i]) values_[i] = Convert(columns_[i], values_[i]);
  }
  StoreNumbers();
  bool has_nulls = false;
  for (size_t i = 0; i < columns_.size(); ++i) {
    has_nulls = has_nulls || nulls_[i];
    if (columns_[i].plain) continue;
    cells_[i] = data::Cell();
    if (!nulls_[i] && !columns_[i].unreadable) Fill(i, values_[i]);
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
