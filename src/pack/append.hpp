// Rows added to a packed table: they become buffers behind those that are there, which stay where they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace pack {

/// cerebro.append_rows. The source has columns of the names that the table was packed from. They are converted by the table's own description: the
/// same element types, classes, dictionaries and constants. Strings that the table lacks become 0, with a NOTICE. Rows are shuffled by their
/// contents, evenly over the partitions; rows with a NULL label are left out, with a NOTICE. The summary says the new numbers and another digest, and keeps the old one. Returns the rows. Errors: a
/// class that the table lacks, a table with folds, and whatever validation_preprocessor_dl() refuses; no ownership.
int64_t AppendRows(const std::string& packed_table, const std::string& source_table, const std::optional<std::string>& sample_weight);

}  // namespace pack
