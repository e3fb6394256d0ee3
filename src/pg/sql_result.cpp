// The server's side of a copy runs guarded, a batch of cells at a time: it leaves pointers into a memory context that is reset before the
// next batch. The C++ side copies from there.
#include "pg/sql_result.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/error.hpp"
#include "base/literal.hpp"

namespace pg {
namespace {

constexpr size_t kBatchCells = 4096;
constexpr size_t kBatchBytes = 1 << 20;

enum class Form : int { kRaw, kText };  // kRaw: the value's bytes are the cell; kText: the output function's text

struct ColumnReader {
  const char* name;
  const char* type;
  Form form;
  bool varlena;
  FmgrInfo output;
};

struct RawCell {
  const char* data;  // nullptr: NULL
  size_t size;
};

struct Batch {
  RawCell* cells;
  size_t rows;  // read into cells
};

/// Floating-point numbers are printed so that they read back as the same number, whatever the session's setting.
class ExactFloats {
 public:
  ExactFloats() : before_(extra_float_digits) { extra_float_digits = std::max(before_, compat::kExactFloatDigits); }
  ~ExactFloats() { extra_float_digits = before_; }
  ExactFloats(const ExactFloats&) = delete;
  ExactFloats& operator=(const ExactFloats&) = delete;

 private:
  const int before_;
};

/// The server writes the schema of its own types where the caller's search_path hides them.
const char* WithoutCatalog(const char* type) {
  constexpr char kSchema[] = "pg_catalog.";
  return strncmp(type, kSchema, sizeof(kSchema) - 1) == 0 ? type + sizeof(kSchema) - 1 : type;
}

ColumnReader* OpenColumns(TupleDesc desc) {
  auto* readers = static_cast<ColumnReader*>(palloc0(sizeof(ColumnReader) * static_cast<size_t>(desc->natts + 1)));
  for (int i = 0; i < desc->natts; i++) {
    const Form_pg_attribute attribute = compat::Attribute(desc, i);
    ColumnReader& reader = readers[i];
    const Oid type = attribute->atttypid;
    const Oid base = getBaseType(type);
    Oid output;
    reader.name = NameStr(attribute->attname);
    reader.type = WithoutCatalog(format_type_be(type));
    reader.form = base == BYTEAOID || base == TEXTOID || base == VARCHAROID ? Form::kRaw : Form::kText;
    getTypeOutputInfo(type, &output, &reader.varlena);
    fmgr_info(output, &reader.output);
  }
  return readers;
}

RawCell ReadCell(ColumnReader* reader, HeapTuple tuple, TupleDesc desc, int column) {
  bool null = false;
  const Datum value = heap_getattr(tuple, column + 1, desc, &null);
  if (null) return {nullptr, 0};
  if (reader->form == Form::kRaw) {
    struct varlena* flat = PG_DETOAST_DATUM_PACKED(value);
    return {VARDATA_ANY(flat), static_cast<size_t>(VARSIZE_ANY_EXHDR(flat))};
  }
  const char* text = OutputFunctionCall(&reader->output, value);
  return {text, strlen(text)};
}

/// Reads rows from `first` on until the batch is full.
size_t ReadBatch(SPITupleTable* table, ColumnReader* readers, size_t first, size_t rows, size_t batch_rows, RawCell* cells) {
  const int columns = table->tupdesc->natts;
  size_t bytes = 0;
  size_t row = 0;
  for (; row < batch_rows && first + row < rows && bytes < kBatchBytes; row++) {
    for (int c = 0; c < columns; c++) {
      RawCell& cell = cells[row * static_cast<size_t>(columns) + static_cast<size_t>(c)];
      cell = ReadCell(&readers[c], table->vals[first + row], table->tupdesc, c);
      bytes += cell.size;
    }
  }
  return row;
}

const std::string& FirstCell(const Result& result) {
  if (result.rows.empty() || result.rows[0].empty() || !result.rows[0][0].has_value()) {
    throw base::Error(base::ErrorCode::kDataCorrupted, "a query that must return a value returned none");
  }
  return *result.rows[0][0];
}

}  // namespace

Result TakeResult(SPITupleTable* table, uint64_t rows) {
  Result result;
  result.processed = rows;
  if (table == nullptr) return result;
  const auto columns = static_cast<size_t>(table->tupdesc->natts);
  const size_t batch_rows = std::max<size_t>(1, kBatchCells / std::max<size_t>(1, columns));
  ColumnReader* readers = nullptr;
  RawCell* cells = nullptr;
  MemoryContext memory = nullptr;
  call([&] {
    readers = OpenColumns(table->tupdesc);
    cells = static_cast<RawCell*>(palloc(sizeof(RawCell) * (batch_rows * columns + 1)));
    memory = compat::NewMemoryContext(CurrentMemoryContext, "pg_cerebro result batch");
  });
  for (size_t c = 0; c < columns; c++) {
    result.columns.emplace_back(readers[c].name);
    result.types.emplace_back(readers[c].type);
  }
  result.rows.reserve(rows);
  const ExactFloats exact;
  for (size_t first = 0; first < rows;) {
    const size_t taken = call([&] {
      MemoryContextReset(memory);
      const MemoryContext before = MemoryContextSwitchTo(memory);
      const size_t read = ReadBatch(table, readers, first, rows, batch_rows, cells);
      MemoryContextSwitchTo(before);
      return read;
    });
    for (size_t r = 0; r < taken; r++) {
      std::vector<Cell>& row = result.rows.emplace_back();
      row.reserve(columns);
      for (size_t c = 0; c < columns; c++) {
        const RawCell& cell = cells[r * columns + c];
        if (cell.data == nullptr) {
          row.emplace_back();
        } else {
          row.emplace_back(std::in_place, cell.data, cell.size);
        }
      }
    }
    first += taken;
  }
  call([&] { MemoryContextDelete(memory); });
  return result;
}

int64_t Result::Int() const {
  const std::string& text = FirstCell(*this);
  char* end = nullptr;
  errno = 0;
  const long long value = std::strtoll(text.c_str(), &end, 10);
  if (end == text.c_str() || *end != '\0' || errno == ERANGE) {
    throw base::Error(base::ErrorCode::kDataCorrupted, "\"" + text + "\" is not a 64-bit integer");
  }
  return value;
}

double Result::Double() const {
  const std::string& text = FirstCell(*this);
  char* end = nullptr;
  const double value = strtod(text.c_str(), &end);  // reads "NaN" and "Infinity" too
  if (end == text.c_str() || *end != '\0') throw base::Error(base::ErrorCode::kDataCorrupted, "\"" + text + "\" is not a number");
  return value;
}

std::string Result::Text() const { return FirstCell(*this); }

std::string NumberText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  const std::string text = base::FormatNumber(value);
  // Greenplum 6 reads a long double and rounds it, which may be the neighbour of what was meant. Of 21 digits it is exact.
  if (CEREBRO_GREENPLUM == 0 || static_cast<double>(strtold(text.c_str(), nullptr)) == value) return text;
  char exact[40];
  snprintf(exact, sizeof(exact), "%.21g", value);
  return exact;
}

std::vector<Cell> ParseArrayText(std::string_view text) {
  const auto fail = [&]() -> base::Error {
    return {base::ErrorCode::kInvalidData, "not the text of a one-dimensional array: \"" + std::string(text.substr(0, 64)) + "\""};
  };
  size_t i = 0;
  if (!text.empty() && text[0] == '[') {  // explicit bounds: [0:2]={...}
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) throw fail();
    i = equals + 1;
  }
  if (text.size() < i + 2 || text[i] != '{' || text.back() != '}') throw fail();
  const size_t end = text.size() - 1;
  std::vector<Cell> cells;
  for (i++; i < end; i++) {
    std::string cell;
    const bool quoted = text[i] == '"';
    if (quoted) {
      for (i++; i < end && text[i] != '"'; i++) {
        if (text[i] == '\\') i++;
        if (i < end) cell += text[i];
      }
      if (i >= end) throw fail();
      i++;
    } else {
      for (; i < end && text[i] != ','; i++) {
        if (text[i] == '{' || text[i] == '}' || text[i] == '"') throw fail();
        if (text[i] == '\\') i++;
        if (i < end) cell += text[i];
      }
    }
    if (i < end && text[i] != ',') throw fail();
    if (i + 1 == end && text[i] == ',') throw fail();
    if (!quoted && cell == "NULL") {
      cells.emplace_back();
    } else {
      cells.emplace_back(std::move(cell));
    }
  }
  return cells;
}

}  // namespace pg
