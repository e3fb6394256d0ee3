// The native trainer by itself, without LibTorch: gradients against differences of the loss, and memory that is not a
// network's.
#include "engine/native/trainer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../fixture.hpp"
#include "engine/math/initializer.hpp"
#include "engine/math/optimizer.hpp"
#include "make_trainer.hpp"

namespace {

using base::DType;
using base::LossKind;
using fixture::Dense;
using fixture::Table;

std::string Layer(const std::string& kind, const std::string& name, const std::string& arguments = {}) {
  return R"({"class_name": ")" + kind + R"(", "config": {"name": ")" + name + "\"" + (arguments.empty() ? "" : ", " + arguments) + "}}";
}

std::string Shaped(const std::string& shape) { return R"("batch_input_shape": [null, )" + shape + "]"; }

/// A model, its trainer and a state of exactly as many bytes as the layout has, so that a sanitizer sees what is
/// written behind it.
class Trainee {
 public:
  Trainee(const base::Graph& graph, const base::TrainConfig& config, const Table& table, DType precision)
      : layout_(engine::MakeStateLayout(graph, engine::math::SlotNames(config.optimizer), precision)),
        block_(layout_.bytes / sizeof(Line)) {
    trainer_ = MakeTrainer(graph, config, table.spec, layout_);
    std::memset(block_.data(), kSentinel, layout_.bytes);
    *counters() = engine::StateCounters();
    size_t index = 0;
    for (const base::Layer& layer : graph.layers) {
      for (const base::WeightSpec& weight : layer.weights) {
        const engine::StateTensor& tensor = layout_.tensors[index];
        std::vector<double> values;
        engine::math::FillInitialValues(weight, layer.name, 7, 3, index,
                                        [&](const double* from, size_t n) { values.insert(values.end(), from, from + n); });
        // biases that are not zero, scales that are not one
        const std::vector<double> noise = fixture::Numbers(values.size(), index + 1);
        for (size_t i = 0; i < values.size(); ++i) Set(tensor, i, values[i] + (weight.trainable ? 0.2 * noise[i] : 0));
        ++index;
      }
    }
    for (; index < layout_.tensors.size(); ++index) {
      for (size_t i = 0; i < layout_.tensors[index].count; ++i) Set(layout_.tensors[index], i, 0);
    }
  }

  engine::native::Trainer* trainer() const { return trainer_.get(); }
  const engine::StateLayout& layout() const { return layout_; }
  engine::StateCounters* counters() { return reinterpret_cast<engine::StateCounters*>(block_.data()); }
  std::string bytes() const { return {reinterpret_cast<const char*>(block_.data()), layout_.bytes}; }
  void Restore(const std::string& bytes) { std::memcpy(block_.data(), bytes.data(), bytes.size()); }

  double Get(const engine::StateTensor& tensor, size_t i) {
    return layout_.precision == DType::kFloat64 ? At<double>(tensor)[i] : static_cast<double>(At<float>(tensor)[i]);
  }
  void Set(const engine::StateTensor& tensor, size_t i, double value) {
    if (layout_.precision == DType::kFloat64) {
      At<double>(tensor)[i] = value;
    } else {
      At<float>(tensor)[i] = static_cast<float>(value);
    }
  }

  /// One mini-batch of all rows. Returns the loss before the weights move, summed over the rows.
  double Step(const base::Buffer& buffer) {
    double loss = 0;
    trainer_->Attach(block_.data());
    trainer_->Load(buffer, nullptr, 0, buffer.rows);
    EXPECT_TRUE(trainer_->Train(0, buffer.rows, {1, 2, 3, 4, 5}, &loss));
    trainer_->Attach(nullptr);
    return loss;
  }

  /// What lies between the tensors is as it was.
  void ExpectGapsUntouched() const {
    const std::string all = bytes();
    size_t end = engine::kStateCountersBytes;
    const auto check = [&](size_t begin) {
      for (size_t i = end; i < begin; ++i) ASSERT_EQ(static_cast<unsigned char>(all[i]), kSentinel) << "byte " << i;
    };
    for (const engine::StateTensor& tensor : layout_.tensors) {
      check(tensor.offset);
      end = tensor.offset + tensor.count * base::DTypeSize(layout_.precision);
    }
    check(layout_.bytes);
  }

 private:
  static constexpr unsigned char kSentinel = 0xA5;
  struct alignas(64) Line {
    char bytes[64];
  };

  template <typename T>
  T* At(const engine::StateTensor& tensor) {
    return reinterpret_cast<T*>(reinterpret_cast<char*>(block_.data()) + tensor.offset);
  }

  engine::StateLayout layout_;
  std::vector<Line> block_;
  std::unique_ptr<engine::native::Trainer> trainer_;
};

Table Data(int64_t rows, const base::Shape& shape, int64_t outputs, LossKind loss, bool indexes = false) {
  Table table;
  std::vector<double> x = fixture::Numbers(static_cast<size_t>(rows * base::ElementCount(shape)));
  if (indexes) {
    for (double& v : x) v = std::floor(4 + 4 * v);
  }
  table.AddInput("x", shape, x);
  std::vector<double> y = fixture::Numbers(static_cast<size_t>(rows * outputs), 2);
  if (loss == LossKind::kSparseCategoricalCrossentropy) {
    y.resize(static_cast<size_t>(rows));
    for (int64_t r = 0; r < rows; ++r) y[static_cast<size_t>(r)] = static_cast<double>(r * r % outputs);
    table.AddTarget("y", {}, y, base::TargetKind::kClassIndex, outputs);
    return table;
  }
  if (loss == LossKind::kCategoricalCrossentropy || loss == LossKind::kBinaryCrossentropy) {
    for (double& v : y) v = (v + 1) / 2;
  }
  table.AddTarget("y", {outputs}, y);
  return table;
}

// A step of SGD with a learning rate of 1 moves a weight by its gradient: the mean loss's, by differences of the loss
// of the same rows.
void ExpectGradients(const std::string& layers, const base::Shape& shape, LossKind loss, int64_t outputs, bool indexes = false) {
  SCOPED_TRACE(layers);
  constexpr int64_t kRows = 5;
  constexpr double kDistance = 1e-5;
  const base::Graph graph = fixture::Sequential(layers);
  const Table table = Data(kRows, shape, outputs, loss, indexes);
  Trainee trainee(graph, fixture::Config(loss, static_cast<int>(kRows), 1.0), table, DType::kFloat64);
  ASSERT_NE(trainee.trainer(), nullptr);
  const base::Buffer buffer = table.Buffer(kRows);
  const std::string before = trainee.bytes();
  EXPECT_GT(trainee.Step(buffer), 0);
  trainee.ExpectGapsUntouched();
  const std::string after = trainee.bytes();
  for (const engine::StateTensor& tensor : trainee.layout().tensors) {
    if (!tensor.trainable) continue;
    for (size_t i = 0; i < tensor.count; ++i) {
      trainee.Restore(after);
      const double moved = trainee.Get(tensor, i);
      trainee.Restore(before);
      const double value = trainee.Get(tensor, i);
      trainee.Set(tensor, i, value + kDistance);
      const double above = trainee.Step(buffer);
      trainee.Restore(before);
      trainee.Set(tensor, i, value - kDistance);
      const double below = trainee.Step(buffer);
      const double expected = (above - below) / (2 * kDistance) / static_cast<double>(kRows);
      ASSERT_NEAR(value - moved, expected, 1e-7 * (1 + std::fabs(expected))) << tensor.name << " " << i;
    }
  }
}

const std::string kImage = Layer("Reshape", "r", R"("target_shape": [6, 5, 2], )" + Shaped("60"));
const std::string kEnd = "," + Layer("Flatten", "flat") + "," + Dense("o", 3, "softmax");

void ExpectImageGradients(const std::string& layers) {
  ExpectGradients(kImage + "," + layers + kEnd, {60}, LossKind::kCategoricalCrossentropy, 3);
}

}  // namespace

TEST(NativeTrainer, GradientsOfDenseLayersAndActivations) {
  for (const char* activation : {"linear", "relu", "sigmoid", "tanh", "softmax", "elu", "selu", "softplus", "softsign", "swish", "gelu",
                                 "mish", "exponential", "hard_sigmoid", "relu6", "log_softmax"}) {
    for (int units : {1, 9, 17}) {
      ExpectGradients(Dense("a", units, activation, ", " + Shaped("7")) + "," + Dense("o", 3, "softmax"), {7},
                      LossKind::kCategoricalCrossentropy, 3);
    }
  }
}

TEST(NativeTrainer, GradientsOfLosses) {
  const std::string first = Dense("a", 5, "tanh", ", " + Shaped("4")) + ",";
  ExpectGradients(first + Dense("o", 3, "softmax"), {4}, LossKind::kSparseCategoricalCrossentropy, 3);
  ExpectGradients(first + Dense("o", 2, "sigmoid"), {4}, LossKind::kBinaryCrossentropy, 2);
  for (LossKind loss : {LossKind::kMeanSquaredError, LossKind::kMeanAbsoluteError, LossKind::kHuber}) {
    ExpectGradients(first + Dense("o", 2, "linear"), {4}, loss, 2);
  }
}

TEST(NativeTrainer, GradientsOfConvolutions) {
  for (const char* padding : {"same", "valid"}) {
    for (const char* rest : {R"("kernel_size": [3, 2], "strides": [1, 1])", R"("kernel_size": [2, 3], "strides": [2, 1])",
                             R"("kernel_size": [2, 2], "dilation_rate": [2, 1])"}) {
      for (int filters : {2, 9}) {
        ExpectImageGradients(
            Layer("Conv2D", "c", R"("filters": 3, "kernel_size": [1, 1], "activation": "tanh")") + "," +
            Layer("Conv2D", "d",
                  R"("activation": "relu", "filters": )" + std::to_string(filters) + R"(, "padding": ")" + padding + "\", " + rest));
      }
    }
  }
}

TEST(NativeTrainer, GradientsOfPoolingPaddingAndNormalization) {
  const std::string conv = Layer("Conv2D", "c", R"("filters": 3, "kernel_size": [2, 2])") + ",";
  for (const char* kind : {"MaxPooling2D", "AveragePooling2D"}) {
    for (const char* padding : {R"("padding": "same")", R"("padding": "valid")"}) {
      ExpectImageGradients(conv + Layer(kind, "p", std::string(padding) + R"(, "pool_size": [2, 2])"));
      ExpectImageGradients(conv + Layer(kind, "p", std::string(padding) + R"(, "pool_size": [3, 2], "strides": [1, 1])"));
    }
  }
  ExpectImageGradients(conv + Layer("GlobalAveragePooling2D", "g"));
  ExpectImageGradients(conv + Layer("GlobalMaxPooling2D", "g"));
  ExpectImageGradients(conv + Layer("ZeroPadding2D", "z", R"("padding": [[1, 0], [2, 1]])"));
  ExpectImageGradients(conv + Layer("BatchNormalization", "n"));
  ExpectImageGradients(conv + Layer("LayerNormalization", "n"));
  ExpectImageGradients(conv + Layer("Dropout", "d", R"("rate": 0.4)"));
}

TEST(NativeTrainer, GradientsOfRecurrentLayers) {
  const std::pair<const char*, const char*> kinds[] = {{"SimpleRNN", ""}, {"LSTM", ""}, {"GRU", R"(, "reset_after": true)"}, {"GRU", R"(, "reset_after": false)"}};
  for (const auto& [kind, form] : kinds) {
    for (const char* rest : {"", R"(, "go_backwards": true)", R"(, "dropout": 0.3, "recurrent_dropout": 0.2)", R"(, "activation": "sigmoid")"}) {
      const std::string first = Layer(kind, "r", std::string(R"("units": 3, "return_sequences": true, )") + Shaped("4, 2") + form + rest);
      ExpectGradients(first + "," + Layer(kind, "s", std::string(R"("units": 2)") + form + rest) + kEnd, {4, 2},
                      LossKind::kCategoricalCrossentropy, 3);
    }
  }
}

TEST(NativeTrainer, GradientsOfSequencesAndDepthwiseConvolutions) {
  const std::string conv = Layer("Conv2D", "c", R"("filters": 3, "kernel_size": [2, 2])") + ",";
  for (const char* rest : {R"("padding": "same")", R"("strides": [2, 2])", R"("depth_multiplier": 2, "activation": "tanh")"}) {
    ExpectImageGradients(conv + Layer("DepthwiseConv2D", "d", std::string(R"("kernel_size": [3, 2], )") + rest));
    ExpectImageGradients(conv + Layer("SeparableConv2D", "d", std::string(R"("filters": 4, "kernel_size": [3, 2], )") + rest));
  }
  ExpectImageGradients(conv + Layer("UpSampling2D", "u"));
  ExpectImageGradients(conv + Layer("Cropping2D", "u", R"("cropping": [[1, 0], [0, 1]])"));
  ExpectImageGradients(conv + Layer("Permute", "u", R"("dims": [3, 1, 2])"));
  ExpectImageGradients(conv + Layer("PReLU", "u"));
  ExpectImageGradients(conv + Layer("GroupNormalization", "u", R"("groups": 3)"));
  for (const char* rest : {R"("padding": "causal")", R"("padding": "same", "strides": [2])", R"("dilation_rate": [2])"}) {
    const std::string layer = Layer("Conv1D", "c", std::string(R"("filters": 3, "kernel_size": [3], )") + Shaped("7, 2") + ", " + rest);
    ExpectGradients(layer + "," + Layer("Conv1D", "d", R"("filters": 2, "kernel_size": [2])") + "," + Layer("GlobalAveragePooling1D", "g") + kEnd,
                    {7, 2}, LossKind::kCategoricalCrossentropy, 3);
  }
}

TEST(NativeTrainer, GradientsOfEmbeddings) {
  ExpectGradients(Layer("Embedding", "e", R"("input_dim": 9, "output_dim": 3, )" + Shaped("4")) + kEnd, {4},
                  LossKind::kCategoricalCrossentropy, 3, true);
}

TEST(NativeTrainer, GradientsOfRegularizers) {
  ExpectGradients(
      Dense("a", 5, "tanh", R"(, "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.01, "l2": 0.1}}, )" + Shaped("4")) + "," +
          Dense("o", 2, "linear"),
      {4}, LossKind::kMeanSquaredError, 2);
}

// Widths around those of vectors and panels, the sparse product, and kernels for blocks: every optimizer lowers the
// loss, and writes to its tensors only.
TEST(NativeTrainer, EveryOptimizerLowersTheLossInsideItsTensors) {
  constexpr int64_t kRows = 37;
  for (DType precision : {DType::kFloat32, DType::kFloat64}) {
    for (int width : {1, 15, 17, 70, 600}) {
      for (int kind = 1; kind <= 5; ++kind) {
        SCOPED_TRACE(std::to_string(width) + " wide, optimizer " + std::to_string(kind));
        base::TrainConfig config = fixture::Config(LossKind::kCategoricalCrossentropy, static_cast<int>(kRows), 0.002);
        config.optimizer.kind = static_cast<base::OptimizerKind>(kind);
        config.optimizer.momentum = 0.5;
        config.optimizer.amsgrad = config.optimizer.centered = true;
        config.optimizer.clipnorm = kind % 2 == 0 ? 1.0 : 0.0;
        const base::Graph graph = fixture::Sequential(Dense("a", width, "relu", ", " + Shaped("900")) + "," + Dense("b", 33, "tanh") + "," +
                                                      Dense("o", 3, "softmax"));
        Table table;
        std::vector<double> x = fixture::Numbers(static_cast<size_t>(kRows * 900));
        for (double& v : x) v = v > 0.6 ? v : 0;
        table.AddInput("x", {900}, x);
        std::vector<double> hot(static_cast<size_t>(kRows * 3));
        for (int64_t r = 0; r < kRows; ++r) hot[static_cast<size_t>(r * 3 + r * r % 3)] = 1;
        table.AddTarget("y", {3}, hot, base::TargetKind::kOneHot, 3);
        Trainee trainee(graph, config, table, precision);
        ASSERT_NE(trainee.trainer(), nullptr);
        const base::Buffer buffer = table.Buffer(kRows);
        const double first = trainee.Step(buffer);
        double last = first;
        for (int i = 0; i < 10; ++i) last = trainee.Step(buffer);
        EXPECT_LT(last, first);
        EXPECT_EQ(trainee.counters()->step, 11u);
        trainee.ExpectGapsUntouched();
      }
    }
  }
}
