// How the library of the automatic differentiation is opened: its file, and the one function that it exports.
#pragma once

#include "engine/api/autograd.hpp"

namespace engine {

constexpr const char* kAutogradLibraryFile = "pg_cerebro_torch.so";
constexpr const char* kAutogradDoorName = "pg_cerebro_torch_library";

/// Type of the exported function. interface: CEREBRO_ENGINE_INTERFACE of the caller, a digest of the headers that both sides are compiled with. The
/// library lives as long as the process; nullptr when it was compiled with other headers.
using AutogradDoor = const AutogradLibrary*(const char* interface);

}  // namespace engine
