#include "pg/names.hpp"

#include <algorithm>
#include <iterator>

#include "base/hash.hpp"
#include "pg/guard.hpp"
#include "pg/pinned_path.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "utils/inval.h"
#include "utils/syscache.h"
}

namespace pg {
namespace {

constexpr const char* kTableHint =
    "Write schema.table or table; quote a name that has capitals or special characters: \"My Schema\".\"My Table\".";
constexpr const char* kColumnHint =
    "Write column names separated by commas; quote a name that has capitals or special characters: a, \"B c\".";

/// Splits by the server's rules (folding, quotes). False when the text is no list of identifiers.
bool SplitNames(const std::string& text, char separator, std::vector<std::string>* names) {
  struct Split {
    const char** items;
    int count;
    bool valid;
  };
  const Split split = call([&] {
    Split s = {nullptr, 0, false};
    List* list = NIL;
    s.valid = SplitIdentifierString(pstrdup(text.c_str()), separator, &list);
    s.count = list_length(list);
    s.items = static_cast<const char**>(palloc(sizeof(char*) * static_cast<size_t>(s.count + 1)));
    int i = 0;
    ListCell* cell;
    foreach(cell, list) s.items[i++] = static_cast<const char*>(lfirst(cell));
    return s;
  });
  if (!split.valid) return false;
  names->assign(split.items, split.items + split.count);
  return std::find(names->begin(), names->end(), std::string()) == names->end();  // "" is no name
}

/// The server's form of a name; inside call() only.
RangeVar* MakeRangeVar(const TableName& name) {
  return makeRangeVar(name.schema.empty() ? nullptr : pstrdup(name.schema.c_str()), pstrdup(name.name.c_str()), -1);
}

/// The relation that a name means to a reader, or InvalidOid.
Oid Lookup(const TableName& name) {
  return call([&] { return RangeVarGetRelid(MakeRangeVar(name), NoLock, true); });
}

struct RelationKind {
  bool exists;
  char kind;
  char persistence;
};

RelationKind KindOf(Oid relation) {
  return call([&] {
    RelationKind k = {false, 0, 0};
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple)) return k;
    const auto* row = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
    k = {true, row->relkind, row->relpersistence};
    ReleaseSysCache(tuple);
    return k;
  });
}

std::string Shown(const TableName& name) { return name.bare || name.schema.empty() ? name.name : name.schema + "." + name.name; }

/// The schema of the table that a bare name means to the caller (unless is_new), or in which it would be made; empty when there is none.
std::string SchemaOf(const TableName& name, bool is_new) {
  const char* schema = call([&]() -> const char* {
    const Oid relation = is_new ? InvalidOid : RangeVarGetRelid(MakeRangeVar(name), NoLock, true);
    Oid found = OidIsValid(relation) ? get_rel_namespace(relation) : InvalidOid;
    if (!OidIsValid(relation)) {
      List* path = fetch_search_path(false);
      if (path != NIL) found = linitial_oid(path);
    }
    if (!OidIsValid(found)) return "";
    if (isTempNamespace(found)) return "pg_temp";
    const char* text = get_namespace_name(found);
    return text == nullptr ? "" : text;
  });
  return schema;
}

[[noreturn]] void ThrowMissing(const TableName& name, const char* what) {
  const std::string message = "relation \"" + Shown(name) + "\" does not exist";
  const bool bare = name.bare || name.schema.empty();
  const char* hint = bare ? "Check the name and search_path, or write it with its schema." : "Check the name and the schema.";
  std::string detail = name.origin;
  if (detail.empty() && what != nullptr) detail = std::string("It was given as ") + what + ".";
  throw base::Error(base::ErrorCode::kUndefinedTable, message, detail, hint);
}

void RequireRight(const TableName& name, AclMode right) {
  const Oid relation = Lookup(name);
  if (!OidIsValid(relation)) ThrowMissing(name, nullptr);
  const RelationKind kind = KindOf(relation);
  call([&] {
    const AclResult result = pg_class_aclcheck(relation, GetUserId(), right);
    if (result != ACLCHECK_OK) compat::RaiseTableDenied(result, kind.kind, name.name.c_str());
  });
}

/// A type's text, as the server writes it under a pinned path, with the schema.
std::string SqlType(const std::string& text, Oid schema) {
  if (schema != PG_CATALOG_NAMESPACE) {  // the server has written it, but for a temporary type, which the path leads to
    return call([&] { return isTempNamespace(schema); }) && text.rfind("pg_temp", 0) != 0 ? "pg_temp." + text : text;
  }
  // types whose names are words of the grammar: they mean the server's types everywhere, and take no schema where they have several words
  static constexpr const char* kWords[] = {"bigint", "bit",     "boolean", "character", "double", "integer",
                                           "interval", "numeric", "real",    "smallint",  "time",   "timestamp"};
  const std::string word = text.substr(0, text.find_first_of(" (["));
  const bool grammar = std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords);
  return grammar ? text : "pg_catalog." + text;
}

/// InvalidOid for a type that is not there. Inside call() only.
Oid TypeSchema(Oid type) {
  HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
  if (!HeapTupleIsValid(tuple)) return InvalidOid;
  const Oid schema = reinterpret_cast<Form_pg_type>(GETSTRUCT(tuple))->typnamespace;
  ReleaseSysCache(tuple);
  return schema;
}

/// Whether a table of the first schema would be hidden from who reads its bare name by one of the other; inside call() only.
bool IsFoundBefore(Oid other, Oid first) {
  List* path = fetch_search_path(true);  // with what is searched before the path itself: temporary tables, the server's own
  ListCell* cell;
  foreach(cell, path) {
    if (lfirst_oid(cell) == first) return false;
    if (lfirst_oid(cell) == other) return true;
  }
  return false;
}

TableName Parse(std::string_view text, const char* what, bool is_new) {
  std::vector<std::string> parts;
  if (!SplitNames(std::string(text), '.', &parts) || parts.empty()) {
    throw base::Error(base::ErrorCode::kInvalidName, std::string("invalid table name in ") + what + ": \"" + std::string(text) + "\"", "",
                      kTableHint);
  }
  if (parts.size() > 2) {
    throw base::Error(base::ErrorCode::kInvalidName,
                      std::string("table name in ") + what + " has " + std::to_string(parts.size()) + " parts: \"" + std::string(text) +
                          "\"",
                      "A name that begins with a database, or has more parts than schema and table, cannot be used here.", kTableHint);
  }
  if (parts.size() == 2) return {parts[0], parts[1]};
  TableName name;
  name.name = parts[0];
  name.schema = SchemaOf(name, is_new);
  name.bare = true;
  return name;
}

bool Readable(char kind) { return kind == 'r' || kind == 'v' || kind == 'm' || kind == 'f' || kind == 'p'; }

}  // namespace

std::string TableName::Sql() const {
  return schema.empty() ? QuoteIdent(name) : QuoteIdent(schema) + "." + QuoteIdent(name);
}

TableName TableName::WithSuffix(std::string_view suffix) const {
  const std::string longer = name + std::string(suffix);
  if (longer.size() >= NAMEDATALEN) {
    throw base::Error(base::ErrorCode::kInvalidName,
                      "table name \"" + longer + "\" would be too long: " + std::to_string(longer.size()) + " bytes",
                      "The server keeps " + std::to_string(NAMEDATALEN - 1) + " bytes of a name.",
                      "Choose a name of at most " + std::to_string(NAMEDATALEN - 1 - static_cast<int>(suffix.size())) + " bytes.");
  }
  return {schema, longer, bare, origin};
}

std::string TableName::Text() const { return bare || schema.empty() ? QuoteIdent(name) : Sql(); }

TableName ParseTableName(std::string_view text, const char* what) { return Parse(text, what, false); }

TableName ParseNewTableName(std::string_view text, const char* what) { return Parse(text, what, true); }

TableName ParseStoredName(std::string_view text, const char* column, const TableName& in) {
  TableName name = ParseTableName(text, column);
  name.origin = std::string("It stands in column ") + column + " of table " + in.Sql() + ".";
  return name;
}

std::vector<std::string> ParseColumnList(std::string_view text, const char* what) {
  std::vector<std::string> names;
  if (!SplitNames(std::string(text), ',', &names)) {
    throw base::Error(base::ErrorCode::kInvalidName,
                      std::string("invalid list of columns in ") + what + ": \"" + std::string(text) + "\"", "", kColumnHint);
  }
  if (names.empty()) {
    throw base::Error(base::ErrorCode::kInvalidParameter, std::string(what) + " names no column", "", kColumnHint);
  }
  return names;
}

std::string QuoteIdent(std::string_view name) {
  const std::string text(name);
  return call([&] { return quote_identifier(text.c_str()); });
}

std::string QuoteLiteral(std::string_view text) {
  const std::string copy(text);
  return call([&] { return static_cast<const char*>(quote_literal_cstr(copy.c_str())); });
}

bool TableExists(const TableName& name) { return OidIsValid(Lookup(name)); }

bool IsTemporary(const TableName& name) {
  const Oid relation = Lookup(name);
  return OidIsValid(relation) && KindOf(relation).persistence == RELPERSISTENCE_TEMP;
}

std::vector<Column> TableColumns(const TableName& name, const char* what) {
  const Oid relation = Lookup(name);
  if (!OidIsValid(relation)) ThrowMissing(name, what);
  const RelationKind kind = KindOf(relation);
  if (!kind.exists) ThrowMissing(name, what);
  if (!Readable(kind.kind)) {
    throw base::Error(base::ErrorCode::kWrongObjectType, "\"" + Shown(name) + "\" is not a table or view",
                      std::string("It was given as ") + what + ".",
                      "Give a table, a view, a materialized view, a foreign table or a partitioned table.");
  }
  struct Raw {
    const char* name;
    const char* type;
    const char* base_type;
    bool is_array;
    bool not_null;
    Oid type_schema;
  };
  struct Raws {
    Raw* items;
    int count;
  };
  const PinnedPath pinned(PinnedPath::Until::kBlock);  // under which the server writes the schema of every type that is not its own
  const Raws raws = call([&] {
    // the lock is kept to the end of the transaction: what was checked stays true
    Relation rel = relation_open(relation, AccessShareLock);
    TupleDesc desc = RelationGetDescr(rel);
    Raws r = {static_cast<Raw*>(palloc(sizeof(Raw) * static_cast<size_t>(desc->natts + 1))), 0};
    for (int i = 0; i < desc->natts; i++) {
      const Form_pg_attribute attribute = compat::Attribute(desc, i);
      if (attribute->attisdropped) continue;
      const Oid base = getBaseType(attribute->atttypid);
      const Oid element = get_element_type(base);
      r.items[r.count++] = {pstrdup(NameStr(attribute->attname)), format_type_with_typemod(attribute->atttypid, attribute->atttypmod),
                            format_type_be(OidIsValid(element) ? getBaseType(element) : base), OidIsValid(element), attribute->attnotnull,
                            TypeSchema(attribute->atttypid)};
    }
    relation_close(rel, NoLock);
    return r;
  });
  std::vector<Column> columns;
  columns.reserve(static_cast<size_t>(raws.count));
  for (int i = 0; i < raws.count; i++) {
    const Raw& raw = raws.items[i];
    columns.push_back({raw.name, raw.type, raw.base_type, raw.is_array, raw.not_null, SqlType(raw.type, raw.type_schema)});
  }
  return columns;
}

const Column* FindColumn(const std::vector<Column>& columns, std::string_view name) {
  for (const Column& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

void RequireAbsent(const TableName& name, const char* what) {
  // What stands where the table would be made is in the way, and what a reader of the bare name would find instead.
  const bool there = call([&] {
    RangeVar* relation = MakeRangeVar(name);
    const Oid schema = RangeVarGetCreationNamespace(relation);
    if (OidIsValid(get_relname_relid(relation->relname, schema))) return true;
    const Oid found = name.bare ? RangeVarGetRelid(makeRangeVar(nullptr, relation->relname, -1), NoLock, true) : InvalidOid;
    return OidIsValid(found) && IsFoundBefore(get_rel_namespace(found), schema);
  });
  if (there) {
    throw base::Error(base::ErrorCode::kDuplicateTable, "relation \"" + Shown(name) + "\" already exists",
                      std::string("It would be made for ") + what + ".", "Drop it first, or choose another name.");
  }
}

// Two names of one key would only keep each other out.
int64_t ClaimKeyOf(const TableName& name) {
  constexpr uint64_t kClaims = 0x63657265626f0001;  // any fixed number: apart from the keys of others
  const std::string text = name.Sql();
  return static_cast<int64_t>(base::Hash(text.data(), text.size(), kClaims).hi);
}

void ClaimOutput(const TableName& name, const char* what) {
  if (name.schema.empty() || name.schema == "pg_temp") return;  // nobody else makes it
  const int64_t key = ClaimKeyOf(name);
  if (call([&] { return DatumGetBool(DirectFunctionCall1(pg_try_advisory_xact_lock_int8, Int64GetDatum(key))); })) return;
  throw base::Error(base::ErrorCode::kPrerequisiteState, "table \"" + Shown(name) + "\" is being written by another session",
                    std::string("It was given as ") + what + ". The other session's transaction has not ended.",
                    "Wait for it to end, or choose another name.");
}

void AwaitOutput(const TableName& name) {
  if (name.schema.empty() || name.schema == "pg_temp") return;
  const int64_t key = ClaimKeyOf(name);
  call([&] { DirectFunctionCall1(pg_advisory_xact_lock_int8, Int64GetDatum(key)); });
}

namespace {

int64_t ClaimKey(const TableName& name, const char* purpose) {
  TableName named = name;
  named.name += std::string(" ") + purpose;
  return ClaimKeyOf(named);
}

}  // namespace

bool TryClaimTable(const TableName& name, TableClaim claim, const char* purpose) {
  const int64_t key = ClaimKey(name, purpose);
  return call([&] {
    const Datum claimed = claim == TableClaim::kUse ? DirectFunctionCall1(pg_try_advisory_xact_lock_shared_int8, Int64GetDatum(key))
                                                    : DirectFunctionCall1(pg_try_advisory_xact_lock_int8, Int64GetDatum(key));
    AcceptInvalidationMessages();
    return DatumGetBool(claimed);
  });
}

void AwaitTable(const TableName& name, TableClaim claim, const char* purpose) {
  const int64_t key = ClaimKey(name, purpose);
  call([&] {
    if (claim == TableClaim::kUse) {
      DirectFunctionCall1(pg_advisory_xact_lock_shared_int8, Int64GetDatum(key));
    } else {
      DirectFunctionCall1(pg_advisory_xact_lock_int8, Int64GetDatum(key));
    }
    AcceptInvalidationMessages();
  });
}

void RequireSelect(const TableName& name) { RequireRight(name, ACL_SELECT); }

void RequireSelect(const TableName& name, const std::vector<std::string>& columns) {
  const Oid relation = Lookup(name);
  if (!OidIsValid(relation)) ThrowMissing(name, nullptr);
  if (call([&] { return pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) == ACLCHECK_OK; })) return;
  const RelationKind kind = KindOf(relation);
  for (const std::string& column : columns) {
    call([&] {
      const AttrNumber number = get_attnum(relation, column.c_str());
      const AclResult result = pg_attribute_aclcheck(relation, number, GetUserId(), ACL_SELECT);
      if (result != ACLCHECK_OK) compat::RaiseTableDenied(result, kind.kind, name.name.c_str());
    });
  }
}

bool RowSecurityApplies(const TableName& name) {
  const Oid relation = Lookup(name);
  return OidIsValid(relation) && call([&] { return compat::RowSecurityApplies(relation); });
}

std::string HiddenRowsDetail(const TableName& name) {
  if (!RowSecurityApplies(name)) return "";
  const std::string role = call([] { return compat::RoleName(GetUserId()); });
  return "Row-level security decides which rows of table " + name.Text() + " role \"" + role + "\" sees; others may be hidden.";
}

void RequireRights(const TableName& name, const std::vector<TableRight>& rights) {
  for (const TableRight right : rights) {
    switch (right) {
      case TableRight::kInsert: RequireRight(name, ACL_INSERT); break;
      case TableRight::kUpdate: RequireRight(name, ACL_UPDATE); break;
      case TableRight::kDelete: RequireRight(name, ACL_DELETE); break;
      case TableRight::kTruncate: RequireRight(name, ACL_TRUNCATE); break;
    }
  }
}

void RequireOwner(const TableName& name) {
  const Oid relation = Lookup(name);
  if (!OidIsValid(relation)) ThrowMissing(name, nullptr);
  const RelationKind kind = KindOf(relation);
  call([&] {
    if (!compat::OwnsTable(relation, GetUserId())) compat::RaiseTableDenied(ACLCHECK_NOT_OWNER, kind.kind, name.name.c_str());
  });
}

bool MayCreate(const TableName& name) {
  return call([&] {
    return compat::SchemaAclCheck(RangeVarGetCreationNamespace(MakeRangeVar(name)), GetUserId(), ACL_CREATE) == ACLCHECK_OK;
  });
}

void RequireCreate(const TableName& name) {
  call([&] {
    const Oid schema = RangeVarGetCreationNamespace(MakeRangeVar(name));
    const AclResult result = compat::SchemaAclCheck(schema, GetUserId(), ACL_CREATE);
    if (result != ACLCHECK_OK) compat::RaiseSchemaDenied(result, schema);
  });
}

}  // namespace pg
