// Build ids in memory and in files, whole ones and others. A test program is a library like any other.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "pg/cluster.hpp"
#include "pg/library.hpp"

namespace pg {
namespace {

constexpr const char* kOwn = "/proc/self/exe";

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class LibraryTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/library_XXXXXX";
    const int descriptor = mkstemp(name);
    ASSERT_GE(descriptor, 0);
    close(descriptor);
    path_ = name;
  }
  void TearDown() override { std::filesystem::remove(path_); }
  std::string IdOf(const std::string& contents) {
    std::ofstream(path_, std::ios::binary) << contents;
    return BuildIdOfFile(path_);
  }
  std::string path_;
};

TEST_F(LibraryTest, FileAndMemoryHaveOneBuildId) {
  EXPECT_EQ(LibraryBuildId().size(), 40u);
  EXPECT_EQ(BuildIdOfFile(kOwn), LibraryBuildId());
}

TEST_F(LibraryTest, KnowsItsVersion) { EXPECT_STREQ(LibraryVersion(), CEREBRO_TEST_VERSION); }

TEST_F(LibraryTest, WhatIsNoLibraryHasNone) {
  EXPECT_EQ(BuildIdOfFile("/nowhere/at/all"), "");
  EXPECT_EQ(IdOf(""), "");
  EXPECT_EQ(IdOf("#!/bin/sh\n"), "");
  EXPECT_EQ(IdOf(std::string("\x7f" "ELF") + std::string(200, '\xff')), "");
}

TEST_F(LibraryTest, CutFilesHaveNoneOrTheSame) {
  const std::string whole = Contents(kOwn).substr(0, 8192);
  for (size_t bytes = 0; bytes <= whole.size(); bytes += 7) {
    const std::string id = IdOf(whole.substr(0, bytes));
    EXPECT_TRUE(id.empty() || id == LibraryBuildId()) << bytes << " bytes: " << id;
  }
}

TEST_F(LibraryTest, ChangedBytesAreReadAsTheyAre) {
  const std::string whole = Contents(kOwn).substr(0, 8192);
  for (size_t at = 0; at < 1024; at++) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0xff);
    EXPECT_LE(IdOf(changed).size(), 128u) << "byte " << at;
  }
}

TEST_F(LibraryTest, OneLibraryIsNoOther) { EXPECT_NO_THROW(RequireOnlyLibrary(false)); }

TEST_F(LibraryTest, RemembersThatItWasPreloaded) {
  RequireOnlyLibrary(true);
  EXPECT_TRUE(WasPreloaded());
  RequireOnlyLibrary(false);
  EXPECT_FALSE(WasPreloaded());
}

}  // namespace
}  // namespace pg
