// How much of a row may be on its way between two segments of a Greenplum cluster. By default it is four packets of
// 8 kB, which suits many short rows; a training state is a long one, and whoever sends it then waits for the receiver
// once in 32 kB.
//
// Includes nothing of the server. Main thread only.
#pragma once

namespace pg {

/// While it lives, statements of this session send more at once, as far as about a megabyte for each process allows;
/// elsewhere than on a cluster's coordinator it does nothing. What the session has set higher stays. Settings are as
/// they were afterwards, also behind an error.
class WideInterconnect {
 public:
  WideInterconnect();
  ~WideInterconnect();
  WideInterconnect(const WideInterconnect&) = delete;
  WideInterconnect& operator=(const WideInterconnect&) = delete;

 private:
  int receives_ = 0, sends_ = 0;  // packets before; 0: as they are
};

}  // namespace pg
