#include "pack/group_learner.hpp"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/preprocessing.hpp"
#include "pack/column_learner.hpp"
#include "pack/preprocessed_columns.hpp"
#include "pack/source_profile.hpp"

namespace pack {
namespace {

bool HasValues(const base::SourceInput& source, const ColumnProfile& profile) {
  if (IsArrayOrImage(source.value_class)) return false;  // nothing is learned of them
  return source.categorical() ? !profile.texts.empty() : profile.values > 0;
}

}  // namespace

SpecPair LearnGroup(const Source& group, const ColumnChoice& chosen, const SpecPair& specs) {
  Source source = group;
  Profile profile = ProfileSource(source);
  std::vector<base::SourceInput> inputs = specs.source.preprocessing->sources;
  ColumnChoice learned;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!HasValues(inputs[i], profile.columns[i])) continue;
    learned.columns.push_back(chosen.columns[i]);
    ChosenColumn& column = learned.columns.back();
    column.source.categories = inputs[i].categories;
    column.source.scaling = inputs[i].scaling;  // a logarithm, or none, in all groups
    column.may_be_log = false;
    learned.kept.push_back(i);
  }
  KeepColumns(learned.kept, &source, &profile);
  std::vector<base::SourceInput> own = LearnColumns(source, profile, specs.data.targets, learned);
  for (size_t k = 0; k < own.size(); ++k) inputs[learned.kept[k]] = std::move(own[k]);
  SpecPair pair = specs;
  auto with_folds = std::make_shared<base::Preprocessing>(*specs.source.preprocessing);
  with_folds->sources = inputs;
  for (base::SourceInput& input : inputs) input.folds.clear();
  auto without = std::make_shared<base::Preprocessing>(*specs.data.preprocessing);
  without->sources = std::move(inputs);
  pair.source.preprocessing = std::move(with_folds);
  pair.data.preprocessing = std::move(without);
  return pair;
}

}  // namespace pack
