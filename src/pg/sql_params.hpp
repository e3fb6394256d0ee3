// Parameters of a statement as the server takes them. Includes postgres.h.
#pragma once

#include "pg/guard.hpp"
#include "pg/sql.hpp"

namespace pg {

struct ServerParams {
  int count;
  Oid* types;
  Datum* values;
  char* nulls;  // ' ' or 'n'
};

/// Throws for values that no server value can hold. Call before MakeParams, outside call().
void CheckParams(const Params& params);
/// Builds them in the current memory context; inside call() only. `types`: those of a prepared statement, or nullptr to take each value's
/// own.
ServerParams MakeParams(const Params& params, const Oid* types);
/// The type that a parameter's value has by itself.
Oid TypeOf(const Param& param);
/// The OID of "bool", "int8", "float8", "text", "bytea" or one of these arrays; throws kInternal for another name.
Oid TypeNamed(const std::string& name);

}  // namespace pg
