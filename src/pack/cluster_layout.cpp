#include "pack/cluster_layout.hpp"

#include <algorithm>
#include <numeric>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "pack/buffer_plan.hpp"

namespace pack {

int64_t ClusterLayout::First(size_t d) const {
  const int64_t each = partitions / static_cast<int64_t>(distribution_keys.size());
  return Ranks().First(static_cast<int64_t>(d) * each);
}

size_t ClusterLayout::Segment(int64_t key, int64_t nth) const {
  const auto before = [](const Cut& cut, const std::pair<int64_t, int64_t>& row) {
    return cut.key != row.first ? cut.key < row.first : cut.nth < row.second;
  };
  return static_cast<size_t>(std::lower_bound(cuts.begin(), cuts.end(), std::pair(key, nth), before) - cuts.begin());
}

std::pair<int32_t, int32_t> ClusterLayout::BufferPosition(size_t d, int64_t nth) const {
  const PartitionRanks ranks = Ranks();
  const int64_t each = partitions / static_cast<int64_t>(distribution_keys.size());
  const auto first_of = [&](size_t segment) { return ranks.First(static_cast<int64_t>(segment) * each); };
  if (d >= distribution_keys.size() || nth < 0 || first_of(d) + nth >= first_of(d + 1)) {
    throw base::Error(base::ErrorCode::kInvalidParameter,
                      "row " + std::to_string(nth) + " of data segment " + std::to_string(d) + " is past its end");
  }
  const int64_t rank = first_of(d) + nth;
  const auto partition = static_cast<int32_t>(ranks.PartitionOf(rank));
  const int64_t buffer_rows = BufferRows(plan, ranks.Rows(partition));
  return {partition, static_cast<int32_t>((rank - ranks.First(partition)) / buffer_rows)};
}

std::string ClusterLayout::Write() const {
  base::List key_list, cut_list, fold_list;
  for (int64_t count : fold_rows) fold_list.emplace_back(count);
  for (int32_t key : distribution_keys) key_list.emplace_back(static_cast<int64_t>(key));
  for (const Cut& cut : cuts) cut_list.emplace_back(base::List{base::Value(cut.key), base::Value(cut.nth)});
  return base::FormatJson(base::Dict{{"rows", rows},
                                     {"fold_rows", std::move(fold_list)},
                                     {"partitions", static_cast<int64_t>(partitions)},
                                     {"buffer_rows", plan.rows},
                                     {"exact", plan.exact},
                                     {"distribution_keys", std::move(key_list)},
                                     {"cuts", std::move(cut_list)}});
}

ClusterLayout ClusterLayout::Read(std::string_view text) {
  const base::Value value = base::ParseLiteral(text);
  const auto field = [&value](const char* name) -> const base::Value& {
    const base::Value* found = value.is_dict() ? value.Find(name) : nullptr;
    if (found == nullptr) throw base::Error(base::ErrorCode::kDataCorrupted, std::string("the layout of a packed table lacks ") + name);
    return *found;
  };
  ClusterLayout layout;
  layout.rows = field("rows").integer();
  for (const base::Value& count : field("fold_rows").list()) layout.fold_rows.push_back(count.integer());
  layout.partitions = static_cast<int32_t>(field("partitions").integer());
  layout.plan.rows = field("buffer_rows").integer();
  layout.plan.exact = field("exact").boolean();
  for (const base::Value& key : field("distribution_keys").list()) layout.distribution_keys.push_back(static_cast<int32_t>(key.integer()));
  bool cuts_fit = true;
  for (const base::Value& cut : field("cuts").list()) {
    const base::List& ends = cut.list();
    cuts_fit = cuts_fit && ends.size() == 2;
    if (cuts_fit) layout.cuts.push_back({ends[0].integer(), ends[1].integer()});
  }
  cuts_fit = cuts_fit && std::all_of(layout.fold_rows.begin(), layout.fold_rows.end(), [](int64_t rows) { return rows >= 0; });
  const bool folds_fit = layout.fold_rows.empty() || (layout.partitions % static_cast<int32_t>(layout.fold_rows.size()) == 0 &&
                                                     std::accumulate(layout.fold_rows.begin(), layout.fold_rows.end(), int64_t{0}) == layout.rows);
  if (layout.rows < 1 || !folds_fit || !cuts_fit || layout.distribution_keys.empty() || layout.cuts.size() + 1 != layout.distribution_keys.size() || layout.plan.rows < 1 ||
      layout.partitions < 1 || layout.partitions % static_cast<int32_t>(layout.distribution_keys.size()) != 0) {
    throw base::Error(base::ErrorCode::kDataCorrupted, "the layout of a packed table does not fit together");
  }
  return layout;
}

}  // namespace pack
