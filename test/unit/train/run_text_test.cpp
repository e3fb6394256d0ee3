// What INFO lines say: who leads, and how long it will take.
#include "train/run_text.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace {

using train::LeaderText;
using train::RunRequest;
using train::RunResult;

const double kNaN = std::nan("");

/// Models with loss and accuracy over the validation table.
void Add(RunRequest* request, RunResult* result, double loss, double accuracy, bool diverged = false) {
  request->mst_keys.push_back(static_cast<int>(request->mst_keys.size()) + 1);
  request->metric_names.push_back({"loss", "accuracy"});
  train::ModelResult model;
  if (diverged) model.diverged_step = 3;
  plan::Evaluation evaluation;
  evaluation.iteration = 1;
  evaluation.training = {loss, accuracy};
  evaluation.validation = {loss, accuracy};
  model.evaluations.push_back(evaluation);
  result->models.push_back(model);
}

}  // namespace

TEST(RunText, TheLeaderHasTheBestNumber) {
  RunRequest request;
  RunResult result;
  Add(&request, &result, 0.5, kNaN);
  Add(&request, &result, 0.7, 0.25);
  Add(&request, &result, 0.9, 0.75);
  Add(&request, &result, 0.1, 0.99, true);
  EXPECT_EQ(LeaderText(request, result), "; best by validation accuracy: mst_key=3 with 0.75 (loss 0.9)");
}

TEST(RunText, NoLeaderWithoutANumber) {
  RunRequest request;
  RunResult result;
  Add(&request, &result, kNaN, kNaN);
  Add(&request, &result, kNaN, kNaN);
  EXPECT_EQ(LeaderText(request, result), "");
  Add(&request, &result, 1, 1, true);
  EXPECT_EQ(LeaderText(request, result), "");
}

TEST(RunText, ALossThatIsNoNumberIsLeftOut) {
  RunRequest request;
  RunResult result;
  Add(&request, &result, kNaN, 0.5);
  EXPECT_EQ(LeaderText(request, result), "; best by validation accuracy: mst_key=1 with 0.5");
  EXPECT_EQ(train::ModelsText(1, 0, 0), "1 model");
  EXPECT_EQ(train::ModelsText(2, 5, 10), "2 models, mean training loss 0.5");
}

// Four seconds go by before the first visit; a visit of cost 1 takes one second.
TEST(RunText, TimeLeftLeavesTheStartOut) {
  train::TimeLeft left;
  EXPECT_LT(left.Seconds(100, 9), 0);
  left.TrainingBegins(100);
  left.VisitDone(104, 1);
  EXPECT_DOUBLE_EQ(left.Seconds(105, 9), 9);
  left.TrainingBegins(200);  // a later phase
  left.VisitDone(105, 1);
  EXPECT_DOUBLE_EQ(left.Seconds(106, 8), 8);
}

// Another host's clock is behind.
TEST(RunText, NoVisitBeginsBeforeTheTraining) {
  train::TimeLeft left;
  left.TrainingBegins(100);
  left.VisitDone(40, 1);
  EXPECT_DOUBLE_EQ(left.Seconds(101, 2), 2);
}
