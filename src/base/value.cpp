#include "base/value.hpp"

#include <cmath>

#include "base/error.hpp"

namespace base {
namespace {

[[noreturn]] void WrongType(const char* expected, const Value& value) {
  throw Error(ErrorCode::kDatatypeMismatch, std::string("expected ") + expected + ", got " + value.type_name());
}

}  // namespace

bool Value::boolean() const {
  if (const bool* v = std::get_if<bool>(&v_)) return *v;
  WrongType("boolean", *this);
}

int64_t Value::integer() const {
  if (const int64_t* v = std::get_if<int64_t>(&v_)) return *v;
  if (const double* v = std::get_if<double>(&v_)) {
    constexpr double kExact = 9007199254740992.0;  // 2^53: beyond it a double no longer names one integer
    if (*v >= -kExact && *v <= kExact && *v == std::floor(*v)) return static_cast<int64_t>(*v);
  }
  WrongType("integer", *this);
}

double Value::number() const {
  if (const int64_t* v = std::get_if<int64_t>(&v_)) return static_cast<double>(*v);
  if (const double* v = std::get_if<double>(&v_)) return *v;
  WrongType("number", *this);
}

const std::string& Value::string() const {
  if (const std::string* v = std::get_if<std::string>(&v_)) return *v;
  WrongType("string", *this);
}

const List& Value::list() const {
  if (const List* v = std::get_if<List>(&v_)) return *v;
  WrongType("list", *this);
}

const Dict& Value::dict() const {
  if (const Dict* v = std::get_if<Dict>(&v_)) return *v;
  WrongType("dictionary", *this);
}

List& Value::list() {
  if (List* v = std::get_if<List>(&v_)) return *v;
  WrongType("list", *this);
}

Dict& Value::dict() {
  if (Dict* v = std::get_if<Dict>(&v_)) return *v;
  WrongType("dictionary", *this);
}

const Value* Value::Find(std::string_view key) const {
  const Dict* dict = std::get_if<Dict>(&v_);
  if (dict == nullptr) return nullptr;
  for (const auto& entry : *dict) {
    if (entry.first == key) return &entry.second;
  }
  return nullptr;
}

const char* Value::type_name() const {
  switch (v_.index()) {
    case 0: return "null";
    case 1: return "boolean";
    case 2: return "integer";
    case 3: return "number";
    case 4: return "string";
    case 5: return "list";
    default: return "dictionary";
  }
}

}  // namespace base
