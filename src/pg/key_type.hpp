// What the server can do with the values of a column's type as keys: sort them and tell equal ones.
#pragma once

#include "pg/names.hpp"

#include <string>

namespace pg {

struct KeyType {
  bool sortable = false;    // has a default order, and so a default equality
  bool collatable = false;  // a text, which COLLATE may follow
  bool is_enum = false;
  std::string equal;        // its operator of equality for SQL text: OPERATOR(pg_catalog.=); empty unless sortable
  std::string collate;      // of a collation to which different texts may be equal: " COLLATE <name>", to follow the type

  /// Whether the equality is the server's own, by the bytes of texts.
  bool plain() const { return equal == "OPERATOR(pg_catalog.=)" && collate.empty(); }
};

/// Of a column of a relation that exists. Domains are resolved. Errors: kUndefinedColumn.
KeyType KeyTypeOf(const TableName& table, const std::string& column);
/// The same by a read-only statement: of a relation that the active snapshot sees.
KeyType ReadKeyType(const TableName& table, const std::string& column);

/// Of a type as Column::sql_type has it, with or without KeyType::collate behind it; its own `collate` is empty. Read-only.
KeyType KeyTypeNamed(const std::string& sql_type);

}  // namespace pg
