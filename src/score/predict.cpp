#include "score/predict.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "engine/core/predictor.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "score/outputs.hpp"
#include "score/plain_rows.hpp"
#include "score/prediction_table.hpp"
#include "store/loaded_model.hpp"
#include "store/result_tables.hpp"
#include "train/memory.hpp"

namespace score {
namespace {

using base::Error;
using base::ErrorCode;

[[noreturn]] void BadPredType(const std::string& given) {
  throw Error(ErrorCode::kInvalidParameter, "pred_type must be 'prob', 'response', an integer > 0 or a number in [0, 1), got " + given, "",
              "'prob' gives every class with its probability, 'response' the most probable class, an integer n the n most probable "
              "classes, a number p "
              "the classes whose probability is greater than p.");
}

// The number that a text says as a whole.
std::optional<double> NumberIn(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return text.empty() || *end != '\0' ? std::nullopt : std::optional<double>(number);
}

// A rank where it is an integer, else a probability: a bigint, a smallint and a numeric come as double precision. given: as
// messages show it.
RowFilter ReadPredNumber(double number, const std::string& given) {
  RowFilter filter;
  filter.chosen = true;
  if (number >= 1 && number <= std::numeric_limits<int32_t>::max() && number == std::trunc(number)) {
    filter.most_rank = static_cast<int64_t>(number);
  } else if (number >= 0.0 && number < 1.0) {
    filter.above = number;
  } else {
    BadPredType(given);
  }
  return filter;
}

RowFilter ReadPredType(const PredictType& type) {
  RowFilter filter;
  if (const auto* text = std::get_if<std::string>(&type)) {
    if (const std::optional<double> number = NumberIn(*text)) return ReadPredNumber(*number, "'" + *text + "'");
    filter.response = *text == "response";
    if (!filter.response && *text != "prob") BadPredType("'" + *text + "'");
    if (filter.response) filter.most_rank = 1;
    return filter;
  }
  if (const auto* rank = std::get_if<int32_t>(&type)) {
    if (*rank <= 0) BadPredType(std::to_string(*rank));
    return ReadPredNumber(*rank, std::to_string(*rank));
  }
  return ReadPredNumber(std::get<double>(type), base::FormatNumber(std::get<double>(type), true));
}

void NoticeFewerClasses(const RowFilter& filter, const std::vector<OutputInfo>& outputs) {
  if (!filter.chosen || filter.above >= 0) return;
  for (const OutputInfo& output : outputs) {
    if (output.meaning == OutputMeaning::kValues || output.classes_count >= filter.most_rank) continue;
    pg::Notice("pred_type asks for " + std::to_string(filter.most_rank) + " classes, but \"" + output.name + "\" has " +
               std::to_string(output.classes_count));
  }
}

}  // namespace

void Predict(const PredictRequest& request) {
  const RowFilter filter = ReadPredType(request.pred_type);
  const pg::TableName output = pg::ParseNewTableName(request.output_table, "output_table");
  const pg::TableName test = pg::ParseTableName(request.test_table, "test_table");
  const store::ModelTable table = store::OpenOneModel(request.model_table, request.mst_key);
  if (table.registered && !pg::TableExists(test)) {
    throw Error(ErrorCode::kUndefinedTable, "relation \"" + test.Text() + "\" does not exist",
                "Five to eight arguments that are all text call the function that predicts for a table.",
                "For one row of text columns write cerebro.predict('" + request.model_table + "', ROW(...)), or give the row by its table's name.");
  }
  const PlainRows rows(test, "test_table", request.id_col, request.independent_varname, table, "predict");
  pg::ClaimOutput(output, "output_table");
  pg::RequireAbsent(output, "output_table");
  pg::RequireCreate(output);

  const engine::Options options = store::ScoringOptions(table, request.use_gpus);
  const store::StoredModel& model = table.models.front();
  train::RequireMemory("the prediction", train::MemoryOfPrediction(*model.graph, model.config, options.precision, static_cast<double>(kMostBatchBytes)),
                       train::kPredictionMemoryHint);
  const store::Block weights = store::LoadWeightBlock(table, model, options);
  engine::Predictor predictor(*model.graph, model.config, rows.model_data(), options);
  predictor.Attach(weights.data());
  const std::vector<OutputInfo> outputs = DescribeOutputs(predictor.output_shapes(), model.config, table.data);
  NoticeFewerClasses(filter, outputs);
  PredictionTable predictions(output, rows.id_column(), outputs, filter);
  predictions.Create();

  std::vector<std::vector<float>> values;
  rows.ForEach([&](const base::Buffer& buffer, const std::vector<std::string>& ids) {
    values.clear();
    predictor.Run(buffer, &values, pg::CheckInterrupts);
    predictions.Insert(ids, values);
  });
}

}  // namespace score
