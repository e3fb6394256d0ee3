// A visit of models that have kernels for devices: who trains what, planned on the host, done on the device.
//
// The models of a visit are cut into groups of one program. The host walks through a buffer as
// engine/core/model_train.cpp does, with the same order of mini-batches, the same numbers of random streams and the
// same carried rows, but only writes down what is to be done (device::MemberPlan).
//
// The device's memory is asked for at the first buffer. Where it is short the models train on the processor for this
// visit, with a message to the user (NoticeOfDevice).
#pragma once

#include <memory>
#include <vector>

#include "base/tensor.hpp"
#include "engine/core/model_impl.hpp"
#include "engine/device/device.hpp"
#include "engine/device/group.hpp"

namespace engine {

class DeviceVisit {
 public:
  /// The models' programs have a network on the device. They outlive the visit.
  explicit DeviceVisit(std::vector<ModelInstance*> models);
  ~DeviceVisit();

  /// Opens the device, if need be, and takes its memory; false when it is short: the models are as they were. To be
  /// called at the first buffer.
  bool Begin(const Poll& poll);
  /// Gives the device a buffer to train. What the models saw of it is in End's results.
  void Train(const base::Buffer& buffer, const Poll& poll);
  /// Trains the rows that were carried on, waits, and writes the states back: the result of the whole visit of each
  /// model, in their order. The counters of the visit are the caller's. After an error that came while states were
  /// written back the blocks are of no use.
  std::vector<TrainResult> End(const Poll& poll);

  bool begun() const { return begun_; }
  int device() const { return device_; }

 private:
  struct Part {
    std::vector<size_t> members;  // indexes into models_
    std::unique_ptr<device::Group> group;
  };

  void Send(Part* part, const base::Buffer& buffer, const std::vector<device::MemberPlan>& plans, const Poll& poll);
  /// Writes what a part's models saw into their counters and results.
  void Count(const Part& part, const std::vector<device::ModelProgress>& progress,
             std::vector<TrainResult>* results) const;

  std::shared_ptr<device::Device> on_;  // outlives what the parts have there
  std::vector<ModelInstance*> models_;
  std::vector<Part> parts_;
  std::vector<uint64_t> steps_;  // by model: optimizer steps that were planned in this visit
  bool begun_ = false;
  int device_ = -1;
  double seconds_ = 0;
};

}  // namespace engine
