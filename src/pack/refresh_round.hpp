// Where a refresh in parts has come to in its one round over the groups. A round looks at a group once, however often its rows
// change meanwhile: so it ends for a source that always differs, as a view over now() does.
#pragma once

#include <cstdint>
#include <optional>

namespace pack {

struct RefreshRound {
  int64_t after_group = 0;            // groups up to this one have been looked at
  std::optional<int64_t> last_group;  // those behind it were added in this round; none: the round begins
  int64_t new_groups = 0;             // once it has begun: new groups that it has still to do with
};

}  // namespace pack
