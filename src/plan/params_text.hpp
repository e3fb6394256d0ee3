// Text of parameters: pieces, calls and suggestions. Inside of src/plan only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/value.hpp"

namespace plan {

std::string_view Trim(std::string_view text);
bool IsIdentifier(std::string_view text);

/// An excerpt of user text for a message, in double quotes, at most 60 bytes (cut between characters).
std::string Quoted(std::string_view text);

/// Pieces between top-level commas, trimmed; brackets and quotes protect commas. One trailing comma is allowed; empty text has no piece.
/// Errors: kSyntax (brackets that do not match, an open quote, an empty piece, nesting deeper than 100), naming `what`.
std::vector<std::string_view> SplitPieces(std::string_view text, const std::string& what);

/// "key=value" pieces to key and value text. Errors: kSyntax; a key twice.
std::vector<std::pair<std::string, std::string_view>> SplitAssignments(std::string_view text, const std::string& what);

/// A literal; a bare name or call such as Adam(lr=0.1) is a string of that text; a list may hold such calls.
base::Value ReadValueText(std::string_view text, const std::string& what);

/// Name or Name(key=value, ...). A dotted prefix (tf.keras.optimizers.) is dropped.
struct CallText {
  std::string name;
  base::Dict arguments;
};
CallText ReadCall(std::string_view text, const std::string& what);

/// Hint for an unknown name: the nearest known one, where it is near, and all known ones.
std::string KnownNamesHint(std::string_view given, const std::vector<std::string>& known, const std::string& plural);

}  // namespace plan
