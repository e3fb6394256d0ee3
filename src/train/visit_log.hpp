// The log of a run's visits: it grows with the run, so all but the last ones go to a file as they come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace train {

struct VisitRecord;

/// Keeps records outside of memory, in their order.
class VisitStore {
 public:
  virtual ~VisitStore() = default;
  /// Adds records behind the others.
  virtual void Append(const std::vector<VisitRecord>& records) = 0;
  /// The records first, ..., first + n - 1, which are there.
  virtual std::vector<VisitRecord> Read(int64_t first, int64_t n) const = 0;
};

using MakeVisitStore = std::function<std::unique_ptr<VisitStore>()>;

class VisitLog {
 public:
  static constexpr size_t kMostInMemory = 16 * 1024;  // records: about 1.5 MB

  /// make_store: called when more than kMostInMemory records have come. Without it all of them stay in memory.
  explicit VisitLog(MakeVisitStore make_store = {});
  ~VisitLog();
  VisitLog(VisitLog&&) noexcept;
  VisitLog& operator=(VisitLog&&) noexcept;

  void Add(const VisitRecord& record);
  int64_t size() const;
  /// Goes over all records in their order, at most `most` at once.
  void ForEach(size_t most, const std::function<void(const std::vector<VisitRecord>&)>& use) const;

 private:
  MakeVisitStore make_store_;
  std::unique_ptr<VisitStore> store_;
  int64_t stored_ = 0;
  std::vector<VisitRecord> last_;  // those behind the stored ones
};

/// A store in a temporary file of the server (train/visit_file.cpp), which goes with the transaction at the latest.
std::unique_ptr<VisitStore> MakeVisitFile();

}  // namespace train
