// A row's key in a split: the hash of its raw cells. A format: the same cells and seed give the same key for ever, on
// every server.
//
// base::Hash with the seed over, a cell each: a word of type, rank and number of elements; the dimensions of an array;
// the elements' bytes. Numbers are as the source has them, a negative zero as zero and every NaN as one. Texts are
// their lengths and bytes. A NULL, or an array with one, is a word of its own. The key is the first half, and never the
// smallest bigint.
#pragma once

#include <cstdint>
#include <vector>

#include "data/row_codec.hpp"

namespace pack {

int64_t ContentKey(const std::vector<data::Cell>& cells, uint64_t seed);

}  // namespace pack
