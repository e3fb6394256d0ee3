// What models of a bundle do together: which share a scan, and which train side by side.
//
// No result depends on a fusion: it decides who reads a buffer with whom, and in which order mini-batches of different models follow
// each other. It is a pure function of models, data and settings, never of the workers that were launched.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan/schedule.hpp"

namespace plan {

/// One rewrite of the multi-query, as EXPLAIN shows it.
struct Rewrite {
  bool applied = false;
  std::string reason;        // why, or why not
  double saved_seconds = 0;  // estimated, an iteration; of a declined one: 0
};

/// Models of one bundle of equal shape and batch size. horizontal applied: they train side by side on one buffer; else one by one.
struct FusionGroup {
  std::vector<int> models;     // of the run; the order of training
  int batches_per_switch = 0;                // mini-batches that a model trains before the next one's are trained; 0 = all of a buffer
  double state_bytes = 0;      // of all members
  double workspace_bytes = 0;  // of a mini-batch, that members side by side share; 0 without kernels
  Rewrite horizontal;
};

/// Of one bundle.
struct BundleFusion {
  std::vector<FusionGroup> fusion_groups;
  Rewrite shared_scan;  // applied: one query a visit for all; else one for each fusion group that trains side by side and each other model
};

struct Fusion {
  std::vector<BundleFusion> bundles;  // in the plan's order
};

/// What the planner knows of a model.
struct FusionModel {
  std::string signature;       // wire::ShapeSignature of its architecture
  int batch_size = 32;
  int epochs = 1;
  bool shuffle = true;
  bool kernels = false;        // trains by hand-written kernels
  double state_bytes = 0;
  double workspace_bytes = 0;  // of a step with kernels: batch, results, gradients
};

/// What it knows of the data.
struct FusionData {
  double rows = 0;  // of the table
  double partitions = 1;
  double buffers = 1;       // of the table
  double row_bytes = 0;     // packed
  double row_elements = 0;  // inputs of a row
  double cached_bytes = 0;  // of the table that a process may keep
};

struct FusionSwitches {
  bool horizontal = true;
  bool shared_scan = true;
  double memory = 0;  // bytes of states and workspace that a fusion group may have
};

/// Fusion groups of the models of each bundle, of equal signature and batch size, as wide as the memory allows (a fusion group has one member at least).
/// Every model of the plan is in exactly one fusion group.
Fusion PlanFusion(const Plan& plan, const std::vector<FusionModel>& models, const FusionData& data, const FusionSwitches& switches);

}  // namespace plan
