// cerebro.explain_fit_multiple_model.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "run/fit.hpp"
#include "train/arguments.hpp"

namespace run {

enum class ExplainFormat { kText, kJson };

struct ExplainOptions {
  bool analyze = false;  // do it, too, and say how long everything took
  ExplainFormat format = ExplainFormat::kText;
};

/// Reads "text" or "json", in any case; none is text.
ExplainFormat ReadExplainFormat(const std::optional<std::string>& format);

/// What FitMultipleModel would do: lines of text, or one JSON document. Writes nothing unless it is to analyze: then it is FitMultipleModel.
std::vector<std::string> ExplainFit(const train::FitArguments& arguments, const ExplainOptions& options);

}  // namespace run
