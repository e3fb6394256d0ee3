// What the tests of models share.
#pragma once

#include "../fixture.hpp"
#include "engine/core/model.hpp"

namespace fixture {

inline engine::Options Precision(base::DType precision) {
  engine::Options options;
  options.precision = precision;
  return options;
}

}  // namespace fixture
