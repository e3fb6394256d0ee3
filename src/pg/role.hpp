// Roles: who runs a statement, who owns what the extension keeps for its users, and statements over tables of the extension's own.
//
// Includes nothing of the server. Main thread only.
#pragma once

#include <cstdint>
#include <string>

#include "pg/names.hpp"

namespace pg {

/// A role as a table keeps it, so that it survives renaming as well as a dump that is restored elsewhere. Where `system` is this cluster's
/// identifier the id counts: a role that was renamed is the same, and another one that was given a dropped role's name is not. In another
/// cluster ids mean nothing, and the name counts.
struct Role {
  std::string name;
  uint32_t id = 0;
  int64_t system = 0;
};

constexpr const char* kPublicRole = "public";  // all roles; its id is 0

uint32_t CurrentRoleId();
Role CurrentRole();
/// A role by its name, or all of them for "public". Errors: kUndefinedObject. `what` names the argument.
Role NamedRole(const std::string& name, const char* what);
/// What the role is called now; the name that was kept where there is no such role any more.
std::string NameOf(const Role& role);
/// Whether the current role has the rights of this one: it is the role, a member that inherits from it, or a superuser. Everybody has the
/// rights of "public". Of a role that is gone: superusers alone.
bool ActsAs(const Role& role);

/// Throws the server's "insufficient privilege" (42501) with this text; detail and hint may be empty.
[[noreturn]] void ThrowDenied(const std::string& message, const std::string& detail, const std::string& hint);

/// While one lives, statements run with the rights of the table's owner. Such a statement is ours from its first word to its last, over tables of the
/// extension, with values as parameters; nothing of a user's runs in it.
class AsOwnerOf {
 public:
  explicit AsOwnerOf(const TableName& table);
  ~AsOwnerOf();
  AsOwnerOf(const AsOwnerOf&) = delete;
  AsOwnerOf& operator=(const AsOwnerOf&) = delete;

 private:
  uint32_t role_ = 0;
  int context_ = 0;
};

}  // namespace pg
