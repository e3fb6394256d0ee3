// Every field is named in a structured binding, so that one which is new in config.hpp does not compile here until it
// travels too.
#include "base/config_record.hpp"

#include <type_traits>

namespace base {
namespace {

/// Writes fields in the order of its calls.
class Writing {
 public:
  explicit Writing(RecordWriter* writer) : writer_(writer) {}

  template <typename T>
  void operator()(const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      writer_->Text(value);
    } else if constexpr (std::is_floating_point_v<T>) {
      writer_->Real(value);
    } else {
      static_assert(std::is_integral_v<T> || std::is_enum_v<T>);
      writer_->Number(static_cast<int64_t>(value));
    }
  }
  size_t Count(size_t count) {
    writer_->Number(static_cast<int64_t>(count));
    return count;
  }

 private:
  RecordWriter* writer_;
};

/// Reads them in the same order.
class Reading {
 public:
  explicit Reading(RecordReader* reader) : reader_(reader) {}

  template <typename T>
  void operator()(T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      value = reader_->Text();
    } else if constexpr (std::is_floating_point_v<T>) {
      value = reader_->Real();
    } else {
      static_assert(std::is_integral_v<T> || std::is_enum_v<T>);
      value = static_cast<T>(reader_->Number());
    }
  }
  size_t Count(size_t) { return static_cast<size_t>(reader_->Number()); }

 private:
  RecordReader* reader_;
};

template <typename List, typename Field>
void Resize(List&, size_t, const Field&) {}
template <typename T>
void Resize(std::vector<T>& list, size_t count, const Reading&) {
  list.resize(count);
}

// Loss, metric and so on are const when Field writes.
template <typename Loss, typename Field>
void LossFields(Loss& loss, Field& field) {
  auto& [kind, name, from_logits, label_smoothing, delta, alpha, gamma, apply_class_balancing] = loss;
  field(kind), field(name), field(from_logits), field(label_smoothing), field(delta);
  field(alpha), field(gamma), field(apply_class_balancing);
}

template <typename Metric, typename Field>
void MetricFields(Metric& metric, Field& field) {
  auto& [kind, name, k, threshold, average, curve, num_thresholds, weightage, output] = metric;
  field(kind), field(name), field(k), field(threshold), field(average), field(curve), field(num_thresholds), field(weightage);
  field(output);
}

template <typename Schedule, typename Field>
void ScheduleFields(Schedule& schedule, Field& field) {
  auto& [kind, decay_steps, rate, alpha] = schedule;
  field(kind), field(decay_steps), field(rate), field(alpha);
}

template <typename Optimizer, typename Field>
void OptimizerFields(Optimizer& optimizer, Field& field) {
  auto& [kind, name, learning_rate, decay, momentum, nesterov, rho, centered, beta_1, beta_2, epsilon, amsgrad, weight_decay, undecayed,
         initial_accumulator_value, power, l1, l2, l2_shrinkage, beta, clipnorm, clipvalue, global_clipnorm, schedule] = optimizer;
  field(kind), field(name), field(learning_rate), field(decay), field(momentum), field(nesterov), field(rho), field(centered);
  field(beta_1), field(beta_2), field(epsilon), field(amsgrad), field(weight_decay), field(initial_accumulator_value);
  Resize(undecayed, field.Count(undecayed.size()), field);
  for (auto& part : undecayed) field(part);
  field(power), field(l1), field(l2), field(l2_shrinkage), field(beta);
  field(clipnorm), field(clipvalue), field(global_clipnorm);
  ScheduleFields(schedule, field);
}

template <typename Key>
void ClassWeights(const std::map<Key, double>& weights, Writing& field) {
  field.Count(weights.size());
  for (const auto& [key, weight] : weights) field(key), field(weight);
}

template <typename Key>
void ClassWeights(std::map<Key, double>& weights, Reading& field) {
  for (size_t left = field.Count(0); left > 0; left--) {
    Key key{};
    double weight = 0;
    field(key), field(weight);
    weights[key] = weight;
  }
}

template <typename Config, typename Field>
void ConfigFields(Config& config, Field& field) {
  auto& [losses, loss_weights, optimizer, metrics, batch_size, epochs, shuffle, class_weight, label_weight,
         balanced_class_weight] = config;
  Resize(losses, field.Count(losses.size()), field);
  for (auto& loss : losses) LossFields(loss, field);
  Resize(loss_weights, field.Count(loss_weights.size()), field);
  for (auto& weight : loss_weights) field(weight);
  OptimizerFields(optimizer, field);
  Resize(metrics, field.Count(metrics.size()), field);
  for (auto& metric : metrics) MetricFields(metric, field);
  field(batch_size), field(epochs), field(shuffle);
  ClassWeights(class_weight, field);
  ClassWeights(label_weight, field);
  field(balanced_class_weight);
}

}  // namespace

void WriteConfig(const TrainConfig& config, RecordWriter* writer) {
  Writing field(writer);
  ConfigFields(config, field);
}

TrainConfig ReadConfig(RecordReader* reader) {
  TrainConfig config;
  Reading field(reader);
  ConfigFields(config, field);
  return config;
}

}  // namespace base
