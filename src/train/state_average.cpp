#include "train/state_average.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.hpp"
#include "base/tensor.hpp"
#include "store/training_state.hpp"

namespace train {
namespace {

using base::Error;
using base::ErrorCode;

template <typename T>
void AddValues(std::string_view raw, double weight, double* sums) {
  for (size_t i = 0; i < raw.size() / sizeof(T); ++i) {
    T value;
    std::memcpy(&value, raw.data() + i * sizeof(T), sizeof(T));
    sums[i] += weight * static_cast<double>(value);
  }
}

template <typename T>
void WriteMeans(const double* sums, size_t count, double weight, char* raw) {
  for (size_t i = 0; i < count; ++i) {
    const auto mean = static_cast<T>(sums[i] / weight);
    std::memcpy(raw + i * sizeof(T), &mean, sizeof(T));
  }
}

bool SameTensors(const std::vector<wire::TensorEntry>& a, const std::vector<wire::TensorEntry>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const wire::TensorEntry& x, const wire::TensorEntry& y) {
    return x.name == y.name && x.shape == y.shape && x.is_slot == y.is_slot && x.offset == y.offset;
  });
}

uint64_t IterationsOver(const wire::StateHeader& header) { return header.iterations_done + (header.visits_in_iteration > 0 ? 1 : 0); }

size_t CountOf(const wire::TensorEntry& tensor) { return static_cast<size_t>(base::ElementCount(tensor.shape)); }

}  // namespace

size_t StateAverage::Elements() const {
  size_t elements = 0;
  for (const wire::TensorEntry& tensor : header_->tensors) elements += CountOf(tensor);
  return elements;
}

void StateAverage::Join(const wire::StateHeader& header) {
  if (!header_) {
    header_ = header;
    header_->iterations_done = IterationsOver(header);
    header_->visits_in_iteration = 0;
    sums_.assign(Elements(), 0.0);
    return;
  }
  if (header.precision != header_->precision || !SameTensors(header.tensors, header_->tensors)) {
    throw Error(ErrorCode::kInvalidParameter, "training states of different models cannot be averaged", "",
                "Average states that cerebro.fit_step has made of one state.");
  }
  header_->step = std::max(header_->step, header.step);
  header_->rows_seen = std::max(header_->rows_seen, header.rows_seen);
  header_->iterations_done = std::max(header_->iterations_done, IterationsOver(header));
  header_->diverged_step = std::max(header_->diverged_step, header.diverged_step);
}

void StateAverage::Add(std::string_view state, double weight) {
  if (!(weight > 0) || !std::isfinite(weight)) {
    throw Error(ErrorCode::kInvalidParameter, "the weight of a training state must be a positive number", "",
                "Give the number of rows that the state has been trained on.");
  }
  const store::StateView view(state);
  Join(view.header());
  double* sums = sums_.data();
  for (const wire::TensorEntry& tensor : view.header().tensors) {
    const std::string_view raw = view.Tensor(tensor);
    if (view.header().precision == base::DType::kFloat64) {
      AddValues<double>(raw, weight, sums);
    } else {
      AddValues<float>(raw, weight, sums);
    }
    sums += CountOf(tensor);
  }
  weight_ += weight;
}

void StateAverage::Merge(const StateAverage& other) {
  if (!other.header_) return;
  Join(*other.header_);
  for (size_t i = 0; i < sums_.size(); ++i) sums_[i] += other.sums_[i];
  weight_ += other.weight_;
}

std::string StateAverage::Finish() const {
  std::string bytes = wire::WriteStateHeader(*header_);
  const size_t raw = bytes.size();
  bytes.resize(raw + header_->raw_bytes, '\0');
  const double* sums = sums_.data();
  for (const wire::TensorEntry& tensor : header_->tensors) {
    char* to = &bytes[raw + tensor.offset];
    if (header_->precision == base::DType::kFloat64) {
      WriteMeans<double>(sums, CountOf(tensor), weight_, to);
    } else {
      WriteMeans<float>(sums, CountOf(tensor), weight_, to);
    }
    sums += CountOf(tensor);
  }
  return bytes;
}

std::string StateAverage::Write() const {
  std::string bytes = wire::WriteStateHeader(*header_);
  bytes.append(reinterpret_cast<const char*>(&weight_), sizeof(weight_));
  bytes.append(reinterpret_cast<const char*>(sums_.data()), sums_.size() * sizeof(double));
  return bytes;
}

StateAverage StateAverage::Read(std::string_view bytes) {
  StateAverage average;
  size_t offset = 0;
  average.header_ = wire::ReadStateHeader(bytes, &offset);
  average.sums_.resize(average.Elements());
  if (bytes.size() != offset + (average.sums_.size() + 1) * sizeof(double)) {
    throw Error(ErrorCode::kDataCorrupted, "the sums of training states have " + std::to_string(bytes.size()) + " bytes");
  }
  std::memcpy(&average.weight_, bytes.data() + offset, sizeof(double));
  std::memcpy(average.sums_.data(), bytes.data() + offset + sizeof(double), average.sums_.size() * sizeof(double));
  return average;
}

std::string WeightsOfState(std::string_view state) { return store::StateView(state).Weights(); }

}  // namespace train
