// A driver that trains nothing and an observer that writes down what it is told: for tests of the loop over a run.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "train/coordinator.hpp"

namespace {

using train::Coordinator;
using train::ModelResult;
using train::RunRequest;
using train::RunResult;
using train::ScoredTable;

/// Writes down every call. Values come from a function of (model, iteration, table); a visit a model and iteration.
class FakeDriver : public train::Driver {
 public:
  explicit FakeDriver(size_t models) : diverged_before(models, 0) {}

  std::vector<uint64_t> Enter() override {
    Call("enter");
    for (size_t m = 0; m < diverged_before.size(); m++) trains.push_back(diverged_before[m] == 0);
    return diverged_before;
  }
  int workers() const override { return 3; }
  std::string states_location() const override { return "nowhere"; }
  int64_t Train(int64_t iteration, train::VisitSink* sink) override {
    Call("train to " + std::to_string(iteration));
    while (done < iteration) {
      for (size_t m = 0; m < trains.size(); m++) {
        if (!trains[m]) continue;
        train::VisitRecord record;
        record.model = static_cast<int>(m);
        record.iteration = done;
        record.started = 100.0 * static_cast<double>(done);
        record.ended = record.started + 2;
        record.seconds = 1;
        record.rows = 10;
        const auto failing = fails_at.find(static_cast<int>(m));
        if (failing != fails_at.end() && failing->second == done + 1) {
          trains[m] = false;
          sink->Failed(static_cast<int>(m), "it broke");
          continue;
        }
        const auto at = diverges_at.find(static_cast<int>(m));
        if (at != diverges_at.end() && at->second == done + 1) {
          record.diverged_step = 7;
          record.loss = std::nan("");
          trains[m] = false;
        }
        sink->Visit(record);
      }
      done++;
      if (done < iteration) sink->IterationDone(done);
      if (done < iteration && sink->Pauses()) return kPaused;
      if (done < iteration && sink->EndsIteration()) break;
    }
    sink->Progress(10 * done);
    return done;
  }
  std::vector<std::vector<double>> Score(ScoredTable table, const std::vector<int>& models, train::VisitSink* sink) override {
    const char* name = table == ScoredTable::kTraining ? "training " : table == ScoredTable::kFolds ? "folds " : "validation ";
    Call(std::string("score ") + name + List(models));
    std::vector<std::vector<double>> values;
    for (const int m : models) {
      EXPECT_TRUE(trains[static_cast<size_t>(m)]) << "model " << m << " trains no more";
      values.push_back(value(m, done, table));
      const auto failing = fails_in_score.find(m);
      if (failing == fails_in_score.end() || failing->second != done) continue;
      trains[static_cast<size_t>(m)] = false;
      values.back().assign(values.back().size(), std::nan(""));
      sink->Failed(m, "it cannot be scored");
    }
    return values;
  }
  void KeepBest(const std::vector<int>& models) override { Call("keep best " + List(models)); }
  void Retire(const std::vector<int>& models) override {
    Call("retire " + List(models));
    for (const int m : models) trains[static_cast<size_t>(m)] = false;
  }
  std::vector<uint64_t> Add(const std::vector<int>& models) override {
    Call("add " + List(models));
    for (const int m : models) {
      EXPECT_EQ(static_cast<size_t>(m), trains.size());
      trains.push_back(true);
    }
    return std::vector<uint64_t>(models.size(), 0);
  }
  void Resume(const std::vector<int>& models) override {
    Call("resume " + List(models));
    for (const int m : models) {
      EXPECT_FALSE(trains.at(static_cast<size_t>(m)));
      trains.at(static_cast<size_t>(m)) = true;
    }
  }
  void Collect(RunResult* result) override {
    Call("collect");
    for (ModelResult& model : result->models) model.iterations_done = done;
  }

  std::vector<uint64_t> diverged_before;
  std::map<int, int64_t> diverges_at;  // model -> iteration, from 1
  std::map<int, int64_t> fails_at, fails_in_score;  // likewise
  std::function<std::vector<double>(int, int64_t, ScoredTable)> value = [](int m, int64_t iteration, ScoredTable) {
    return std::vector<double>{1.0 / static_cast<double>(iteration) + m, 0.5};
  };
  std::string throws_at;  // the beginning of a call
  std::vector<std::string> calls;
  std::vector<bool> trains;
  int64_t done = 0;

 private:
  void Call(const std::string& call) {
    calls.push_back(call);
    if (!throws_at.empty() && call.rfind(throws_at, 0) == 0) throw std::runtime_error("no " + call);
  }
  static std::string List(const std::vector<int>& models) {
    std::string list;
    for (const int m : models) list += (list.empty() ? "" : ",") + std::to_string(m);
    return list;
  }
};

class FakeObserver : public train::RunObserver {
 public:
  void Show(const RunResult&, train::RunPhase phase, int64_t rows_trained) override {
    phases.push_back(phase);
    rows = rows_trained;
  }
  void TrainingBegins(const RunResult&) override { begun++; }
  void TrainingEnds(const RunResult&) override { ended++; }
  void VisitDone(const RunResult& so_far, const train::VisitRecord&, bool first_divergence) override {
    EXPECT_GT(so_far.visits.size(), 0);
    divergences += first_divergence ? 1 : 0;
  }
  void IterationDone(const RunResult&, int64_t iteration) override { lines.push_back("done " + std::to_string(iteration)); }
  void Evaluated(const RunResult& so_far, int64_t iteration, int64_t trained, const std::vector<int>& stopped) override {
    EXPECT_EQ(so_far.due.back(), iteration);
    lines.push_back("evaluated " + std::to_string(iteration) + ": " + std::to_string(trained) + " trained, " +
                    std::to_string(stopped.size()) + " stop");
  }
  void RoundDone(const RunResult& so_far, int64_t round, int64_t trained) override {
    EXPECT_EQ(so_far.iteration, round);
    lines.push_back("round " + std::to_string(round) + ": " + std::to_string(trained) + " trained");
  }
  void TrialFailed(const RunResult&, int model, const std::string& error) override {
    lines.push_back("model " + std::to_string(model) + " failed: " + error);
  }
  void TrialUnmade(int64_t mst_key, const std::string& error) override {
    lines.push_back("trial " + std::to_string(mst_key) + " unmade: " + error);
  }
  void Ended(const RunResult& so_far) override { end_reason = so_far.end_reason; }

  std::vector<train::RunPhase> phases;
  std::vector<std::string> lines;
  train::EndReason end_reason = train::EndReason::kNone;
  int begun = 0, ended = 0, divergences = 0;
  int64_t rows = 0;
};

RunRequest Request(size_t models, int64_t iterations, std::vector<int64_t> due) {
  RunRequest request;
  for (size_t m = 0; m < models; m++) {
    request.mst_keys.push_back(static_cast<int>(m) + 1);
    request.metric_names.push_back({"loss", "accuracy"});
    request.spec.costs.push_back(1);
  }
  request.iterations = iterations;
  request.due = plan::DueIterations(std::move(due));
  return request;
}

RunResult Finish(const RunRequest& request, FakeDriver* driver, FakeObserver* observer) {
  double clock = 1000;
  return Coordinator(request, driver, observer, [&clock] { return clock += 1; }).Run();
}

}  // namespace
