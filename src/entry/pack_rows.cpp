// The internal SQL functions of the packer, called once a row or once a buffer: conversion, key, profile. The work is in src/run.
#include <memory>
#include <optional>
#include <string>

#include "base/hash.hpp"
#include "base/literal.hpp"
#include "entry/pack_row_reader.hpp"
#include "pg/args.hpp"
#include "pg/own.hpp"
#include "data/row_codec.hpp"
#include "pack/shuffle_key.hpp"
#include "pack/source_profile.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_pack_row);
PG_FUNCTION_INFO_V1(pg_cerebro_pack_row_of);
PG_FUNCTION_INFO_V1(pg_cerebro_row_fault);
PG_FUNCTION_INFO_V1(pg_cerebro_row_key);
PG_FUNCTION_INFO_V1(pg_cerebro_fold_key);
PG_FUNCTION_INFO_V1(pg_cerebro_fold_of_key);
PG_FUNCTION_INFO_V1(pg_cerebro_profile_transition);
PG_FUNCTION_INFO_V1(pg_cerebro_profile_combine);
PG_FUNCTION_INFO_V1(pg_cerebro_profile_serialize);
PG_FUNCTION_INFO_V1(pg_cerebro_profile_deserialize);
PG_FUNCTION_INFO_V1(pg_cerebro_profile_final);
}

namespace {

using base::Error;
using base::ErrorCode;

/// What a call site of _pack_row keeps from row to row.
struct PackState {
  entry::RowReader reader;
  std::optional<data::RowConverter> converter;
};

PackState* CachedPackState(FunctionCallInfo fcinfo) {
  FmgrInfo* info = fcinfo->flinfo;
  if (info->fn_extra == nullptr) info->fn_extra = pg::NewIn<PackState>(info->fn_mcxt);
  auto* state = static_cast<PackState*>(info->fn_extra);
  // the description is a constant of the statement; were it not, each row would bring its own
  if (!state->converter || !pg::call([&] { return get_fn_expr_arg_stable(info, 0); })) {
    state->converter.emplace(base::ReadDataSpec(pg::Args(fcinfo).text(0, "data_spec")));
  }
  return state;
}

Datum PackRow(FunctionCallInfo fcinfo) {
  PackState* state = CachedPackState(fcinfo);
  const auto& cells = state->reader.Read(fcinfo, 1, state->converter->columns());
  const size_t bytes = state->converter->row_bytes();
  struct varlena* result = pg::call([&] { return static_cast<struct varlena*>(palloc(VARHDRSZ + bytes)); });
  SET_VARSIZE(result, VARHDRSZ + bytes);
  state->converter->Convert(cells.data(), reinterpret_cast<uint8_t*>(VARDATA(result)));
  return PointerGetDatum(result);
}

base::Bytes BytesArgument(FunctionCallInfo fcinfo, int n, const char* name) {
  if (PG_ARGISNULL(n)) throw Error(ErrorCode::kNullValue, std::string(name) + " is NULL");
  const Datum datum = PG_GETARG_DATUM(n);
  struct varlena* value = pg::call([&] { return pg_detoast_datum_packed(reinterpret_cast<struct varlena*>(DatumGetPointer(datum))); });
  return {reinterpret_cast<const uint8_t*>(VARDATA_ANY(value)), static_cast<size_t>(VARSIZE_ANY_EXHDR(value))};
}

MemoryContext AggregateContext(FunctionCallInfo fcinfo) {
  MemoryContext context = nullptr;
  if (AggCheckCallContext(fcinfo, &context) == 0) {
    throw Error(ErrorCode::kInvalidParameter, "this function can be called by its aggregate only");
  }
  return context;
}

pack::Profile* ProfileArgument(FunctionCallInfo fcinfo, int n) {
  return PG_ARGISNULL(n) ? nullptr : static_cast<pack::Profile*>(static_cast<void*>(PG_GETARG_POINTER(n)));
}

}  // namespace

Datum pg_cerebro_pack_row(PG_FUNCTION_ARGS) {
  return pg::entry([&] { return PackRow(fcinfo); });
}

// The row's identity is looked at in the case of an error only.
Datum pg_cerebro_pack_row_of(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    try {
      return PackRow(fcinfo);
    } catch (const Error& error) {
      const pg::Args args(fcinfo);
      std::string detail = error.detail() + (error.detail().empty() ? "" : " ");
      detail += "It is the row with " + args.text(2, "id_column") + " = " + args.opt_text(3).value_or("NULL") + ".";
      throw Error(error.code(), error.what(), detail, error.hint());
    }
  });
}

Datum pg_cerebro_row_fault(PG_FUNCTION_ARGS) {
  std::optional<Datum> fault;
  const Datum result = pg::entry([&]() -> Datum {
    PackState* state = CachedPackState(fcinfo);
    const auto& cells = state->reader.Read(fcinfo, 1, state->converter->columns());
    try {
      state->converter->CheckShapes(cells.data());  // before room is made for what they should be
      std::string scratch(state->converter->row_bytes(), '\0');
      state->converter->Convert(cells.data(), reinterpret_cast<uint8_t*>(scratch.data()));
    } catch (const Error& error) {
      const base::List parts{static_cast<int>(error.code()), std::string(error.what()), error.detail(), error.hint()};
      fault = pg::TextDatum(base::FormatJson(parts));
    }
    return fault.value_or(0);
  });
  if (!fault) PG_RETURN_NULL();
  return result;
}

Datum pg_cerebro_row_key(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const base::Bytes row = BytesArgument(fcinfo, 0, "row");
    const pg::Args args(fcinfo);
    return Int64GetDatum(pack::RowKey(row, static_cast<uint64_t>(args.opt_int8(1).value_or(0)), args.opt_int8(2).value_or(0)));
  });
}

Datum pg_cerebro_fold_key(PG_FUNCTION_ARGS) {
  PG_RETURN_INT64(pack::FoldKey(PG_GETARG_INT64(0), PG_GETARG_INT64(1), PG_GETARG_INT64(2)));
}

Datum pg_cerebro_fold_of_key(PG_FUNCTION_ARGS) { PG_RETURN_INT64(pack::FoldOfKey(PG_GETARG_INT64(0), PG_GETARG_INT64(1))); }

Datum pg_cerebro_profile_transition(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const MemoryContext context = AggregateContext(fcinfo);
    FmgrInfo* info = fcinfo->flinfo;
    if (info->fn_extra == nullptr) info->fn_extra = pg::NewIn<entry::RowReader>(info->fn_mcxt);
    pack::Profile* profile = ProfileArgument(fcinfo, 0);
    if (profile == nullptr) profile = pg::NewIn<pack::Profile>(context);
    profile->Add(static_cast<entry::RowReader*>(info->fn_extra)->Read(fcinfo, 1, 0));
    return PointerGetDatum(profile);
  });
}

Datum pg_cerebro_profile_combine(PG_FUNCTION_ARGS) {
  if (PG_ARGISNULL(0) && PG_ARGISNULL(1)) PG_RETURN_NULL();
  return pg::entry([&]() -> Datum {
    const MemoryContext context = AggregateContext(fcinfo);
    pack::Profile* profile = ProfileArgument(fcinfo, 0);
    if (profile == nullptr) profile = pg::NewIn<pack::Profile>(context);
    if (const pack::Profile* other = ProfileArgument(fcinfo, 1)) profile->Merge(*other);
    return PointerGetDatum(profile);
  });
}

Datum pg_cerebro_profile_serialize(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    AggregateContext(fcinfo);
    return pg::ByteaDatum(pack::WriteProfile(*ProfileArgument(fcinfo, 0)));
  });
}

Datum pg_cerebro_profile_deserialize(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    AggregateContext(fcinfo);
    const base::Bytes text = BytesArgument(fcinfo, 0, "profile");
    pack::Profile* profile = pg::NewIn<pack::Profile>(CurrentMemoryContext);
    *profile = pack::ReadProfile({reinterpret_cast<const char*>(text.data), text.size});
    return PointerGetDatum(profile);
  });
}

Datum pg_cerebro_profile_final(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    AggregateContext(fcinfo);
    const pack::Profile* profile = ProfileArgument(fcinfo, 0);
    return pg::TextDatum(pack::WriteProfile(profile == nullptr ? pack::Profile() : *profile));
  });
}
