// What the server can do with the values of a column's type as keys: sort them and tell equal ones.
#pragma once

#include "pg/names.hpp"

#include <string>

namespace pg {

struct KeyType {
  bool sortable = false;    // has a default order, and so a default equality
  bool collatable = false;  // a text, which COLLATE may follow
  bool holds_enum = false;   // an enum or an array of one
  bool is_composed = false;  // a row or a range, or an array of them: values of other types, whose CHECKs run when one is read
  std::string equal;        // its operator of equality for SQL text: OPERATOR(pg_catalog.=); empty unless sortable
  std::string collate;      // of a collation to which different texts may be equal: " COLLATE <name>", to follow the type
  std::string bare_type;    // the type for SQL text without modifier, domains resolved: a cast to it changes no value and runs no CHECK

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
