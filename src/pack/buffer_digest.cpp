#include "pack/buffer_digest.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.hpp"
#include "pack/buffer_plan.hpp"

namespace pack {
namespace {

using base::Error;
using base::ErrorCode;

/// Rows of each class of a packed label column; empty for other targets.
std::vector<int64_t> CountClasses(const base::ColumnSpec& target, base::Bytes rows) {
  if (target.kind != base::TargetKind::kOneHot && target.kind != base::TargetKind::kClassIndex) return {};
  std::vector<int64_t> counts(static_cast<size_t>(target.num_classes), 0);
  const size_t row_bytes = target.row_bytes();
  for (const uint8_t* row = rows.data; row < rows.data + rows.size; row += row_bytes) {
    size_t index = 0;
    if (target.kind == base::TargetKind::kOneHot) {
      const void* one = std::memchr(row, 1, row_bytes);
      if (one == nullptr) continue;
      index = static_cast<size_t>(static_cast<const uint8_t*>(one) - row);
    } else {
      int32_t value;
      std::memcpy(&value, row, sizeof(value));
      index = static_cast<size_t>(value);
    }
    if (index < counts.size()) ++counts[index];
  }
  return counts;
}

}  // namespace

std::string BufferDigest::Write() const {
  const uint64_t words[] = {static_cast<uint64_t>(rows), hash.hi, hash.lo};
  std::string out(reinterpret_cast<const char*>(words), sizeof(words));
  for (const std::optional<Moments>& m : moments) {
    if (m) out += m->Write();
  }
  for (const std::vector<int64_t>& counts : class_rows) {
    out.append(reinterpret_cast<const char*>(counts.data()), counts.size() * sizeof(int64_t));
  }
  return out;
}

namespace {

/// That the columns are those of the description: whole rows, as many in each. Whoever calls the SQL function by hand says
/// what he likes.
void CheckColumns(const base::DataSpec& spec, const std::vector<bool>& standardized, const std::vector<base::Bytes>& columns) {
  constexpr int64_t kMostClasses = int64_t{1} << 24;
  if (spec.inputs.empty() || standardized.size() != spec.inputs.size() || columns.size() < spec.inputs.size() + spec.targets.size()) {
    throw Error(ErrorCode::kInvalidParameter, "a buffer of " + std::to_string(columns.size()) + " columns does not fit a description of " +
                                                  std::to_string(spec.inputs.size()) + " inputs and " + std::to_string(spec.targets.size()) +
                                                  " targets");
  }
  const size_t rows = columns[0].size / spec.inputs[0].row_bytes();
  for (size_t c = 0; c < spec.inputs.size() + spec.targets.size(); ++c) {
    const base::ColumnSpec& column = c < spec.inputs.size() ? spec.inputs[c] : spec.targets[c - spec.inputs.size()];
    if (columns[c].size % column.row_bytes() != 0 || columns[c].size / column.row_bytes() != rows || column.num_classes > kMostClasses) {
      throw Error(ErrorCode::kInvalidParameter, "column \"" + column.name + "\" of a buffer has " + std::to_string(columns[c].size) +
                                                    " bytes, which are not " + std::to_string(rows) + " rows of " +
                                                    std::to_string(column.row_bytes()) + " bytes");
    }
  }
}

}  // namespace

BufferDigest DigestBuffer(const base::DataSpec& spec, const std::vector<bool>& standardized, const std::vector<base::Bytes>& columns) {
  CheckColumns(spec, standardized, columns);
  BufferDigest digest;
  digest.rows = static_cast<int64_t>(columns.at(0).size / spec.inputs.at(0).row_bytes());
  base::Hasher hasher(0);
  for (const base::Bytes& column : columns) hasher.Update(column);
  digest.hash = hasher.Finish();
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    digest.moments.emplace_back();
    if (!standardized.at(i)) continue;
    digest.moments.back().emplace(spec.inputs[i]);
    digest.moments.back()->Add(columns.at(i));
  }
  for (size_t t = 0; t < spec.targets.size(); ++t) {
    digest.class_rows.push_back(CountClasses(spec.targets[t], columns.at(spec.inputs.size() + t)));
  }
  return digest;
}

base::DataSpec BareSpec(const base::DataSpec& spec) {
  base::DataSpec bare = spec;
  for (base::ColumnSpec& c : bare.inputs) {
    c.dictionary.clear();
    c.members.clear();
  }
  for (base::ColumnSpec& c : bare.targets) {
    c.class_values.clear();
    c.class_rows.clear();
  }
  bare.preprocessing.reset();
  return bare;
}

BufferDigest ReadBufferDigest(const base::DataSpec& spec, const std::vector<bool>& standardized, base::Bytes bytes) {
  BufferDigest digest;
  uint64_t words[3];
  const auto take = [&bytes](size_t size) {
    if (bytes.size < size) throw Error(ErrorCode::kDataCorrupted, "the digest of a packed buffer ends too early");
    const base::Bytes part{bytes.data, size};
    bytes = {bytes.data + size, bytes.size - size};
    return part;
  };
  std::memcpy(words, take(sizeof(words)).data, sizeof(words));
  digest.rows = static_cast<int64_t>(words[0]);
  digest.hash = {words[1], words[2]};
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    digest.moments.emplace_back();
    if (!standardized.at(i)) continue;
    digest.moments.back().emplace(spec.inputs[i]);
    digest.moments.back()->Read(take(digest.moments.back()->written_bytes()));
  }
  for (const base::ColumnSpec& target : spec.targets) {
    digest.class_rows.push_back(CountClasses(target, {}));
    std::vector<int64_t>& counts = digest.class_rows.back();
    if (!counts.empty()) std::memcpy(counts.data(), take(counts.size() * sizeof(int64_t)).data, counts.size() * sizeof(int64_t));
  }
  return digest;
}

PackTally::PackTally(const base::DataSpec& spec, const PartitionRanks& ranks)
    : digest_(0), moments_(spec.inputs.size()), class_rows_(spec.targets.size()) {
  const auto partitions = static_cast<int>(ranks.partitions());
  packed_.spec = spec;
  packed_.spec.rows = ranks.rows();
  packed_.spec.num_partitions = partitions;
  for (int p = 0; p < partitions; ++p) packed_.partition_rows.push_back(ranks.Rows(p));
  packed_.partition_buffers.assign(static_cast<size_t>(partitions), 0);
  rows_.assign(static_cast<size_t>(partitions), 0);
}

void PackTally::Add(int64_t partition, int64_t buffer, const BufferDigest& digest) {
  const auto p = static_cast<size_t>(partition);
  if (p >= rows_.size() || buffer != packed_.partition_buffers[p]) {
    throw Error(ErrorCode::kInternal,
                "buffer " + std::to_string(buffer) + " of partition " + std::to_string(partition) + " is out of order");
  }
  for (uint64_t word :
       {static_cast<uint64_t>(partition), static_cast<uint64_t>(buffer), static_cast<uint64_t>(digest.rows), digest.hash.hi, digest.hash.lo}) {
    digest_.UpdateU64(word);
  }
  for (size_t i = 0; i < digest.moments.size(); ++i) {
    if (!digest.moments[i]) continue;
    if (!moments_[i]) {
      moments_[i] = digest.moments[i];
    } else {
      moments_[i]->Merge(*digest.moments[i]);
    }
  }
  for (size_t t = 0; t < digest.class_rows.size(); ++t) {
    class_rows_[t].resize(digest.class_rows[t].size(), 0);
    for (size_t c = 0; c < class_rows_[t].size(); ++c) class_rows_[t][c] += digest.class_rows[t][c];
  }
  ++packed_.partition_buffers[p];
  rows_[p] += digest.rows;
  packed_.max_buffer_rows = std::max(packed_.max_buffer_rows, digest.rows);
}

Packed PackTally::Finish() {
  for (size_t p = 0; p < rows_.size(); ++p) {
    if (rows_[p] == packed_.partition_rows[p]) continue;
    throw Error(ErrorCode::kInternal, "partition " + std::to_string(p) + " got " + std::to_string(rows_[p]) + " rows instead of " +
                                          std::to_string(packed_.partition_rows[p]));
  }
  for (size_t i = 0; i < moments_.size(); ++i) {
    if (moments_[i]) moments_[i]->Finish(&packed_.spec.inputs[i]);
  }
  for (size_t t = 0; t < class_rows_.size(); ++t) {
    base::ColumnSpec& target = packed_.spec.targets[t];
    target.class_rows = class_rows_[t];
    target.class_rows.resize(target.class_values.size(), 0);  // classes of no label have no rows
  }
  packed_.digest = base::ToHex(digest_.Finish());
  return std::move(packed_);
}

}  // namespace pack
