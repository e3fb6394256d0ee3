// A dynamically typed value: what a Keras JSON text, a compile-parameter text or a Python literal is read into.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace base {

class Value;
using List = std::vector<Value>;

/// A key of a dictionary: a text. Integers may be keys, too, as in {0: 1.0}: their text is the number's.
struct Key : std::string {
  Key() = default;
  Key(const char* text) : std::string(text) {}
  Key(std::string text) : std::string(std::move(text)) {}
  Key(std::string text, bool integer) : std::string(std::move(text)), is_integer(integer) {}
  bool is_integer = false;  // written without quotes: 1, not '1'
};

/// Keeps the order in which keys were written; a key's text appears once (a second one is an error of the reader).
using Dict = std::vector<std::pair<Key, Value>>;

class Value {
 public:
  Value() = default;  // null
  Value(bool v) : v_(v) {}
  Value(int v) : v_(static_cast<int64_t>(v)) {}
  Value(int64_t v) : v_(v) {}
  Value(double v) : v_(v) {}
  Value(const char* v) : v_(std::string(v)) {}
  Value(std::string v) : v_(std::move(v)) {}
  Value(List v) : v_(std::move(v)) {}
  Value(Dict v) : v_(std::move(v)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(v_); }
  bool is_bool() const { return std::holds_alternative<bool>(v_); }
  bool is_int() const { return std::holds_alternative<int64_t>(v_); }
  bool is_double() const { return std::holds_alternative<double>(v_); }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return std::holds_alternative<std::string>(v_); }
  bool is_list() const { return std::holds_alternative<List>(v_); }
  bool is_dict() const { return std::holds_alternative<Dict>(v_); }

  // Typed access; a value of another type throws base::Error(kDatatypeMismatch). number() takes int and double;
  // integer() takes an int, or a double with an integral value within +-2^53.
  bool boolean() const;
  int64_t integer() const;
  double number() const;
  const std::string& string() const;
  const List& list() const;
  const Dict& dict() const;
  List& list();
  Dict& dict();

  /// The value of a key in a dict, or nullptr when this is no dict or has no such key.
  const Value* Find(std::string_view key) const;

  /// "null", "boolean", "integer", "number", "string", "list", "dictionary": for messages.
  const char* type_name() const;

  bool operator==(const Value& other) const { return v_ == other.v_; }

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, List, Dict> v_;
};

}  // namespace base
