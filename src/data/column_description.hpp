// cerebro.describe: the columns that a packed table was made of, as rows of text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/packed_table.hpp"

namespace data {

/// A row a column: position, column_name, data_type, role, input, encode, impute, imputed_value, indicator, scale,
/// center, spread, clip, categories, elements. First what predicts, then what is predicted, the weight, and what was
/// left out.
std::vector<std::vector<std::optional<std::string>>> DescribeColumns(const PackedTable& table);

}  // namespace data
