// The page of a run: one HTML document that needs nothing else. No script, no reference to anything outside, plain
// ASCII, and well-formed as XML, too. A function of its argument alone.
#pragma once

#include <string>

#include "report/run.hpp"

namespace report {

std::string Page(const Run& run);

}  // namespace report
