// Errors of models that work side by side: of the work of all, or each its own, by OnError. Private to engine/core.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/core/model.hpp"

namespace engine {

class MemberErrors {
 public:
  MemberErrors() = default;
  MemberErrors(OnError on_error, size_t members) : on_error_(on_error), texts_(members) {}

  bool failed(size_t member) const { return !texts_[member].empty(); }
  const std::vector<std::string>& texts() const { return texts_; }

  /// Does it unless the member has failed before; an engine's error is the member's from then on.
  template <typename Work>
  void Try(size_t member, Work&& work) {
    if (failed(member) || Succeeds(std::forward<Work>(work))) return;
    texts_[member] = latest_;
  }

  /// Does what all members need; an error is that of all.
  template <typename Work>
  void TryForAll(Work&& work) {
    if (Succeeds(std::forward<Work>(work))) return;
    for (std::string& text : texts_) Keep(&text);
  }

  /// Does what these members need; an error is that of them all. Returns whether there was none.
  template <typename Work>
  bool TryFor(const std::vector<size_t>& members, Work&& work) {
    if (Succeeds(std::forward<Work>(work))) return true;
    for (const size_t m : members) Keep(&texts_[m]);
    return false;
  }

 private:
  template <typename Work>
  bool Succeeds(Work&& work) {
    if (on_error_ == OnError::kThrows) {
      work();
      return true;
    }
    try {
      work();
      return true;
    } catch (...) {
      latest_ = TextOfEngineError();
      return false;
    }
  }

  // A member's first error is the one that counts.
  void Keep(std::string* text) const {
    if (text->empty()) *text = latest_;
  }

  OnError on_error_ = OnError::kThrows;
  std::vector<std::string> texts_;  // a member; empty: it has not failed
  std::string latest_;
};

}  // namespace engine
