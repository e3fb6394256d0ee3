// cerebro.explain_fit_multiple_model: the plan in the manner of the server's EXPLAIN, and of a run how it went.
#include "run/explain.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <string>

#include "base/error.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "explain/explain_model.hpp"
#include "run/fit.hpp"
#include "run/groups.hpp"
#include "train/arguments.hpp"
#include "train/prepare.hpp"
#include "train/run.hpp"

namespace run {

namespace {

std::vector<std::string> ExplainGroupedFit(const train::FitArguments& arguments, const ExplainOptions& options, train::PreparedFit* fit,
                                           double started_at) {
  if (options.format == ExplainFormat::kJson) {
    throw base::Error(base::ErrorCode::kFeatureNotSupported, "the plan of a run over groups is text only", "", "Leave format out.");
  }
  std::vector<std::string> lines = ExplainGroups(arguments, *fit);
  if (!options.analyze) return lines;
  FitGroups(arguments, fit, started_at);
  char text[64];
  std::snprintf(text, sizeof(text), "  Actual time: %.2f s", pg::Now() - started_at);
  lines.emplace_back(text);
  return lines;
}

}  // namespace

std::vector<std::string> ExplainFit(const train::FitArguments& arguments, const ExplainOptions& options) {
  const double started_at = pg::Now();
  const pg::OlderPlanner planner;
  if (options.analyze) ClaimOutput(arguments);
  train::PreparedFit fit = train::PrepareFit(arguments);
  if (fit.grouped) return ExplainGroupedFit(arguments, options, &fit, started_at);
  explain::ExplainedFit explained = explain::ExplainPlan(arguments, fit);
  if (options.analyze) {
    const train::RunResult result = RunFit(arguments, &fit, started_at);
    explain::AddActual(fit, result, pg::Now() - started_at, &explained);
  }
  if (options.format == ExplainFormat::kJson) return {explain::ExplainAsJson(explained)};
  return explain::ExplainAsText(explained);
}

ExplainFormat ReadExplainFormat(const std::optional<std::string>& format) {
  std::string lower = format.value_or("text");
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower == "text") return ExplainFormat::kText;
  if (lower == "json") return ExplainFormat::kJson;
  throw base::Error(base::ErrorCode::kInvalidParameter, "format must be 'text' or 'json', got '" + *format + "'", "",
                    "Text is for people, a row a line; JSON is one document for programs.");
}

}  // namespace run
