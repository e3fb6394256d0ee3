#include "engine/torch/error.hpp"

#include <algorithm>
#include <cctype>

namespace engine::torch {

base::Error TranslateError(const char* what_failed, const c10::Error& error) {
  std::string text = error.what_without_backtrace();
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::iscntrl(c) != 0; }, ' ');
  while (!text.empty() && (text.back() == ' ' || text.back() == '.')) text.pop_back();
  const bool memory = text.find("can't allocate memory") != std::string::npos || text.find("out of memory") != std::string::npos;
  if (memory) {
    return base::Error(base::ErrorCode::kOutOfMemory, std::string("out of memory while ") + what_failed, "LibTorch says: " + text + ".",
                       "Lower batch_size or the size of the model.");
  }
  return base::Error(base::ErrorCode::kEngine, std::string("LibTorch failed while ") + what_failed, "LibTorch says: " + text + ".");
}

}  // namespace engine::torch
