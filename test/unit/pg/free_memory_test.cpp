// What a machine leaves, read from made-up files of /proc and /sys.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "pg/free_memory.hpp"

namespace pg {
namespace {

constexpr uint64_t kMegabyte = 1024 * 1024;

class FreeMemoryTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/free_memory_XXXXXX";
    root_ = mkdtemp(name);
    Write("/proc/meminfo", "MemTotal: 16777216 kB\nMemAvailable: 8388608 kB\nCommitLimit: 4194304 kB\nCommitted_AS: 1048576 kB\n");
    Write("/proc/sys/vm/overcommit_memory", "0\n");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path whole = root_ + path;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << text;
  }
  uint64_t Megabytes() const { return ReadFreeMemory(root_).all.bytes / kMegabyte; }

  std::string root_;
};

TEST_F(FreeMemoryTest, IsWhatTheMachineHas) {
  EXPECT_EQ(Megabytes(), 8192u);
  EXPECT_NE(ReadFreeMemory(root_).all.set_by.find("machine"), std::string::npos);
}

TEST_F(FreeMemoryTest, HeedsTheCommitLimit) {
  Write("/proc/sys/vm/overcommit_memory", "2\n");
  EXPECT_EQ(Megabytes(), 3072u);
}

TEST_F(FreeMemoryTest, HeedsCgroupsOfVersion2AndThoseAbove) {
  Write("/proc/self/cgroup", "0::/a/b\n");
  Write("/sys/fs/cgroup/a/b/memory.max", "max\n");
  Write("/sys/fs/cgroup/a/b/memory.current", "1048576\n");
  Write("/sys/fs/cgroup/a/memory.max", std::to_string(1000 * kMegabyte));
  Write("/sys/fs/cgroup/a/memory.current", std::to_string(600 * kMegabyte));
  Write("/sys/fs/cgroup/a/memory.stat", "anon 1\ninactive_file " + std::to_string(100 * kMegabyte) + "\nactive_file " + std::to_string(40 * kMegabyte) + "\n");
  EXPECT_EQ(Megabytes(), 520u);
  EXPECT_NE(ReadFreeMemory(root_).all.set_by.find("cgroup"), std::string::npos);
}

TEST_F(FreeMemoryTest, HeedsCgroupsOfVersion1) {
  Write("/proc/self/cgroup", "3:cpuset:/\n4:cpu,memory:/docker/x\n");
  // seen from inside a container: the cgroup is the root
  Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(512 * kMegabyte));
  Write("/sys/fs/cgroup/memory/memory.usage_in_bytes", std::to_string(612 * kMegabyte));
  Write("/sys/fs/cgroup/memory/memory.stat", "total_inactive_file " + std::to_string(200 * kMegabyte) + "\n");
  EXPECT_EQ(Megabytes(), 100u);
  Write("/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", std::to_string(300 * kMegabyte));
  Write("/sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes", std::to_string(310 * kMegabyte));
  EXPECT_EQ(Megabytes(), 0u);
}

TEST_F(FreeMemoryTest, WhatCannotBeReadSetsNoLimit) {
  std::filesystem::remove_all(root_ + "/proc");
  EXPECT_GT(Megabytes(), uint64_t{1} << 40);
}

TEST_F(FreeMemoryTest, HeedsTheLimitOfAddressSpace) {
  Write("/proc/self/status", "VmSize:\t 1048576 kB\nVmData:\t 1 kB\n");
  struct rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  struct rlimit lower = before;
  lower.rlim_cur = uint64_t{1} << 40;  // far above what this process has
  ASSERT_EQ(setrlimit(RLIMIT_AS, &lower), 0);
  EXPECT_EQ(ReadFreeMemory(root_).process.bytes, (uint64_t{1} << 40) - 1024 * kMegabyte);
  ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
}

TEST(SizeText, HasThreeDigitsAtMost) {
  EXPECT_EQ(SizeText(0), "0.0 kB");
  EXPECT_EQ(SizeText(2048), "2.0 kB");
  EXPECT_EQ(SizeText(20.0 * kMegabyte), "20 MB");
  EXPECT_EQ(SizeText(1536.0 * kMegabyte), "1.5 GB");
  EXPECT_EQ(SizeText(57.2 * 1024 * kMegabyte), "57 GB");
}

}  // namespace
}  // namespace pg
