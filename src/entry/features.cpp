// Stored features: listed, dropped, computed on segments. Features of layers: written to a table, and of one row.
#include <algorithm>
#include <cstring>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "entry/data_columns.hpp"
#include "entry/pack_row_reader.hpp"
#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "pg/own.hpp"
#include "score/features.hpp"
#include "store/feature_maker.hpp"
#include "store/features.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"

PG_FUNCTION_INFO_V1(pg_cerebro_extract_features);
PG_FUNCTION_INFO_V1(pg_cerebro_features);
PG_FUNCTION_INFO_V1(pg_cerebro_materialized_features);
PG_FUNCTION_INFO_V1(pg_cerebro_drop_features);
PG_FUNCTION_INFO_V1(pg_cerebro_buffer_features);
}

Datum pg_cerebro_materialized_features(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    pg::ReturnRows(fcinfo, store::ListFeatures());
    return Datum{0};
  });
}

Datum pg_cerebro_drop_features(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    return Int64GetDatum(store::DropFeatures(args.text(0, "packed_table"), args.opt_text(1)));
  });
}

// The job is the same value in every row of a segment: it is fetched at the first row of a statement.
Datum pg_cerebro_buffer_features(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    constexpr int kFirstData = 3;
    const pg::Args args(fcinfo);
    FmgrInfo* info = fcinfo->flinfo;
    if (info->fn_extra == nullptr) info->fn_extra = pg::NewIn<store::SegmentFeatures>(info->fn_mcxt, args.bytea(0, "job"));
    const auto columns = entry::DataColumns(fcinfo, kFirstData, [](size_t) { return true; });
    return pg::ByteaDatum(static_cast<store::SegmentFeatures*>(info->fn_extra)->Make(args.int4(1, "partition_id"), args.int4(2, "buffer_id"), columns));
  });
}

Datum pg_cerebro_extract_features(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    score::ExtractRequest request;
    request.model_table = args.text(0, "model_table");
    request.layer = args.text(1, "layer");
    request.source_table = args.text(2, "source_table");
    request.output_table = args.text(3, "output_table");
    request.id_col = args.opt_text(4);
    request.independent_varname = args.opt_text(5);
    request.mst_key = args.opt_whole(6, "mst_key");
    score::ExtractFeatures(request);
    PG_RETURN_VOID();
  });
}

namespace {

constexpr size_t kMostLookups = 16;  // models of a call site whose arguments change from row to row

/// A layer of a model, of a call site.
struct Lookup {
  std::string model_table, layer;
  std::optional<int> mst_key;
  score::OpenFeatures open;
  entry::RowReader reader;
  int64_t row_types = 0;           // of the reader, when its fields were taken
  std::vector<pg::Column> fields;
  MemoryContext memory = nullptr;  // of the reader; it goes with the call site's
};

/// What a call site keeps from row to row.
struct Site {
  std::list<Lookup> lookups;  // used last first
};

/// The model that the arguments mean now.
Lookup& LookupOf(Site* site, FmgrInfo* info, const std::string& model_table, const std::string& layer, const std::optional<int>& mst_key) {
  std::list<Lookup>& lookups = site->lookups;
  const auto found = std::find_if(lookups.begin(), lookups.end(), [&](const Lookup& lookup) {
    return lookup.model_table == model_table && lookup.layer == layer && lookup.mst_key == mst_key;
  });
  const auto use = [&] {
    lookups.splice(lookups.begin(), lookups, found);
    return &lookups.front();
  };
  if (found != lookups.end() && found->open.IsCurrent()) return *use();
  score::OpenFeatures open = score::RowFeatures::Open(model_table, layer, mst_key);
  if (found != lookups.end() && found->open.features == open.features) {
    found->open = std::move(open);
    return *use();
  }
  const auto drop = [&lookups](std::list<Lookup>::iterator lookup) {
    const MemoryContext memory = lookup->memory;
    lookups.erase(lookup);
    pg::call([&] { MemoryContextDelete(memory); });
  };
  if (found != lookups.end()) drop(found);
  if (lookups.size() >= kMostLookups) drop(std::prev(lookups.end()));
  const MemoryContext memory = pg::call([&] { return pg::compat::NewMemoryContext(info->fn_mcxt, "pg_cerebro rows of features"); });
  lookups.emplace_front();
  Lookup& lookup = lookups.front();
  lookup.model_table = model_table;
  lookup.layer = layer;
  lookup.mst_key = mst_key;
  lookup.open = std::move(open);
  lookup.memory = memory;
  lookup.reader.Select(lookup.open.features->fields(), memory);
  return lookup;
}

}  // namespace

Datum pg_cerebro_features(PG_FUNCTION_ARGS) {
  if (PG_ARGISNULL(2)) PG_RETURN_NULL();
  return pg::entry([&]() -> Datum {
    constexpr int kRow = 2;
    const pg::Args args(fcinfo);
    FmgrInfo* info = fcinfo->flinfo;
    if (info->fn_extra == nullptr) info->fn_extra = pg::NewIn<Site>(info->fn_mcxt);
    Lookup* state = &LookupOf(static_cast<Site*>(info->fn_extra), info, args.text(0, "model_table"), args.text(1, "layer"),
                              args.opt_whole(3, "mst_key"));
    const std::vector<data::Cell>& cells = state->reader.Read(fcinfo, kRow, 0);
    if (state->row_types != state->reader.row_types()) {
      state->fields = state->reader.Fields();
      state->row_types = state->reader.row_types();
    }
    // a model is shared by call sites, whose rows may be of different types
    state->open.features->Describe(state->fields);
    const std::vector<float>& values = state->open.features->Compute(cells.data());
    const size_t bytes = ARR_OVERHEAD_NONULLS(1) + values.size() * sizeof(float);
    auto* array = pg::call([&] { return static_cast<ArrayType*>(palloc0(bytes)); });
    SET_VARSIZE(array, bytes);
    array->ndim = 1;
    array->dataoffset = 0;
    array->elemtype = FLOAT4OID;
    ARR_DIMS(array)[0] = static_cast<int>(values.size());
    ARR_LBOUND(array)[0] = 1;
    if (!values.empty()) std::memcpy(ARR_DATA_PTR(array), values.data(), values.size() * sizeof(float));
    return PointerGetDatum(array);
  });
}
