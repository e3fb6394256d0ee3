// C++ objects that outlive a call and go with the server's memory. Includes postgres.h: only src/pg and src/entry see this file.
//
// From 9.5 on an object goes with its memory context, by a reset callback. 9.4-based servers have no such callback: there it goes at the
// end of the (sub)transaction in which it was made, which is never earlier than the contexts of its statements.
#pragma once

#include <memory>
#include <utility>

#include "pg/guard.hpp"

namespace pg {
namespace own {

struct Owned {
  void* object = nullptr;
  void (*destroy)(void*) = nullptr;
#if CEREBRO_HAS_CONTEXT_CALLBACK
  MemoryContextCallback callback;
#else
  ResourceOwner owner = nullptr;
#endif
};

/// Takes over `owned`; cannot fail once Prepare has returned.
void Prepare();
void Register(MemoryContext context, std::unique_ptr<Owned> owned) noexcept;

}  // namespace own

/// Makes an object that is deleted with `context`. It is registered before anything else can throw.
template <typename T, typename... A>
T* NewIn(MemoryContext context, A&&... arguments) {
  own::Prepare();
  auto owned = std::make_unique<own::Owned>();
  auto object = std::make_unique<T>(std::forward<A>(arguments)...);
  T* raw = object.release();
  owned->object = raw;
  owned->destroy = [](void* p) { delete static_cast<T*>(p); };
  own::Register(context, std::move(owned));
  return raw;
}

}  // namespace pg
