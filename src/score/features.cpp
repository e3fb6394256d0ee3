#include "score/features.hpp"

#include <algorithm>
#include <list>
#include <utility>

#include "base/error.hpp"
#include "base/preprocessing.hpp"
#include "data/buffer_source.hpp"
#include "data/packed_table.hpp"
#include "data/row_sql.hpp"
#include "engine/core/feature_extractor.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "score/plain_rows.hpp"
#include "score/row_packer.hpp"
#include "store/loaded_model.hpp"
#include "store/registry.hpp"
#include "store/result_columns.hpp"
#include "store/result_tables.hpp"
#include "train/memory.hpp"

namespace score {
namespace {

using base::Error;
using base::ErrorCode;

constexpr size_t kMostLayersListed = 20;
constexpr size_t kMostModelsKept = 4;  // by a process
constexpr size_t kMostTextBytes = size_t{4} << 20;  // of the arrays of one INSERT

/// The call of a layer. Errors: kUndefinedObject; kInvalidParameter for an Input, and for a layer that is called more than once.
int CallOfLayer(const base::Graph& graph, const std::string& layer, const std::string& model_table) {
  std::vector<int> calls;
  std::string names;
  size_t listed = 0;
  bool known = false;
  for (size_t c = 0; c < graph.calls.size(); ++c) {
    const base::Layer& of = graph.layers[static_cast<size_t>(graph.calls[c].layer)];
    if (of.name == layer) {
      known = true;
      if (of.kind != base::LayerKind::kInput) calls.push_back(static_cast<int>(c));
    }
    if (of.kind != base::LayerKind::kInput && ++listed <= kMostLayersListed) names += (listed > 1 ? ", " : "") + of.name;
  }
  if (listed > kMostLayersListed) names += ", ...";
  if (!known) {
    throw Error(ErrorCode::kUndefinedObject, "the model of table " + model_table + " has no layer \"" + layer + "\"", "", "Its layers are " + names + ".");
  }
  if (calls.empty()) throw Error(ErrorCode::kInvalidParameter, "layer \"" + layer + "\" is an input", "Its values are the rows themselves.", "The model's layers are " + names + ".");
  if (calls.size() > 1) {
    throw Error(ErrorCode::kInvalidParameter, "layer \"" + layer + "\" is called " + std::to_string(calls.size()) + " times: it has no one value", "",
                "Give the layer behind it. The model's layers are " + names + ".");
  }
  return calls.front();
}

/// A layer of a stored model that computes.
struct LayerOfModel {
  std::shared_ptr<const store::Block> weights;
  std::unique_ptr<engine::FeatureExtractor> extractor;
  std::vector<std::vector<float>> values;

  const std::vector<float>& Run(const base::Buffer& buffer) {
    extractor->Run(buffer, &values, pg::CheckInterrupts);
    return values.front();
  }
  int64_t elements() const { return base::ElementCount(extractor->shapes().front()); }
};

std::shared_ptr<const store::Block> LoadWeights(const store::ModelTable& table) {
  const engine::Options options = store::ScoringOptions(table, false);
  const store::StoredModel& model = table.models.front();
  train::RequireMemory("the extraction", train::MemoryOfPrediction(*model.graph, model.config, options.precision, static_cast<double>(kMostBatchBytes)),
                       train::kPredictionMemoryHint);
  return std::make_shared<const store::Block>(store::LoadWeightBlock(table, model, options));
}

/// weights: of the table's model. data: of the rows that will come.
LayerOfModel MakeLayer(const store::ModelTable& table, std::shared_ptr<const store::Block> weights, int call, const base::DataSpec& data) {
  LayerOfModel layer;
  layer.weights = std::move(weights);
  // nothing is trained here: the values of all layers are those of scoring
  auto graph = std::make_shared<base::Graph>(*table.models.front().graph);
  for (base::Call& c : graph->calls) c.frozen = c.inference = true;
  layer.extractor = std::make_unique<engine::FeatureExtractor>(std::move(graph), std::vector<int>{call}, data, store::ScoringOptions(table, false));
  layer.extractor->Attach(layer.weights->data());
  return layer;
}

LayerOfModel LoadLayer(const store::ModelTable& table, int call, const base::DataSpec& data) { return MakeLayer(table, LoadWeights(table), call, data); }

void AppendArray(const float* values, int64_t elements, std::string* text) {
  *text += '{';
  for (int64_t k = 0; k < elements; ++k) {
    if (k > 0) *text += ',';
    *text += pg::NumberText(static_cast<double>(values[k]));
  }
  *text += '}';
}

/// Rows on their way into the output table: keys as columns of texts, and the features.
class FeatureWriter {
 public:
  FeatureWriter(const pg::TableName& output, const std::vector<std::pair<std::string, std::string>>& keys) : keys_(keys.size()) {
    std::string definition, names, selected, unnested, aliases;
    for (size_t k = 0; k < keys.size(); ++k) {
      const std::string number = std::to_string(k + 1), name = pg::QuoteIdent(keys[k].first);
      definition += name + " " + keys[k].second + ", ";
      names += name + ", ";
      selected += "u.k" + number + "::" + keys[k].second + ", ";
      unnested += "pg_catalog.unnest($" + number + "), ";
      aliases += "k" + number + ", ";
    }
    pg::Execute("CREATE TABLE " + output.Sql() + " (" + definition + "features pg_catalog.float4[])" + pg::DistributedRandomly());
    insert_ = "INSERT INTO " + output.Sql() + " (" + names + "features) SELECT " + selected + "u.f::pg_catalog.float4[] FROM ROWS FROM (" + unnested +
              "pg_catalog.unnest($" + std::to_string(keys.size() + 1) + ")) AS u(" + aliases + "f)";
  }

  void Add(const std::vector<std::string>& keys, const float* values, int64_t elements) {
    for (size_t k = 0; k < keys_.size(); ++k) keys_[k].push_back(keys[k]);
    features_.emplace_back();
    AppendArray(values, elements, &features_.back());
    bytes_ += features_.back().size();
    if (bytes_ >= kMostTextBytes || features_.size() >= static_cast<size_t>(kMostBatchRows)) Flush();
  }

  void Flush() {
    if (features_.empty()) return;
    pg::Params params;
    for (auto& column : keys_) params.emplace_back(std::exchange(column, {}));
    params.emplace_back(std::exchange(features_, {}));
    bytes_ = 0;
    pg::Execute(insert_, params);
  }

 private:
  std::string insert_;
  std::vector<std::vector<std::string>> keys_;
  std::vector<std::string> features_;
  size_t bytes_ = 0;
};

std::vector<std::string> InputColumns(const base::DataSpec& data) {
  std::vector<std::string> names;
  for (const base::ColumnSpec& column : base::SourceInputs(data)) names.push_back(column.name);
  return names;
}

std::string ColumnNames(const base::DataSpec& data) {
  std::string list;
  for (const std::string& name : InputColumns(data)) list += (list.empty() ? "" : ", ") + pg::QuoteIdent(name);
  return list;
}

/// Some rows of a buffer, without its labels: what a layer makes of a whole one may be large.
base::Buffer Rows(const base::Buffer& buffer, const base::DataSpec& data, int64_t first, int64_t count) {
  base::Buffer rows = buffer;
  rows.rows = count;
  for (size_t i = 0; i < rows.inputs.size() && i < data.inputs.size(); ++i) {
    if (rows.inputs[i] != nullptr) rows.inputs[i] += static_cast<size_t>(first) * data.inputs[i].row_bytes();
  }
  rows.targets.clear();
  rows.weights = nullptr;
  return rows;
}

void ExtractPacked(const ExtractRequest& request, const store::ModelTable& table, int call, const pg::TableName& output) {
  if (request.id_col || request.independent_varname) {
    throw Error(ErrorCode::kInvalidParameter, std::string(request.id_col ? "id_col" : "independent_varname") + " is given, but table " +
                                                  request.source_table + " is a packed table",
                "Its rows have no ids: partition_id, buffer_id and row tell them apart.", "Leave the argument out, or give a plain table.");
  }
  const data::PackedTable packed = data::OpenPackedTable(request.source_table, "source_table");
  data::PackedTable training;
  training.spec = table.data;
  training.spec.targets = packed.spec.targets;  // labels are not read
  data::RequireCompatible(training, packed);
  LayerOfModel layer = LoadLayer(table, call, packed.spec);
  const store::StoredModel& stored = table.models.front();
  const RowLimits limits(*stored.graph, stored.config, packed.spec, table.float64 ? base::DType::kFloat64 : base::DType::kFloat32);
  FeatureWriter writer(output, {{"partition_id", "pg_catalog.int4"}, {"buffer_id", "pg_catalog.int4"}, {"row", "pg_catalog.int4"}});
  const data::BufferSource source(packed);
  for (int p = 0; p < packed.spec.num_partitions; ++p) {
    source.ForEach(p, [&](const base::Buffer& buffer) {
      const std::string partition = std::to_string(p), id = std::to_string(buffer.buffer_id);
      limits.Check(buffer, [&](int64_t row) { return "It is row " + std::to_string(row) + " of buffer " + id + " of partition " + partition + "."; });
      for (int64_t first = 0; first < buffer.rows; first += kMostBatchRows) {
        const base::Buffer rows = Rows(buffer, packed.spec, first, std::min<int64_t>(kMostBatchRows, buffer.rows - first));
        const std::vector<float>& values = layer.Run(rows);
        for (int64_t row = 0; row < rows.rows; ++row) {
          writer.Add({partition, id, std::to_string(first + row)}, values.data() + row * layer.elements(), layer.elements());
        }
      }
    });
  }
  writer.Flush();
}

void ExtractPlain(const ExtractRequest& request, const store::ModelTable& table, int call, const pg::TableName& source, const pg::TableName& output) {
  if (!request.id_col) {
    throw Error(ErrorCode::kNullValue, "id_col must be given: table " + source.Text() + " is a plain table", "",
                "Give the column that tells its rows apart; it is carried over to the output table.");
  }
  const PlainRows rows(source, "source_table", *request.id_col, request.independent_varname.value_or(ColumnNames(table.data)), table, "extract_features");
  if (rows.id_column().name == "features") {
    throw Error(ErrorCode::kInvalidParameter, "id_col \"features\" has the name of another column of the output table", "",
                "Rename the column in a view of the source table.");
  }
  LayerOfModel layer = LoadLayer(table, call, rows.model_data());
  FeatureWriter writer(output, {{rows.id_column().name, rows.id_column().sql_type}});
  rows.ForEach([&](const base::Buffer& buffer, const std::vector<std::string>& ids) {
    const std::vector<float>& values = layer.Run(buffer);
    for (size_t row = 0; row < ids.size(); ++row) writer.Add({ids[row]}, values.data() + static_cast<int64_t>(row) * layer.elements(), layer.elements());
  });
  writer.Flush();
}

}  // namespace

void ExtractFeatures(const ExtractRequest& request) {
  const pg::TableName output = pg::ParseNewTableName(request.output_table, "output_table");
  const pg::TableName source = pg::ParseTableName(request.source_table, "source_table");
  const store::ModelTable table = store::OpenOneModel(request.model_table, request.mst_key);
  const int call = CallOfLayer(*table.models.front().graph, request.layer, table.name.Text());
  const std::vector<pg::Column> columns = pg::TableColumns(source, "source_table");
  pg::ClaimOutput(output, "output_table");
  pg::RequireAbsent(output, "output_table");
  pg::RequireCreate(output);
  if (IsPackedTable(source, columns)) {
    ExtractPacked(request, table, call, output);
  } else {
    ExtractPlain(request, table, call, source, output);
  }
}

namespace {

/// What rows of one type need.
struct RowsOfType {
  RowsOfType(const store::ModelTable& table, std::string row_types) : types(std::move(row_types)), packer(table) {}

  const std::string types;
  RowPacker packer;
  LayerOfModel layer;
};

constexpr size_t kMostRowTypes = 4;  // of a model

}  // namespace

struct RowFeatures::Impl {
  Impl(store::ModelTable model_table, const std::string& layer_name)
      : table(std::move(model_table)), call(CallOfLayer(*table.models.front().graph, layer_name, table.name.Text())), fields(RowPacker(table).fields()) {}

  const store::ModelTable table;
  const int call;
  const std::vector<RowField> fields;
  std::shared_ptr<const store::Block> weights;
  std::list<RowsOfType> rows;  // used last first; of the table, which stands above
};

RowFeatures::RowFeatures(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RowFeatures::~RowFeatures() = default;

namespace {

struct Kept {
  std::string name, version;
  std::shared_ptr<RowFeatures> features;
};

/// Used last first. Lives as long as the process.
std::list<Kept>& KeptModels() {
  static auto* kept = new std::list<Kept>();
  return *kept;
}

}  // namespace

OpenFeatures RowFeatures::Open(const std::string& model_table, const std::string& layer, std::optional<int> mst_key) {
  OpenFeatures open;
  open.moment = LookupMoment::Now();
  const pg::TablesSeen seen = pg::TablesSeenHere();
  const pg::TableName named = pg::ParseTableName(model_table, "model_table");
  const bool is_table = seen == pg::TablesSeen::kNone || pg::TableExists(named);
  if (is_table && seen != pg::TablesSeen::kAll) {
    throw Error(ErrorCode::kFeatureNotSupported, "cerebro.features cannot read a model's table on a segment, nor where rows of segments arrive",
                "A segment has a part of every table only.",
                "Register the model by cerebro.register(): registered models are on every segment. Or write the features of a table's rows by "
                "cerebro.extract_features().");
  }
  // of a registered model no table tells that its name means another one
  const std::optional<store::ModelReference> reference = is_table ? std::nullopt : store::ParseModelReference(model_table);
  const std::optional<store::RegisteredVersion> registered = reference ? store::FindRegistered(*reference) : std::nullopt;
  open.registered = registered.has_value();
  const std::string version = registered ? registered->Text() + " " + registered->digest : store::StoredVersion(model_table, mst_key);
  const std::string name = named.Sql() + " " + (mst_key ? std::to_string(*mst_key) : "") + " " + layer;
  std::list<Kept>& kept = KeptModels();
  for (auto it = kept.begin(); it != kept.end() && !version.empty(); ++it) {
    if (it->name != name) continue;
    if (it->version == version) {
      kept.splice(kept.begin(), kept, it);
      open.features = it->features;
      return open;
    }
    kept.erase(it);
    break;
  }
  open.features.reset(new RowFeatures(std::make_unique<Impl>(store::OpenOneModel(model_table, mst_key), layer)));
  if (version.empty()) return open;  // nothing tells when it becomes another one
  if (kept.size() >= kMostModelsKept) kept.pop_back();
  kept.push_front({name, version, open.features});
  return open;
}

const std::vector<RowField>& RowFeatures::fields() const { return impl_->fields; }

void RowFeatures::Describe(const std::vector<pg::Column>& columns) {
  std::string types;
  for (const pg::Column& column : columns) types += column.type + ",";
  std::list<RowsOfType>& rows = impl_->rows;
  const auto found = std::find_if(rows.begin(), rows.end(), [&types](const RowsOfType& each) { return each.types == types; });
  if (found != rows.end()) {
    rows.splice(rows.begin(), rows, found);
    return;
  }
  if (impl_->weights == nullptr) impl_->weights = LoadWeights(impl_->table);
  std::list<RowsOfType> made;
  made.emplace_back(impl_->table, types);
  made.front().packer.Describe(columns);
  made.front().layer = MakeLayer(impl_->table, impl_->weights, impl_->call, made.front().packer.model_data());
  if (rows.size() >= kMostRowTypes) rows.pop_back();
  rows.splice(rows.begin(), made);
}

const std::vector<float>& RowFeatures::Compute(const data::Cell* cells) {
  RowsOfType& rows = impl_->rows.front();
  rows.packer.Clear();
  rows.packer.Add(cells);
  return rows.layer.Run(rows.packer.buffer());
}

}  // namespace score
