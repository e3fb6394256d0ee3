// The page of runs of every kind: well-formed, self-contained, and every mark within its drawing.
#include "report/page.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "page_checker.hpp"
#include "report/visit_summary.hpp"

namespace {

using report_test::CheckPage;
using report_test::Find;
using report_test::Node;
using report_test::ParsePage;
using report_test::TextOf;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

report::Model MakeModel(int64_t mst_key, int iterations) {
  report::Model model;
  model.mst_key = mst_key;
  model.architecture = mst_key % 2 == 0 ? "convnet" : "mlp";
  model.compile_params = "optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']";
  model.fit_params = "batch_size=16,epochs=1";
  model.status = "trained";
  model.parameters = 1234567;
  model.seconds = 0.5 * static_cast<double>(mst_key);
  const double rate = std::pow(10, -static_cast<double>(mst_key % 5));
  model.settings = {{"architecture", model.architecture},
                    {"optimizer", mst_key % 3 == 0 ? "SGD" : "Adam"},
                    {"learning_rate", std::to_string(rate)},
                    {"loss", "categorical_crossentropy"},
                    {"batch_size", std::to_string(16 << (mst_key % 3))}};
  for (int i = 1; i <= iterations; i++) {
    report::Evaluation e;
    e.iteration = i;
    e.training_loss = 2.0 / (i + static_cast<double>(mst_key));
    e.validation_loss = 2.2 / (i + static_cast<double>(mst_key)) + 0.001 * i;
    e.training_metric = 1 - e.training_loss / 3;
    e.validation_metric = 1 - e.validation_loss / 3;
    model.curve.push_back(e);
    model.training_loss = e.training_loss;
    model.validation_loss = e.validation_loss;
    model.training_metric = e.training_metric;
    model.validation_metric = e.validation_metric;
  }
  return model;
}

report::Confusion MakeConfusion(int classes) {
  report::Confusion confusion;
  confusion.output = "label";
  for (int c = 0; c < classes; c++) {
    confusion.classes.push_back("class " + std::to_string(c));
    confusion.cells.push_back({c, c, 1000 + c});
    if (c > 0) confusion.cells.push_back({c, c - 1, c});
  }
  return confusion;
}

report::Calibration MakeCalibration() {
  report::Calibration calibration;
  calibration.output = "label";
  for (int b = 0; b < 10; b++) calibration.bins.push_back({b * b, b * b * (0.1 * b + 0.05), b * b * b / 10});
  return calibration;
}

report::Run MakeRun(int models, int iterations, int classes = 3) {
  report::Run run;
  run.table = "models";
  run.name = "quickstart";
  run.description = "sixteen models";
  run.metric = "accuracy";
  run.validated = true;
  for (int m = 1; m <= models; m++) run.models.push_back(MakeModel(m, iterations));
  run.facts = {{"Models", std::to_string(models)}, {"Started", "2024-05-01 12:00"}};
  run.settings = {{"seed", "0"}};
  run.columns = {{"pixels", "input", "uint8", "(64,)", "times 0.0625"}, {"label", "label", "uint8", "(10,)", "10 classes"}};
  report::VisitSummary visits({0, 1}, int64_t{models} * iterations, 10);
  for (int m = 1; m <= models; m++) {
    for (int i = 0; i < iterations; i++) {
      const double at = 10.0 * (i * models + m - 1) / (models * iterations);
      visits.Add({m % 2, m, at, at + 10.0 / (models * iterations)});
    }
  }
  run.visits = visits.Finish();
  run.validation.table = "packed_val";
  run.validation.rows = 100;
  run.validation.confusions = {MakeConfusion(classes)};
  run.validation.calibrations = {MakeCalibration()};
  run.validation.importance_metric = "accuracy";
  run.validation.importance_rows = 100;
  run.validation.repeats = 3;
  run.validation.importances = {{"petal_length", 0.31, 0.02}, {"sepal_width", 0.01, 0.005}, {"noise", -0.004, 0.003}};
  return run;
}

void ExpectNothingWrong(const report::Run& run) {
  const std::string page = report::Page(run);
  for (const std::string& problem : CheckPage(page)) ADD_FAILURE() << problem;
}

size_t Drawings(const report::Run& run) { return Find(*ParsePage(report::Page(run)), "svg").size(); }

TEST(Page, OfOneTwoSixteenAHundredAndAThousandModels) {
  for (const int models : {1, 2, 3, 16, 100, 1000}) {
    SCOPED_TRACE(models);
    const report::Run run = MakeRun(models, 8);
    ExpectNothingWrong(run);
    // curves of loss and metric, visits, confusion, calibration, columns; and two of parameters where models differ
    EXPECT_EQ(Drawings(run), models == 1 ? 6U : models == 2 ? 7U : 8U);
  }
}

TEST(Page, OfNoModels) { ExpectNothingWrong(MakeRun(0, 0)); }

TEST(Page, OfOneIterationAndOfThousands) {
  for (const int iterations : {0, 1, 2, 5000}) {
    SCOPED_TRACE(iterations);
    ExpectNothingWrong(MakeRun(4, iterations));
  }
}

TEST(Page, OfDivergedModels) {
  report::Run run = MakeRun(5, 6);
  for (size_t m = 3; m < 5; m++) {
    report::Model& model = run.models[m];
    model.diverged = true;
    model.status = "diverged";
    model.training_loss = model.validation_loss = model.training_metric = model.validation_metric = report::kNoNumber;
    model.curve[2].training_loss = 1e38;
    model.curve[3].training_loss = kInfinity;
    model.curve[4].validation_loss = -kInfinity;
    model.curve[5] = report::Evaluation();
    model.curve[5].iteration = 6;
  }
  ExpectNothingWrong(run);
  // one that diverged has no say in the scale of the others
  EXPECT_EQ(report::Page(run).find("1e+38"), std::string::npos);
  for (report::Model& model : run.models) {
    model.diverged = true;
    model.curve.assign(1, report::Evaluation());
    model.training_loss = model.validation_loss = model.training_metric = model.validation_metric = report::kNoNumber;
  }
  ExpectNothingWrong(run);
  EXPECT_NE(report::Page(run).find("All models diverged."), std::string::npos);
}

TEST(Page, OfExtremeValues) {
  report::Run run = MakeRun(4, 3);
  const double values[] = {1e-300, 1e300, -1e300, 5e-324, 1.7e308, -0.0, 1e15, 1 + 1e-15};
  int i = 0;
  for (report::Model& model : run.models) {
    for (report::Evaluation& e : model.curve) {
      e.training_loss = values[i++ % 8];
      e.validation_loss = values[i++ % 8];
      e.validation_metric = 1;
      e.training_metric = 1;
    }
    model.validation_metric = model.training_metric = 1;
    model.seconds = 1e12;
  }
  run.validation.importances = {{"a", kInfinity, 0}, {"b", report::kNoNumber, report::kNoNumber}, {"c", 1e300, 1e300}, {"d", 0, report::kNoNumber}};
  ExpectNothingWrong(run);
}

TEST(Page, OfAnyNumberOfClasses) {
  for (const int classes : {0, 1, 2, 10, 40, 41, 1000}) {
    SCOPED_TRACE(classes);
    const report::Run run = MakeRun(2, 3, classes);
    ExpectNothingWrong(run);
    EXPECT_EQ(report::Page(run).find("id=\"confusion-1-title\"") != std::string::npos, classes >= 1 && classes <= 40);
  }
  report::Run run = MakeRun(2, 3, 3);
  run.validation.confusions[0].cells.push_back({7, -1, 5});  // no class of the model's
  ExpectNothingWrong(run);
}

TEST(Page, OfMuchMoreThanFits) {
  report::Run run = MakeRun(40, 4);
  for (size_t m = 0; m < run.models.size(); m++) {
    for (int s = 0; s < 30; s++) run.models[m].settings.push_back({"parameter number " + std::to_string(s), std::to_string(m * 31 % (s + 2))});
    run.models[m].settings.push_back({"own", "value " + std::to_string(m)});
  }
  run.validation.importances.clear();
  for (int c = 0; c < 500; c++) run.validation.importances.push_back({"column " + std::to_string(c), 1.0 / (c + 1), 0.001});
  run.columns.assign(1500, run.columns[0]);
  std::vector<int64_t> workers;
  for (int w = -1; w < 200; w++) workers.push_back(w);
  report::VisitSummary visits(workers, 100000, 3600);
  for (int v = 0; v < 100000; v++) visits.Add({v % 200, v % 40, v * 0.036, v * 0.036 + 7});
  run.visits = visits.Finish();
  ExpectNothingWrong(run);
  EXPECT_LT(report::Page(run).size(), size_t{4} << 20);
}

TEST(Page, OfAMinimalRun) {
  report::Run run;
  run.table = "m";
  run.models = {MakeModel(1, 0)};
  run.visits_absent = "There are none.";
  run.validation.absent = "The run had no validation table.";
  ExpectNothingWrong(run);
  EXPECT_EQ(Drawings(run), 0U);
  EXPECT_NE(report::Page(run).find("The run had no validation table."), std::string::npos);
}

// What a user writes stays text.
TEST(Page, EscapesAllThatUsersWrite) {
  const std::string nasty = "</script><b onload=\"x\">\"' & <svg> --> ]]> &lt; \x01\x7F\xFF \xE2\x82\xAC \xF0\x9F\x98\x80";
  const std::string longest = nasty + std::string(3000, 'W');
  report::Run run = MakeRun(6, 4);
  run.table = run.name = run.description = nasty;
  run.metric = nasty;
  for (report::Model& model : run.models) {
    model.architecture = model.compile_params = model.fit_params = model.status = longest;
    for (report::Setting& setting : model.settings) {
      setting.name += nasty;
      setting.value += nasty;
    }
    model.settings.push_back({longest, longest + std::to_string(model.mst_key % 2)});
  }
  for (std::vector<report::Setting>* list : {&run.facts, &run.settings}) list->push_back({nasty, longest});
  run.columns.push_back({nasty, nasty, nasty, nasty, longest});
  for (report::Confusion& confusion : run.validation.confusions) {
    confusion.output = longest;
    for (std::string& name : confusion.classes) name = longest;
  }
  run.validation.calibrations[0].output = nasty;
  run.validation.importance_metric = nasty;
  for (report::Importance& column : run.validation.importances) column.column = longest;
  run.validation.table = nasty;
  ExpectNothingWrong(run);
  const std::string page = report::Page(run);
  const std::unique_ptr<Node> root = ParsePage(page);
  EXPECT_NE(TextOf(*Find(*root, "h1").at(0)).find("</script><b onload=\"x\">"), std::string::npos);
  EXPECT_TRUE(Find(*root, "script").empty());
  EXPECT_TRUE(Find(*root, "b").empty());

  run.visits_absent = run.validation.absent = nasty;
  ExpectNothingWrong(run);
  run.validation.absent.clear();
  run.validation.importances.clear();
  run.validation.confusions.clear();
  run.validation.importance_absent = nasty;
  ExpectNothingWrong(run);
}

TEST(Page, RefersToNothingOutside) {
  std::string page = report::Page(MakeRun(16, 8));
  const std::string space = "http://www.w3.org/2000/svg";
  for (size_t at = page.find(space); at != std::string::npos; at = page.find(space)) page.erase(at, space.size());
  for (const char* word : {"http:", "https:", "url(", "src=", "href", "@import", "<script", "<img", "<link", "<iframe", "javascript:"}) {
    EXPECT_EQ(page.find(word), std::string::npos) << word;
  }
}

TEST(Page, SaysWhatItFound) {
  report::Run run = MakeRun(16, 8);
  for (report::Model& model : run.models) model.validation_metric = (model.architecture == "mlp" ? 0.9 : 0.6) + 0.001 * static_cast<double>(model.mst_key % 4);
  const std::string page = report::Page(run);
  const std::unique_ptr<Node> root = ParsePage(page);
  std::string headings;
  for (const Node* heading : Find(*root, "h2")) headings += TextOf(*heading) + "\n";
  EXPECT_NE(headings.find("petal_length matters most: without it the accuracy falls by 0.3100."), std::string::npos) << headings;
  EXPECT_NE(headings.find("is most often taken for"), std::string::npos) << headings;
  EXPECT_NE(headings.find("architecture matters most: by itself it explains"), std::string::npos) << headings;
  EXPECT_EQ(page, report::Page(run));
}

// The checker itself finds what it is there for.
TEST(PageChecker, FindsWhatIsWrong) {
  const auto drawing = [](const std::string& marks) {
    return "<!DOCTYPE html>\n<html><svg role=\"img\" viewBox=\"0 0 100 50\"><title>t</title><desc>d</desc>" + marks + "</svg></html>\n";
  };
  EXPECT_TRUE(CheckPage(drawing("<circle cx=\"5\" cy=\"5\" r=\"5\"/>")).empty());
  for (const char* wrong :
       {"<circle cx=\"4\" cy=\"5\" r=\"5\"/>", "<rect x=\"90\" y=\"0\" width=\"20\" height=\"5\"/>", "<line x1=\"0\" y1=\"-1\" x2=\"5\" y2=\"5\"/>",
        "<polyline points=\"0,0 101,5\"/>", "<polyline points=\"0,0\"/>", "<text x=\"90\" y=\"20\">four words of text</text>",
        "<circle cx=\"nan\" cy=\"5\" r=\"5\"/>", "<script/>", "<g onclick=\"x\"/>", "<g class=\"a\" class=\"b\"/>", "<g>", "&nbsp;", "<", "& ", "\xC3\xA4",
        ""}) {
    EXPECT_FALSE(CheckPage(drawing(wrong)).empty()) << wrong;
  }
}

}  // namespace
