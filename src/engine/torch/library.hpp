// The one header of this room for others: LibTorch as the engine sees it. No LibTorch type is seen here.
#pragma once

#include "engine/api/autograd.hpp"

namespace engine::torch {

const AutogradLibrary& TheLibrary();

}  // namespace engine::torch
