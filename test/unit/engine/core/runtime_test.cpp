// Threads and the description of the build.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "engine/core/autograd_library.hpp"
#include "engine/core/runtime.hpp"
#include "engine/math/fpenv.hpp"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

namespace engine {
namespace {

TEST(Build, DescriptionNamesLibraryAndBlas) {
  const std::string text = BuildDescription();
  EXPECT_EQ(text.rfind("LibTorch ", 0), 0u) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), ','), 2) << text;
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  EXPECT_EQ(text, BuildDescription());
}

TEST(Build, InstructionSetIsWhatTheLibraryChooses) {
  const std::string guessed = LibraryInstructionSet();
  const std::string before = BuildDescription();
  DeviceCount();  // opens the library
  EXPECT_EQ(BuildDescription(), before);
  if (!guessed.empty()) {
    EXPECT_EQ(TheAutogradLibrary().InstructionSet(), guessed);
  }
  EXPECT_EQ(before.rfind(TheAutogradLibrary().Version() + ", ", 0), 0u) << before;
}

TEST(Build, ThreadsFollow) {
  DeviceCount();  // opens the library
  for (int threads : {1, 2, 1, 3}) {
    SetThreads(threads);
    EXPECT_EQ(at::get_num_threads(), threads);
  }
}

/// "SigBlk" of every thread of this process but the calling one.
std::vector<uint64_t> BlockedSignalsOfOthers() {
  std::vector<uint64_t> masks;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == std::to_string(getpid())) continue;
    std::ifstream status(task.path() / "status");
    std::string line;
    while (std::getline(status, line)) {
      if (line.rfind("SigBlk:", 0) == 0) masks.push_back(std::stoull(line.substr(7), nullptr, 16));
    }
  }
  return masks;
}

TEST(Build, PoolThreadsBlockSignals) {
  SetThreads(3);
  const std::vector<uint64_t> masks = BlockedSignalsOfOthers();
  EXPECT_GE(masks.size(), 2u);
  for (uint64_t mask : masks) {
    for (int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGALRM}) EXPECT_NE(mask & (uint64_t{1} << (signal - 1)), 0u) << signal;
  }
  sigset_t mine;
  pthread_sigmask(SIG_SETMASK, nullptr, &mine);
  EXPECT_EQ(sigismember(&mine, SIGINT), 0);
}

TEST(Build, PoolThreadsFlushDenormals) {
  SetThreads(3);
  const at::Tensor smallest = at::full({1 << 20}, std::numeric_limits<float>::min());
  const math::FtzGuard guard;
  EXPECT_EQ((smallest * 0.5).count_nonzero().item<int64_t>(), 0);
}

}  // namespace
}  // namespace engine
