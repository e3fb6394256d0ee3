#include "engine/math/initializer.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "base/error.hpp"
#include "base/philox.hpp"

namespace engine::math {

namespace {

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
  Filler(const base::WeightSpec& weight, const std::string& owner)
      : weight_(weight), owner_(owner), values_(static_cast<size_t>(base::ElementCount(weight.shape))) {}

  std::vector<double> Fill(uint64_t seed, uint64_t stream, uint64_t index) {
    const base::Value* class_name = weight_.initializer.Find("class_name");
    if (class_name == nullptr || !class_name->is_string()) Unknown("null");
    const std::string& name = class_name->string();
    const base::Value* own_seed = Config("seed");
    const bool owned = own_seed != nullptr && own_seed->is_number();
    base::Stream draws = owned ? base::Stream(static_cast<uint64_t>(own_seed->integer()), 0, base::Purpose::kInitialiser)
                               : base::Stream(seed, stream, base::Purpose::kInitialiser, index);
    if (name == "Zeros") return values_;
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

  std::vector<double> Constant(double value) {
    std::fill(values_.begin(), values_.end(), value);
    return std::move(values_);
  }

  std::vector<double> Uniform(base::Stream* draws, double low, double high) {
    for (double& v : values_) v = low + (high - low) * draws->Uniform();
    return std::move(values_);
  }

  std::vector<double> Normal(base::Stream* draws, double mean, double stddev, bool truncated) {
    for (double& v : values_) v = mean + stddev * (truncated ? TruncatedNormal(draws) : draws->Normal());
    return std::move(values_);
  }

  std::vector<double> Scaled(base::Stream* draws, double scale, const std::string& mode, const std::string& distribution) {
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

  std::vector<double> Identity(double gain) {
    if (weight_.shape.size() != 2) BadShape("Identity", "It fills matrices.");
    const int64_t rows = weight_.shape[0], columns = weight_.shape[1];
    for (int64_t i = 0; i < std::min(rows, columns); ++i) values_[static_cast<size_t>(i * columns + i)] = gain;
    return std::move(values_);
  }

  // Q of the QR decomposition of a tall normal matrix, whose R has a positive diagonal: Gram-Schmidt, each vector twice ("twice is enough",
  // Giraud et al. 2005). A wide matrix is the transpose of a tall one.
  std::vector<double> Orthogonal(base::Stream* draws, double gain) {
    if (weight_.shape.size() < 2) BadShape("Orthogonal", "It fills tensors of two dimensions or more.");
    const size_t columns = static_cast<size_t>(weight_.shape.back()), rows = columns == 0 ? 0 : values_.size() / columns;
    const size_t length = std::max(rows, columns), count = std::min(rows, columns);
    std::vector<double> q(length * count);  // vector j at q[j * length]
    for (size_t i = 0; i < length; ++i) {
      for (size_t j = 0; j < count; ++j) q[j * length + i] = draws->Normal();
    }
    for (size_t j = 0; j < count; ++j) {
      double* v = &q[j * length];
      for (int pass = 0; pass < 2; ++pass) {
        for (size_t k = 0; k < j; ++k) Subtract(v, &q[k * length], length);
      }
      double norm = 0;
      for (size_t i = 0; i < length; ++i) norm += v[i] * v[i];
      norm = std::sqrt(norm);
      for (size_t i = 0; i < length; ++i) v[i] /= norm;
    }
    for (size_t r = 0; r < rows; ++r) {
      for (size_t c = 0; c < columns; ++c) values_[r * columns + c] = gain * (rows >= columns ? q[c * length + r] : q[r * length + c]);
    }
    return std::move(values_);
  }

  // An LSTM begins by remembering: of the gates (input, forget, cell, output) the second is ones, the others are one tensor's values in
  // order.
  std::vector<double> UnitForgetBias(uint64_t seed, uint64_t stream, uint64_t index) {
    const base::Value* inner = Config("bias_initializer");
    if (inner == nullptr || values_.size() % 4 != 0) Unknown("UnitForgetBias");
    base::WeightSpec others = weight_;
    others.initializer = *inner;
    const auto units = static_cast<std::ptrdiff_t>(values_.size() / 4);
    others.shape = {3 * units};
    std::vector<double> values = Filler(others, owner_).Fill(seed, stream, index);
    values.insert(values.begin() + units, static_cast<size_t>(units), 1.0);
    return values;
  }

  // v -= (v . unit) unit
  static void Subtract(double* v, const double* unit, size_t length) {
    double dot = 0;
    for (size_t i = 0; i < length; ++i) dot += v[i] * unit[i];
    for (size_t i = 0; i < length; ++i) v[i] -= dot * unit[i];
  }

  const base::WeightSpec& weight_;
  const std::string& owner_;
  std::vector<double> values_;
};

}  // namespace

std::vector<double> InitialValues(const base::WeightSpec& weight, const std::string& owner, uint64_t seed, uint64_t stream,
                                  uint64_t index) {
  return Filler(weight, owner).Fill(seed, stream, index);
}

}  // namespace engine::math
