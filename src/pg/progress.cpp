// Progress files.
//
// One file a run, base/pgsql_tmp/pgsql_tmp_cerebro_progress_<pid>.<n>, of exactly one FileImage (host byte order: it never leaves the
// machine). The writer maps it. Sequence lock: `sequence` is odd while the row is being written; a reader takes the sequence, the row and
// the sequence again, and tries again unless both are equal and even. A file counts only if the process in it is in pg_stat_get_activity
// with the same start time: that tells a stale file of an earlier process of the same number, and it shows a start time only to those who
// may see the session (its own role, members of it, pg_read_all_stats). The image has a version: a reader of another build skips it.
#include "pg/progress.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <map>
#include <optional>

#include "base/plain_number.hpp"
#include "pg/guard.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "pg/temp_file.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace pg {
namespace {

constexpr const char* kLabel = "progress";
constexpr char kMagic[8] = {'C', 'R', 'B', 'P', 'R', 'O', 'G', '1'};
constexpr size_t kTableBytes = 128;  // with the final zero
constexpr int kReadTries = 1000;

struct Image {
  int32_t pid;
  uint32_t database, role;
  int32_t phase;
  int32_t models, models_training, workers;
  int32_t models_waiting, models_stopped;
  int32_t reserved;
  int64_t rung, bracket, best_mst_key;
  double best_value;
  int64_t iteration, iterations, visits_done, visits_total;
  double rows_per_second, seconds_left, started_at;
  int64_t process_started;  // microseconds since the epoch
  char model_table[kTableBytes];
};

struct FileImage {
  char magic[sizeof(kMagic)];
  uint64_t bytes;  // of the file: another layout has another size
  std::atomic<uint64_t> sequence;
  Image image;
};
static_assert(std::is_trivially_copyable_v<Image> && std::atomic<uint64_t>::is_always_lock_free, "the row is copied as bytes");

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

/// One consistent image, or nothing: the file went away, is of another layout, or its writer stopped in the middle.
std::optional<Image> ReadImage(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status;
  // a file that is just being made is shorter; it never shrinks afterwards, so the mapping can be read
  if (file.get() < 0 || fstat(file.get(), &status) != 0 || static_cast<size_t>(status.st_size) != sizeof(FileImage)) return std::nullopt;
  const Mapping mapping(file.get(), sizeof(FileImage), path, Mapping::Access::kRead);
  const auto* shared = static_cast<const FileImage*>(mapping.data());
  if (std::memcmp(shared->magic, kMagic, sizeof(kMagic)) != 0 || shared->bytes != sizeof(FileImage)) return std::nullopt;
  for (int i = 0; i < kReadTries; i++) {
    Image image;
    const uint64_t before = shared->sequence.load(std::memory_order_acquire);
    std::memcpy(static_cast<void*>(&image), &shared->image, sizeof(image));
    std::atomic_thread_fence(std::memory_order_seq_cst);
    const uint64_t after = shared->sequence.load(std::memory_order_relaxed);
    if (before == after && before != 0 && before % 2 == 0) {
      image.model_table[kTableBytes - 1] = '\0';
      return image;
    }
    sched_yield();  // the writer may have lost its processor in the middle
  }
  return std::nullopt;
}

std::vector<std::string> ProgressPaths() {
  std::vector<std::string> paths;
  const std::string directory = DefaultTempDirectory();
  const std::string prefix = TempFilePrefix(kLabel);
  struct Close {
    void operator()(DIR* dir) const { closedir(dir); }
  };
  const std::unique_ptr<DIR, Close> dir(opendir(directory.c_str()));
  if (dir == nullptr) return paths;  // no temporary file was ever made
  while (const struct dirent* entry = readdir(dir.get())) {
    const std::string name = entry->d_name;
    if (name.compare(0, prefix.size(), prefix) == 0) paths.push_back(directory + "/" + name);
  }
  return paths;
}

/// Processes that the caller may see, with their start in microseconds since the epoch.
std::map<int64_t, int64_t> VisibleProcesses() {
  const Result activity = Read(
      "SELECT a.pid, pg_catalog.round(pg_catalog.date_part('epoch', a.backend_start) OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8 "
      "FROM pg_catalog.pg_stat_get_activity(NULL) a WHERE a.backend_start IS NOT NULL");
  std::map<int64_t, int64_t> processes;
  for (const auto& row : activity.rows) processes[base::WholeNumber(row[0])] = base::WholeNumber(row[1]);
  return processes;
}

bool Valid(const Image& image) {
  return image.phase >= static_cast<int>(Phase::kPlanning) && image.phase <= static_cast<int>(Phase::kStoringFeatures);
}

}  // namespace

struct Progress::Impl {
  TempFile file;
  std::optional<Mapping> mapping;
  double started_at = Now();

  Impl() : file(kLabel, TempFile::Location::kDefault) {
    file.Reserve(sizeof(FileImage));
    mapping.emplace(file.descriptor(), sizeof(FileImage), file.path());
    file.CloseDescriptor();
    auto* shared = Shared();
    std::memcpy(shared->magic, kMagic, sizeof(kMagic));
    shared->bytes = sizeof(FileImage);
  }
  FileImage* Shared() const { return static_cast<FileImage*>(mapping->data()); }
};

Progress::Progress(const std::string& model_table) {
  try {
    impl_ = std::make_unique<Impl>();
  } catch (const base::Error& e) {  // a full disk: training can go on unseen
    Debug(std::string("no progress will be shown: ") + e.what());
    return;
  }
  ProgressRow row;
  row.model_table = model_table;
  Update(row);
}

Progress::~Progress() = default;

void Progress::Update(const ProgressRow& row) {
  if (impl_ == nullptr) return;
  Image image;
  std::memset(static_cast<void*>(&image), 0, sizeof(image));
  image.pid = MyProcPid;
  image.database = MyDatabaseId;
  image.role = GetSessionUserId();  // as pg_stat_activity names the session
  image.phase = static_cast<int>(row.phase);
  image.models = row.models;
  image.models_training = row.models_training;
  image.workers = row.workers;
  image.models_waiting = row.models_waiting;
  image.models_stopped = row.models_stopped;
  image.rung = row.rung;
  image.bracket = row.bracket;
  image.best_mst_key = row.best_mst_key;
  image.best_value = row.best_value;
  image.iteration = row.iteration;
  image.iterations = row.iterations;
  image.visits_done = row.visits_done;
  image.visits_total = row.visits_total;
  image.rows_per_second = row.rows_per_second;
  image.seconds_left = row.seconds_left;
  image.started_at = impl_->started_at;
  image.process_started = compat::ProcessStart() + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
  const int kept = pg_mbcliplen(row.model_table.data(), static_cast<int>(row.model_table.size()), kTableBytes - 1);
  std::memcpy(image.model_table, row.model_table.data(), static_cast<size_t>(kept));

  FileImage* shared = impl_->Shared();
  const uint64_t sequence = shared->sequence.load(std::memory_order_relaxed);
  shared->sequence.store(sequence + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  std::memcpy(static_cast<void*>(&shared->image), &image, sizeof(image));
  std::atomic_thread_fence(std::memory_order_seq_cst);
  shared->sequence.store(sequence + 2, std::memory_order_release);
}

std::vector<ProgressRow> ReadProgress() {
  std::vector<ProgressRow> rows;
  const std::vector<std::string> paths = ProgressPaths();
  if (paths.empty()) return rows;
  const std::map<int64_t, int64_t> processes = VisibleProcesses();
  for (const std::string& path : paths) {
    const std::optional<Image> image = ReadImage(path);
    if (!image.has_value() || !Valid(*image)) continue;
    const auto process = processes.find(image->pid);
    if (process == processes.end() || process->second != image->process_started) continue;
    ProgressRow row;
    row.pid = image->pid;
    row.database = image->database;
    row.role = image->role;
    row.model_table = image->model_table;
    row.phase = static_cast<Phase>(image->phase);
    row.iteration = image->iteration;
    row.iterations = image->iterations;
    row.visits_done = image->visits_done;
    row.visits_total = image->visits_total;
    row.models = image->models;
    row.models_training = image->models_training;
    row.workers = image->workers;
    row.models_waiting = image->models_waiting;
    row.models_stopped = image->models_stopped;
    row.rung = image->rung;
    row.bracket = image->bracket;
    row.best_mst_key = image->best_mst_key;
    row.best_value = image->best_value;
    row.rows_per_second = image->rows_per_second;
    row.seconds_left = image->seconds_left;
    row.started_at = image->started_at;
    rows.push_back(row);
  }
  return rows;
}

}  // namespace pg
