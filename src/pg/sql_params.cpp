#include "pg/sql_params.hpp"

#include "pg/datum.hpp"

namespace pg {
namespace {

Datum ArrayDatum(Datum* elements, size_t count, Oid type, int16 length, bool by_value, char align) {
  return PointerGetDatum(construct_array(elements, static_cast<int>(count), type, length, by_value, align));
}

Datum* NewDatums(size_t count) { return static_cast<Datum*>(palloc(sizeof(Datum) * (count + 1))); }

Datum MakeDatum(const Param& param) {
  if (const auto* v = std::get_if<bool>(&param)) return BoolGetDatum(*v);
  if (const auto* v = std::get_if<int64_t>(&param)) return Int64GetDatum(*v);
  if (const auto* v = std::get_if<double>(&param)) return Float8GetDatum(*v);
  if (const auto* v = std::get_if<std::string>(&param)) return RawText(*v);
  if (const auto* v = std::get_if<Bytea>(&param)) return RawVarlena(v->bytes);
  if (const auto* v = std::get_if<std::vector<int64_t>>(&param)) {
    Datum* elements = NewDatums(v->size());
    for (size_t i = 0; i < v->size(); i++) elements[i] = Int64GetDatum((*v)[i]);
    return ArrayDatum(elements, v->size(), INT8OID, sizeof(int64), FLOAT8PASSBYVAL, 'd');
  }
  if (const auto* v = std::get_if<std::vector<double>>(&param)) {
    Datum* elements = NewDatums(v->size());
    for (size_t i = 0; i < v->size(); i++) elements[i] = Float8GetDatum((*v)[i]);
    return ArrayDatum(elements, v->size(), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, 'd');
  }
  if (const auto* v = std::get_if<std::vector<std::string>>(&param)) {
    Datum* elements = NewDatums(v->size());
    for (size_t i = 0; i < v->size(); i++) elements[i] = RawText((*v)[i]);
    return ArrayDatum(elements, v->size(), TEXTOID, -1, false, 'i');
  }
  return static_cast<Datum>(0);
}

}  // namespace

Oid TypeOf(const Param& param) {
  struct Visitor {
    Oid operator()(const Null&) const { return TEXTOID; }
    Oid operator()(bool) const { return BOOLOID; }
    Oid operator()(int64_t) const { return INT8OID; }
    Oid operator()(double) const { return FLOAT8OID; }
    Oid operator()(const std::string&) const { return TEXTOID; }
    Oid operator()(const Bytea&) const { return BYTEAOID; }
    Oid operator()(const std::vector<int64_t>&) const { return compat::kInt8ArrayOid; }
    Oid operator()(const std::vector<double>&) const { return compat::kFloat8ArrayOid; }
    Oid operator()(const std::vector<std::string>&) const { return compat::kTextArrayOid; }
  };
  return std::visit(Visitor(), param);
}

Oid TypeNamed(const std::string& name) {
  if (name == "bool") return BOOLOID;
  if (name == "int8") return INT8OID;
  if (name == "float8") return FLOAT8OID;
  if (name == "text") return TEXTOID;
  if (name == "bytea") return BYTEAOID;
  if (name == "int8[]") return compat::kInt8ArrayOid;
  if (name == "float8[]") return compat::kFloat8ArrayOid;
  if (name == "text[]") return compat::kTextArrayOid;
  throw base::Error(base::ErrorCode::kInternal, "unknown parameter type \"" + name + "\"");
}

void CheckParams(const Params& params) {
  for (const Param& param : params) {
    if (const auto* v = std::get_if<std::string>(&param)) RequireValueSize(v->size());
    if (const auto* v = std::get_if<Bytea>(&param)) RequireValueSize(v->bytes.size());
    if (const auto* v = std::get_if<std::vector<int64_t>>(&param)) RequireValueSize(v->size() * sizeof(Datum));
    if (const auto* v = std::get_if<std::vector<double>>(&param)) RequireValueSize(v->size() * sizeof(Datum));
    if (const auto* v = std::get_if<std::vector<std::string>>(&param)) {
      size_t total = 0;
      for (const std::string& s : *v) total += s.size() + sizeof(Datum);
      RequireValueSize(total);
    }
  }
}

ServerParams MakeParams(const Params& params, const Oid* types) {
  ServerParams server;
  const size_t count = params.size();
  server.count = static_cast<int>(count);
  server.types = static_cast<Oid*>(palloc(sizeof(Oid) * (count + 1)));
  server.values = NewDatums(count);
  server.nulls = static_cast<char*>(palloc(count + 1));
  for (size_t i = 0; i < count; i++) {
    const bool null = std::holds_alternative<Null>(params[i]);
    server.types[i] = types != nullptr ? types[i] : TypeOf(params[i]);
    if (!null && server.types[i] != TypeOf(params[i])) {
      elog(ERROR, "parameter %d has another type than the statement was prepared for", static_cast<int>(i) + 1);
    }
    server.values[i] = null ? static_cast<Datum>(0) : MakeDatum(params[i]);
    server.nulls[i] = null ? 'n' : ' ';
  }
  server.nulls[count] = '\0';
  return server;
}

}  // namespace pg
