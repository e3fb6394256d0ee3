#include "plan/trials.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "simulated_run.hpp"

namespace {

using plan::TrialState;
using simulated::Curve;
using simulated::Description;
using simulated::SearchRun;
using simulated::Simulate;

const char* const kPolicies[] = {
    "{'policy': 'random', 'max_models': 30}",
    "{'policy': 'random', 'max_models': 40, 'seeds_per_config': 4, 'concurrency': 9}",
    "{'policy': 'tpe', 'max_models': 30}",
    "{'policy': 'tpe', 'max_models': 30, 'multivariate': False, 'median_stopping': True, 'min_iterations': 2}",
    "{'policy': 'gp', 'max_models': 26}",
    "{'policy': 'hyperband'}",
    "{'policy': 'hyperband', 'max_models': 70, 'sampler': 'gp', 'eta': 2, 'concurrency': 5}",
    "{'policy': 'asha', 'max_models': 60}",
    "{'policy': 'asha', 'max_models': 60, 'sampler': 'tpe', 'seeds_per_config': 2}",
    "{'policy': 'bohb'}",
    "{'policy': 'pbt', 'population': 12, 'interval': 3}"};

TEST(Policies, DecideTheSameWhateverTheyWereAskedBefore) {
  for (const char* search : kPolicies) {
    const auto d = Description(search, 9, 5);
    const SearchRun one = Simulate(d, Curve), two = Simulate(d, Curve), fresh = Simulate(d, Curve, true);
    EXPECT_EQ(one.Print(), two.Print()) << search;
    EXPECT_EQ(one.Print(), fresh.Print()) << search;
    const SearchRun other = Simulate(Description(search, 9, 6), Curve);
    EXPECT_NE(one.Print(), other.Print()) << search << ": the seed does nothing";
  }
}

TEST(Policies, KeepTheirBudgetAndEnd) {
  for (const char* search : kPolicies) {
    const auto d = Description(search, 9);
    const SearchRun run = Simulate(d, Curve);
    EXPECT_TRUE(run.ended) << search;
    EXPECT_LE(run.most_at_once, d.concurrency) << search;
    const auto policy = plan::MakePolicy(d);
    EXPECT_LE(static_cast<int64_t>(run.trials.size()), policy->MostTrials()) << search;
    EXPECT_FALSE(policy->Describe().empty());
    int64_t finished = 0;
    std::set<std::string> configurations;
    for (const auto& trial : run.trials) {
      EXPECT_NE(trial.state, TrialState::kTrains) << search;
      EXPECT_NE(trial.state, TrialState::kWaiting) << search;
      EXPECT_LE(trial.iterations, 9);
      finished += trial.state == TrialState::kFinished;
      if (trial.parent == 0)
        configurations.insert(std::to_string(trial.candidate.model_id) + trial.candidate.params.compile_params +
                              trial.candidate.params.fit_params);
    }
    EXPECT_GE(finished, 1) << search;
    int64_t fresh = std::count_if(run.trials.begin(), run.trials.end(), [](const auto& t) { return t.parent == 0; });
    EXPECT_EQ(static_cast<int64_t>(configurations.size()) * d.seeds_per_config, fresh)
        << search << ": a configuration twice";
    EXPECT_TRUE(policy->Decide(run.trials).done) << search << ": not done when asked again";
  }
}

TEST(Policies, GoOnWithoutThoseThatFailOrDiverge) {
  const auto bad = [](const plan::Trial& trial, int64_t iteration) {
    if (trial.key % 5 == 1 && iteration == 2) return std::nan("");
    if (trial.key % 7 == 3 && iteration == 1) return HUGE_VAL;
    return Curve(trial, iteration);
  };
  for (const char* search : kPolicies) {
    const auto d = Description(search, 9);
    const SearchRun run = Simulate(d, bad);
    EXPECT_TRUE(run.ended) << search;
    EXPECT_LT(run.BestFinished(9), HUGE_VAL) << search;
    EXPECT_LE(static_cast<int64_t>(run.trials.size()), plan::MakePolicy(d)->MostTrials()) << search;
  }
  const SearchRun run = Simulate(Description("{'policy': 'random', 'max_models': 60, 'max_failures': 3}", 9), bad);
  EXPECT_TRUE(run.ended);
  EXPECT_LT(run.trials.size(), 60u);
  EXPECT_NE(run.Print().find("failed, more than max_failures"), std::string::npos);
}

TEST(Policies, EndWhenEverythingDiverges) {
  for (const char* search : kPolicies) {
    const SearchRun run = Simulate(Description(search, 9), [](const plan::Trial&, int64_t) { return std::nan(""); });
    EXPECT_TRUE(run.ended) << search;
  }
}

TEST(Policies, TakeWhatAPersonDoes) {
  for (const char* search : kPolicies) {
    const auto d = Description(search, 9);
    const auto meddle = [](SearchRun* run) {
      if (run->rounds == 2) {
        run->trials[0].state = TrialState::kStopped;
        run->trials[1].state = TrialState::kPaused;
        plan::Trial added = run->trials[2];
        added.key = static_cast<int64_t>(run->trials.size()) + 1;
        added.bracket = plan::kNoBracket;
        added.points.clear();
        added.iterations = 0;
        added.state = TrialState::kTrains;
        added.target = 9;
        run->trials.push_back(added);
      }
      if (run->rounds == 4 && run->trials[0].state == TrialState::kStopped) {
        run->trials[0].state = TrialState::kTrains;
        run->trials[0].target = 9;
      }
    };
    const SearchRun run = Simulate(d, Curve, true, meddle);
    EXPECT_TRUE(run.ended) << search;
    EXPECT_EQ(run.trials[0].iterations, 9) << search;
    EXPECT_EQ(run.trials[1].state, TrialState::kPaused) << search;
  }
}

TEST(Hyperband, HasTheRungsOfThePaper) {
  const auto d = Description("{'policy': 'hyperband', 'concurrency': 1000}", 27);
  const auto policy = plan::MakePolicy(d);
  const auto lines = policy->Describe();
  EXPECT_EQ(lines[1], "bracket 0: 27 to iteration 1, 9 to iteration 3, 3 to iteration 9, 1 to iteration 27");
  EXPECT_EQ(lines[2], "bracket 1: 12 to iteration 3, 4 to iteration 9, 1 to iteration 27");
  EXPECT_EQ(lines[3], "bracket 2: 6 to iteration 9, 2 to iteration 27");
  EXPECT_EQ(lines[4], "bracket 3: 4 to iteration 27");
  EXPECT_EQ(policy->MostTrials(), 49);
  const SearchRun run = Simulate(d, Curve);
  const int64_t work = (27 + 9 * 2 + 3 * 6 + 18) + (12 * 3 + 4 * 6 + 18) + (6 * 9 + 2 * 18) + 4 * 27;
  EXPECT_EQ(run.model_iterations, work);
  EXPECT_EQ(run.rounds, 27);  // brackets do not wait for each other
}

// Many trials of one iteration are as many brackets: EXPLAIN has no line of each, and a round looks at none that has not begun.
TEST(Hyperband, HasManyBrackets) {
  const auto d = Description("{'policy': 'hyperband', 'max_models': 1000000, 'concurrency': 50}", 1);
  const auto policy = plan::MakePolicy(d);
  EXPECT_EQ(policy->MostTrials(), 1000000);
  EXPECT_EQ(policy->ExpectedWork(), 1000000);
  EXPECT_TRUE(policy->NeverHalves());
  EXPECT_EQ(policy->Rungs(999999), 1);
  EXPECT_EQ(policy->Rungs(1000000), 0);
  const auto lines = policy->Describe();
  ASSERT_EQ(lines.size(), 103u);
  EXPECT_EQ(lines[100], "bracket 99: 1 to iteration 1");
  EXPECT_EQ(lines[101], "and 999900 more brackets");
  SearchRun run;
  for (int64_t round = 1; round <= 40; ++round) {
    simulated::Apply(policy->Decide(run.trials), &run);
    ASSERT_EQ(static_cast<int64_t>(run.trials.size()), 50 * round);
    EXPECT_EQ(run.trials.back().bracket, 50 * round - 1);
    simulated::TrainRound(d, Curve, &run);
  }
}

// One decision that adds very many: a list is gone through once. Walks from its beginning for each addition take hours.
TEST(Policies, BeginManyTrialsAtOnce) {
  constexpr size_t kMany = 20000;
  std::string list;
  for (size_t i = 1; i <= kMany; ++i) list += std::to_string(i) + ",";
  const std::string grids = "'compile_params_grid': {'loss': ['mse'], 'optimizer': ['SGD']}, 'fit_params_grid': {'batch_size': [" + list + "]}";
  auto d = Description("{'policy': 'grid', 'concurrency': 100000, " + grids + "}", 1);
  d.model_ids = {1};
  const auto all = plan::MakePolicy(d)->Decide({});
  ASSERT_EQ(all.add.size(), kMany);
  for (size_t i : {size_t{0}, size_t{1}, kMany - 1})
    EXPECT_EQ(all.add[i].candidate.params.fit_params, "batch_size=" + std::to_string(i + 1));
  d.first = all.add.empty() ? std::vector<plan::Candidate>() : std::vector<plan::Candidate>(kMany, all.add[7].candidate);
  EXPECT_EQ(plan::MakePolicy(d)->Decide({}).add.size(), kMany);
  for (const char* policy : {"random", "tpe"}) {
    auto draws = Description(std::string("{'policy': '") + policy + "', 'max_models': 20000, 'concurrency': 20000" +
                                 (policy[0] == 't' ? ", 'startup': 20000}" : "}"), 1);
    EXPECT_EQ(plan::MakePolicy(draws)->Decide({}).add.size(), 20000u) << policy;
  }
}

TEST(Hyperband, TheBestOfARungGoOn) {
  const SearchRun run = Simulate(Description("{'policy': 'hyperband', 'concurrency': 7}", 27), Curve);
  std::vector<std::pair<double, int64_t>> rung;
  for (const auto& trial : run.trials) {
    if (trial.bracket == 0) rung.emplace_back(trial.points[0].value, trial.key);
  }
  ASSERT_EQ(rung.size(), 27u);
  std::sort(rung.begin(), rung.end());
  for (size_t i = 0; i < rung.size(); ++i)
    EXPECT_EQ(run.trials[static_cast<size_t>(rung[i].second - 1)].iterations > 1, i < 9) << i;
}

TEST(Asha, AThirdOfARungGoesOn) {
  const auto d = Description("{'policy': 'asha', 'max_models': 81, 'concurrency': 10}", 27);
  const SearchRun run = Simulate(d, Curve);
  std::map<int64_t, int> reached;
  for (const auto& trial : run.trials) ++reached[trial.iterations];
  EXPECT_GE(reached[27], 1);
  const int second = reached[3] + reached[9] + reached[27];
  EXPECT_GE(second, 27);
  EXPECT_LE(second, 45);  // early promotions are wrong now and then
  EXPECT_LT(run.model_iterations, 81 * 27 / 4);
  const auto policy = plan::MakePolicy(d);
  EXPECT_EQ(policy->Rungs(0), 4);
  plan::Trial trial;
  trial.bracket = 0;
  trial.target = 9;
  EXPECT_EQ(policy->RungOf(trial), 3);
}

TEST(Asha, OfFewOneIsTrainedInFull) {
  const SearchRun run = Simulate(Description("{'policy': 'asha', 'max_models': 4, 'concurrency': 2}", 27), Curve);
  EXPECT_EQ(std::count_if(run.trials.begin(), run.trials.end(), [](const auto& t) { return t.iterations == 27; }), 1);
}

TEST(Asha, TakesAGridInRandomOrder) {
  auto d = Description("{'policy': 'asha', 'sampler': 'grid', 'compile_params_grid': {'loss': ['mse'], 'optimizer': ['sgd', 'adam']}}", 4);
  d.fit_grid = "{'batch_size': [8, 16, 32, 64], 'epochs': [1]}";
  std::set<std::string> found, sequences;
  for (d.seed = 0; d.seed < 3; ++d.seed) {
    std::string sequence;
    for (const auto& trial : Simulate(d, Curve).trials) {
      const std::string text = std::to_string(trial.candidate.model_id) + trial.candidate.params.compile_params + trial.candidate.params.fit_params;
      found.insert(text);
      sequence += text + "\n";
    }
    sequences.insert(sequence);
    EXPECT_EQ(std::count(sequence.begin(), sequence.end(), '\n'), 24);
  }
  EXPECT_EQ(found.size(), 24u);
  EXPECT_EQ(sequences.size(), 3u);
}

TEST(Grid, EveryConfigurationOnceInOrder) {
  auto d = Description("{'policy': 'grid', 'compile_params_grid': {'loss': ['mse'], 'optimizer': ['sgd', 'adam']}}", 2);
  d.fit_grid = "{'batch_size': [8, 16], 'epochs': [1]}";
  d.first = {{2, {"optimizer='adam',loss='mse'", "epochs=1,batch_size=16"}}};
  const SearchRun run = Simulate(d, [](const plan::Trial&, int64_t) { return 1.0; });
  ASSERT_EQ(run.trials.size(), 12u);
  EXPECT_EQ(run.trials[0].candidate.model_id, 2);
  EXPECT_EQ(run.trials[1].candidate.model_id, 1);
  EXPECT_EQ(run.trials[1].candidate.params.fit_params, "epochs=1,batch_size=8");
  EXPECT_EQ(run.trials[2].candidate.params.fit_params, "epochs=1,batch_size=16");
}

TEST(Pbt, TheWorstTakeOverFromTheBest) {
  const auto d = Description("{'policy': 'pbt', 'population': 8, 'interval': 2}", 8);
  const SearchRun run = Simulate(d, Curve);
  EXPECT_EQ(run.model_iterations, 8 * 8);
  int clones = 0;
  for (const auto& trial : run.trials) {
    if (trial.parent == 0) continue;
    ++clones;
    const auto& parent = run.trials[static_cast<size_t>(trial.parent - 1)];
    EXPECT_EQ(trial.candidate.model_id, parent.candidate.model_id);
    EXPECT_EQ(trial.began % 2, 0);
    const auto before = [&](const plan::Trial& t) {
      double value = HUGE_VAL;
      for (const auto& point : t.points) value = point.iteration == trial.began ? point.value : value;
      return value;
    };
    int better = 0;  // of its parent's generation
    for (const auto& other : run.trials) better += before(other) < before(parent);
    EXPECT_LT(better, 2) << "the parent is not of the best quarter";
  }
  EXPECT_EQ(clones, 2 * 3);
  const SearchRun few =
      Simulate(Description("{'policy': 'pbt', 'population': 8, 'interval': 2, 'max_models': 11}", 8), Curve);
  EXPECT_EQ(few.trials.size(), 11u);
}

TEST(MedianStopping, StopsTheWorseHalf) {
  const SearchRun run = Simulate(
      Description("{'policy': 'random', 'max_models': 40, 'median_stopping': True, 'min_iterations': 3}", 12), Curve);
  int stopped = 0;
  for (const auto& trial : run.trials) {
    if (trial.state != TrialState::kStopped) continue;
    ++stopped;
    EXPECT_GE(trial.iterations, 3);
    EXPECT_EQ(trial.remark.rfind("worse than the median of ", 0), 0u);
  }
  EXPECT_GT(stopped, 10);
  EXPECT_LT(stopped, 35);
}

TEST(Seeds, ConfigurationsAreComparedByTheMean) {
  auto d = Description("{'policy': 'hyperband', 'seeds_per_config': 2, 'brackets': 1}", 9);
  // the odd trials of a configuration are far better than the even ones
  const SearchRun run = Simulate(d, [](const plan::Trial& trial, int64_t) {
    const double pair = static_cast<double>((trial.key - 1) / 2);
    return trial.key % 2 == 1 ? pair - 100 * std::fmod(pair, 2) : pair + 100 * std::fmod(pair, 2);
  });
  ASSERT_EQ(run.trials.size(), 18u);
  for (size_t i = 0; i < 18; i += 2) {
    EXPECT_EQ(run.trials[i].candidate.params.compile_params, run.trials[i + 1].candidate.params.compile_params);
    EXPECT_EQ(run.trials[i].iterations, run.trials[i + 1].iterations);
    EXPECT_EQ(run.trials[i].iterations > 1, i < 6) << i;  // means are 0, 1, 2, ... by pairs
  }
}

TEST(External, WaitsForAPerson) {
  auto d = Description("{'policy': 'external', 'max_models': 2}", 3);
  const auto policy = plan::MakePolicy(d);
  const SearchRun run = Simulate(d, Curve);
  EXPECT_EQ(run.trials.size(), 1u);  // to begin with
  EXPECT_FALSE(run.ended);
  const SearchRun told = Simulate(d, Curve, false, [](SearchRun* run) {
    if (run->rounds != 2) return;
    plan::Trial trial = run->trials[0];
    trial.key = 2;
    trial.bracket = plan::kNoBracket;
    trial.points.clear();
    trial.iterations = 0;
    run->trials.push_back(trial);
  });
  EXPECT_EQ(told.trials.size(), 2u);
  EXPECT_EQ(told.trials[1].iterations, 3);
  EXPECT_TRUE(told.ended);
}

// How good the best of a search is, on average over seeds, and how good a random search's.
double MeanBest(const std::string& search, int64_t iterations, int seeds, double* work = nullptr) {
  double sum = 0, spent = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    const SearchRun run = Simulate(Description(search, iterations, static_cast<uint64_t>(seed)), Curve);
    sum += run.BestFinished(iterations);
    spent += static_cast<double>(run.model_iterations);
  }
  if (work != nullptr) *work = spent / seeds;
  return sum / seeds;
}

TEST(Samplers, BeatRandomOnASmoothFunction) {
  const double random = MeanBest("{'policy': 'random', 'max_models': 60}", 12, 20);
  const double more = MeanBest("{'policy': 'random', 'max_models': 150}", 12, 20);
  const double tpe = MeanBest("{'policy': 'tpe', 'max_models': 60, 'concurrency': 4}", 12, 20);
  const double independent =
      MeanBest("{'policy': 'tpe', 'max_models': 60, 'concurrency': 4, 'multivariate': False}", 12, 10);
  const double gp = MeanBest("{'policy': 'gp', 'max_models': 48, 'concurrency': 6}", 12, 4);
  std::cout << "random " << random << ", of 150 " << more << ", tpe " << tpe << ", independent " << independent
            << ", gp " << gp << "\n";
  EXPECT_LT(tpe, more);
  EXPECT_LT(independent, random);
  EXPECT_LT(gp, more);
}

TEST(Schedulers, ReachAsMuchWithLess) {
  const int64_t iterations = 27;
  double random_work = 0, asha_work = 0, bohb_work = 0, hyperband_work = 0;
  const double random = MeanBest("{'policy': 'random', 'max_models': 49}", iterations, 20, &random_work);
  const double hyperband = MeanBest("{'policy': 'hyperband'}", iterations, 20, &hyperband_work);
  const double asha = MeanBest("{'policy': 'asha', 'max_models': 100}", iterations, 20, &asha_work);
  const double bohb = MeanBest("{'policy': 'bohb'}", iterations, 20, &bohb_work);
  std::cout << "random " << random << " with " << random_work << ", hyperband " << hyperband << " with "
            << hyperband_work << ", asha " << asha << " with " << asha_work << ", bohb " << bohb << " with "
            << bohb_work << "\n";
  EXPECT_LT(hyperband_work, 0.4 * random_work);
  EXPECT_LT(asha_work, 0.4 * random_work);
  EXPECT_LT(asha, random);
  EXPECT_LT(bohb, random);
  EXPECT_LT(bohb, hyperband);
}

TEST(Architectures, WhatIsKnownOfThemIsLearnedFrom) {
  // 60 architectures of which the best has 3 layers of 2^5: with features one learns of the others
  plan::SearchDescription d = Description("{'policy': 'tpe', 'max_models': 24, 'concurrency': 4}", 1);
  d.compile_grid = "{'loss': ['mse'], 'optimizer': ['sgd']}";
  d.fit_grid = "{'epochs': [1]}";
  d.model_ids.clear();
  const auto loss = [](const plan::Trial& trial, int64_t) {
    const int m = trial.candidate.model_id - 1;
    return std::pow((m % 10) - 7.2, 2) + std::pow((m / 10) * 1.5 - 4.1, 2);
  };
  for (int m = 0; m < 60; ++m) d.model_ids.push_back(m + 1);
  const auto found = [&](bool features, const char* policy) {
    d.architectures.clear();
    d.policy = policy;
    for (int m = 0; features && m < 60; ++m) {
      d.architectures.emplace_back(m + 1, base::Dict{{"layers", base::Value(static_cast<int64_t>(m / 10))},
                                                     {"width", base::Value(static_cast<int64_t>(m % 10))}});
    }
    double sum = 0;
    for (d.seed = 0; d.seed < 8; ++d.seed) {
      SearchRun run = Simulate(d, loss);
      double after = HUGE_VAL;
      for (size_t i = 0; i < 24; ++i) after = std::min(after, run.trials[i].points[0].value);
      sum += after;
    }
    return sum / 8;
  };
  const double without = found(false, "tpe"), with = found(true, "tpe"), gp = found(true, "gp");
  std::cout << "without features " << without << ", tpe " << with << ", gp " << gp << "\n";
  EXPECT_LT(with, without);
  EXPECT_LT(gp, without);
}

std::string Refusal(const std::string& search) {
  try {
    plan::ReadSearch(search, 9);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

TEST(ReadSearch, RefusesWhatWouldSayNothing) {
  EXPECT_EQ(Refusal("{'policy': 'pbt', 'interval': 9}"), "interval of search is 9, but the run has 9 iterations");
  EXPECT_EQ(Refusal("{'policy': 'pbt', 'population': 8, 'max_models': 4}"), "population of search is 8, more than max_models, 4");
  EXPECT_EQ(Refusal("{'policy': 'pbt', 'max_models': 4}"), "");
  EXPECT_EQ(Refusal("{'policy': 'random', 'min_iterations': 2}"),
            "min_iterations of search means nothing to the policy random without median_stopping");
  EXPECT_EQ(Refusal("{'policy': 'asha', 'startup': 4}"), "startup of search means nothing to the sampler random");
  EXPECT_EQ(Refusal("{'policy': 'asha', 'startup': 4, 'sampler': 'tpe', 'multivariate': False}"), "");
  EXPECT_EQ(Refusal("{'policy': 'asha', 'sampler': 'gp', 'multivariate': False}"),
            "multivariate of search means nothing to the sampler gp");
  EXPECT_EQ(Refusal("{'policy': 'grid', 'architectures': {1: {'layers': 2}}}"),
            "architectures of search means nothing to the policy grid, which learns nothing");
  EXPECT_EQ(Refusal("{'policy': 'external', 'max_models': 4, 'concurrency': 2}"),
            "concurrency of search means nothing to the policy external");
  EXPECT_NO_THROW(plan::MakePolicy(Description("{'policy': 'hyperband', 'brackets': 3}", 9)));
  EXPECT_THROW(plan::MakePolicy(Description("{'policy': 'hyperband', 'brackets': 4}", 9)), base::Error);
  for (const char* grid : {"{'batch_size': {'low': 8, 'high': 64, 'q': 0}}", "{'batch_size': {'low': 8, 'high': 64, 'integer': False}}"}) {
    auto d = Description("{'policy': 'random'}", 9);
    d.fit_grid = grid;
    EXPECT_THROW(plan::MakePolicy(d), base::Error) << grid;
  }
}

TEST(Policies, SayWhatTheyNeverDo) {
  const auto learns = [](const char* search) { return !plan::MakePolicy(Description(search, 27))->NeverLearns(); };
  EXPECT_TRUE(learns("{'policy': 'random', 'max_models': 3}"));  // nobody asks it to
  EXPECT_TRUE(learns("{'policy': 'tpe', 'max_models': 7, 'concurrency': 2}"));
  EXPECT_FALSE(learns("{'policy': 'tpe', 'max_models': 6, 'concurrency': 2}"));
  EXPECT_FALSE(learns("{'policy': 'gp', 'max_models': 16, 'concurrency': 16}"));
  EXPECT_FALSE(learns("{'policy': 'tpe', 'max_models': 12, 'seeds_per_config': 2, 'concurrency': 4}"));
  EXPECT_TRUE(learns("{'policy': 'bohb'}"));
  EXPECT_TRUE(learns("{'policy': 'asha', 'sampler': 'tpe', 'max_models': 30, 'concurrency': 5}"));
  const auto halves = [](const char* search, int64_t iterations) { return !plan::MakePolicy(Description(search, iterations))->NeverHalves(); };
  EXPECT_TRUE(halves("{'policy': 'hyperband'}", 3));
  EXPECT_FALSE(halves("{'policy': 'hyperband'}", 2));
  EXPECT_FALSE(halves("{'policy': 'asha', 'min_iterations': 9}", 9));
  EXPECT_TRUE(halves("{'policy': 'asha'}", 2));
}

// What is left becomes less from round to round, and is what it took where nothing is decided on the way.
TEST(Policies, RoundsLeftCountDown) {
  for (const char* search : kPolicies) {
    const auto d = Description(search, 9);
    const auto policy = plan::MakePolicy(d);
    int64_t before = plan::RoundsLeft(d, policy.get(), {});
    EXPECT_GE(before, 1) << search;
    const int64_t expected = before;
    const SearchRun run = Simulate(d, Curve, false, [&](SearchRun* so_far) {
      const int64_t left = plan::RoundsLeft(d, policy.get(), so_far->trials);
      EXPECT_GE(left, 1);
      EXPECT_LE(left, std::max<int64_t>(before, d.iterations)) << search;
      before = left;
    });
    EXPECT_LE(expected, 2 * run.rounds + d.iterations) << search;
  }
  const auto d = Description("{'policy': 'random', 'max_models': 12, 'concurrency': 3}", 4);
  EXPECT_EQ(plan::RoundsLeft(d, plan::MakePolicy(d).get(), {}), 16);
  EXPECT_EQ(Simulate(d, Curve).rounds, 16);
}

TEST(ReadSearch, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(Refusal("{'policy': 'ahsa'}"), "unknown policy \"ahsa\" in search");
  EXPECT_EQ(Refusal("{'policy': 'asha', 'etta': 3}"), "unknown key \"etta\" in search");
  EXPECT_EQ(Refusal("[1]"), "search must be a dictionary, not a value of type list");
  EXPECT_EQ(Refusal("{'policy': 'asha', 'population': 3}"), "population of search means nothing to the policy asha");
  EXPECT_EQ(Refusal("{'policy': 'asha', 'min_iterations': 10}"),
            "min_iterations of search is 10, but the run has 9 iterations");
  EXPECT_EQ(Refusal("{'policy': 'external'}"), "the policy external needs max_models");
  EXPECT_NE(Refusal("{'policy': 'tpe', 'max_models': 0}"), "");
  EXPECT_NE(Refusal("{'policy': 'pbt', 'population': 8, 'concurrency': 4}"), "");
  EXPECT_EQ(Refusal("{\"policy\": \"ASHA\", \"eta\": 4, \"max_models\": 7}"), "");
}

}  // namespace
