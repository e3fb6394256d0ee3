#include "pack/preprocessed_columns.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "data/encoder.hpp"
#include "data/packed_format.hpp"
#include "data/row_codec.hpp"
#include "pack/column_learner.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"

namespace pack {
namespace {

using base::ColumnSpec;
using base::DType;
using base::Encoding;
using base::Error;
using base::ErrorCode;
using base::Imputation;
using base::Scaling;
using base::SourceInput;
using base::TargetKind;
using base::ValueClass;

constexpr size_t kMaxNameBytes = 63;  // what the server keeps of a name

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

// ---------------------------------------------------------------- arrays, images and dependent columns

/// They alone, as columns that are not preprocessed. NULL arrays that are imputed are none to it.
struct PlainPart {
  Source source;
  Profile profile;
};

PlainPart PlainPartOf(const Source& source, const Profile& profile, const std::vector<const SourceInput*>& inputs) {
  PlainPart part;
  part.source = source;
  part.source.columns.clear();
  part.profile.rows = profile.rows;
  for (size_t i = 0; i < source.columns.size(); ++i) {
    if (i < source.inputs && !IsArrayOrImage(inputs[i]->value_class)) continue;
    part.source.columns.push_back(source.columns[i]);
    part.source.columns.back().read_as.reset();
    part.profile.columns.push_back(profile.columns[i]);
    if (i < source.inputs && inputs[i]->imputation == Imputation::kConstant) part.profile.columns.back().nulls = 0;
  }
  part.source.inputs = part.source.columns.size() - source.targets - (source.has_weights ? 1 : 0);
  return part;
}

// ---------------------------------------------------------------- the packed inputs

/// A name for the input of numbers that no other column of the packed table has.
std::string NumbersName(const std::vector<SourceInput>& sources, const std::vector<ColumnSpec>& targets) {
  const auto taken = [&](const std::string& name) {
    const auto clashes = [&name](const std::string& other) {
      return other == name || other == name + data::kShapeSuffix || other + data::kShapeSuffix == name;
    };
    return std::any_of(sources.begin(), sources.end(),
                       [&](const SourceInput& s) { return s.own_input() && clashes(s.name); }) ||
           std::any_of(targets.begin(), targets.end(), [&](const ColumnSpec& t) { return clashes(t.name); });
  };
  std::string name = base::kNumbersInput;
  for (int number = 2; taken(name); ++number) name = base::kNumbersInput + ("_" + std::to_string(number));
  return name;
}

/// plain: the arrays and images, in order.
std::vector<ColumnSpec> PackedInputs(const std::vector<SourceInput>& sources, const std::vector<ColumnSpec>& plain,
                                     const std::vector<ColumnSpec>& targets) {
  std::vector<ColumnSpec> inputs;
  int64_t numbers = 0;
  for (const SourceInput& s : sources) numbers += static_cast<int64_t>(base::ElementCount(s));
  if (numbers > 0) {
    ColumnSpec input;
    input.name = NumbersName(sources, targets);
    input.shape = {numbers};
    inputs.push_back(std::move(input));
  }
  auto next = plain.begin();
  for (const SourceInput& s : sources) {
    if (!s.own_input()) continue;
    if (IsArrayOrImage(s.value_class)) {
      inputs.push_back(*next++);
      continue;
    }
    ColumnSpec input;
    input.name = s.name;
    input.dtype = DType::kInt32;
    input.dictionary = s.categories;
    for (int64_t bin = 0; bin < s.bins; ++bin) input.dictionary.push_back("bin " + std::to_string(bin + 1));
    inputs.push_back(std::move(input));
  }
  return inputs;
}

void CheckPackedNames(const base::DataSpec& spec) {
  std::set<std::string> names = {data::kPartitionColumn, data::kBufferColumn, data::kDistributionColumn};
  if (spec.has_weights) names.insert(data::kWeightColumn);
  for (const auto columns : {&base::DataSpec::inputs, &base::DataSpec::targets}) {
    for (const ColumnSpec& c : spec.*columns) {
      const std::string shape = c.name + data::kShapeSuffix;
      if (shape.size() > kMaxNameBytes) {
        throw Error(ErrorCode::kInvalidName, "column name " + Quoted(c.name) + " is too long to be packed",
                    "With a suffix for its shape it would have " + std::to_string(shape.size()) +
                        " bytes; the server keeps 63.",
                    "Give the column a shorter name in a view over the source table.");
      }
      if (names.insert(c.name).second && names.insert(shape).second) continue;
      throw Error(
          ErrorCode::kInvalidParameter, "column name " + Quoted(c.name) + " would be in the packed table twice",
          "It, or the name of its shape, is a name of another column, or one that the packed table adds itself.",
          "Give the column another name in a view over the source table.");
    }
  }
  const size_t columns = spec.inputs.size() + spec.targets.size();
  if (columns <= kMaxPackedColumns) return;
  throw Error(
      ErrorCode::kLimitExceeded,
      std::to_string(columns) + " columns are more than the " + std::to_string(kMaxPackedColumns) +
          " that a packed table may have",
      "All numbers count as one; every column of encode \"index\" or \"hash\", and every array, is one by itself.",
      "Give some categories the encode \"one_hot\", \"target\" or \"ordinal\", which make numbers.");
}

/// plain: specs of the arrays, images and dependent columns.
SpecPair Assemble(const Source& source, const std::vector<SourceInput>& sources, std::vector<base::LeftOut> left_out,
                  const SpecPair& plain) {
  auto with_folds = std::make_shared<base::Preprocessing>();
  for (size_t i = source.inputs; i < source.inputs + source.targets; ++i)
    with_folds->target_types.push_back(source.columns[i].column.type);
  with_folds->sources = sources;
  with_folds->left_out = std::move(left_out);
  auto without = std::make_shared<base::Preprocessing>(*with_folds);
  for (SourceInput& s : without->sources) s.folds.clear();
  SpecPair specs;
  specs.data.inputs = PackedInputs(sources, plain.data.inputs, plain.data.targets);
  specs.source.inputs = PackedInputs(sources, plain.source.inputs, plain.source.targets);
  specs.data.targets = plain.data.targets;
  specs.source.targets = plain.source.targets;
  specs.data.has_weights = specs.source.has_weights = source.has_weights;
  specs.data.preprocessing = std::move(without);
  specs.source.preprocessing = std::move(with_folds);
  return specs;
}

/// Whether a profile shows what the conversion may refuse: then the row is looked for.
bool MayFail(const SourceInput& s, const ColumnProfile& p) {
  return (s.imputation == Imputation::kError && p.nulls > 0) || p.nonfinite > 0;
}

/// Finds a value that cannot be used, before anything is learned: with a spread that leaves every number in single
/// precision.
void RaiseFaultBefore(const Source& source, const ColumnChoice& choice, const SpecPair& plain) {
  constexpr double kMost = std::numeric_limits<double>::max();
  std::vector<SourceInput> unlearned;
  for (const ChosenColumn& c : choice.columns) {
    SourceInput& s = unlearned.emplace_back(c.source);
    s.center = 0;
    s.spread = kMost;
    if (c.clip_fraction) {
      s.clip_low = -kMost;
      s.clip_high = kMost;
    }
    s.scaling = Scaling::kNone;
    if (!s.categorical()) continue;
    s.encoding = Encoding::kHash;
    s.bins = 2;
    s.categories.clear();
  }
  RaiseFault(source, Assemble(source, unlearned, {}, plain).source);
}

/// Categories as profiles have them (kLongCategory): long ones as hashes, too.
std::set<std::string> AsProfiled(const std::vector<std::string>& categories) {
  std::set<std::string> texts(categories.begin(), categories.end());
  std::vector<std::string> long_ones;
  for (const std::string& c : categories) {
    if (c.size() > kLongCategory) long_ones.push_back(c);
  }
  if (long_ones.empty()) return texts;
  const pg::Result shortened = pg::Execute("SELECT " + ShortenedSql("t.category") + " FROM pg_catalog.unnest($1) AS t(category)", {long_ones});
  for (const auto& row : shortened.rows) texts.insert(row[0].value_or(""));
  return texts;
}

std::vector<const SourceInput*> Pointers(const std::vector<SourceInput>& sources) {
  std::vector<const SourceInput*> pointers;
  for (const SourceInput& s : sources) pointers.push_back(&s);
  return pointers;
}

}  // namespace

void TakeRealsAsNumbers(Source* source) {
  for (size_t i = source->inputs; i < source->inputs + source->targets; ++i) {
    SourceColumn& c = source->columns[i];
    if (!c.by_default || c.column.is_array || !c.numbers() || c.integers()) continue;
    c.kind = TargetKind::kReal;
    pg::Notice(
        "column " + Quoted(c.column.name) + " of type " + c.column.type + " is packed as a number to be predicted",
        "If it is a label, pack it again with dependent_type => 'one_hot'; with dependent_type => 'real' this notice "
        "does not come.");
  }
}

void KeepColumns(const std::vector<size_t>& kept, Source* source, Profile* profile) {
  std::vector<SourceColumn> columns;
  std::vector<ColumnProfile> profiles;
  for (const size_t i : kept) {
    columns.push_back(source->columns[i]);
    profiles.push_back(profile->columns[i]);
  }
  for (size_t i = source->inputs; i < source->columns.size(); ++i) {
    columns.push_back(source->columns[i]);
    profiles.push_back(profile->columns[i]);
  }
  source->inputs = kept.size();
  source->columns = std::move(columns);
  profile->columns = std::move(profiles);
}

SpecPair PreprocessedTrainingSpec(const Source& source, const Profile& profile, const ColumnChoice& choice,
                                  const SpecRequest& request) {
  std::vector<SourceInput> sources;
  for (const ChosenColumn& c : choice.columns) sources.push_back(c.source);
  const PlainPart part = PlainPartOf(source, profile, Pointers(sources));
  SpecRequest plain_request = request;
  for (const SourceInput& s : sources) {
    if (IsArrayOrImage(s.value_class)) plain_request.standardize_inputs.push_back(s.scaling == Scaling::kStandard);
  }
  const SpecPair plain = TrainingSpec(part.source, part.profile, plain_request);
  for (size_t i = 0; i < sources.size(); ++i) {
    if (!MayFail(sources[i], profile.columns[i])) continue;
    RaiseFaultBefore(source, choice, plain);
    break;
  }
  sources = LearnColumns(source, profile, plain.data.targets, choice);
  const SpecPair specs = Assemble(source, sources, choice.left_out, plain);
  CheckPackedNames(specs.data);
  return specs;
}

SpecPair DescribeValidation(const Source& source, const Profile& profile, const base::DataSpec& training) {
  if (!training.preprocessing) return ValidationSpec(source, profile, training);
  const std::vector<SourceInput>& sources = training.preprocessing->sources;
  if (source.inputs != sources.size())
    throw Error(ErrorCode::kInternal, "the source does not have the columns of the training table");
  const PlainPart part = PlainPartOf(source, profile, Pointers(sources));
  base::DataSpec plain_training;
  const std::vector<size_t> cells = base::CellsOfInputs(training);
  for (size_t i = 0; i < training.inputs.size(); ++i) {
    if (cells[i] != base::kNoCell && IsArrayOrImage(sources[cells[i]].value_class))
      plain_training.inputs.push_back(training.inputs[i]);
  }
  plain_training.targets = training.targets;
  SpecPair plain = ValidationSpec(part.source, part.profile, plain_training);
  for (base::DataSpec* spec : {&plain.data, &plain.source}) {  // packed under the training table's names
    for (size_t i = 0; i < spec->inputs.size(); ++i) spec->inputs[i].name = plain_training.inputs[i].name;
  }
  std::vector<std::string> names;
  bool may_fail = false;
  for (size_t i = 0; i < sources.size(); ++i) {
    const ColumnProfile& p = profile.columns[i];
    const SourceInput& s = sources[i];
    names.push_back(source.columns[i].column.name);
    may_fail = may_fail || MayFail(s, p);
    if (!s.categorical() || s.encoding == Encoding::kHash) continue;
    const std::set<std::string> known = AsProfiled(s.categories);
    const int64_t unknown =
        std::count_if(p.texts.begin(), p.texts.end(), [&known](const std::string& t) { return known.count(t) == 0; });
    if (unknown == 0) continue;
    pg::Notice("column " + Quoted(names.back()) +
                   " holds categories that the training data lack: " + std::to_string(unknown) + " distinct",
               "They are encoded as unknown: index 0, no flag of one-hot, or the mean of the target.");
  }
  SpecPair specs = Assemble(source, sources, training.preprocessing->left_out, plain);
  for (size_t i = 0; i < training.inputs.size(); ++i)
    specs.data.inputs[i].name = specs.source.inputs[i].name = training.inputs[i].name;
  for (base::DataSpec* spec : {&specs.data, &specs.source}) base::RenameSources(names, spec);
  CheckPackedNames(specs.data);
  if (may_fail) RaiseFault(source, specs.source);
  return specs;
}

ClassChooser ClassesOf(const base::DataSpec& training) {
  if (!training.preprocessing) return {};
  return [preprocessing = training.preprocessing](size_t i, const pg::Column&) {
    return preprocessing->sources.at(i).value_class;
  };
}

}  // namespace pack
