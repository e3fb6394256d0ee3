#include "score/scored_table.hpp"

#include "pg/settings.hpp"
#include "score/evaluation.hpp"
#include "train/memory.hpp"

namespace score {

ScoredTable OpenScoredTable(std::string_view model_table, std::string_view test_table, std::optional<int> mst_key, const std::string& task,
                            const char* memory_hint) {
  ScoredTable scored;
  scored.table = store::OpenOneModel(model_table, mst_key);
  scored.test = data::OpenPackedTable(test_table, "test_table");
  data::PackedTable training;
  training.name = scored.table.name;
  training.spec = scored.table.data;
  data::RequireCompatible(training, scored.test);
  CheckTestValues(scored.table, scored.test);
  const store::StoredModel& stored = scored.model();
  const engine::Options options = store::ScoringOptions(scored.table, false);
  const auto batch_bytes = static_cast<double>(pg::CurrentSettings().buffer_bytes);
  train::RequireMemory(task, train::MemoryOfPrediction(*stored.graph, stored.config, options.precision, batch_bytes), memory_hint);
  scored.loaded = store::LoadModelForScoring(scored.table, stored, scored.test.spec, options);
  scored.outputs = DescribeOutputs(scored.loaded.model->program().output_shapes(), stored.config, scored.table.data);
  return scored;
}

}  // namespace score
