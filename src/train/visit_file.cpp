// Visits in a temporary file: written and read as they lie in memory.
#include <type_traits>

#include "pg/temp_file.hpp"
#include "train/run.hpp"
#include "train/visit_log.hpp"

namespace train {
namespace {

static_assert(std::is_trivially_copyable_v<VisitRecord>, "records are written as they are");

class VisitFile : public VisitStore {
 public:
  VisitFile() : file_("visits", pg::TempFile::Location::kTablespaces) {}

  void Append(const std::vector<VisitRecord>& records) override { file_.Append(records.data(), records.size() * sizeof(VisitRecord)); }

  std::vector<VisitRecord> Read(int64_t first, int64_t n) const override {
    std::vector<VisitRecord> records(static_cast<size_t>(n));
    file_.Read(static_cast<uint64_t>(first) * sizeof(VisitRecord), records.data(), records.size() * sizeof(VisitRecord));
    return records;
  }

 private:
  pg::TempFile file_;
};

}  // namespace

std::unique_ptr<VisitStore> MakeVisitFile() { return std::make_unique<VisitFile>(); }

}  // namespace train
