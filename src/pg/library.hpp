// This library as a file: its version, its build id, and that a process has loaded no other one. Knows nothing of
// the server.
#pragma once

#include <string>

namespace pg {

/// The version that this library was built as: "0.2.0".
const char* LibraryVersion();

/// The path by which this library was loaded; "" where the system does not tell.
std::string LibraryFile();

/// The build id in an ELF file of this machine's kind; "" where there is no such file or it has none. That of this
/// library is LibraryBuildId (cluster.hpp).
std::string BuildIdOfFile(const std::string& path);

/// Whether the server had loaded the library before this session began (shared_preload_libraries).
bool WasPreloaded();

/// Called by _PG_init before anything else. Functions of each version name a file of their own (extension/README.md).
/// So a session that loaded the library before an upgrade loads the new file beside it when it first calls a function
/// of the new version. It must not go on: both would define the same settings. Errors: kPrerequisiteState.
/// preloading: what WasPreloaded says from then on.
void RequireOnlyLibrary(bool preloading);

}  // namespace pg
