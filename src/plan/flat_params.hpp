// A configuration as a list of named values: what configurations are compared by.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plan {

/// The keys of both texts with their values, and the optimizer's arguments by their own names: optimizer, learning_rate
/// ("lr" is its other name), momentum, ..., loss, metrics, batch_size, epochs. Values are as the user wrote them, texts
/// without quotes. What a text leaves out is not there. Errors: kSyntax.
std::vector<std::pair<std::string, std::string>> FlatParams(std::string_view compile_params, std::string_view fit_params);

}  // namespace plan
