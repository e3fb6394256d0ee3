// Data-parallel training: the mean of training states that began as one and went on with different rows.
//
// Weights and optimizer slots are means of the states', each weighted by its rows. An iteration is over when they are
// averaged: the partitions of the data have been visited, each by one state. So the mean has done one iteration more
// than the state that all began with, however many partitions that state's description has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/state.hpp"

namespace train {

class StateAverage {
 public:
  /// Errors: kInvalidParameter for a weight that is no positive number, and for a state of other tensors or another
  /// precision than those before it; those of store::StateView.
  void Add(std::string_view state, double weight);
  /// Errors: as Add's for states that do not fit together.
  void Merge(const StateAverage& other);
  /// The mean in stored form. REQUIRES that a state was added.
  std::string Finish() const;

  /// The sums so far as bytes, for another process. REQUIRES that a state was added.
  std::string Write() const;
  /// Errors: kDataCorrupted.
  static StateAverage Read(std::string_view bytes);

 private:
  void Join(const wire::StateHeader& header);
  size_t Elements() const;

  std::optional<wire::StateHeader> header_;  // of the first state, with the counters of the mean
  std::vector<double> sums_;                 // of all tensors, one after the other
  double weight_ = 0;
};

/// A state's weights as raw float32 in Keras's order. Errors: those of store::StateView.
std::string WeightsOfState(std::string_view state);

}  // namespace train
