// One training step of graphs that are no chain, by the hand-written kernels and by autograd, in memory, with no
// database. Prints us per step and model.
//
//   bench_engine_graph [models [name [kernels]]]     as bench_engine_step: models of each kind trained one after another
//                                                    (default 4); only the kinds whose name has it; only by kernels
//
// categories: the usual table of a database, six columns of 10 to 1,000 categories, each through an embedding of 8, and
// twenty numbers; 64-32-1 in mini-batches of 256. residual: three blocks of two dense layers. squeeze: convolutions with
// squeeze and excite.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "models.hpp"

namespace {

/// A column of packed rows.
struct Column {
  base::ColumnSpec spec;
  std::vector<uint8_t> bytes;
};

struct Kind {
  std::string name, graph, loss;
  int batch_size = 32;
  int64_t rows = 0;
  std::vector<Column> inputs, targets;
};

template <typename T, typename Draw>
Column MakeColumn(const std::string& name, base::DType type, const base::Shape& shape, int64_t rows, Draw draw) {
  Column column;
  column.spec.name = name;
  column.spec.dtype = type;
  column.spec.shape = shape;
  for (int64_t i = 0; i < rows * base::ElementCount(shape); ++i) {
    const T value = static_cast<T>(draw());
    const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
    column.bytes.insert(column.bytes.end(), bytes, bytes + sizeof(value));
  }
  return column;
}

std::string Model(const std::string& layers, const std::string& inputs, const std::string& output) {
  return R"({"class_name": "Functional", "config": {"name": "m", "layers": [)" + layers + R"(], "input_layers": [)" + inputs +
         R"(], "output_layers": [[")" + output + R"(", 0, 0]]}})";
}

/// inputs: names, with spaces between.
std::string Node(const std::string& kind, const std::string& name, const std::string& arguments, const std::string& inputs) {
  std::string nodes, word;
  for (const char c : inputs + " ") {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      nodes += (nodes.empty() ? "" : ", ") + ("[\"" + word) + "\", 0, 0, {}]";
      word.clear();
    }
  }
  return R"({"class_name": ")" + kind + R"(", "name": ")" + name + R"(", "config": {"name": ")" + name + "\"" + arguments +
         R"(}, "inbound_nodes": [)" + (nodes.empty() ? "" : "[" + nodes + "]") + "]}";
}

std::string Input(const std::string& name, const std::string& shape) {
  return Node("InputLayer", name, R"(, "batch_input_shape": [null, )" + shape + "]", "");
}

std::string Dense(const std::string& name, int units, const std::string& activation, const std::string& input) {
  return Node("Dense", name, R"(, "units": )" + std::to_string(units) + R"(, "activation": ")" + activation + "\"", input);
}

Kind Categories(int64_t batches) {
  Kind kind{"categories", "", "mean_squared_error", 256, 256 * batches, {}, {}};
  base::Stream draw(1, 1, base::Purpose::kSearch);
  std::string layers, inputs, parts;
  for (const int count : {10, 20, 50, 100, 300, 1000}) {
    const std::string c = "c" + std::to_string(count), e = "e" + std::to_string(count), f = "f" + std::to_string(count);
    layers += Input(c, "1") + ", " + Node("Embedding", e, R"(, "input_dim": )" + std::to_string(count) + R"(, "output_dim": 8)", c) + ", " +
              Node("Flatten", f, "", e) + ", ";
    inputs += "[\"" + c + "\", 0, 0], ";
    parts += f + " ";
    kind.inputs.push_back(
        MakeColumn<int32_t>(c, base::DType::kInt32, {}, kind.rows, [&] { return draw.Below(static_cast<uint64_t>(count)); }));
  }
  const auto number = [&] { return static_cast<double>(draw.Below(1000)) / 500 - 1; };
  kind.inputs.push_back(MakeColumn<float>("x", base::DType::kFloat32, {20}, kind.rows, number));
  kind.targets.push_back(MakeColumn<float>("y", base::DType::kFloat32, {1}, kind.rows, number));
  layers += Input("x", "20") + ", " + Node("Concatenate", "all", "", parts + "x") + ", " + Dense("a", 64, "relu", "all") + ", " +
            Dense("b", 32, "relu", "a") + ", " + Dense("o", 1, "linear", "b");
  kind.graph = Model(layers, inputs + R"(["x", 0, 0])", "o");
  return kind;
}

Kind Numbers(const std::string& name, const base::Shape& shape, int outputs, int batch_size, int64_t batches) {
  Kind kind{name, "", "mean_squared_error", batch_size, batch_size * batches, {}, {}};
  base::Stream draw(1, 1, base::Purpose::kSearch);
  const auto number = [&] { return static_cast<double>(draw.Below(1000)) / 500 - 1; };
  kind.inputs.push_back(MakeColumn<float>("x", base::DType::kFloat32, shape, kind.rows, number));
  kind.targets.push_back(MakeColumn<float>("y", base::DType::kFloat32, {outputs}, kind.rows, number));
  return kind;
}

Kind Residual(int64_t batches) {
  Kind kind = Numbers("residual", {64}, 1, 64, batches);
  std::string layers = Input("x", "64"), last = "x";
  for (int i = 0; i < 3; ++i) {
    const std::string n = std::to_string(i);
    layers += ", " + Dense("a" + n, 64, "relu", last) + ", " + Dense("b" + n, 64, "linear", "a" + n) + ", " +
              Node("Add", "s" + n, "", last + " b" + n) + ", " + Node("Activation", "r" + n, R"(, "activation": "relu")", "s" + n);
    last = "r" + n;
  }
  kind.graph = Model(layers + ", " + Dense("o", 1, "linear", last), R"(["x", 0, 0])", "o");
  return kind;
}

Kind Squeeze(int64_t batches) {
  Kind kind = Numbers("squeeze", {16, 16, 8}, 4, 32, batches);
  const auto conv = [](const std::string& name, int filters, const std::string& input) {
    return Node("Conv2D", name,
                R"(, "filters": )" + std::to_string(filters) + R"(, "kernel_size": [3, 3], "padding": "same", "activation": "relu")",
                input);
  };
  const std::string layers = Input("x", "16, 16, 8") + ", " + conv("c", 32, "x") + ", " + Node("GlobalAveragePooling2D", "g", "", "c") +
                             ", " + Dense("s", 8, "relu", "g") + ", " + Dense("e", 32, "sigmoid", "s") + ", " +
                             Node("Reshape", "r", R"(, "target_shape": [1, 1, 32])", "e") + ", " + Node("Multiply", "m", "", "c r") + ", " +
                             conv("d", 32, "m") + ", " + Node("Add", "sum", "", "c d") + ", " +
                             Node("GlobalAveragePooling2D", "h", "", "sum") + ", " + Dense("o", 4, "linear", "h");
  kind.graph = Model(layers, R"(["x", 0, 0])", "o");
  return kind;
}

std::vector<bench::Trainee> Models(const Kind& kind, const base::DataSpec& data, int count, bool kernels) {
  const base::Graph graph = wire::ReadKeras(kind.graph);
  const base::TrainConfig config = plan::ReadConfig("loss='" + kind.loss + "', optimizer='Adam(learning_rate=0.001)', metrics=['mae']",
                                                    "batch_size=" + std::to_string(kind.batch_size) + ", epochs=1");
  engine::Options options;
  options.kernels = kernels;
  std::vector<bench::Trainee> models;
  for (int i = 0; i < count; i++) {
    bench::Trainee trainee;
    trainee.model = std::make_unique<engine::Model>(graph, config, data, options);
    if (trainee.model->program().has_kernels() != kernels) throw std::runtime_error(kind.name + " has no kernels");
    trainee.block.reset(::operator new(trainee.model->program().layout().bytes, std::align_val_t(64)));
    trainee.model->Initialise(trainee.block.get(), 1, static_cast<uint64_t>(i), 1);
    trainee.model->Attach(trainee.block.get());
    models.push_back(std::move(trainee));
  }
  return models;
}

void Run(const Kind& kind, int count, bool kernels_only) {
  base::DataSpec data;
  base::Buffer buffer;
  buffer.rows = kind.rows;
  for (const Column& column : kind.inputs) {
    data.inputs.push_back(column.spec);
    buffer.inputs.push_back(column.bytes.data());
  }
  for (const Column& column : kind.targets) {
    data.targets.push_back(column.spec);
    data.targets.back().kind = base::TargetKind::kArray;
    buffer.targets.push_back(column.bytes.data());
  }
  bench::Compare(kind.name, kind.batch_size, buffer, kernels_only, [&](bool kernels) { return Models(kind, data, count, kernels); });
}

}  // namespace

int main(int argc, char** argv) {
  try {
    engine::SetThreads(1);
    std::printf("%s\n", engine::BuildDescription().c_str());
    const int count = argc > 1 ? std::atoi(argv[1]) : 4;
    for (const Kind& kind : {Categories(20), Residual(40), Squeeze(4)}) {
      if (argc > 2 && kind.name.find(argv[2]) == std::string::npos) continue;
      Run(kind, count, argc > 3 && std::string(argv[3]) == "kernels");
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
    return 1;
  }
  return 0;
}
