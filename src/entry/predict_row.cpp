// Predictions of one row, in any query. The model of a call site is looked up at the first row, and again when its name means another one.
#include <algorithm>
#include <cstring>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "entry/group_routes.hpp"
#include "entry/pack_row_reader.hpp"
#include "entry/prediction_datum.hpp"
#include "pg/args.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "pg/own.hpp"
#include "pg/settings.hpp"
#include "score/row_model.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "nodes/primnodes.h"
#include "access/htup_details.h"
#include "executor/executor.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(pg_cerebro_predict_row);
PG_FUNCTION_INFO_V1(pg_cerebro_predict_number);
PG_FUNCTION_INFO_V1(pg_cerebro_predict_proba);
PG_FUNCTION_INFO_V1(pg_cerebro_predict_vector);
PG_FUNCTION_INFO_V1(pg_cerebro_predict_row_pinned);
PG_FUNCTION_INFO_V1(pg_cerebro_predict_number_pinned);
PG_FUNCTION_INFO_V1(pg_cerebro_predict_vector_pinned);
PG_FUNCTION_INFO_V1(pg_cerebro_model_bytes);
}

namespace {

using base::Error;
using base::ErrorCode;

constexpr int kModel = 0, kFirstColumn = 1;

constexpr size_t kMostLookups = 16;  // models of a call site whose model changes from row to row

/// A model of a call site.
struct Lookup {
  std::string model;  // the argument: a name, or the model's bytes
  score::OpenModel open;
  entry::RowReader reader;
  int64_t row_types = 0;  // of the reader, for which the scorer is
  std::unique_ptr<score::RowScorer> scorer;
  MemoryContext memory = nullptr;  // of the reader; it goes with the call site's
  entry::GroupRoutes routes;       // where it is a run over groups
};

/// Who has predicted a row.
struct Prediction {
  const score::OpenModel* open = nullptr;  // nullptr: nobody
  score::RowScorer* scorer = nullptr;
};

/// What a call site keeps from row to row.
struct Site {
  bool is_bytes = false;     // the model is given as a value
  bool is_constant = false;  // one model for all rows
  bool is_row = false;       // the columns are one row, by their names
  std::list<Lookup> lookups;  // used last first
};

struct Text {
  const char* data;
  size_t size;
};

Text ModelOf(FunctionCallInfo fcinfo) {
  struct varlena* value = pg::call([&] { return PG_GETARG_BYTEA_PP(kModel); });
  return {VARDATA_ANY(value), static_cast<size_t>(VARSIZE_ANY_EXHDR(value))};
}

bool IsConstant(FmgrInfo* info, int argument) {
  if (info->fn_expr == nullptr || !IsA(info->fn_expr, FuncExpr)) return false;
  List* arguments = reinterpret_cast<FuncExpr*>(info->fn_expr)->args;
  return list_length(arguments) > argument && IsA(list_nth(arguments, argument), Const);
}

Site* MakeSite(FunctionCallInfo fcinfo) {
  FmgrInfo* info = fcinfo->flinfo;
  if (get_fn_expr_variadic(info)) {
    throw Error(ErrorCode::kFeatureNotSupported, "the columns of a row cannot be given as a VARIADIC array", "",
                "Give a row, such as a table's alias or ROW(...), or its values one by one.");
  }
  auto* site = pg::NewIn<Site>(info->fn_mcxt);
  pg::call([&] {
    site->is_bytes = get_fn_expr_argtype(info, kModel) == BYTEAOID;
    const Oid type = get_fn_expr_argtype(info, kFirstColumn);
    site->is_row = PG_NARGS() == kFirstColumn + 1 && OidIsValid(type) && type_is_rowtype(type);
  });
  site->is_constant = IsConstant(info, kModel);
  info->fn_extra = site;
  return site;
}

/// The model of this row, which is what its name means now.
Lookup& LookupOf(Site* site, FunctionCallInfo fcinfo, bool pinned) {
  std::list<Lookup>& lookups = site->lookups;
  if (site->is_constant && !lookups.empty() && lookups.front().open.IsCurrent()) return lookups.front();
  const Text model = ModelOf(fcinfo);
  const auto found = std::find_if(lookups.begin(), lookups.end(), [&model](const Lookup& lookup) {
    return lookup.model.size() == model.size && std::memcmp(lookup.model.data(), model.data, model.size) == 0;
  });
  if (found != lookups.end() && found->open.IsCurrent()) {
    lookups.splice(lookups.begin(), lookups, found);
    return lookups.front();
  }
  std::string name(model.data, model.size);
  score::OpenModel open = site->is_bytes ? score::OpenModel::Of(name) : score::OpenModel::Find(name, pinned);
  const auto drop = [&lookups](std::list<Lookup>::iterator lookup) {
    const MemoryContext memory = lookup->memory;
    lookups.erase(lookup);
    pg::call([&] { MemoryContextDelete(memory); });
  };
  if (found != lookups.end()) drop(found);
  if (lookups.size() >= kMostLookups) drop(std::prev(lookups.end()));
  const MemoryContext memory = pg::call([&] { return pg::compat::NewMemoryContext(fcinfo->flinfo->fn_mcxt, "pg_cerebro rows to predict"); });
  lookups.emplace_front();
  Lookup& lookup = lookups.front();
  lookup.model = std::move(name);
  lookup.open = std::move(open);
  lookup.memory = memory;
  lookup.reader.Select(lookup.open.fields(), memory);
  return lookup;
}

void RequireRow(const Site& site) {
  if (site.is_row) return;
  throw Error(ErrorCode::kInvalidParameter, "the model is a run over groups, and its rows must be given by the name of their table",
              "Which model predicts depends on the row's grouping columns, which are found by their names.",
              "Write cerebro.predict('models', t) with the alias of a table that has the grouping columns. Where no alias can be, as in "
              "a generated column, write ROW(...)::type, of a composite type whose columns have these names.");
}

/// The model of the row's group; nullptr: no model predicts for it.
const score::OpenModel* RoutedOf(Lookup* lookup, FunctionCallInfo fcinfo) {
  HeapTupleData row = {};  // of no table: its field for that is not on every server
  const TupleDesc desc = pg::call([&] {
    HeapTupleHeader header = PG_GETARG_HEAPTUPLEHEADER(kFirstColumn);
    row.t_len = HeapTupleHeaderGetDatumLength(header);
    ItemPointerSetInvalid(&row.t_self);
    row.t_data = header;
    return lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
  });
  const score::OpenModel* open = lookup->routes.Of(lookup->open, desc, &row);
  pg::call([&] { ReleaseTupleDesc(desc); });
  return open;
}

/// Predicts the row of a call; nobody does for a model or a row that is NULL, and for groups without a model.
Prediction Predict(FunctionCallInfo fcinfo, bool pinned) {
  if (PG_ARGISNULL(kModel)) return {};
  auto* site = static_cast<Site*>(fcinfo->flinfo->fn_extra);
  if (site == nullptr) site = MakeSite(fcinfo);
  Lookup& lookup = LookupOf(site, fcinfo, pinned);
  if (lookup.open.routes()) RequireRow(*site);  // before columns are counted
  if (site->is_row && PG_ARGISNULL(kFirstColumn)) return {};
  const std::vector<data::Cell>& cells = site->is_row ? lookup.reader.Read(fcinfo, kFirstColumn, 0) : lookup.reader.ReadArguments(fcinfo, kFirstColumn);
  Prediction prediction;
  if (lookup.open.routes()) {
    prediction.open = RoutedOf(&lookup, fcinfo);
    if (prediction.open == nullptr) return {};
    prediction.scorer = lookup.routes.ScorerOf(*prediction.open, lookup.reader);
  } else {
    if (lookup.scorer == nullptr || lookup.row_types != lookup.reader.row_types()) {
      lookup.scorer.reset();
      lookup.scorer = lookup.open.ScorerFor(lookup.reader.Fields());
      lookup.row_types = lookup.reader.row_types();
    }
    prediction.open = &lookup.open;
    prediction.scorer = lookup.scorer.get();
  }
  prediction.scorer->Clear();
  prediction.scorer->Add(cells.data());
  prediction.scorer->Run();
  return prediction;
}

Datum PredictText(FunctionCallInfo fcinfo, bool pinned) {
  return pg::entry([&]() -> Datum {
    const Prediction row = Predict(fcinfo, pinned);
    if (row.open == nullptr) PG_RETURN_NULL();
    const std::optional<std::string> text = score::PredictionText(row.open->outputs(), row.scorer->Values(0));
    if (!text) PG_RETURN_NULL();
    return pg::call([&] { return pg::RawVarlena(*text); });
  });
}

Datum PredictNumber(FunctionCallInfo fcinfo, bool pinned) {
  return pg::entry([&]() -> Datum {
    const Prediction row = Predict(fcinfo, pinned);
    if (row.open == nullptr) PG_RETURN_NULL();
    score::RequireOneNumber(row.open->outputs());
    const auto number = static_cast<double>(row.scorer->Values(0)[0][0]);
    return pg::call([&] { return Float8GetDatum(number); });
  });
}

Datum PredictVector(FunctionCallInfo fcinfo, bool pinned) {
  return pg::entry([&]() -> Datum {
    const Prediction row = Predict(fcinfo, pinned);
    if (row.open == nullptr) PG_RETURN_NULL();
    return entry::VectorDatum(row.open->outputs(), row.scorer->Values(0));
  });
}

}  // namespace

Datum pg_cerebro_predict_row(PG_FUNCTION_ARGS) { return PredictText(fcinfo, false); }
Datum pg_cerebro_predict_row_pinned(PG_FUNCTION_ARGS) { return PredictText(fcinfo, true); }
Datum pg_cerebro_predict_number(PG_FUNCTION_ARGS) { return PredictNumber(fcinfo, false); }
Datum pg_cerebro_predict_number_pinned(PG_FUNCTION_ARGS) { return PredictNumber(fcinfo, true); }
Datum pg_cerebro_predict_vector(PG_FUNCTION_ARGS) { return PredictVector(fcinfo, false); }
Datum pg_cerebro_predict_vector_pinned(PG_FUNCTION_ARGS) { return PredictVector(fcinfo, true); }

Datum pg_cerebro_predict_proba(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const Prediction row = Predict(fcinfo, false);
    if (row.open == nullptr) PG_RETURN_NULL();
    const std::string json = score::ProbabilitiesJson(row.open->outputs(), row.scorer->Values(0));
    return entry::JsonbDatum(json);
  });
}

Datum pg_cerebro_model_bytes(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum { return pg::ByteaDatum(score::ModelBytes(pg::Args(fcinfo).text(0, "model"))); });
}
