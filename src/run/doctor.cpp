#include "run/doctor.hpp"

#include <sys/statvfs.h>

#include <cstdint>
#include <cstdlib>
#include <limits>

#include "base/error.hpp"
#include "engine/core/devices.hpp"
#include "engine/core/runtime.hpp"
#include "engine/math/blas_library.hpp"
#include "engine/math/simd/instruction_set.hpp"
#include "pg/cluster.hpp"
#include "pg/free_memory.hpp"
#include "pg/library.hpp"
#include "pg/settings.hpp"
#include "pg/sql.hpp"

namespace run {
namespace {

using Fact = std::optional<std::string>;

Fact Number(uint64_t value) { return std::to_string(value); }

Fact Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? Fact(value) : std::nullopt;
}

Fact Name(engine::math::InstructionSet set) {
  switch (set) {
    case engine::math::InstructionSet::kAvx512: return "AVX-512";
    case engine::math::InstructionSet::kAvx2: return "AVX2";
    case engine::math::InstructionSet::kBaseline: break;
  }
  return "baseline";
}

Fact RoomIn(const char* directory) {
  struct statvfs room;
  if (statvfs(directory, &room) != 0) return std::nullopt;
  return Number(static_cast<uint64_t>(room.f_bavail) * room.f_frsize);
}

/// What `open` says, or why it cannot.
struct Opened {
  Fact name, fault;
};

template <typename F>
Opened Try(F&& open) {
  try {
    return {open(), std::nullopt};
  } catch (const base::Error& error) {
    return {std::nullopt, std::string(error.what()) + (error.detail().empty() ? "" : ": " + error.detail())};
  }
}

struct Limit {
  Fact text, bytes;
};

Limit Told(const pg::MemoryLimit& limit) {
  if (limit.bytes == std::numeric_limits<uint64_t>::max()) return {};
  return {pg::SizeText(static_cast<double>(limit.bytes)) + ": " + limit.set_by, Number(limit.bytes)};
}

/// Files that a crash left, and their bytes. Only a superuser may look into the server's directories. Until the next
/// checkpoint the server keeps empty files of dropped tables, so empty ones say nothing.
struct Orphans {
  Fact files, bytes;
};

Orphans FindOrphans() {
  if (pg::Read("SELECT pg_catalog.current_setting('is_superuser'::pg_catalog.text)").Text() != "on") return {};
  const pg::Result found = pg::Read(
      "SELECT pg_catalog.count(*), COALESCE(pg_catalog.sum(f.bytes), 0::pg_catalog.numeric)"
      " FROM cerebro.orphan_files() f WHERE f.bytes OPERATOR(pg_catalog.>) 0::pg_catalog.int8");
  return {found.at(0, 0), found.at(0, 1)};
}

}  // namespace

std::vector<Fact> ServerFacts() {
  const std::string file = pg::LibraryFile();
  const Opened blas = Try([] {
    engine::math::ChooseBlasKernels();
    return engine::math::DescribeBlas();
  });
  // before LibTorch is opened, which takes address space itself
  const pg::FreeMemory free = pg::ReadFreeMemory();
  const Limit memory = Told(free.all), space = Told(free.process);
  int devices = 0;
  std::string device_problem;
  const Opened torch = Try([&] {
    device_problem = engine::KernelDeviceProblem();
    devices = engine::DeviceCount();
    return engine::BuildDescription();
  });
  const pg::Settings settings = pg::CurrentSettings();
  const Orphans orphans = FindOrphans();
  return {pg::LibraryVersion(),
          pg::LibraryBuildId(),
          pg::BuildIdOfFile(file),
          pg::WasPreloaded() ? "true" : "false",
          blas.name,
          blas.fault,
          torch.name,
          torch.fault,
          Number(static_cast<uint64_t>(devices)),
          device_problem.empty() ? Fact() : Fact(device_problem),
          Name(engine::math::ChosenInstructionSet()),
          Number(static_cast<uint64_t>(pg::Cores())),
          Number(static_cast<uint64_t>(pg::WorkerLimit())),
          Number(static_cast<uint64_t>(settings.threads)),
          Environment("OMP_NUM_THREADS"),
          Environment("OPENBLAS_CORETYPE"),
          RoomIn("/dev/shm"),
          Number(static_cast<uint64_t>(settings.shared_state_mem)),
          memory.text,
          memory.bytes,
          space.text,
          space.bytes,
          RoomIn("."),  // the data directory is the server's working directory
          orphans.files,
          orphans.bytes};
}

std::vector<Fact> LibraryVersions() {
  return {pg::LibraryVersion(), pg::LibraryBuildId(), engine::BuildDescription()};
}

}  // namespace run
