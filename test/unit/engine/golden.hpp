// Golden files: JSON texts written by the scripts beside them.
#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/literal.hpp"

namespace golden {

inline base::List Read(const std::string& file) {
  std::ifstream in(std::string(CEREBRO_UNIT_DATA) + "/" + file);
  if (!in) throw std::runtime_error("cannot read golden file " + file);
  std::ostringstream text;
  text << in.rdbuf();
  return base::ParseLiteral(text.str()).list();
}

inline const base::Value& Get(const base::Value& dict, const char* key) {
  const base::Value* value = dict.Find(key);
  if (value == nullptr) throw std::runtime_error(std::string("golden file has no key ") + key);
  return *value;
}

template <typename T>
std::vector<T> Numbers(const base::Value& list) {
  std::vector<T> out;
  for (const base::Value& v : list.list()) out.push_back(static_cast<T>(v.number()));
  return out;
}

/// config[key], or what is there already.
template <typename T>
void Take(const base::Value& config, const char* key, T* out) {
  const base::Value* value = config.Find(key);
  if (value == nullptr || value->is_null()) return;
  if constexpr (std::is_same_v<T, bool>) {
    *out = value->boolean();
  } else {
    *out = static_cast<T>(value->number());
  }
}

}  // namespace golden
