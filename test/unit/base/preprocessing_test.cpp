// The description of preprocessed columns: its JSON, its elements, the columns that it stands for.
#include "base/preprocessing.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/error.hpp"

namespace {

using base::ColumnSpec;
using base::DataSpec;
using base::DType;
using base::Encoding;
using base::Imputation;
using base::Preprocessing;
using base::Scaling;
using base::SourceInput;
using base::ValueClass;

/// One source of each kind, with odd names and constants that a text must carry exactly.
DataSpec EveryKind() {
  auto p = std::make_shared<Preprocessing>();
  SourceInput age;
  age.name = "a \"ge\"";
  age.data_type = "numeric(4,1)";
  age.imputation = Imputation::kMedian;
  age.fill = 0.1;
  age.indicator = true;
  age.scaling = Scaling::kStandard;
  age.clip_low = -1e300;
  age.center = 1.0 / 3;
  age.spread = 1e-300;
  SourceInput city;
  city.name = "city";
  city.value_class = ValueClass::kCategory;
  city.encoding = Encoding::kIndex;
  city.imputation = Imputation::kConstant;
  city.fill_category = "";
  city.categories = {"", "Bonn", "Köln"};
  SourceInput sex = city;
  sex.name = "sex";
  sex.encoding = Encoding::kOneHot;
  sex.imputation = Imputation::kNone;
  sex.fill_category.reset();
  sex.categories = {"f", "m"};
  sex.indicator = true;
  SourceInput day;
  day.name = "day";
  day.value_class = ValueClass::kDate;
  day.encoding = Encoding::kCalendar;
  day.imputation = Imputation::kError;
  SourceInput zip = sex;
  zip.name = "zip";
  zip.encoding = Encoding::kTarget;
  zip.indicator = false;
  zip.prior = {0.5, 0.25};
  zip.category_values = {{0.1, 0.2}, {0.3, 0.4}};
  zip.missing_values = {0.6, 0.7};
  zip.smoothing = 10;
  zip.folds.assign(base::kTargetFolds, {{{0.1, 0.1}, {0.2, 0.2}}, {0.3, 0.3}});
  SourceInput word = city;
  word.name = "word";
  word.encoding = Encoding::kHash;
  word.fill_category.reset();
  word.imputation = Imputation::kNone;
  word.categories.clear();
  word.bins = 3;
  SourceInput image;
  image.name = "image";
  image.value_class = ValueClass::kBytes;
  p->sources = {age, city, sex, day, zip, word, image};
  p->left_out = {{"id", "uuid"}};
  DataSpec spec;
  ColumnSpec numbers, index, hash, pixels;
  numbers.name = "numbers";
  numbers.shape = {12};
  index.name = "city";
  index.dtype = DType::kInt32;
  index.dictionary = city.categories;
  hash.name = "word";
  hash.dtype = DType::kInt32;
  hash.dictionary = {"bin 1", "bin 2", "bin 3"};
  pixels.name = "image";
  pixels.dtype = DType::kUInt8;
  pixels.shape = {2, 2};
  spec.inputs = {numbers, index, hash, pixels};
  spec.preprocessing = p;
  return spec;
}

TEST(Preprocessing, TextCarriesAll) {
  const DataSpec spec = EveryKind();
  const std::string text = base::WriteDataSpec(spec);
  const DataSpec back = base::ReadDataSpec(text);
  ASSERT_TRUE(back.preprocessing != nullptr);
  const auto &a = spec.preprocessing->sources, &b = back.preprocessing->sources;
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_EQ(a[i].data_type, b[i].data_type);
    EXPECT_EQ(base::FindDifference(a[i], b[i]), std::nullopt) << a[i].name;
    EXPECT_EQ(base::FindDifference(b[i], a[i]), std::nullopt) << a[i].name;
    EXPECT_EQ(a[i].folds.size(), b[i].folds.size());
  }
  EXPECT_EQ(b[4].folds[0].category_values, a[4].folds[0].category_values);
  EXPECT_EQ(back.preprocessing->left_out[0].reason, "uuid");
  EXPECT_EQ(base::WriteDataSpec(back), text);
  EXPECT_NE(text.find("\"version\":3"), std::string::npos) << text;
  DataSpec plain = spec;
  plain.preprocessing.reset();
  EXPECT_EQ(base::WriteDataSpec(plain).find("preprocessing"), std::string::npos);
  EXPECT_NE(base::WriteDataSpec(plain).find("\"version\":1"), std::string::npos);
}

TEST(Preprocessing, ElementsAndColumns) {
  const DataSpec spec = EveryKind();
  const std::vector<std::string> expected = {"a \"ge\"",
                                             "a \"ge\" is null",
                                             "sex = f",
                                             "sex = m",
                                             "sex is null",
                                             "day epoch",
                                             "day day of week sine",
                                             "day day of week cosine",
                                             "day month sine",
                                             "day month cosine",
                                             "zip target 1",
                                             "zip target 2"};
  std::vector<std::string> names;
  for (const SourceInput& s : spec.preprocessing->sources) {
    const std::vector<std::string> more = base::ElementNames(s);
    EXPECT_EQ(more.size(), base::ElementCount(s));
    names.insert(names.end(), more.begin(), more.end());
  }
  EXPECT_EQ(names, expected);
  const std::vector<ColumnSpec> columns = base::SourceInputs(spec);
  ASSERT_EQ(columns.size(), 7u);
  EXPECT_EQ(columns[1].dictionary.size(), 3u);
  EXPECT_EQ(columns[6].name, "image");
  EXPECT_EQ(columns[6].shape, (base::Shape{2, 2}));
  EXPECT_EQ(base::CellsOfInputs(spec), (std::vector<size_t>{base::kNoCell, 1, 5, 6}));
  DataSpec renamed = spec;
  base::RenameSources({"1", "2", "3", "4", "5", "6", "7"}, &renamed);
  EXPECT_EQ(base::SourceInputs(renamed)[6].name, "7");
  EXPECT_EQ(spec.preprocessing->sources[0].name, "a \"ge\"");
  EXPECT_EQ(base::FindDifference(renamed.preprocessing->sources[0], spec.preprocessing->sources[0]), std::nullopt);
}

TEST(Preprocessing, ATextThatDoesNotFitIsRefused) {
  const std::string text = base::WriteDataSpec(EveryKind());
  const auto refused = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    const size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    changed.replace(at, from.size(), to);
    try {
      base::ReadDataSpec(changed);
    } catch (const base::Error& error) {
      return error.code() == base::ErrorCode::kDataCorrupted;
    }
    return false;
  };
  EXPECT_TRUE(refused("\"shape\":[12]", "\"shape\":[13]"));
  EXPECT_TRUE(refused("\"spread\":1e-300", "\"spread\":0"));
  EXPECT_TRUE(refused("\"encode\":\"calendar\"", "\"encode\":\"one_hot\""));
  EXPECT_TRUE(refused("\"encode\":\"index\"", "\"encode\":\"roman\""));
  EXPECT_TRUE(refused("\"bins\":3", "\"bins\":0"));
  EXPECT_TRUE(refused("[0.6,0.7]", "[0.6]"));
  EXPECT_TRUE(refused("\"folds\":[{", "\"folds\":[{\"missing_values\":[0,0],\"category_values\":[[0,0],[0,0]]},{"));
  EXPECT_TRUE(refused("[[0.1,0.2],[0.3,0.4]]", "[[0.1,0.2]]"));
  EXPECT_TRUE(refused("\"sources\":[", "\"sauces\":["));
  EXPECT_TRUE(refused("[\"\",\"Bonn\",\"Köln\"],\"kind\"", "[\"Bonn\"],\"kind\""));
}

TEST(Preprocessing, DifferencesAreNamed) {
  const SourceInput a = EveryKind().preprocessing->sources[0];
  const auto changed = [&a](auto change) {
    SourceInput b = a;
    change(&b);
    return base::FindDifference(a, b).value_or("");
  };
  EXPECT_EQ(changed([](SourceInput* b) { b->fill = 2; }), "imputed value 2 instead of 0.1");
  EXPECT_EQ(changed([](SourceInput* b) { b->scaling = Scaling::kMinMax; }), "scale minmax instead of standard");
  EXPECT_EQ(changed([](SourceInput* b) { b->clip_high = 7; }), "upper clip 7 instead of none");
  EXPECT_EQ(changed([](SourceInput* b) { b->indicator = false; }), "indicator false instead of true");
  EXPECT_EQ(changed([](SourceInput* b) { b->center = 0; }).substr(0, 18), "center 0 instead o");
  EXPECT_EQ(changed([](SourceInput* b) { b->name = "other"; }), "");
}

}  // namespace
