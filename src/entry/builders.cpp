// Architectures made from packed tables, and what is shown of stored ones.

#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "pg/names.hpp"
#include "store/builders.hpp"
#include "wire/choices.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_mlp);
PG_FUNCTION_INFO_V1(pg_cerebro_cnn);
PG_FUNCTION_INFO_V1(pg_cerebro_rnn);
PG_FUNCTION_INFO_V1(pg_cerebro_wide_deep);
PG_FUNCTION_INFO_V1(pg_cerebro_summary);
PG_FUNCTION_INFO_V1(pg_cerebro_to_keras_json);
PG_FUNCTION_INFO_V1(pg_cerebro_default_compile_params);
PG_FUNCTION_INFO_V1(pg_cerebro_default_compile_grid);
}

namespace {

constexpr double kMostL2 = 1e6;
constexpr double kMostRate = 1e6;

/// Arguments of a maker: what is NULL keeps the request's default.
class Choices {
 public:
  explicit Choices(const pg::Args& args) : args_(args) {}

  void Layers(int i, const char* name, bool may_be_empty, std::vector<std::vector<int64_t>>* list) const {
    if (const auto text = args_.opt_value(i)) *list = wire::ReadLayerChoices(name, *text, may_be_empty);
  }
  void Counts(int i, const char* name, std::vector<int64_t>* list) const {
    if (const auto text = args_.opt_value(i)) *list = wire::ReadCountChoices(name, *text);
  }
  void Numbers(int i, const char* name, double limit, std::vector<double>* list) const {
    if (const auto text = args_.opt_value(i)) *list = wire::ReadNumberChoices(name, *text, limit);
  }
  void Flags(int i, const char* name, std::vector<bool>* list) const {
    if (const auto text = args_.opt_value(i)) *list = wire::ReadFlagChoices(name, *text);
  }
  void Words(int i, const char* name, const std::vector<std::string>& known, std::vector<std::string>* list) const {
    if (const auto text = args_.opt_value(i)) *list = wire::ReadWordChoices(name, *text, known);
  }
  void Shape(int i, const char* name, std::optional<base::Shape>* shape) const {
    if (const auto text = args_.opt_value(i)) *shape = wire::ReadSizes(name, *text);
  }
  void AnyWords(int i, const char* name, std::vector<std::string>* words) const {
    if (const auto text = args_.opt_value(i)) *words = wire::ReadWords(name, *text);
  }

 private:
  const pg::Args& args_;
};

Datum Int4Array(const std::vector<int>& numbers) {
  return pg::call([&] {
    auto* elements = static_cast<Datum*>(palloc(sizeof(Datum) * numbers.size()));
    for (size_t i = 0; i < numbers.size(); i++) elements[i] = Int32GetDatum(numbers[i]);
    return PointerGetDatum(
        construct_array(elements, static_cast<int>(numbers.size()), INT4OID, sizeof(int32), true, 'i'));
  });
}

/// name: the position of the last argument, which begins the models' names.
Datum Build(const pg::Args& args, int name, wire::BuilderRequest request) {
  request.name = args.opt_text(name).value_or("");
  return Int4Array(
      store::BuildArchitectures(args.text(0, "model_arch_table"), args.text(1, "source_table"), std::move(request)));
}

std::vector<std::string> OutputActivation(const pg::Args& args, int i) {
  std::vector<std::string> words;
  Choices(args).AnyWords(i, "output_activation", &words);
  return words;
}

}  // namespace

Datum pg_cerebro_mlp(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    const Choices choices(args);
    wire::BuilderRequest request(wire::Family::kMlp);
    choices.Layers(2, "hidden", true, &request.hidden);
    choices.Numbers(3, "dropout", 1, &request.dropout);
    choices.Flags(4, "batch_norm", &request.batch_norm);
    choices.Words(5, "activation", wire::HiddenActivations(), &request.activation);
    choices.Numbers(6, "l2", kMostL2, &request.l2);
    choices.Counts(7, "embedding_dim", &request.embedding_dim);
    request.output_activation = OutputActivation(args, 8);
    return Build(args, 9, std::move(request));
  });
}

Datum pg_cerebro_cnn(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    const Choices choices(args);
    wire::BuilderRequest request(wire::Family::kCnn);
    choices.Layers(2, "filters", false, &request.filters);
    choices.Layers(3, "hidden", true, &request.hidden);
    choices.Counts(4, "kernel_size", &request.kernel_size);
    choices.Counts(5, "convolutions", &request.convolutions);
    choices.Words(6, "pooling", wire::Poolings(), &request.pooling);
    choices.Flags(7, "global_pooling", &request.global_pooling);
    choices.Numbers(8, "dropout", 1, &request.dropout);
    choices.Flags(9, "batch_norm", &request.batch_norm);
    choices.Words(10, "activation", wire::HiddenActivations(), &request.activation);
    choices.Numbers(11, "l2", kMostL2, &request.l2);
    choices.Counts(12, "embedding_dim", &request.embedding_dim);
    choices.Shape(13, "image_shape", &request.given_shape);
    request.output_activation = OutputActivation(args, 14);
    return Build(args, 15, std::move(request));
  });
}

Datum pg_cerebro_rnn(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    const Choices choices(args);
    wire::BuilderRequest request(wire::Family::kRnn);
    choices.Layers(2, "units", false, &request.units);
    choices.Layers(3, "hidden", true, &request.hidden);
    choices.Words(4, "cell", wire::Cells(), &request.cell);
    choices.Flags(5, "bidirectional", &request.bidirectional);
    choices.Numbers(6, "dropout", 1, &request.dropout);
    choices.Words(7, "activation", wire::HiddenActivations(), &request.activation);
    choices.Numbers(8, "l2", kMostL2, &request.l2);
    choices.Counts(9, "embedding_dim", &request.embedding_dim);
    if (const auto size = args.opt_whole(10, "vocabulary_size")) request.vocabulary_size = *size;
    choices.Shape(11, "sequence_shape", &request.given_shape);
    request.output_activation = OutputActivation(args, 12);
    return Build(args, 13, std::move(request));
  });
}

Datum pg_cerebro_wide_deep(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    const Choices choices(args);
    wire::BuilderRequest request(wire::Family::kWideDeep);
    choices.Layers(2, "hidden", true, &request.hidden);
    choices.Numbers(3, "dropout", 1, &request.dropout);
    choices.Flags(4, "batch_norm", &request.batch_norm);
    choices.Words(5, "activation", wire::HiddenActivations(), &request.activation);
    choices.Numbers(6, "l2", kMostL2, &request.l2);
    choices.Counts(7, "embedding_dim", &request.embedding_dim);
    if (const auto wide = args.opt_text(8)) request.wide = pg::ParseColumnList(*wide, "wide_columns");
    request.output_activation = OutputActivation(args, 9);
    return Build(args, 10, std::move(request));
  });
}

Datum pg_cerebro_summary(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    std::vector<std::vector<std::optional<std::string>>> rows;
    for (std::string& line :
         store::SummaryLines(args.text(0, "model_arch_table"), args.whole(1, "model_id"), args.opt_text(2))) {
      rows.push_back({std::move(line)});
    }
    pg::ReturnRows(fcinfo, rows);
    return Datum{0};
  });
}

Datum pg_cerebro_to_keras_json(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    return pg::TextDatum(
        store::KerasJson(args.text(0, "model_arch_table"), args.whole(1, "model_id"), args.opt_text(2)));
  });
}

Datum pg_cerebro_default_compile_params(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    return pg::TextDatum(store::DefaultCompileParams(args.text(0, "source_table"), OutputActivation(args, 1)));
  });
}

Datum pg_cerebro_default_compile_grid(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    std::vector<double> rates = {0.001, 0.003, 0.01};
    Choices(args).Numbers(1, "learning_rates", kMostRate, &rates);
    return pg::TextDatum(store::DefaultCompileGrid(args.text(0, "source_table"), rates, OutputActivation(args, 2)));
  });
}
