// What the server can do with the values of a column's type as keys: sort them and tell equal ones.
#pragma once

#include <string>

#include "pg/names.hpp"

namespace pg {

struct KeyType {
  bool sortable = false;    // has a default order, and so a default equality
  bool collatable = false;  // a text, which COLLATE may follow
  std::string equal;        // its operator of equality for SQL text: OPERATOR(pg_catalog.=); empty unless sortable
};

/// Of a column of a relation that exists. Domains are resolved. Errors: kUndefinedColumn.
KeyType KeyTypeOf(const TableName& table, const std::string& column);

}  // namespace pg
