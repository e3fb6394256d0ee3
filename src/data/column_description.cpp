#include "data/column_description.hpp"

#include <utility>

#include "base/literal.hpp"
#include "base/preprocessing.hpp"
#include "data/packed_format.hpp"

namespace data {
namespace {

using Text = std::optional<std::string>;
using base::ColumnSpec;
using base::Encoding;
using base::Imputation;
using base::SourceInput;
using base::TargetKind;

std::string ArrayText(const std::vector<std::string>& values) {
  std::string text = "{";
  for (const std::string& value : values) {
    text += text.size() > 1 ? ",\"" : "\"";
    for (const char c : value) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + "}";
}

std::string NumberText(double v) { return base::FormatNumber(v, true); }

/// What a row of the description says; what it does not say is NULL.
struct Described {
  std::string name, role;
  Text data_type, input, encode, impute, imputed_value, indicator, scale, center, spread, clip, categories, elements;
};

class Description {
 public:
  void Add(Described d) {
    rows_.push_back({std::to_string(rows_.size() + 1), std::move(d.name), std::move(d.data_type), std::move(d.role),
                     std::move(d.input), std::move(d.encode), std::move(d.impute), std::move(d.imputed_value),
                     std::move(d.indicator), std::move(d.scale), std::move(d.center), std::move(d.spread),
                     std::move(d.clip), std::move(d.categories), std::move(d.elements)});
  }
  std::vector<std::vector<Text>> Take() { return std::move(rows_); }

 private:
  std::vector<std::vector<Text>> rows_;
};

Text ClipText(const SourceInput& s) {
  if (!s.clip_low && !s.clip_high) return std::nullopt;
  const auto bound = [](const std::optional<double>& v) { return v ? NumberText(*v) : std::string("null"); };
  return "[" + bound(s.clip_low) + ", " + bound(s.clip_high) + "]";
}

/// input: the packed one that it is in, or a part of.
void AddSource(const SourceInput& s, const ColumnSpec& input, Description* out) {
  Described d;
  d.name = s.name;
  d.role = "independent";
  d.data_type = s.data_type;
  d.input = input.name;
  d.encode = base::NameOf(s.encoding);
  d.impute = base::NameOf(s.imputation);
  const bool imputed = s.imputation != Imputation::kNone && s.imputation != Imputation::kError;
  if (s.fill_category)
    d.imputed_value = *s.fill_category;
  else if (imputed && !s.categorical())
    d.imputed_value = NumberText(s.fill);
  d.indicator = s.indicator ? "true" : "false";
  d.scale = base::NameOf(s.scaling);
  const bool array = s.value_class == base::ValueClass::kArray || s.value_class == base::ValueClass::kBytes;
  if (s.scaling != base::Scaling::kNone && !array) {
    d.center = NumberText(s.center);
    d.spread = NumberText(s.spread);
  } else if (array && input.mean.size() == 1) {
    d.center = NumberText(input.mean[0]);
    d.spread = NumberText(input.std[0]);
  }
  d.clip = ClipText(s);
  if (s.encoding == Encoding::kHash)
    d.categories = std::to_string(s.bins);
  else if (s.categorical())
    d.categories = std::to_string(s.categories.size());
  const std::vector<std::string> elements = base::ElementNames(s);
  if (!elements.empty()) d.elements = ArrayText(elements);
  out->Add(std::move(d));
}

void AddPlain(const ColumnSpec& packed, const ColumnSpec& column, Description* out) {
  Described d;
  d.name = column.name;
  d.role = "independent";
  d.input = packed.name;
  d.encode = column.dictionary.empty() ? "none" : "index";
  d.impute = "error";
  d.indicator = "false";
  d.scale = column.mean.empty() ? "none" : "standard";
  if (column.mean.size() == 1) {
    d.center = NumberText(column.mean[0]);
    d.spread = NumberText(column.std[0]);
  }
  if (!column.dictionary.empty()) d.categories = std::to_string(column.dictionary.size());
  if (!packed.members.empty()) d.elements = ArrayText({column.name});
  out->Add(std::move(d));
}

void AddTarget(const ColumnSpec& target, Text data_type, Description* out) {
  Described d;
  d.name = target.name;
  d.data_type = std::move(data_type);
  d.role = "dependent";
  d.encode = target.kind == TargetKind::kOneHot ? "one_hot" : target.kind == TargetKind::kClassIndex ? "index" : "none";
  if (target.num_classes > 0) d.categories = std::to_string(target.num_classes);
  out->Add(std::move(d));
}

}  // namespace

std::vector<std::vector<Text>> DescribeColumns(const PackedTable& table) {
  Description description;
  const base::DataSpec& spec = table.spec;
  if (spec.preprocessing) {
    const std::vector<SourceInput>& sources = spec.preprocessing->sources;
    const std::vector<size_t> cells = base::CellsOfInputs(spec);
    for (size_t i = 0; i < sources.size(); ++i) {
      const ColumnSpec* input = &spec.inputs[0];  // of the numbers
      for (size_t k = 0; k < cells.size(); ++k) {
        if (cells[k] == i) input = &spec.inputs[k];
      }
      AddSource(sources[i], *input, &description);
    }
  } else {
    for (const ColumnSpec& packed : spec.inputs) {
      for (const ColumnSpec& column : base::SourceColumns({packed})) AddPlain(packed, column, &description);
    }
  }
  for (size_t i = 0; i < spec.targets.size(); ++i) {
    const bool known = spec.preprocessing && i < spec.preprocessing->target_types.size();
    AddTarget(spec.targets[i], known ? Text(spec.preprocessing->target_types[i]) : std::nullopt, &description);
  }
  if (spec.has_weights) {
    Described d;
    d.name = kWeightColumn;
    d.role = "weight";
    description.Add(std::move(d));
  }
  if (!spec.preprocessing) return description.Take();
  for (const base::LeftOut& l : spec.preprocessing->left_out) {
    Described d;
    d.name = l.name;
    d.role = "left out: " + l.reason;
    description.Add(std::move(d));
  }
  return description.Take();
}

}  // namespace data
