// What evaluate checks beforehand and writes at its end. Who scores is src/run's to choose.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "pg/names.hpp"
#include "data/packed_table.hpp"
#include "store/result_tables.hpp"
#include "train/run.hpp"

namespace score {

struct Evaluation {
  pg::TableName output;
  store::ModelTable models;
  data::PackedTable test;
};

/// Opens the tables. Errors: those of OpenModelTable and OpenPackedTable; a test table that does not fit; an output table that exists or may not
/// be made.
Evaluation OpenEvaluation(std::string_view model_table, std::string_view test_table, std::string_view output_table, std::optional<int> mst_key);

/// Throws kInvalidData, naming model, layer, column and value, when the packed table holds what a model cannot use.
void CheckTestValues(const store::ModelTable& models, const data::PackedTable& test);

/// Makes the output table and writes a row a model. scores: in the order of the models.
void WriteScores(const Evaluation& evaluation, const std::vector<train::ModelScores>& scores);

}  // namespace score
