#include "engine/math/initializer.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "base/error.hpp"
#include "base/philox.hpp"
#include "engine/math/poll.hpp"

namespace engine::math {

namespace {

constexpr size_t kChunk = 64 * 1024;  // values that are made at once

// Standard deviation of a standard normal cut at +-2: the digits that Keras has.
constexpr double kTruncatedStddev = 0.87962566103423978;

struct Fans {
  double in = 1, out = 1;
};

Fans ComputeFans(const base::Shape& shape) {
  if (shape.empty()) return {};
  if (shape.size() == 1) return {double(shape[0]), double(shape[0])};
  double field = 1;
  for (size_t i = 0; i + 2 < shape.size(); ++i) field *= double(shape[i]);
  return {field * double(shape[shape.size() - 2]), field * double(shape.back())};
}

double TruncatedNormal(base::Stream* stream) {
  double z;
  do {
    z = stream->Normal();
  } while (std::fabs(z) > 2.0);
  return z;
}

class Filler {
 public:
  Filler(const base::WeightSpec& weight, const std::string& owner, const TakeValues& take)
      : weight_(weight), owner_(owner), take_(take), count_(static_cast<size_t>(base::ElementCount(weight.shape))) {}

  void Fill(uint64_t seed, uint64_t stream, uint64_t index) {
    const base::Value* class_name = weight_.initializer.Find("class_name");
    if (class_name == nullptr || !class_name->is_string()) Unknown("null");
    const std::string& name = class_name->string();
    const base::Value* own_seed = Config("seed");
    const bool owned = own_seed != nullptr && own_seed->is_number();
    base::Stream draws = owned ? base::Stream(static_cast<uint64_t>(own_seed->integer()), 0, base::Purpose::kInitialiser)
                               : base::Stream(seed, stream, base::Purpose::kInitialiser, index);
    if (name == "Zeros") return Constant(0.0);
    if (name == "Ones") return Constant(1.0);
    if (name == "Constant") return Constant(Number("value", 0.0));
    if (name == "RandomUniform") return Uniform(&draws, Number("minval", -0.05), Number("maxval", 0.05));
    if (name == "RandomNormal") return Normal(&draws, Number("mean", 0.0), Number("stddev", 0.05), false);
    if (name == "TruncatedNormal") return Normal(&draws, Number("mean", 0.0), Number("stddev", 0.05), true);
    if (name == "VarianceScaling") {
      return Scaled(&draws, Number("scale", 1.0), Text("mode", "fan_in"), Text("distribution", "truncated_normal"));
    }
    if (name == "GlorotUniform") return Scaled(&draws, 1.0, "fan_avg", "uniform");
    if (name == "GlorotNormal") return Scaled(&draws, 1.0, "fan_avg", "truncated_normal");
    if (name == "HeUniform") return Scaled(&draws, 2.0, "fan_in", "uniform");
    if (name == "HeNormal") return Scaled(&draws, 2.0, "fan_in", "truncated_normal");
    if (name == "LecunUniform") return Scaled(&draws, 1.0, "fan_in", "uniform");
    if (name == "LecunNormal") return Scaled(&draws, 1.0, "fan_in", "truncated_normal");
    if (name == "Orthogonal") return Orthogonal(&draws, Number("gain", 1.0));
    if (name == "Identity") return Identity(Number("gain", 1.0));
    if (name == "UnitForgetBias") return UnitForgetBias(seed, stream, index);
    Unknown(name);
  }

 private:
  const base::Value* Config(const char* key) const {
    const base::Value* config = weight_.initializer.Find("config");
    return config == nullptr ? nullptr : config->Find(key);
  }
  double Number(const char* key, double otherwise) const {
    const base::Value* value = Config(key);
    return value == nullptr || value->is_null() ? otherwise : value->number();
  }
  std::string Text(const char* key, const char* otherwise) const {
    const base::Value* value = Config(key);
    return value == nullptr || value->is_null() ? otherwise : value->string();
  }

  [[noreturn]] void Unknown(const std::string& name) const {
    throw base::Error(base::ErrorCode::kFeatureNotSupported,
                      "layer \"" + owner_ + "\": initializer \"" + name + "\" of weight \"" + weight_.name + "\" is not supported");
  }
  [[noreturn]] void BadShape(const char* name, const char* needs) const {
    throw base::Error(base::ErrorCode::kInvalidParameter,
                      "layer \"" + owner_ + "\": initializer " + name + " cannot fill weight \"" + weight_.name + "\" of shape " +
                          base::FormatShape(weight_.shape),
                      std::string(needs));
  }

  /// Hands over all values in their order, each made by next().
  template <typename Next>
  void Each(Next next) {
    std::vector<double> chunk(std::min(kChunk, count_));
    for (size_t done = 0; done < count_; done += chunk.size()) {
      PollInterrupts();
      chunk.resize(std::min(kChunk, count_ - done));
      for (double& value : chunk) value = next();
      take_(chunk.data(), chunk.size());
    }
  }

  void Constant(double value) {
    Each([=] { return value; });
  }

  void Uniform(base::Stream* draws, double low, double high) {
    Each([=] { return low + (high - low) * draws->Uniform(); });
  }

  void Normal(base::Stream* draws, double mean, double stddev, bool truncated) {
    Each([=] { return mean + stddev * (truncated ? TruncatedNormal(draws) : draws->Normal()); });
  }

  void Scaled(base::Stream* draws, double scale, const std::string& mode, const std::string& distribution) {
    const Fans fans = ComputeFans(weight_.shape);
    const double fan = mode == "fan_in" ? fans.in : mode == "fan_out" ? fans.out : (fans.in + fans.out) / 2;
    const double variance = scale / std::max(1.0, fan);
    if (distribution == "uniform") {
      const double limit = std::sqrt(3.0 * variance);
      return Uniform(draws, -limit, limit);
    }
    if (distribution == "untruncated_normal") return Normal(draws, 0.0, std::sqrt(variance), false);
    return Normal(draws, 0.0, std::sqrt(variance) / kTruncatedStddev, true);
  }

  void Identity(double gain) {
    if (weight_.shape.size() != 2) BadShape("Identity", "It fills matrices.");
    const int64_t columns = weight_.shape[1];
    int64_t i = 0;
    Each([&] {
      const double value = i / columns == i % columns ? gain : 0.0;
      ++i;
      return value;
    });
  }

  // Q of the QR decomposition of a tall normal matrix, whose R has a positive diagonal: Gram-Schmidt, each vector twice ("twice is enough",
  // Giraud et al. 2005). A wide matrix is the transpose of a tall one.
  void Orthogonal(base::Stream* draws, double gain) {
    if (weight_.shape.size() < 2) BadShape("Orthogonal", "It fills tensors of two dimensions or more.");
    const size_t columns = static_cast<size_t>(weight_.shape.back()), rows = columns == 0 ? 0 : count_ / columns;
    const size_t length = std::max(rows, columns), count = std::min(rows, columns);
    std::vector<double> q(length * count);  // vector j at q[j * length]
    for (size_t i = 0; i < length; ++i) {
      PollInterrupts();
      for (size_t j = 0; j < count; ++j) q[j * length + i] = draws->Normal();
    }
    for (size_t j = 0; j < count; ++j) {
      double* v = &q[j * length];
      for (int pass = 0; pass < 2; ++pass) {
        for (size_t k = 0; k < j; ++k) {
          PollInterrupts();
          Subtract(v, &q[k * length], length);
        }
      }
      double norm = 0;
      for (size_t i = 0; i < length; ++i) norm += v[i] * v[i];
      norm = std::sqrt(norm);
      for (size_t i = 0; i < length; ++i) v[i] /= norm;
    }
    size_t r = 0, c = 0;
    Each([&] {
      const double value = gain * (rows >= columns ? q[c * length + r] : q[r * length + c]);
      if (++c == columns) {
        c = 0;
        ++r;
      }
      return value;
    });
  }

  // An LSTM begins by remembering: of the gates (input, forget, cell, output) the second is ones, the others are one tensor's values in
  // order.
  void UnitForgetBias(uint64_t seed, uint64_t stream, uint64_t index) {
    const base::Value* inner = Config("bias_initializer");
    if (inner == nullptr || count_ % 4 != 0) Unknown("UnitForgetBias");
    base::WeightSpec others = weight_;
    others.initializer = *inner;
    const size_t units = count_ / 4;
    others.shape = {static_cast<int64_t>(3 * units)};
    std::vector<double> values;
    const TakeValues keep = [&](const double* from, size_t n) { values.insert(values.end(), from, from + n); };
    Filler(others, owner_, keep).Fill(seed, stream, index);
    values.insert(values.begin() + static_cast<std::ptrdiff_t>(units), units, 1.0);
    take_(values.data(), values.size());
  }

  // v -= (v . unit) unit
  static void Subtract(double* v, const double* unit, size_t length) {
    double dot = 0;
    for (size_t i = 0; i < length; ++i) dot += v[i] * unit[i];
    for (size_t i = 0; i < length; ++i) v[i] -= dot * unit[i];
  }

  const base::WeightSpec& weight_;
  const std::string& owner_;
  const TakeValues& take_;
  const size_t count_;
};

}  // namespace

void FillInitialValues(const base::WeightSpec& weight, const std::string& owner, uint64_t seed, uint64_t stream, uint64_t index,
                       const TakeValues& take) {
  Filler(weight, owner, take).Fill(seed, stream, index);
}

}  // namespace engine::math
