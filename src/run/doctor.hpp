// What this process and its machine are like, as far as training goes by it: the facts that cerebro.doctor() judges.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace run {

/// One row, in the order of the columns of cerebro._server_facts; NULL where there is no such fact. Opens the BLAS and
/// LibTorch, to see that they can be: what cannot is a fact, too, with its message. Errors: the server's own.
std::vector<std::optional<std::string>> ServerFacts();

/// One row: version and build id of the library, and what the bits of models depend on.
std::vector<std::optional<std::string>> LibraryVersions();

}  // namespace run
