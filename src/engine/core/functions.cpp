#include "engine/core/functions.hpp"

#include "engine/core/autograd_library.hpp"
#include "engine/math/fpenv.hpp"

namespace engine {

void CheckFunction(const std::string& name, const std::string& text) {
  const math::FtzGuard ftz;
  TheAutogradLibrary().CheckFunction(name, text);
}

}  // namespace engine
