// cerebro.report of a run over groups: reads what report::GroupPage lays out.
#pragma once

#include <string>

#include "pg/names.hpp"

namespace score {

/// Memory: a mark for some thousands of groups, whatever their number.
std::string GroupReport(const pg::TableName& run);

}  // namespace score
