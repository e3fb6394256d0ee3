// What the page of a run shows, as plain values. src/score reads them from the result tables; src/report only lays them
// out. All texts are UTF-8 and come from users: they are escaped where they are written.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace report {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

struct Setting {
  std::string name, value;
};

/// An evaluation of a model. NaN: not computed.
struct Evaluation {
  int64_t iteration = 0;
  double training_loss = kNoNumber, training_metric = kNoNumber;
  double validation_loss = kNoNumber, validation_metric = kNoNumber;
};

struct Model {
  int64_t mst_key = 0;
  std::string label;         // what it is called in drawings; empty: by its key
  std::string architecture;  // its name, or "model <model_id>"
  std::string compile_params, fit_params;
  std::string status;
  bool diverged = false;
  double training_loss = kNoNumber, training_metric = kNoNumber;
  double validation_loss = kNoNumber, validation_metric = kNoNumber;
  int64_t parameters = 0;
  double seconds = kNoNumber;
  std::vector<Setting> settings;  // the configuration, taken apart; a name once
  std::vector<Evaluation> curve;  // ascending iterations
};

/// A visit on the clock: seconds since the first one that is shown.
struct Visit {
  int64_t worker = 0;
  int64_t mst_key = 0;
  double start = 0, end = 0;
};

/// The visits of a run's last fit. There are bars where they are few, otherwise how busy each worker was over time.
struct Visits {
  int64_t count = 0;
  double seconds = 0;              // from the first start to the last end
  std::vector<int64_t> workers;    // ascending; -1: the session itself
  std::vector<double> working;     // seconds of visits, a worker
  std::vector<Visit> bars;         // empty, or all visits
  std::vector<std::vector<double>> busy;  // a worker, a cell of seconds / cells: the share in which a model was trained
};

/// How often rows of one class were taken for another. Classes are indexes into `classes`.
struct Confusion {
  struct Cell {
    int64_t actual = 0, predicted = 0, rows = 0;
  };
  std::string output;                // the dependent column
  std::vector<std::string> classes;  // names, in class order
  std::vector<Cell> cells;           // those that occur
};

/// Rows by the probability of the class that was chosen, in bins of equal width over [0, 1].
struct Calibration {
  struct Bin {
    int64_t rows = 0;
    double confidence = 0;  // sum over the rows
    int64_t right = 0;
  };
  std::string output;
  std::vector<Bin> bins;
};

/// What a model loses without a column.
struct Importance {
  std::string column;
  double mean = 0, deviation = 0;  // over the repeats, in the metric's unit; above 0: the column helps
};

/// The best model over the validation table.
struct Validation {
  std::string absent;  // why there is none of this: a sentence
  std::string table;
  int64_t rows = 0;
  std::vector<Confusion> confusions;      // an output with one class a row
  std::vector<Calibration> calibrations;  // likewise, where the model gives probabilities
  std::string importance_absent;
  std::string importance_metric;
  int64_t importance_rows = 0;  // that were used
  int64_t repeats = 0;
  std::vector<Importance> importances;    // largest first
};

struct Column {
  std::string name, role, type, shape, values;
};

struct Run {
  std::string table;              // the model output table
  std::string name, description;  // may be empty
  std::string metric;             // that ranks the models; empty: the loss
  bool validated = false;         // ranked by the validation table
  std::vector<Model> models;      // best first, diverged ones last
  std::vector<Setting> facts;     // of the head
  std::vector<Setting> settings;  // of the run, for who wants to repeat it
  std::vector<Column> columns;    // of the packed table
  std::string visits_absent;      // why there are no visits: a sentence
  Visits visits;
  Validation validation;
};

/// The value that ranks a model: of the metric or the loss, over the validation table where there is one.
inline double ScoreOf(const Run& run, const Model& model) {
  if (run.metric.empty()) return run.validated ? model.validation_loss : model.training_loss;
  return run.validated ? model.validation_metric : model.training_metric;
}

/// What ScoreOf is called in a sentence: "validation accuracy", "training loss".
inline std::string ScoreName(const Run& run) {
  return std::string(run.validated ? "validation " : "training ") + (run.metric.empty() ? "loss" : run.metric);
}

}  // namespace report
