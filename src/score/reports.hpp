// What a user asks of a finished run: which model is best, how they learned, what one confuses.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace score {

/// Rows of cells as texts of SQL values.
using ReportRows = std::vector<std::vector<std::optional<std::string>>>;

/// cerebro.leaderboard: rank, mst_key, model_id, model_name, compile_params, fit_params, status, training_loss, training_metric,
/// validation_loss, validation_metric, metric, parameters, seconds; best first.
///
/// Models are compared by their first metric, over the validation set where there was one, if all of them have the same; otherwise by
/// the loss. Equal ones by the loss, then by mst_key. Diverged models come last. The model's name is NULL when the architecture table is
/// gone or may not be read.
ReportRows Leaderboard(std::string_view model_output_table);

/// cerebro.fold_leaderboard: rank, mst_key (of the selection table), model_id, model_name, compile_params, fit_params, folds, diverged (models),
/// metric, mean_metric, std_metric, mean_loss, std_loss, mean_training_metric, mean_training_loss, parameters, seconds; best first, by the rule of
/// the leaderboard on the means. Means and standard deviations (of the sample, n - 1) are over the folds whose models have not diverged; a
/// configuration with a diverged one comes after all others. Errors: kInvalidParameter for a run without folds.
ReportRows FoldLeaderboard(std::string_view model_output_table);

/// cerebro.learning_curve: mst_key, iteration, training_loss, training_metric, validation_loss, validation_metric, a row for each model and
/// iteration after which metrics were computed.
ReportRows LearningCurve(std::string_view model_output_table);

/// What cerebro.runs shows: name, run_name, description, source_table, started_at, finished_at, models, diverged, iterations, metric,
/// best_mst_key, best_metric, best_loss, state, iteration, last_commit, error, end_reason, a row for each run that store::FindRuns
/// finds. The best model is the leaderboard's first. A durable run before its first commit has its name and its state only.
ReportRows Runs();

/// cerebro.confusion_matrix: class_name, actual, predicted, count, a row for each pair of classes that occurs in the packed test table, for
/// each dependent column with one class a row, in class order. Errors: kFeatureNotSupported when there is none.
ReportRows ConfusionMatrix(std::string_view model_table, std::string_view test_table, std::optional<int> mst_key);

}  // namespace score
