// Buffers that a process keeps, and the memory in which they lie.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "data/buffer_cache.hpp"
#include "data/buffer_memory.hpp"

namespace {

using data::BufferCache;
using data::BufferMemory;
using data::CachedTable;

base::Bytes View(const std::string& bytes) { return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}; }
std::string Text(const base::Bytes& bytes) { return std::string(reinterpret_cast<const char*>(bytes.data), bytes.size); }

// Pieces of all sizes, those of more than a mapping among them: aligned, apart from each other, and unchanged to the end.
TEST(BufferMemory, PiecesDoNotOverlap) {
  BufferMemory memory;
  std::vector<std::pair<char*, size_t>> pieces;
  size_t taken = 0;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{63}, size_t{64}, size_t{65}, size_t{200} << 10, size_t{100} << 10, size_t{3} << 20, size_t{5},
                            size_t{40} << 20, size_t{1} << 20, size_t{7} << 20}) {
    char* const piece = memory.Take(size);
    ASSERT_NE(piece, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(piece) % BufferMemory::kAlignment, 0u);
    std::memset(piece, static_cast<int>(pieces.size() + 1), size);
    pieces.emplace_back(piece, size);
    taken += size;
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    const auto& [piece, size] = pieces[i];
    for (size_t at = 0; at < size; ++at) ASSERT_EQ(piece[at], static_cast<char>(i + 1)) << i << " " << at;
  }
  EXPECT_GE(memory.mapped_bytes(), taken);
  EXPECT_LE(memory.mapped_bytes(), 2 * taken + (size_t{64} << 20));
}

TEST(BufferCache, FindsWhatItKeeps) {
  BufferCache cache(1000);
  const std::string x = "0123456789", y = "ab";
  EXPECT_EQ(cache.Find(CachedTable::kTraining, 1, 2), nullptr);
  cache.Keep(CachedTable::kTraining, 1, 2, {View(x), {}, View(y)});
  const std::vector<base::Bytes>* kept = cache.Find(CachedTable::kTraining, 1, 2);
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(Text((*kept)[0]), x);
  EXPECT_EQ((*kept)[1].data, nullptr);
  EXPECT_EQ(Text((*kept)[2]), y);
  EXPECT_EQ(cache.Find(CachedTable::kValidation, 1, 2), nullptr);
  EXPECT_TRUE(cache.HasPartition(CachedTable::kTraining, 1));
  EXPECT_FALSE(cache.HasPartition(CachedTable::kTraining, 2));
  EXPECT_EQ(cache.bytes(), 128u);
}

// Features of another bundle come to a buffer that is there: only they take room, and what was there stays where it was.
TEST(BufferCache, AKeptBufferTakesTheColumnsThatItHadNot) {
  const std::vector<bool> features = {false, true, true};
  const std::string x = "raw", one = std::string(64, '1'), two = std::string(64, '2'), other = std::string(64, '3');
  BufferCache cache(64, 128);
  cache.Keep(CachedTable::kTraining, 0, 0, {View(x), View(one), {}}, features);
  EXPECT_EQ(cache.bytes(), 128u);
  const uint8_t* const first = (*cache.Find(CachedTable::kTraining, 0, 0))[1].data;
  const std::vector<base::Bytes> missing = cache.Missing(CachedTable::kTraining, 0, 0, {View(x), View(other), View(two)});
  EXPECT_EQ(missing[0].data, nullptr);
  EXPECT_EQ(missing[1].data, nullptr);
  EXPECT_EQ(Text(missing[2]), two);
  cache.Keep(CachedTable::kTraining, 0, 0, {View(x), View(other), View(two)}, features);
  const std::vector<base::Bytes>& kept = *cache.Find(CachedTable::kTraining, 0, 0);
  EXPECT_EQ(kept[1].data, first);
  EXPECT_EQ(Text(kept[1]), one);
  EXPECT_EQ(Text(kept[2]), two);
  EXPECT_EQ(cache.bytes(), 192u);
  cache.Keep(CachedTable::kTraining, 0, 1, {View(x), View(one), {}}, features);  // both limits are reached
  EXPECT_EQ(cache.Find(CachedTable::kTraining, 0, 1), nullptr);
  EXPECT_EQ(cache.bytes(), 192u);
}

TEST(BufferCache, AColumnForWhichThereIsNoRoomStaysAway) {
  const std::vector<bool> features = {false, true};
  const std::string x = "raw", large(1000, 'f');
  BufferCache cache(64, 128);
  cache.Keep(CachedTable::kTraining, 0, 0, {View(x), {}}, features);
  cache.Keep(CachedTable::kTraining, 0, 0, {View(x), View(large)}, features);
  EXPECT_EQ((*cache.Find(CachedTable::kTraining, 0, 0))[1].data, nullptr);
  EXPECT_EQ(cache.bytes(), 64u);
}

}  // namespace
