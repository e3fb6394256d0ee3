// Large objects of the server, by its own functions: they check the caller's rights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pg {

/// All bytes of a large object. Errors: the server's own when there is none or the caller may not read it;
/// kLimitExceeded when it has more than `most` bytes.
std::string ReadLargeObject(uint32_t oid, size_t most);

/// Makes a large object of the caller's. Returns its oid.
uint32_t CreateLargeObject(std::string_view bytes);

}  // namespace pg
