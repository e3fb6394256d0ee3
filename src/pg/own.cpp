#include "pg/own.hpp"

#include <list>

extern "C" {
#include "utils/resowner.h"
}

namespace pg {
namespace own {
namespace {

void Destroy(Owned* owned) {
  const std::unique_ptr<Owned> gone(owned);
  gone->destroy(gone->object);
}

}  // namespace

#if CEREBRO_HAS_CONTEXT_CALLBACK

void Prepare() {}

void Register(MemoryContext context, std::unique_ptr<Owned> owned) noexcept {
  Owned* raw = owned.release();
  raw->callback.arg = raw;
  raw->callback.func = [](void* arg) { Destroy(static_cast<Owned*>(arg)); };
  MemoryContextRegisterResetCallback(context, &raw->callback);  // links the callback in: cannot fail
}

#else

namespace {

std::list<Owned*>& All() {
  static auto* all = new std::list<Owned*>;
  return *all;
}

std::list<Owned*>& Free() {  // nodes for Register, which may not allocate
  static auto* free = new std::list<Owned*>;
  return *free;
}

extern "C" {
static void ReleaseWithOwner(ResourceReleasePhase phase, bool, bool, void*) {
  if (phase != RESOURCE_RELEASE_AFTER_LOCKS) return;
  std::list<Owned*>& all = All();
  for (auto it = all.begin(); it != all.end();) {
    Owned* owned = *it;
    if (owned->owner != CurrentResourceOwner) {
      ++it;
      continue;
    }
    it = all.erase(it);
    Destroy(owned);
  }
}
}

}  // namespace

void Prepare() {
  static bool registered = false;
  if (!registered) call([] { RegisterResourceReleaseCallback(ReleaseWithOwner, nullptr); });
  registered = true;
  if (Free().empty()) Free().push_back(nullptr);
}

void Register(MemoryContext, std::unique_ptr<Owned> owned) noexcept {
  owned->owner = CurTransactionResourceOwner;
  std::list<Owned*>& all = All();
  all.splice(all.begin(), Free(), Free().begin());
  all.front() = owned.release();
}

#endif

}  // namespace own
}  // namespace pg
