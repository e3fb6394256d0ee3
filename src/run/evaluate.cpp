#include "run/evaluate.hpp"

#include "pg/cluster.hpp"
#include "score/evaluation.hpp"
#include "score/group_evaluation.hpp"
#include "segments/segment_scoring.hpp"
#include "store/group_models.hpp"
#include "workers/worker_scoring.hpp"

namespace run {

void Evaluate(std::string_view model_table, std::string_view test_table, std::string_view output_table, bool use_gpus,
              std::optional<int> mst_key) {
  const pg::OlderPlanner planner;
  if (store::NamesGroups(model_table, "model_table")) {
    score::EvaluateByGroup(model_table, test_table, output_table, use_gpus, mst_key);
    return;
  }
  const score::Evaluation evaluation = score::OpenEvaluation(model_table, test_table, output_table, mst_key);
  score::WriteScores(evaluation, pg::OnGreenplum() ? segments::ScoreOnSegments(evaluation.models, evaluation.test, evaluation.output, use_gpus)
                                            : workers::ScoreOnWorkers(evaluation.models, evaluation.test, use_gpus));
}

}  // namespace run
