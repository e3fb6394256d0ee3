// Losses and metrics: names, aliases and arguments as tf.keras 2.10 has them.
#include <limits>
#include <vector>

#include "plan/params_read.hpp"
#include "plan/params_text.hpp"

namespace plan {
namespace {

using base::ErrorCode;
using base::LossKind;
using base::MetricKind;

struct LossRow {
  LossKind kind;
  const char* name;
  std::vector<const char*> aliases;  // folded
  std::vector<std::string> arguments;
};

const std::vector<LossRow>& Losses() {
  static const std::vector<LossRow> rows = {
      {LossKind::kCategoricalCrossentropy, "categorical_crossentropy", {}, {"from_logits", "label_smoothing"}},
      {LossKind::kSparseCategoricalCrossentropy, "sparse_categorical_crossentropy", {}, {"from_logits"}},
      {LossKind::kBinaryCrossentropy, "binary_crossentropy", {}, {"from_logits", "label_smoothing"}},
      {LossKind::kMeanSquaredError, "mean_squared_error", {"mse"}, {}},
      {LossKind::kMeanAbsoluteError, "mean_absolute_error", {"mae"}, {}},
      {LossKind::kHuber, "huber", {"huberloss"}, {"delta"}},
      {LossKind::kKullbackLeibler, "kl_divergence", {"kld", "kullbackleiblerdivergence"}, {}},
  };
  return rows;
}

const LossRow* FindLoss(std::string_view name) {
  const std::string folded = Folded(name);
  for (const LossRow& row : Losses()) {
    if (folded == Folded(row.name)) return &row;
    for (const char* alias : row.aliases) {
      if (folded == alias) return &row;
    }
  }
  return nullptr;
}

struct MetricRow {
  MetricKind kind;
  const char* name;
  std::vector<const char*> aliases;  // folded
};

const std::vector<MetricRow>& Metrics() {
  static const std::vector<MetricRow> rows = {
      {MetricKind::kAccuracy, "accuracy", {"acc"}},
      {MetricKind::kCategoricalAccuracy, "categorical_accuracy", {}},
      {MetricKind::kSparseCategoricalAccuracy, "sparse_categorical_accuracy", {}},
      {MetricKind::kBinaryAccuracy, "binary_accuracy", {}},
      {MetricKind::kTopKCategoricalAccuracy, "top_k_categorical_accuracy", {}},
      {MetricKind::kSparseTopKCategoricalAccuracy, "sparse_top_k_categorical_accuracy", {}},
      {MetricKind::kMeanAbsoluteError, "mae", {"meanabsoluteerror"}},
      {MetricKind::kMeanSquaredError, "mse", {"meansquarederror"}},
      {MetricKind::kRootMeanSquaredError, "rmse", {"rootmeansquarederror"}},
      {MetricKind::kAUC, "auc", {}},
      {MetricKind::kPrecision, "precision", {}},
      {MetricKind::kRecall, "recall", {}},
  };
  return rows;
}

constexpr int kMaxTopK = 1000000;

// top_<k>_accuracy, top_<k>_categorical_accuracy and the sparse forms. 0 when the name is none of these.
int TopK(std::string_view name, bool* sparse) {
  std::string_view rest = name;
  *sparse = rest.substr(0, 7) == "sparse_";
  if (*sparse) rest.remove_prefix(7);
  if (rest.substr(0, 4) != "top_") return 0;
  rest.remove_prefix(4);
  int k = 0;
  size_t digits = 0;
  while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9' && k <= kMaxTopK) k = k * 10 + (rest[digits++] - '0');
  rest.remove_prefix(digits);
  const bool known = rest == "_accuracy" || rest == "_categorical_accuracy";
  return known && k <= kMaxTopK ? k : 0;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

[[noreturn]] void UnknownArgument(const std::string& argument, const std::string& owner, const std::vector<std::string>& known) {
  throw base::Error(ErrorCode::kInvalidParameter, "unknown parameter " + Quoted(argument) + " of " + owner, {},
                    known.empty() ? "It has no parameters." : KnownNamesHint(argument, known, "parameters"));
}

}  // namespace

std::string LossName(std::string_view name) {
  const LossRow* row = FindLoss(name);
  return row == nullptr ? std::string() : row->name;
}

base::LossConfig ReadLoss(std::string_view text) {
  const CallText call = ReadCall(text, "loss");
  const LossRow* row = FindLoss(call.name);
  if (row == nullptr) {
    std::vector<std::string> known;
    for (const LossRow& r : Losses()) known.push_back(r.name);
    throw base::Error(ErrorCode::kInvalidParameter, "unknown loss " + Quoted(call.name), {}, KnownNamesHint(call.name, known, "losses"));
  }
  base::LossConfig config;
  config.kind = row->kind;
  config.name = row->name;
  const std::string owner = "loss " + config.name;
  for (const auto& argument : call.arguments) {
    bool known = false;
    for (const std::string& name : row->arguments) known = known || name == argument.first;
    if (!known) UnknownArgument(argument.first, owner, row->arguments);
    const Parameter p(owner, argument.first, argument.second);
    if (argument.first == "from_logits") config.from_logits = p.Boolean();
    if (argument.first == "label_smoothing") config.label_smoothing = p.Number(0, 1);
    if (argument.first == "delta") config.delta = p.Number(0, std::numeric_limits<double>::infinity(), true);
  }
  return config;
}

base::MetricConfig ReadMetric(const std::string& text) {
  const CallText call = ReadCall(text, "metrics");
  base::MetricConfig config;
  config.name = std::string(Trim(text));
  const std::string folded = Folded(call.name);
  bool found = false, sparse = false;
  for (const MetricRow& row : Metrics()) {
    bool match = folded == Folded(row.name);
    for (const char* alias : row.aliases) match = match || folded == alias;
    if (match) {
      config.kind = row.kind;
      found = true;
    }
  }
  if (!found) {
    config.k = TopK(Lower(call.name), &sparse);
    config.kind = sparse ? MetricKind::kSparseTopKCategoricalAccuracy : MetricKind::kTopKCategoricalAccuracy;
    if (config.k < 1) {
      std::vector<std::string> known;
      for (const MetricRow& row : Metrics()) known.push_back(row.name);
      known.push_back("top_<k>_accuracy");
      throw base::Error(ErrorCode::kInvalidParameter, "unknown metric " + Quoted(call.name), {},
                        KnownNamesHint(call.name, known, "metrics"));
    }
  }
  const bool takes_k = found && (config.kind == MetricKind::kTopKCategoricalAccuracy ||
                                 config.kind == MetricKind::kSparseTopKCategoricalAccuracy);
  const std::string owner = "metric " + call.name;
  for (const auto& argument : call.arguments) {
    if (!takes_k || argument.first != "k") {
      UnknownArgument(argument.first, owner, takes_k ? std::vector<std::string>{"k"} : std::vector<std::string>{});
    }
    config.k = static_cast<int>(Parameter(owner, argument.first, argument.second).Integer(1, kMaxTopK));
  }
  return config;
}

}  // namespace plan
