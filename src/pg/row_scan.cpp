#include "pg/row_scan.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "pg/guard.hpp"
#include "pg/sql.hpp"

namespace pg {

std::optional<std::string_view> TakeText(std::string_view* key) {
  const bool null = key->empty() || key->front() == '\0';
  key->remove_prefix(std::min<size_t>(1, key->size()));
  int32_t length = 0;
  if (null || key->size() < sizeof(length)) return std::nullopt;
  std::memcpy(&length, key->data(), sizeof(length));
  key->remove_prefix(sizeof(length));
  const std::string_view text = key->substr(0, static_cast<size_t>(length));
  key->remove_prefix(text.size());
  return text;
}

}  // namespace pg

#if CEREBRO_HAS_PARALLEL

extern "C" {
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "lib/stringinfo.h"
#include "storage/bufmgr.h"
#include "utils/snapmgr.h"
}

namespace pg {
namespace {

constexpr size_t kRowsAtOnce = 1024;
constexpr int kMostKeysAtOnce = 4 << 20;  // bytes, behind which no further row is read at once
constexpr int kFixedKeyBytes = 1024;      // at least what all columns of a key take besides the bytes of texts

/// Types of which equal values have equal bytes. Not so: numbers that have several forms (1.0 and 1.00; 0 and -0), padded
/// texts, texts that ignore case.
bool BytesDecide(Oid type, Oid collation) {
  switch (getBaseType(type)) {
    case BOOLOID:
    case CHAROID:
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case OIDOID:
    case DATEOID:
    case TIMEOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
    case UUIDOID:
    case BYTEAOID:
      return true;
    case TEXTOID:
    case VARCHAROID:
      return OidIsValid(collation) && get_collation_isdeterministic(collation);
    default:
      return false;
  }
}

Oid IdOf(const TableName& table) {
  return static_cast<Oid>(
      Execute("SELECT ($1::pg_catalog.regclass::pg_catalog.oid)::pg_catalog.int8", {table.Sql()}).Int());
}

/// 0: there is none.
AttrNumber NumberOf(TupleDesc row, const char* name) {
  for (int i = 0; i < row->natts; ++i) {
    const Form_pg_attribute column = compat::Attribute(row, i);
    if (!column->attisdropped && namestrcmp(&column->attname, name) == 0) return column->attnum;
  }
  return InvalidAttrNumber;
}

struct KeyColumn {
  AttrNumber number = 0;
  int16 length = 0;  // -1: it varies
  bool by_value = false;
};

struct NumberColumn {
  AttrNumber number = 0;
  bool wide = false;  // bigint
};

/// Appends to bytes that have room for what has no length of its own.
void AppendKey(const KeyColumn& column, HeapTuple tuple, TupleDesc row, StringInfo bytes) {
  bool null = false;
  const Datum value = heap_getattr(tuple, column.number, row, &null);
  bytes->data[bytes->len++] = null ? '\0' : '\1';
  if (null) return;
  if (column.length > 0) {
    const char* const from = column.by_value ? reinterpret_cast<const char*>(&value)
                                             : static_cast<const char*>(DatumGetPointer(value));
    const size_t length = column.by_value ? sizeof(value) : static_cast<size_t>(column.length);
    std::memcpy(bytes->data + bytes->len, from, length);
    bytes->len += static_cast<int>(length);
    return;
  }
  struct varlena* const stored = reinterpret_cast<struct varlena*>(DatumGetPointer(value));
  struct varlena* const text = pg_detoast_datum_packed(stored);
  const int32 length = static_cast<int32>(VARSIZE_ANY_EXHDR(text));
  enlargeStringInfo(bytes, length + kFixedKeyBytes);
  std::memcpy(bytes->data + bytes->len, &length, sizeof(length));
  std::memcpy(bytes->data + bytes->len + sizeof(length), VARDATA_ANY(text), static_cast<size_t>(length));
  bytes->len += static_cast<int>(sizeof(length)) + length;
  if (text != stored) pfree(text);
}

}  // namespace

struct RowScan::Impl {
  Relation relation = nullptr;
  TableScanDesc scan = nullptr;
  StringInfoData bytes = {};
  std::vector<KeyColumn> keys;
  std::vector<AttrNumber> wanted;
  std::vector<NumberColumn> numbers;
  std::vector<ScannedRow> rows;
  std::vector<int> ends;  // of the rows' keys in `bytes`
  bool done = false;

  void Read(HeapTuple tuple, ScannedRow* row) {
    const TupleDesc shape = RelationGetDescr(relation);
    row->position = (static_cast<uint64_t>(ItemPointerGetBlockNumber(&tuple->t_self)) << 16) |
                    ItemPointerGetOffsetNumber(&tuple->t_self);
    row->xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);
    row->complete = true;
    bool null = false;
    for (const AttrNumber column : wanted) row->complete = row->complete && !heap_attisnull(tuple, column, shape);
    for (size_t i = 0; i < numbers.size(); ++i) {
      const Datum value = heap_getattr(tuple, numbers[i].number, shape, &null);
      row->numbers[i] = null ? 0 : numbers[i].wide ? DatumGetInt64(value) : DatumGetInt32(value);
    }
    enlargeStringInfo(&bytes, kFixedKeyBytes);
    for (const KeyColumn& key : keys) AppendKey(key, tuple, shape, &bytes);
  }
};

bool RowScan::Takes(const TableName& table, const ScannedColumns& columns) {
  if (columns.numbers.size() > kMostScannedNumbers || columns.keys.size() > kMostScannedKeys) return false;
  const Oid id = IdOf(table);
  const ScannedColumns* const asked = &columns;
  return call([id, asked]() -> bool {
    Relation relation = relation_open(id, AccessShareLock);
    const TupleDesc shape = RelationGetDescr(relation);
    const char kind = relation->rd_rel->relkind;
    bool takes = (kind == RELKIND_RELATION || kind == RELKIND_MATVIEW) && !relation->rd_rel->relhassubclass &&
                 relation->rd_tableam == GetHeapamTableAmRoutine() && pg_class_aclcheck(id, GetUserId(), ACL_SELECT) == ACLCHECK_OK &&
                 !compat::RowSecurityApplies(id);
    for (const std::string& name : asked->keys) {
      const AttrNumber number = NumberOf(shape, name.c_str());
      if (number == InvalidAttrNumber) {
        takes = false;
        continue;
      }
      const Form_pg_attribute column = compat::Attribute(shape, number - 1);
      takes = takes && BytesDecide(column->atttypid, column->attcollation);
    }
    for (const std::string& name : asked->wanted) takes = takes && NumberOf(shape, name.c_str()) != InvalidAttrNumber;
    for (const std::string& name : asked->numbers) {
      const AttrNumber number = NumberOf(shape, name.c_str());
      if (number == InvalidAttrNumber) {
        takes = false;
        continue;
      }
      const Oid type = compat::Attribute(shape, number - 1)->atttypid;
      takes = takes && (type == INT8OID || type == INT4OID);
    }
    relation_close(relation, NoLock);
    return takes;
  });
}

RowScan::RowScan(const TableName& table, const ScannedColumns& columns) : impl_(new Impl) {
  const Oid id = IdOf(table);
  Impl& s = *impl_;
  s.rows.resize(kRowsAtOnce);
  s.ends.resize(kRowsAtOnce);
  s.relation = call([id] { return table_open(id, AccessShareLock); });
  const TupleDesc shape = RelationGetDescr(s.relation);
  for (const std::string& name : columns.keys) {
    const Form_pg_attribute column = compat::Attribute(shape, NumberOf(shape, name.c_str()) - 1);
    s.keys.push_back({column->attnum, column->attlen, column->attbyval});
  }
  for (const std::string& name : columns.wanted) s.wanted.push_back(NumberOf(shape, name.c_str()));
  for (const std::string& name : columns.numbers) {
    const AttrNumber number = NumberOf(shape, name.c_str());
    s.numbers.push_back({number, compat::Attribute(shape, number - 1)->atttypid == INT8OID});
  }
  call([&s] {
    initStringInfo(&s.bytes);
    s.scan = table_beginscan_strat(s.relation, GetActiveSnapshot(), 0, nullptr, true, false);
  });
}

RowScan::~RowScan() {
  Impl& s = *impl_;
  CallInDestructor([&s] {
    if (s.scan != nullptr) table_endscan(s.scan);
    if (s.bytes.data != nullptr) pfree(s.bytes.data);
    if (s.relation != nullptr) table_close(s.relation, NoLock);
  });
}

uint32_t RowScan::pages() const {
  const Impl& s = *impl_;
  return call([&s] { return static_cast<uint32_t>(RelationGetNumberOfBlocks(s.relation)); });
}

const std::vector<ScannedRow>& RowScan::Next() {
  Impl& s = *impl_;
  s.rows.resize(kRowsAtOnce);
  size_t count = 0;
  if (!s.done) {
    ScannedRow* const rows = s.rows.data();
    int* const ends = s.ends.data();
    count = call([&s, rows, ends]() -> size_t {
      resetStringInfo(&s.bytes);
      size_t n = 0;
      while (n < kRowsAtOnce && s.bytes.len < kMostKeysAtOnce) {
        HeapTuple tuple = heap_getnext(s.scan, ForwardScanDirection);
        if (tuple == nullptr) {
          s.done = true;
          break;
        }
        s.Read(tuple, &rows[n]);
        ends[n++] = s.bytes.len;
      }
      return n;
    });
  }
  s.rows.resize(count);
  int begin = 0;
  for (size_t i = 0; i < count; ++i) {
    s.rows[i].key = std::string_view(s.bytes.data + begin, static_cast<size_t>(s.ends[i] - begin));
    begin = s.ends[i];
  }
  return s.rows;
}

void RowScan::ReadPages(uint32_t first, uint32_t count) {
  Impl& s = *impl_;
  call([&s, first, count] {
    table_rescan(s.scan, nullptr);
    heap_setscanlimits(s.scan, first, count);
  });
  s.done = false;
}

}  // namespace pg

#else

namespace pg {

struct RowScan::Impl {};

bool RowScan::Takes(const TableName&, const ScannedColumns&) { return false; }
RowScan::RowScan(const TableName&, const ScannedColumns&) {
  throw base::Error(base::ErrorCode::kInternal, "rows cannot be read so on this server");
}
RowScan::~RowScan() = default;
uint32_t RowScan::pages() const { return 0; }
const std::vector<ScannedRow>& RowScan::Next() {
  static const std::vector<ScannedRow> kNone;
  return kNone;
}
void RowScan::ReadPages(uint32_t, uint32_t) {}

}  // namespace pg

#endif
