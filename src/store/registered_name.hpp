// The name of a registered model where that of a table is wanted.
#pragma once

#include <string_view>

namespace store {

/// For functions that read the tables of a run, or of a packing. packed: the packed table is wanted, not the run's. function: for
/// the message. Errors: kWrongObjectType where the text names no table, but a registered model that the caller may use; those of
/// FindRegistered.
void RefuseRegistered(std::string_view text, const char* function, bool packed);

}  // namespace store
