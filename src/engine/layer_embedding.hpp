// What the Embedding layer's module and its kernel share.
#pragma once

#include <cstdint>
#include <string>

namespace engine {

/// Throws kInvalidData when the smallest or the largest index of a mini-batch is not in a table of `count` rows.
void CheckIndexes(const std::string& layer, int64_t smallest, int64_t largest, int64_t count);

}  // namespace engine
