// Models of one network that train, or are scored, side by side on a device: one kernel works for all of them.
//
// The host says what each model does with a buffer (MemberPlan); the device does it without the host. What the models
// saw is read once, at the end (Wait). So the host prepares the next buffer while the device trains this one; two
// buffers' plans are under way at most. A buffer is given to the device in portions, of which some are under way at
// most: whoever breaks off (WaitPoll) waits for no more than those.
//
// A buffer is trained by one launch for all of it where the network is small (kernels/persistent.hpp); else by launches
// that are recorded once and replayed for every optimizer step. Both make the same bits.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/config.hpp"
#include "base/tensor.hpp"
#include "engine/device/memory.hpp"
#include "engine/device/kernels/types.hpp"
#include "engine/device/network.hpp"

namespace engine::device {

/// What a model does with a buffer.
struct MemberPlan {
  std::vector<StepEntry> entries;
  std::vector<uint32_t> dropout_keys;  // kKeyWords an entry and dropout stage
  std::vector<uint32_t> order_keys;    // kKeyWords an epoch; empty: the buffer's order
  int epochs = 1;
};

/// How a group computes.
enum class Path { kAuto, kPersistent, kReplay };

struct GroupOptions {
  Precision precision = Precision::kFloat32;
  Path path = Path::kAuto;  // for tests and benches; kPersistent where the network has it
};

/// One model of a group.
struct Member {
  void* block = nullptr;                             // the state's
  const base::OptimizerConfig* optimizer = nullptr;  // outlives the group; nullptr in scoring
};

/// Called while the host waits; may throw.
using WaitPoll = std::function<void()>;

class Group {
 public:
  /// Takes states and room to work; batch_rows: of a mini-batch, at most. nullptr when the memory is short: nothing has
  /// changed then. metrics: of scoring. The network outlives the group.
  static std::unique_ptr<Group> Make(Backend* backend, Memory* memory, std::shared_ptr<const Network> network,
                                     const std::vector<Member>& members, int64_t batch_rows,
                                     const std::vector<MetricNumbers>& metrics, const GroupOptions& options);
  /// Drops the states where WriteBack was not called: blocks are as they were. The backend is still there.
  ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  /// Gives the device a buffer with each member's plan. content: Memory::HoldColumn's. False when there is no room for
  /// the buffer.
  bool Train(const base::Buffer& buffer, uint64_t content, const std::vector<MemberPlan>& plans, const WaitPoll& poll);
  /// Waits. The progress of each member since Make.
  const std::vector<ModelProgress>& Wait(const WaitPoll& poll);
  /// Behind Wait: writes the states back. count: writes into the blocks' counters what was trained; called when all
  /// weights are there. After an error the blocks are of no use.
  void WriteBack(const std::function<void()>& count);

  /// Adds a buffer's rows to the members' sums, `rows` at once. False when there is no room for the buffer.
  bool Score(const base::Buffer& buffer, uint64_t content, int64_t rows, const WaitPoll& poll);
  /// Waits. Rows, loss, then two sums a metric, member after member.
  const std::vector<double>& FinishScores(const WaitPoll& poll);

  /// Bytes of the device that a group of so many members takes beside their states.
  static int64_t WorkBytes(const Network& network, int64_t batch_rows, int members);
  bool persistent() const { return persistent_; }
  /// Rows that each model can carry from buffer to buffer, around.
  int64_t carried_room() const { return 2 * batch_rows_; }

 private:
  /// A buffer's tables on the host, pinned, and when the device has read them.
  struct Tables {
    char* memory = nullptr;
    size_t bytes = 0;
    std::unique_ptr<Event> read;
  };

  Group(Backend* backend, Memory* memory, std::shared_ptr<const Network> network, const std::vector<Member>& members,
        int64_t batch_rows, const std::vector<MetricNumbers>& metrics, const GroupOptions& options);
  bool TakeMemory();
  bool TakeStates();
  bool SendConstants();
  bool Persists();
  bool HoldBuffer(const base::Buffer& buffer, uint64_t content);
  bool SendTables(const std::vector<MemberPlan>& plans, const WaitPoll& poll);
  void WaitFor(const Event& event, const WaitPoll& poll);
  /// Gives the device a portion of work, when it has done all but the latest portions.
  template <class Work>
  void GivePortion(const WaitPoll& poll, const Work& work);
  /// A recording of so many optimizer steps.
  std::unique_ptr<Recording> RecordSteps(int steps);
  void RequireIndexes() const;
  void LaunchRowOrder(const std::vector<MemberPlan>& plans);
  void LaunchStep();
  void LaunchForward();
  void LaunchNormalization(int stage);
  void LaunchElements(KernelId kernel, int stage, int source, int64_t elements);
  void LaunchBackward();
  void LaunchNormGradient(int stage);
  void LaunchInputGradients(int stage);
  void LaunchWeightGradient(int stage);
  void LaunchUpdates();
  template <class Arguments>
  void Launch(KernelId kernel, const Grid& grid, size_t shared, const Arguments& arguments);

  Backend* backend_;
  Memory* memory_;
  std::shared_ptr<const Network> network_;
  std::vector<Member> members_;
  GroupOptions options_;
  int64_t batch_rows_;
  int64_t carried_bytes_ = 0;  // a model
  bool stores_ = false;        // all weight gradients go through the workspace
  bool norms_ = false;         // some member clips by a norm
  bool persistent_ = false;
  bool finished_ = false;
  PersistentArguments persistent_arguments_;
  size_t persistent_shared_ = 0;

  int64_t most_norms_ = 0;  // of a weight's constraint

  GroupView view_;               // as the device has it
  std::vector<int64_t> values_;  // offsets in a workspace
  GroupView* device_view_ = nullptr;
  ModelProgress* progress_ = nullptr;
  double* sums_ = nullptr;
  std::vector<void*> taken_;  // of the device
  std::vector<void*> states_;
  void* carried_ = nullptr;
  void* constants_ = nullptr;  // of columns, class weights
  void* row_numbers_ = nullptr;
  size_t row_numbers_bytes_ = 0;
  void* device_tables_ = nullptr;
  size_t device_tables_bytes_ = 0;
  Tables tables_[2];
  int next_tables_ = 0;
  static constexpr size_t kPortions = 4;  // that are under way at most
  std::unique_ptr<Event> portions_[kPortions];
  size_t next_portion_ = 0;
  std::unique_ptr<Recording> one_, many_;  // one optimizer step, and kManySteps of them
  std::vector<ModelProgress> results_;
  std::vector<double> scores_;
};

}  // namespace engine::device
