// Values of a packed table that a model could not use, found before any training.
#pragma once

#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "data/packed_table.hpp"

namespace train {

/// What CheckValues needs to know of a model. The graph and the configuration outlive the call.
struct CheckedModel {
  int mst_key = 0;
  const base::Graph* graph = nullptr;
  const base::TrainConfig* config = nullptr;
};

/// Throws kInvalidData, naming model, layer or loss, column, value, partition and buffer, when the table holds an index
/// that an Embedding has no row for, or a label that a loss cannot use. Reads the columns concerned once, by one
/// statement of the server (on the segments, on a cluster), and nothing where the columns' types and dictionaries say
/// enough. REQUIRES models that fit the table. what: the table in messages ("training table"). precision: of the models.
void CheckValues(const std::vector<CheckedModel>& models, const data::PackedTable& table, const std::string& what, base::DType precision);

}  // namespace train
