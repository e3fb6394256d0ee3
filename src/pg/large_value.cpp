#include "pg/large_value.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/plain_number.hpp"

namespace pg {
namespace {

constexpr int64_t kPieceBytes = 8 << 20;

}  // namespace

LargeValue ReadLargeValue(const std::string& value, const std::string& from, const Params& params) {
  const Result sizes = Read("SELECT pg_catalog.octet_length(" + value + ")::pg_catalog.int8, pg_catalog.pg_column_size(" + value +
                                ")::pg_catalog.int8 " + from, params);
  if (sizes.empty()) return {};
  if (!sizes.at(0, 0)) return {true, std::nullopt};
  const int64_t size = base::WholeNumber(sizes.at(0, 0));
  // a piece of a compressed value costs as much as all that comes before it
  const bool compressed = base::WholeNumber(sizes.at(0, 1)) < size;
  if (size <= kPieceBytes || compressed) return {true, Read("SELECT " + value + " " + from, params).at(0, 0)};
  std::string bytes;
  bytes.reserve(static_cast<size_t>(size));
  Params part = params;
  part.emplace_back(int64_t{0});
  part.emplace_back(kPieceBytes);
  const auto number = [&params](size_t i) { return "$" + std::to_string(params.size() + i) + "::pg_catalog.int4"; };
  const std::string sql = "SELECT pg_catalog.substring(" + value + ", " + number(1) + ", " + number(2) + ") " + from;
  for (int64_t at = 0; at < size; at += kPieceBytes) {
    part[params.size()] = at + 1;
    const Result piece = Read(sql, part);
    if (piece.empty() || !piece.at(0, 0)) throw base::Error(base::ErrorCode::kInternal, "a value changed while it was read");
    bytes += *piece.at(0, 0);
  }
  return {true, std::move(bytes)};
}

}  // namespace pg
