// Which groups of a table may have changed since it was packed, from one pass over the rows of its source: those with another
// number of rows than the table has, those with a row that may be new, and those that it does not have. Pure: rows come as keys.
//
// Memory: about 70 bytes a group and its key. A second pass that is to find the rows of the suspects needs not look at all
// pages: a range of pages is kept with the lowest and the highest number of the groups that have rows there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pack {

class SuspectGroups {
 public:
  /// pages: how many the source has.
  explicit SuspectGroups(uint32_t pages);

  /// A group of the table. rows: that it was made of; comparable: they are known by their contents, too. REQUIRES that no row was
  /// counted. False where there is a group of this key.
  bool AddKnown(std::string_view key, int64_t group_id, int64_t rows, bool comparable);

  /// A row of the source. written: it may be new; counts: it has labels, so that it is packed.
  void AddRow(std::string_view key, uint32_t page, bool written, bool counts);

  /// REQUIRES that all rows were added, here and below.
  bool IsSuspect(std::string_view key) const;
  /// Ranges of pages that have all rows of suspects: first page and number of pages, ascending.
  std::vector<std::pair<uint32_t, uint32_t>> SuspectPages() const;
  int64_t suspect_rows() const;  // that count
  std::vector<int64_t> Vanished() const;  // ids of the table's groups of which no row counts, ascending

  int64_t rows() const { return rows_; }          // that count
  int64_t all_rows() const { return all_rows_; }
  int64_t known() const { return known_; }        // groups of the table
  int64_t unknown() const { return static_cast<int64_t>(groups_.size()) - known_; }  // others that were met
  int64_t last_id() const { return last_id_; }    // the largest id of a group of the table; 0: none

 private:
  struct Group {
    uint64_t hash = 0;
    uint64_t key_begin = 0;  // in keys_
    uint32_t key_bytes = 0;
    bool suspect = false;    // whatever its number of rows
    int64_t id = 0;          // 0: not of the table
    int64_t expected = 0, counted = 0;
  };
  struct Range {
    uint32_t lowest = UINT32_MAX, highest = 0;  // positions in groups_
  };

  /// The position of the key's group in groups_, or of none.
  uint32_t Find(uint64_t hash, std::string_view key) const;
  uint32_t Insert(uint64_t hash, std::string_view key);
  void Grow();
  std::string_view KeyOf(const Group& group) const;
  static bool Suspect(const Group& group);

  std::vector<Group> groups_;   // of the table first, in the order in which they were added
  std::vector<uint32_t> cells_;  // positions in groups_; open addressing; its size is a power of two
  std::string keys_;
  std::vector<Range> ranges_;
  uint32_t pages_ = 0, range_pages_ = 1;
  uint32_t last_ = 0;  // the group of the last row
  int64_t rows_ = 0, all_rows_ = 0, known_ = 0, last_id_ = 0;
};

}  // namespace pack
