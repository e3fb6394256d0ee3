#include "pack/source_profile.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "data/row_codec.hpp"

namespace pack {
namespace {

template <typename T>
void AddIntegers(const void* data, int64_t n, ColumnProfile* p) {
  const T* in = static_cast<const T*>(data);
  T low = in[0], high = in[0];
  for (int64_t i = 1; i < n; ++i) {
    low = std::min(low, in[i]);
    high = std::max(high, in[i]);
  }
  const bool first = p->values == 0;
  p->min = first ? static_cast<double>(low) : std::min(p->min, static_cast<double>(low));
  p->max = first ? static_cast<double>(high) : std::max(p->max, static_cast<double>(high));
  p->values += n;
}

template <typename T>
void AddReals(const void* data, int64_t n, ColumnProfile* p) {
  const T* in = static_cast<const T*>(data);
  for (int64_t i = 0; i < n; ++i) {
    const double v = static_cast<double>(in[i]);
    if (!std::isfinite(v)) {
      ++p->nonfinite;
      continue;
    }
    if (p->values == 0) p->min = p->max = v;
    p->min = std::min(p->min, v);
    p->max = std::max(p->max, v);
    p->integral = p->integral && v == std::trunc(v);
    ++p->values;
  }
}

constexpr int64_t kExactInFloat32 = int64_t{1} << 24;  // integers up to it; the next one is rounded to it

/// Samples the values of a cell, but integers that float32 holds.
template <typename T>
void AddToSamples(const data::Cell& cell, ColumnProfile* p) {
  const T* in = static_cast<const T*>(cell.data);
  const auto needed = [](T v) {
    if constexpr (std::is_integral_v<T>) return v >= kExactInFloat32 || v <= -kExactInFloat32;
    else return std::isfinite(v);
  };
  if (std::is_integral_v<T> && std::none_of(in, in + cell.count, needed)) return;
  const size_t wanted = cell.count <= ColumnProfile::kMaxSamples ? static_cast<size_t>(cell.count) : 1;
  if (p->samples.empty()) p->samples.resize(wanted);
  const size_t size = p->samples.size();
  for (int64_t i = 0; i < cell.count; ++i) {
    if (needed(in[i])) p->samples[size == 1 ? 0 : static_cast<size_t>(i) % size].Add(static_cast<double>(in[i]));
  }
}

void AddShape(const base::Shape& shape, int64_t rows, ColumnProfile* p) {
  const auto found = p->shapes.find(shape);
  if (found != p->shapes.end()) {
    found->second += rows;
  } else if (p->shapes.size() < ColumnProfile::kMaxShapes) {
    p->shapes.emplace(shape, rows);
  }
}

void AddText(const std::string& text, ColumnProfile* p) {
  if (p->texts.size() <= kMaxDictionary) p->texts.insert(text);
}

}  // namespace

void ColumnProfile::Add(const data::Cell& cell) {
  if (cell.type == data::CellType::kNull || cell.has_null_elements) {
    ++nulls;
    return;
  }
  if (cell.is_array || cell.type == data::CellType::kBytes) AddShape(data::CellShape(cell), 1, this);
  if (cell.count == 0) return;
  switch (cell.type) {
    case data::CellType::kBool:
    case data::CellType::kBytes: AddIntegers<uint8_t>(cell.data, cell.count, this); break;
    case data::CellType::kInt16: AddIntegers<int16_t>(cell.data, cell.count, this); break;
    case data::CellType::kInt32:
      AddIntegers<int32_t>(cell.data, cell.count, this);
      AddToSamples<int32_t>(cell, this);
      break;
    case data::CellType::kInt64:
      AddIntegers<int64_t>(cell.data, cell.count, this);
      AddToSamples<int64_t>(cell, this);
      break;
    case data::CellType::kFloat32: AddReals<float>(cell.data, cell.count, this); break;
    case data::CellType::kFloat64:
      AddReals<double>(cell.data, cell.count, this);
      AddToSamples<double>(cell, this);
      break;
    case data::CellType::kText:
      for (int64_t i = 0; i < cell.count; ++i) {
        AddText(std::string(reinterpret_cast<const char*>(cell.texts[i].data), cell.texts[i].size), this);
      }
      break;
    case data::CellType::kNull: break;
  }
}

void ColumnProfile::Merge(const ColumnProfile& other) {
  nulls += other.nulls;
  nonfinite += other.nonfinite;
  integral = integral && other.integral;
  if (other.values > 0) {
    min = values == 0 ? other.min : std::min(min, other.min);
    max = values == 0 ? other.max : std::max(max, other.max);
    values += other.values;
  }
  for (const auto& [shape, rows] : other.shapes) AddShape(shape, rows, this);
  for (const std::string& text : other.texts) AddText(text, this);
  if (samples.empty()) samples.resize(other.samples.size());
  for (size_t i = 0; i < other.samples.size(); ++i) samples[i % samples.size()].Merge(other.samples[i]);
}

std::optional<std::pair<double, double>> ColumnProfile::IndistinctInFloat32() const {
  for (const RoundingSample& sample : samples) {
    if (const auto values = sample.Indistinct()) return values;
  }
  return std::nullopt;
}

base::Shape ColumnProfile::CommonShape() const {
  const auto most =
      std::max_element(shapes.begin(), shapes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == shapes.end() ? base::Shape{} : most->first;
}

void Profile::Add(const std::vector<data::Cell>& cells) {
  if (columns.empty()) columns.resize(cells.size());
  if (columns.size() != cells.size()) throw base::Error(base::ErrorCode::kInvalidParameter, "rows of different numbers of columns");
  ++rows;
  for (size_t i = 0; i < cells.size(); ++i) columns[i].Add(cells[i]);
}

void Profile::Merge(const Profile& other) {
  rows += other.rows;
  if (other.columns.empty()) return;
  if (columns.empty()) columns.resize(other.columns.size());
  if (columns.size() != other.columns.size()) {
    throw base::Error(base::ErrorCode::kInvalidParameter, "profiles of different numbers of columns");
  }
  for (size_t i = 0; i < columns.size(); ++i) columns[i].Merge(other.columns[i]);
}

std::string WriteProfile(const Profile& profile) {
  base::List columns;
  for (const ColumnProfile& c : profile.columns) {
    base::List shapes, texts, samples;
    for (const RoundingSample& sample : c.samples) samples.push_back(sample.Write());
    for (const auto& [shape, rows] : c.shapes) {
      base::List dims;
      for (int64_t d : shape) dims.emplace_back(d);
      shapes.emplace_back(base::List{base::Value(std::move(dims)), base::Value(rows)});
    }
    std::vector<std::string> sorted(c.texts.begin(), c.texts.end());
    std::sort(sorted.begin(), sorted.end());
    for (std::string& t : sorted) texts.emplace_back(std::move(t));
    columns.emplace_back(base::Dict{{"nulls", c.nulls}, {"nonfinite", c.nonfinite}, {"values", c.values}, {"integral", c.integral},
                                    {"min", c.min}, {"max", c.max}, {"shapes", std::move(shapes)}, {"texts", std::move(texts)},
                                    {"samples", std::move(samples)}});
  }
  return base::FormatJson(base::Dict{{"rows", profile.rows}, {"columns", std::move(columns)}});
}

Profile ReadProfile(std::string_view json) {
  const base::Value root = base::ParseLiteral(json);
  const auto member = [](const base::Value& dict, const char* key) -> const base::Value& {
    const base::Value* value = dict.Find(key);
    if (value == nullptr) throw base::Error(base::ErrorCode::kDataCorrupted, std::string("a profile lacks \"") + key + "\"");
    return *value;
  };
  Profile profile;
  profile.rows = member(root, "rows").integer();
  for (const base::Value& in : member(root, "columns").list()) {
    ColumnProfile c;
    c.nulls = member(in, "nulls").integer();
    c.nonfinite = member(in, "nonfinite").integer();
    c.values = member(in, "values").integer();
    c.integral = member(in, "integral").boolean();
    c.min = member(in, "min").number();
    c.max = member(in, "max").number();
    for (const base::Value& pair : member(in, "shapes").list()) {
      if (pair.list().size() != 2) throw base::Error(base::ErrorCode::kDataCorrupted, "a profile's shape is no pair");
      base::Shape shape;
      for (const base::Value& d : pair.list()[0].list()) shape.push_back(d.integer());
      c.shapes.emplace(std::move(shape), pair.list()[1].integer());
    }
    for (const base::Value& t : member(in, "texts").list()) c.texts.insert(t.string());
    for (const base::Value& sample : member(in, "samples").list()) c.samples.push_back(RoundingSample::Read(sample));
    profile.columns.push_back(std::move(c));
  }
  return profile;
}

}  // namespace pack
