// Constants of a group: written, and put into a description of the same structure.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "data/group_constants.hpp"

namespace {

base::DataSpec Whole() {
  auto preprocessing = std::make_shared<base::Preprocessing>();
  base::SourceInput age;
  age.name = "age";
  age.imputation = base::Imputation::kMedian;
  age.scaling = base::Scaling::kStandard;
  base::SourceInput town;
  town.name = "town";
  town.value_class = base::ValueClass::kCategory;
  town.encoding = base::Encoding::kTarget;
  town.categories = {"a", "b"};
  town.category_values = {{0.5}, {0.5}};
  town.missing_values = {0.5};
  town.prior = {0.5};
  preprocessing->sources = {age, town};
  base::DataSpec spec;
  spec.preprocessing = preprocessing;
  return spec;
}

TEST(GroupConstants, ComeBackAsTheyWere) {
  const base::DataSpec whole = Whole();
  base::Preprocessing own = *whole.preprocessing;
  own.sources[0].fill = 0.1;
  own.sources[0].center = 1.0 / 3;
  own.sources[0].spread = 1e-300;
  own.sources[0].clip_low = -2.5;
  own.sources[1].fill_category = "b";
  own.sources[1].category_values = {{0.25}, {0.1 + 0.2}};
  own.sources[1].missing_values = {7};
  own.sources[1].prior = {0.5};
  base::DataSpec spec = whole;
  data::ApplyConstants(data::WriteConstants(own), &spec);
  for (size_t i = 0; i < own.sources.size(); ++i) {
    EXPECT_FALSE(base::FindDifference(own.sources[i], spec.preprocessing->sources[i])) << own.sources[i].name;
  }
  EXPECT_EQ(spec.preprocessing->sources[0].center, 1.0 / 3);
  EXPECT_EQ(spec.preprocessing->sources[0].clip_high, std::nullopt);
  EXPECT_EQ(spec.preprocessing->sources[1].name, "town");
  EXPECT_EQ(whole.preprocessing->sources[0].fill, 0) << "the whole table's description is another object";
}

TEST(GroupConstants, OfAnotherStructureAreRefused) {
  base::DataSpec spec = Whole();
  base::Preprocessing fewer = *spec.preprocessing;
  fewer.sources.pop_back();
  for (const std::string& text :
       {data::WriteConstants(fewer), std::string("[]"), std::string("[[1, null], []]"), std::string("3")}) {
    EXPECT_THROW(data::ApplyConstants(text, &spec), base::Error) << text;
  }
  // values that a category would be sought behind
  const auto refused = [](const std::function<void(base::SourceInput*)>& change) {
    base::DataSpec whole = Whole();
    base::Preprocessing own = *whole.preprocessing;
    for (base::SourceInput& source : own.sources) change(&source);
    try {
      data::ApplyConstants(data::WriteConstants(own), &whole);
    } catch (const base::Error& error) {
      return error.code() == base::ErrorCode::kDataCorrupted;
    }
    return false;
  };
  EXPECT_FALSE(refused([](base::SourceInput*) {}));
  EXPECT_TRUE(refused([](base::SourceInput* s) { s->category_values.clear(); }));
  EXPECT_TRUE(refused([](base::SourceInput* s) { s->category_values.assign(1, {1}); }));
  EXPECT_TRUE(refused([](base::SourceInput* s) { s->category_values.assign(2, {1, 2}); }));
  EXPECT_TRUE(refused([](base::SourceInput* s) { s->missing_values.clear(); }));
  EXPECT_TRUE(refused([](base::SourceInput* s) { s->prior = {1, 2}; }));
  EXPECT_TRUE(refused([](base::SourceInput* s) { s->spread = 0; }));
  base::DataSpec bare;
  EXPECT_THROW(data::ApplyConstants("[]", &bare), base::Error);
}

}  // namespace
