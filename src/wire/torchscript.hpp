// Functions of TorchScript as users have them.
#pragma once

#include <string>
#include <string_view>

namespace wire {

/// The text of a function (base/torchscript.hpp): of source text as it is, of an archive by torch.jit.script(f).save()
/// the files below code/. Nothing else of an archive is read. Errors: kInvalidData for a damaged archive, kInvalidParameter
/// for one without code, kFeatureNotSupported for a pickled object of Python, kLimitExceeded.
std::string FunctionText(std::string_view object);

}  // namespace wire
