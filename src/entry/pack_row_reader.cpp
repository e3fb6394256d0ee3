#include "entry/pack_row_reader.hpp"

#include "entry/pack_row_reader.hpp"
#include "data/row_codec.hpp"

#include <string>

extern "C" {
#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
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
    case TEXTOID: return data::CellType::kText;
    case BYTEAOID: return data::CellType::kBytes;
    default: return data::CellType::kNull;
  }
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
  const size_t n = static_cast<size_t>(desc->natts);
  std::vector<Column> columns(n);
  for (size_t i = 0; i < n; ++i) {
    const Oid declared = TupleDescAttr(desc, static_cast<int>(i))->atttypid;
    Column* c = &columns[i];
    pg::call([&] {
      const Oid base = getBaseType(declared);
      const Oid element = get_element_type(base);
      c->is_array = OidIsValid(element);
      c->element = c->is_array ? element : base;
      get_typlenbyvalalign(c->element, &c->length, &c->by_value, &c->align);
    });
    c->type = TypeOf(c->element);
    const bool known = c->type != data::CellType::kNull && !(c->is_array && c->element == BYTEAOID);
    c->plain = !c->is_array && c->by_value;
    if (!known) {
      throw Error(ErrorCode::kDatatypeMismatch, "field " + std::to_string(i + 1) + " of the row has a type that cannot be packed", "",
                  "Cast it to smallint, integer, bigint, real, double precision, boolean, text, bytea or an array of them.");
    }
  }
  columns_ = std::move(columns);
  values_.assign(n, 0);
  nulls_ = std::make_unique<bool[]>(n);
  cells_.assign(n, data::Cell());
  texts_.assign(n, {});
  scalars_.assign(n, 0);
  type_ = type;
  typmod_ = typmod;
  desc_ = desc;
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
  heap_deform_tuple(&tuple, static_cast<TupleDesc>(desc_), values_.data(), nulls_.get());
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (nulls_[i]) {
      cells_[i] = data::Cell();
    } else if (columns_[i].plain) {
      FillPlain(i, values_[i]);
    } else {
      cells_[i] = data::Cell();
      Fill(i, values_[i]);
    }
  }
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

/// A number or a truth value. Its datum is stored as the type's own bytes, so that scalars and arrays are read alike. What else a cell has
/// stays as it was made: there are many of these in wide tables.
void RowReader::FillPlain(size_t i, Datum datum) {
  data::Cell& cell = cells_[i];
  cell.type = columns_[i].type;
  cell.count = 1;
  scalars_[i] = 0;
  store_att_byval(reinterpret_cast<char*>(&scalars_[i]), datum, columns_[i].length);
  cell.data = &scalars_[i];
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
  if (column.element != TEXTOID) {
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
