#include "plan/flat_params.hpp"

#include "base/literal.hpp"
#include "plan/params.hpp"
#include "plan/params_text.hpp"

namespace plan {
namespace {

std::string TextOf(const base::Value& value) { return value.is_string() ? value.string() : base::FormatPython(value); }

std::string NameOf(const std::string& key) { return key == "lr" ? "learning_rate" : key; }

}  // namespace

std::vector<std::pair<std::string, std::string>> FlatParams(std::string_view compile_params, std::string_view fit_params) {
  std::vector<std::pair<std::string, std::string>> flat;
  for (const auto& [key, value] : ParseAssignments(compile_params, "compile_params")) {
    if (key != "optimizer" || !value.is_string()) {
      flat.emplace_back(key, TextOf(value));
      continue;
    }
    const CallText optimizer = ReadCall(value.string(), "optimizer");
    flat.emplace_back(key, optimizer.name);
    for (const auto& [argument, own] : optimizer.arguments) flat.emplace_back(NameOf(argument), TextOf(own));
  }
  for (const auto& [key, value] : ParseAssignments(fit_params, "fit_params")) flat.emplace_back(key, TextOf(value));
  return flat;
}

}  // namespace plan
