// The segment's side of a run over groups: each execution of the aggregate cerebro._train_group has the packed rows of one
// group, trains all models of the run on them, and says what came of it.
//
// Groups lie whole on the segments, by their numbers, so no row moves. What groups have in common (programs, blocks,
// first states) is made once in a process, by the first group of a run, and kept until the process's transaction ends; a
// process that has nothing makes it anew from the request, which comes with every statement.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace segments {

/// What a group begins with that is its own.
struct GroupBeginning {
  std::vector<int64_t> class_rows;   // data::Group's, where a model is balanced
  std::vector<std::string> weights;  // a model: in the place of those of its first state; empty: none
};

/// What all groups of a run have in common, and what those of a window have of their own; as bytes of one build.
struct GroupRequest {
  uint64_t run = 0;                       // names the run
  int64_t window = 0;                     // of the run
  std::map<int64_t, GroupBeginning> own;  // by group_id, of the window
  std::string spec;                       // workers::WriteGroupRun's
  std::vector<std::string> first_states;  // a model: a block, laid out as its program says
  std::string compared;                   // the state of GroupRun::compared_model, or empty
};

std::string WriteGroupRequest(const GroupRequest& request);
/// Errors: kInternal when the bytes end too early.
GroupRequest ReadGroupRequest(std::string_view bytes);

/// What a segment says of a group.
struct GroupReply {
  int64_t group_id = 0;
  int32_t segment = 0;
  std::string error;    // why it failed; empty: it was trained
  bool unread = false;  // it failed because one of its rows could not be read
  int64_t rows = 0, validation_rows = 0;
  int32_t partitions = 0;
  double started = 0, ended = 0;  // seconds since the epoch
  std::string slab;               // workers::SlabLayout's; empty where it failed
};

std::string WriteGroupReply(const GroupReply& reply);
GroupReply ReadGroupReply(std::string_view bytes);

/// Whose rows follow.
enum class GroupRowKind : int { kTraining = 0, kValidation = 1 };

/// A group in progress in this process. new_window: it is the first one of its statement.
struct BegunGroup {
  int64_t number = 0;
  bool new_window = false;
};

/// Begins a group in this process.
BegunGroup BeginGroup(std::string_view request, int64_t group_id);
/// A buffer of it. They come by kind, partition and number. columns: fetches its columns, without data where they are NULL. What is wrong with them is the group's error, as in the reply.
/// Errors: kInvalidParameter for the number of no group in progress.
void AddGroupBuffer(int64_t number, GroupRowKind kind, int partition_id, int buffer_id, const std::function<std::vector<base::Bytes>()>& columns);
/// Trains the models on its rows. What the group does wrong is in the reply; errors of the server are raised.
std::string TrainGroup(int64_t number);
/// The statement has no further groups here: the device goes to others of the host.
void EndWindow();

}  // namespace segments
