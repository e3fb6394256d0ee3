// The page of a run over groups: as report/page.hpp.
#pragma once

#include <string>

#include "report/group_run.hpp"

namespace report {

std::string GroupPage(const GroupRun& run);

}  // namespace report
