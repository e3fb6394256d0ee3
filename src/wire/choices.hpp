// The alternatives that a caller gives an architecture's makers: one value or several, as SQL arrays, JSON lists or
// plain words print them. Called by those who fill a BuilderRequest (wire/builders.hpp).
//
//   0.1   {0.1,0.3}   [0.1, 0.3]   relu   {relu,"gelu"}   {{32},{64,32}}   [[32], [64, 32]]
//
// Errors: kSyntax for text that is no such list; kInvalidParameter, naming the argument and the value, for one that is
// empty, of another type, out of range or there twice.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wire {

/// Layers of an architecture, each with its units: {64,32} is one architecture of two layers, {{32},{64,32}} are two
/// architectures, {} is one without such a layer. may_be_empty: whether that one is allowed.
std::vector<std::vector<int64_t>> ReadLayerChoices(const char* argument, std::string_view text, bool may_be_empty);

/// Whole numbers of at least 1.
std::vector<int64_t> ReadCountChoices(const char* argument, std::string_view text);

/// Numbers from 0 on, below `limit`.
std::vector<double> ReadNumberChoices(const char* argument, std::string_view text, double limit);

/// Words in small letters, each one of `known`.
std::vector<std::string> ReadWordChoices(const char* argument, std::string_view text,
                                         const std::vector<std::string>& known);

std::vector<bool> ReadFlagChoices(const char* argument, std::string_view text);

/// A list of whole numbers of at least 1, in which a value may be repeated: {8,8,1}.
std::vector<int64_t> ReadSizes(const char* argument, std::string_view text);

/// Words of any kind, in which one may be repeated.
std::vector<std::string> ReadWords(const char* argument, std::string_view text);

}  // namespace wire
