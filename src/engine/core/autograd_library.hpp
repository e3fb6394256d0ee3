// The door to LibTorch: a library of its own (pg_cerebro_torch.so, src/engine/torch), opened when something first needs it.
//
// Why a door: loading LibTorch costs some tenths of a second and 58 MB in every process, and a chain of layers with hand-written loops needs
// nothing of it; and a LibTorch that exports an LLVM of its own must not share names with the server's JIT compiler. So it is opened with
// RTLD_LOCAL and RTLD_DEEPBIND: nobody sees its names, and it sees its own first. An exception of base::Error passes the door as any call does:
// both sides use the same C++ runtime, which compares types by their names.
#pragma once

#include "engine/api/autograd.hpp"

namespace engine {

/// Opens the library at the first call, with the process's number of threads. Errors: kEngine where it is not there or is of another build.
const AutogradLibrary& TheAutogradLibrary();

/// The library if it is open, else nullptr.
const AutogradLibrary* OpenAutogradLibrary();

/// What a library that is opened later is told first.
void SetAutogradThreads(int threads);

}  // namespace engine
