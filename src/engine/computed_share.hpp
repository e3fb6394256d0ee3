#pragma once

namespace engine {

/// Of the first layer's products with a table's rows, the part that is computed because it is not zero; 1 where zeros are not looked for or
/// are too few.
struct ComputedShare {
  double products = 1;
};

}  // namespace engine
