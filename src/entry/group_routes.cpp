#include "entry/group_routes.hpp"

#include <cstring>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "entry/plain_settings.hpp"
#include "pg/readable.hpp"
#include "pg/settings.hpp"

extern "C" {
#include "access/htup_details.h"
#include "utils/lsyscache.h"
}

namespace entry {
namespace {

using base::Error;
using base::ErrorCode;

constexpr size_t kMostKernels = 64;  // by which a call site predicts at the same time
constexpr size_t kRouteBytes = 256;  // of a group that was met, besides its model and its keys

/// The row's column of this name; 0: there is none. REQUIRES pg::call.
AttrNumber NumberOf(TupleDesc desc, const char* name) {
  for (int i = 0; i < desc->natts; i++) {
    const Form_pg_attribute attribute = pg::compat::Attribute(desc, i);
    if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0) return static_cast<AttrNumber>(i + 1);
  }
  return 0;
}

/// The value of a column of a row, as a text whatever the formats of the session: a process remembers groups by it. Nothing for NULL.
std::optional<std::string> KeyText(TupleDesc desc, AttrNumber number, HeapTuple row) {
  const Oid type = pg::compat::Attribute(desc, number - 1)->atttypid;
  const PlainFormats formats;
  const char* const text = pg::call([&]() -> const char* {
    bool null = false;
    const Datum value = heap_getattr(row, number, desc, &null);
    if (null) return nullptr;
    Oid output;
    bool varlena;
    getTypeOutputInfo(type, &output, &varlena);
    return OidOutputFunctionCall(output, value);
  });
  return text == nullptr ? std::nullopt : std::optional<std::string>(text);
}

/// The row's values of the key columns, as texts.
std::vector<std::optional<std::string>> KeysOf(TupleDesc desc, HeapTuple row, const std::vector<pg::Column>& columns) {
  std::vector<std::optional<std::string>> keys;
  for (const pg::Column& column : columns) {
    const AttrNumber number = pg::call([&] { return NumberOf(desc, column.name.c_str()); });
    if (number == 0) {
      throw Error(ErrorCode::kUndefinedColumn, "the row has no column \"" + column.name + "\"",
                  "It tells which group the row belongs to, and the model is chosen by it.",
                  "Give rows with all grouping columns, by the name of their table.");
    }
    keys.push_back(KeyText(desc, number, row));
  }
  return keys;
}

/// A column of another type than the key's may have a value that is none of the key's type.
void RequireKeys(TupleDesc desc, const std::vector<pg::Column>& columns, const std::vector<std::optional<std::string>>& keys) {
  for (size_t k = 0; k < columns.size(); k++) {
    if (!keys[k]) continue;
    const std::string type = pg::call([&] {
      const AttrNumber number = NumberOf(desc, columns[k].name.c_str());
      return format_type_be(getBaseType(pg::compat::Attribute(desc, number - 1)->atttypid));
    });
    if (type == columns[k].base_type && !columns[k].is_array) continue;
    pg::RequireReadable(*keys[k], columns[k].sql_type,
                        "column \"" + columns[k].name + "\" of the row cannot be read as a grouping column of type " + columns[k].type,
                        "Its type is " + type + ". Give rows whose grouping columns have the types of the table that was packed.");
  }
}

}  // namespace

// The group that was met longest ago goes first.
const score::OpenModel* GroupRoutes::Of(const score::OpenModel& run, TupleDesc desc, HeapTuple row) {
  const std::vector<std::optional<std::string>> keys = KeysOf(desc, row, run.keys());
  std::string name;
  for (const std::optional<std::string>& key : keys) name += key ? std::to_string(key->size()) + ":" + *key : "-";
  const auto model = [](const Routed& routed) { return routed.open ? &*routed.open : nullptr; };
  const auto found = by_keys_.find(name);
  if (found != by_keys_.end()) {
    models_.splice(models_.begin(), models_, found->second);
    return model(models_.front());
  }
  RequireKeys(desc, run.keys(), keys);
  Routed routed;
  routed.open = run.Route(keys);
  routed.keys = name;
  routed.bytes = kRouteBytes + 2 * name.size() + (routed.open ? routed.open->bytes() : 0);
  const auto limit = static_cast<size_t>(pg::CurrentSettings().model_cache_mem);
  while (!models_.empty() && bytes_ + routed.bytes > limit) {
    bytes_ -= models_.back().bytes;
    by_keys_.erase(models_.back().keys);
    models_.pop_back();
  }
  bytes_ += routed.bytes;
  models_.push_front(std::move(routed));
  by_keys_[name] = models_.begin();
  return model(models_.front());
}

score::RowScorer* GroupRoutes::ScorerOf(const score::OpenModel& open, const RowReader& reader) {
  const auto found = scorers_.find(open.kernel());
  if (found != scorers_.end() && found->second.scorer != nullptr && found->second.row_types == reader.row_types()) {
    found->second.scorer->Use(open);
    return found->second.scorer.get();
  }
  if (found == scorers_.end() && scorers_.size() >= kMostKernels) scorers_.clear();
  KernelScorer& scorer = scorers_[open.kernel()];
  scorer.scorer.reset();
  scorer.scorer = open.ScorerFor(reader.Fields());
  scorer.row_types = reader.row_types();
  return scorer.scorer.get();
}

}  // namespace entry
