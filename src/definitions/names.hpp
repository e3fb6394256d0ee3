// Names as users write them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace definitions {

/// Lower case without underscores: "CategoricalCrossentropy" and "categorical_crossentropy" are one name.
std::string Folded(std::string_view name);

/// Whether `given` is the name or one of the aliases, which are folded already.
bool IsNamed(std::string_view given, const char* name, const std::vector<const char*>& aliases);

}  // namespace definitions
