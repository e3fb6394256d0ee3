// One model of a run, prepared: its texts are read, its architecture is found and its program compiled. And who trains with
// whom.
//
// Called by prepare.cpp, and while a living run goes on (living_fit.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/devices.hpp"
#include "plan/fusion.hpp"
#include "plan/schedule.hpp"
#include "plan/training_check.hpp"
#include "train/prepare.hpp"

namespace train {

/// A row of a model selection table.
struct Configuration {
  int mst_key = 0;
  int model_id = 0;
  std::string compile_params, fit_params;
};

/// The configurations of a run, and which tables they and their architectures are in. Errors: whatever is wrong with the
/// tables.
std::vector<Configuration> ReadSelection(const FitArguments& arguments, PreparedFit* fit);

/// trained_before: the model has weights of an earlier run. doubts: gets what may be meant otherwise. Errors: all that is
/// wrong with texts, architecture, losses and columns.
PreparedModel PrepareModel(const Configuration& row, bool trained_before, PreparedFit* fit, std::vector<plan::TrainingDoubt>* doubts);

/// Who trains with whom in the bundles of a plan over models of the fit. Not a part of the stored plan: no bit depends on
/// it. REQUIRES that the fit's fusion_data are set.
plan::Fusion FuseBundles(const plan::Plan& plan, PreparedFit* fit);

/// The sequence of a model that begins in this run.
plan::Sequence FirstSequence(const PreparedFit& fit, const PreparedModel& model);

/// How many bundles so many models make.
int BundlesOf(const PreparedFit& fit, size_t models);
/// Whether some model trains on a device by our kernels or by LibTorch's.
bool OnDevice(const PreparedFit& fit);
/// Where a model trains, and why not on a device.
engine::DeviceTraining DeviceTrainingOf(const PreparedFit& fit, const PreparedModel& model);

}  // namespace train
