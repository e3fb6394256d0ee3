// What the text of a function of TorchScript may be, before LibTorch's front end compiles it.
#pragma once

#include <string>

#include "definitions/torchscript.hpp"

namespace engine::torch {

/// Reads the text by LibTorch's own lexer and parser, which run nothing of it. Throws kLimitExceeded for statements and
/// blocks that the front end's recursion could not take, and kInvalidParameter for values that it would compute while
/// it compiles: defaults of arguments and constants of classes that are no plain numbers, texts or flags. Whatever
/// LibTorch says of a text that is no TorchScript passes.
void CheckScriptText(const std::string& name, const definitions::ScriptText& script);

}  // namespace engine::torch
