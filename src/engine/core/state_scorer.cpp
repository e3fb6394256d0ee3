#include "engine/core/state_scorer.hpp"

#include <algorithm>
#include <map>
#include <new>
#include <string>
#include <utility>

#include "engine/api/workspace.hpp"
#include "engine/core/device_context.hpp"
#include "engine/core/devices.hpp"
#include "engine/core/member_errors.hpp"
#include "engine/core/model_impl.hpp"
#include "engine/math/fpenv.hpp"
#include "engine/math/poll.hpp"

namespace engine {

namespace {

// Of products that lie ready at once. They are worthwhile for this many mini-batches.
constexpr size_t kProductBytes = 8 * 1024 * 1024;
constexpr int64_t kFewestBatches = 4;

}  // namespace

struct StateScorer::Impl {
  struct Member {
    ScoredState state;
    ModelInstance* model = nullptr;
    int64_t rows = 0;      // of a batch
    int64_t next = 0;      // row, in Evaluate
    size_t first_sum = 0;  // in all states' sums
    bool scored = false;   // by a device, of this buffer
    const void* products = nullptr;  // native::Trainer::MakeProducts, while these members are scored
  };

  std::vector<Member> members;
  std::map<const Program*, std::unique_ptr<Model>> models;
  std::shared_ptr<Workspace> workspace;
  Workspace products;
  size_t sums_size = 0;
  MemberErrors errors;

  void Check(const base::Buffer& buffer);
  void UseWorkspace(int64_t buffer_rows);
  void EvaluateOnDevice(const base::Buffer& buffer, double* sums, const Poll& poll);
  void ScoreOnDevice(const CompiledProgram& program, int64_t rows, const std::vector<size_t>& part, const base::Buffer& buffer, double* sums,
                     const Poll& poll);
  size_t ProductBytes(const Member& member, const base::Buffer& buffer) const;
  size_t MakeProducts(size_t from, const base::Buffer& buffer);
  void EvaluateNative(size_t from, size_t until, const base::Buffer& buffer, double* sums);
  void EvaluateByAutograd(const base::Buffer& buffer, double* sums);
};

// Members of one program have one model.
void StateScorer::Impl::Check(const base::Buffer& buffer) {
  const ModelInstance* last = nullptr;
  for (size_t m = 0; m < members.size(); ++m) {
    if (members[m].model == last && !errors.failed(m)) continue;
    errors.Try(m, [&] { members[m].model->CheckBuffer(buffer, true); });
    last = !errors.failed(m) ? members[m].model : nullptr;
  }
}

// All models lay their rows out alike, and the workspace has its size before the first of them loads rows.
void StateScorer::Impl::UseWorkspace(int64_t buffer_rows) {
  int64_t rows = 0;
  for (const Member& member : members) {
    if (member.model != nullptr && member.model->native_trainer) rows = std::max(rows, std::min(buffer_rows, member.rows));
  }
  size_t bytes = 0;
  for (const auto& [program, model] : models) {
    if (model == nullptr) continue;
    native::Trainer* trainer = model->impl_->native_trainer.get();
    if (trainer == nullptr) continue;
    trainer->UseWorkspace(workspace, rows);
    bytes = std::max(bytes, trainer->ScoringBytes(rows));
  }
  workspace->Reserve(bytes);
}

// Those of one program and one number of rows at once. Where the device's memory is short, the processor scores.
void StateScorer::Impl::EvaluateOnDevice(const base::Buffer& buffer, double* sums, const Poll& poll) {
  std::map<std::pair<const CompiledProgram*, int64_t>, std::vector<size_t>> parts;
  for (size_t m = 0; m < members.size(); ++m) {
    members[m].scored = false;
    if (errors.failed(m)) continue;
    const CompiledProgram& program = members[m].model->program;
    if (program.scores_on_device) parts[{&program, members[m].rows}].push_back(m);
  }
  for (const auto& [kind, part] : parts) {
    const CompiledProgram& program = *kind.first;
    const int64_t rows = kind.second;
    errors.TryFor(part, [&] { ScoreOnDevice(program, rows, part, buffer, sums, poll); });
  }
}

void StateScorer::Impl::ScoreOnDevice(const CompiledProgram& program, int64_t rows, const std::vector<size_t>& part,
                                      const base::Buffer& buffer, double* sums, const Poll& poll) {
  const std::shared_ptr<device::Device> on = DeviceWithRoom(program.options.device, poll);
  std::vector<device::Member> states;
  for (const size_t m : part) states.push_back({members[m].state.block, nullptr});
  const int64_t batch_rows = std::min(rows, std::max<int64_t>(1, buffer.rows));
  std::unique_ptr<device::Group> group;
  if (on != nullptr) {
    group = device::Group::Make(on->backend(), on->memory(), program.on_device, states, batch_rows, program.device_metrics,
                                TheGroupOptions());
  }
  if (group == nullptr || !group->Score(buffer, BufferContent::Current(), rows, poll)) {
    NoticeOfDevice("a device's memory is short: some models are scored by the processor for now");
    return;
  }
  const std::vector<double>& found = group->FinishScores(poll);
  const size_t each = program.sums_size;
  for (size_t i = 0; i < part.size(); ++i) {
    Member& member = members[part[i]];
    for (size_t s = 0; s < each; ++s) sums[member.first_sum + s] += found[i * each + s];
    member.scored = true;
  }
}

size_t StateScorer::Impl::ProductBytes(const Member& member, const base::Buffer& buffer) const {
  if (member.model == nullptr || !member.model->native_trainer || member.scored) return 0;
  const size_t bytes = Workspace::Padded<char>(static_cast<int64_t>(member.model->native_trainer->ProductBytes()));
  return bytes <= kProductBytes && buffer.rows >= kFewestBatches * member.rows ? bytes : 0;
}

// Of the members from `from` on, as many as there is room for. Returns the first that is left.
size_t StateScorer::Impl::MakeProducts(size_t from, const base::Buffer& buffer) {
  size_t until = from, bytes = 0;
  for (; until < members.size(); ++until) {
    const size_t more = ProductBytes(members[until], buffer);
    if (bytes + more > kProductBytes) break;
    bytes += more;
  }
  for (size_t m = from; m < until; ++m) members[m].products = nullptr;
  try {
    products.Reserve(bytes);
  } catch (const std::bad_alloc&) {
    return until;  // they only save time
  }
  size_t offset = 0;
  for (size_t m = from; m < until; ++m) {
    Member& member = members[m];
    const size_t own = ProductBytes(member, buffer);
    if (own == 0 || errors.failed(m)) continue;
    errors.Try(m, [&] {
      member.model->Attach(member.state.block);
      member.model->native_trainer->MakeProducts(products.At<void>(offset));
      member.products = products.At<void>(offset);
    });
    offset += own;
  }
  return until;
}

// Batch by batch, so that rows which are loaded once serve all states that want the same.
void StateScorer::Impl::EvaluateNative(size_t from, size_t until, const base::Buffer& buffer, double* sums) {
  LoadedRows loaded;
  for (size_t m = from; m < until; ++m) members[m].next = 0;
  for (bool more = buffer.rows > 0; more;) {
    more = false;
    for (size_t m = from; m < until; ++m) {
      Member& member = members[m];
      if (errors.failed(m) || !member.model->native_trainer || member.scored || member.next >= buffer.rows) continue;
      math::PollInterrupts();
      errors.Try(m, [&] {
        member.model->Attach(member.state.block);
        member.model->EvaluateBatch(buffer, member.next, std::min(member.rows, buffer.rows - member.next), &loaded, sums + member.first_sum,
                                    member.products);
      });
      if (errors.failed(m)) {
        loaded = {};
        continue;
      }
      member.next += member.rows;
      more = more || member.next < buffer.rows;
    }
  }
}

// State by state: laying autograd's tensors over a block costs more than loading rows again.
void StateScorer::Impl::EvaluateByAutograd(const base::Buffer& buffer, double* sums) {
  LoadedRows none;
  for (size_t m = 0; m < members.size(); ++m) {
    const Member& member = members[m];
    if (errors.failed(m) || member.model->native_trainer || member.scored) continue;
    errors.Try(m, [&] {
      member.model->Attach(member.state.block);
      for (int64_t first = 0; first < buffer.rows; first += member.rows) {
        math::PollInterrupts();
        member.model->EvaluateBatch(buffer, first, std::min(member.rows, buffer.rows - first), &none, sums + member.first_sum);
      }
      member.model->Detach();
    });
  }
}

StateScorer::StateScorer(std::vector<ScoredState> states, std::shared_ptr<Workspace> workspace, OnError on_error) : impl_(std::make_unique<Impl>()) {
  impl_->workspace = workspace ? std::move(workspace) : std::make_shared<Workspace>();
  impl_->errors = MemberErrors(on_error, states.size());
  for (ScoredState& state : states) {
    std::unique_ptr<Model>& model = impl_->models[state.program.get()];
    if (model == nullptr) impl_->errors.Try(impl_->members.size(), [&] { model = std::make_unique<Model>(state.program, *state.config); });
    Impl::Member member;
    member.model = model == nullptr ? nullptr : model->impl_.get();
    member.rows = InferenceRows(state.config->batch_size);
    member.first_sum = impl_->sums_size;
    impl_->sums_size += state.program->sums_size();
    member.state = std::move(state);
    impl_->members.push_back(std::move(member));
  }
}

StateScorer::~StateScorer() = default;

size_t StateScorer::sums_size() const { return impl_->sums_size; }

void StateScorer::Evaluate(const base::Buffer& buffer, double* sums, const Poll& poll) {
  const math::FtzGuard ftz;
  const math::PollScope scope(poll);
  impl_->Check(buffer);
  impl_->EvaluateOnDevice(buffer, sums, poll);
  impl_->errors.TryForAll([&] { impl_->UseWorkspace(buffer.rows); });
  for (size_t from = 0; from < impl_->members.size();) {
    size_t until = impl_->members.size();
    impl_->errors.TryForAll([&] { until = impl_->MakeProducts(from, buffer); });
    impl_->EvaluateNative(from, until, buffer, sums);
    from = until;
  }
  impl_->EvaluateByAutograd(buffer, sums);
  for (const auto& [program, model] : impl_->models) {
    if (model != nullptr) model->impl_->Detach();
  }
}

const std::vector<std::string>& StateScorer::errors() const { return impl_->errors.texts(); }

}  // namespace engine
