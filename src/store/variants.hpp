// Rows of an architecture table that are made of another row: the candidates of a search over freeze depths, heads and adapters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/variants.hpp"

namespace store {

struct VariantRequest {
  std::string model_arch_table;
  int model_id = 0;
  wire::HeadRequest head;
};

/// Rows (model_id, name, description) of what was added, in the order of the arguments. Errors: ReadArchitecture's, wire's, those of the table.
using VariantRows = std::vector<std::vector<std::optional<std::string>>>;

/// cerebro.freeze_variants: one row a layer, each frozen up to it; an empty name freezes nothing.
VariantRows FreezeVariants(const VariantRequest& request, const std::vector<std::string>& layers, bool truncate);

/// cerebro.adapter_variants: one row a size of adapters.
VariantRows AdapterVariants(const VariantRequest& request, const std::vector<std::string>& layers, const std::vector<int>& sizes);

}  // namespace store
