// A configuration as bytes that travel between processes of one build (base/record.hpp). The texts that it was read
// from are for people and for tables; nobody parses them twice.
#pragma once

#include "base/config.hpp"
#include "base/record.hpp"

namespace base {

void WriteConfig(const TrainConfig& config, RecordWriter* writer);
/// Errors: kInternal when the bytes end too early.
TrainConfig ReadConfig(RecordReader* reader);

}  // namespace base
