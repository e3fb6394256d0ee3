#include "pg/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <climits>

#include "pg/cluster.hpp"
#include "pg/device_settings.hpp"
#include "pg/guard.hpp"

#if CEREBRO_HAS_PARALLEL
extern "C" {
#include "access/parallel.h"
}
#endif

namespace pg {
namespace {

constexpr int kAutomaticWorkers = -1;
constexpr int kAutomaticMemory = -1;
constexpr int kMaxThreads = 256;
constexpr int kMaxWorkers = 1024;
constexpr int kMaxBundles = 100000;
constexpr int kDefaultSharedStateKb = 1024 * 1024;
constexpr int kDefaultBufferKb = 4 * 1024;
constexpr int kDefaultCacheKb = 256 * 1024;
constexpr int kDefaultModelCacheKb = 256 * 1024;
constexpr int kDefaultFusionKb = 256 * 1024;
constexpr int kDefaultGroupKb = 256 * 1024;
constexpr int kMinBufferKb = 64;
constexpr int kMaxBufferKb = 512 * 1024;  // a packed row must stay well below the server's 1 GB a value

constexpr int kDefaultMaterializeMemKb = 1024 * 1024;
constexpr int kDefaultMaterializeDiskKb = 50 * 1024 * 1024;

enum FeaturePrecision { kFeaturesFloat32 = 0, kFeaturesBfloat16, kFeaturesFloat16, kFeaturesUint8 };

const config_enum_entry kFeaturePrecisions[] = {{"float32", kFeaturesFloat32, false},
                                                {"bfloat16", kFeaturesBfloat16, false},
                                                {"float16", kFeaturesFloat16, false},
                                                {"uint8", kFeaturesUint8, false},
                                                {nullptr, 0, false}};

enum GpuPrecision { kGpuFloat32 = 0, kGpuTf32, kGpuBfloat16 };

const config_enum_entry kGpuPrecisions[] = {{"float32", kGpuFloat32, false}, {"tf32", kGpuTf32, false}, {"bfloat16", kGpuBfloat16, false}, {nullptr, 0, false}};

constexpr int kMaxGpuProcesses = 64;
constexpr int kMaxFakeDevices = 16;

enum Precision { kFloat32 = 0, kFloat64 = 1 };

const config_enum_entry kPrecisions[] = {{"float32", kFloat32, false}, {"float64", kFloat64, false}, {nullptr, 0, false}};

int threads = 1;
int workers = kAutomaticWorkers;
int bundles = 0;
int shared_state_kb = kDefaultSharedStateKb;
int cache_kb = kDefaultCacheKb;
int model_cache_kb = kDefaultModelCacheKb;
int buffer_kb = kDefaultBufferKb;
int precision = kFloat32;
bool enable_horizontal = true;
bool enable_shared_scan = true;
int fusion_kb = kDefaultFusionKb;
int group_kb = kDefaultGroupKb;
int max_memory_kb = kAutomaticMemory;
bool enable_feature_sharing = true;
bool enable_feature_materialization = true;
int materialize_mem_kb = kDefaultMaterializeMemKb;
int materialize_disk_kb = kDefaultMaterializeDiskKb;
int feature_precision = kFeaturesFloat32;
char* features_schema = nullptr;
int device_mem_kb = 0;
int gpu_processes = 1;
int gpu_precision = kGpuFloat32;
int fake_devices = 0;

void DefineBool(const char* name, const char* what, const char* more, bool* value) {
  DefineCustomBoolVariable(name, what, more, value, true, PGC_USERSET, CEREBRO_GUC_FLAGS, nullptr, nullptr, nullptr);
}

void DefineInt(const char* name, const char* what, const char* more, int* value, int initial, int least, int most, int unit) {
  DefineCustomIntVariable(name, what, more, value, initial, least, most, PGC_USERSET, unit | CEREBRO_GUC_FLAGS, nullptr, nullptr, nullptr);
}

}  // namespace

void RegisterSettings() {
  call([] {
    DefineInt("cerebro.threads", "Threads that train one model.",
              "Part of what a model's bits depend on. More than one pays only for large models.", &threads, 1, 1, kMaxThreads, 0);
    DefineInt("cerebro.workers", "Parallel workers of a fit.",
              "-1 means as many as cores and max_parallel_workers allow; 0 means that the session trains by itself.", &workers,
              kAutomaticWorkers, kAutomaticWorkers, kMaxWorkers, 0);
    DefineInt("cerebro.bundles", "Bundles of models: those of one bundle move over the partitions together.",
              "0 means as many as the server's cores suggest. Models of different partition sequences are never in one bundle. Results do "
              "not depend on it.",
              &bundles, 0, 0, kMaxBundles, 0);
    DefineInt("cerebro.shared_state_mem", "Most shared memory that the training states of one fit may take.",
              "Larger states lie in a mapped file in the server's temporary directory, with the same results.", &shared_state_kb,
              kDefaultSharedStateKb, 0, INT_MAX, GUC_UNIT_KB);
    DefineInt("cerebro.cache_mem", "Most memory in which a process keeps packed buffers during a fit.",
              "Buffers that are kept need not be fetched again by the next model or iteration. 0 keeps none.", &cache_kb, kDefaultCacheKb, 0,
              INT_MAX, GUC_UNIT_KB);
    DefineInt("cerebro.model_cache_mem", "Most memory in which a process keeps models that predict in queries.",
              "Models that were used longest ago make room for others. 0 keeps none from one statement to the next.", &model_cache_kb,
              kDefaultModelCacheKb, 0, INT_MAX, GUC_UNIT_KB);
    DefineInt("cerebro.buffer_bytes", "Size of a packed buffer.", "Used when a table is packed without a buffer_size.", &buffer_kb,
              kDefaultBufferKb, kMinBufferKb, kMaxBufferKb, GUC_UNIT_KB);
    DefineBool("cerebro.enable_horizontal", "Enables the planner's use of models that train side by side.",
               "Models of one shape and batch size share a workspace and gathered rows. Results are the same without.",
               &enable_horizontal);
    DefineBool("cerebro.enable_shared_scan", "Enables the planner's use of one scan for all models of a bundle.",
               "Results are the same without.", &enable_shared_scan);
    DefineInt("cerebro.fusion_mem", "Most memory of the training states and the workspace of models that train side by side.",
              "Decides how many models a fusion group has. Results do not depend on it.", &fusion_kb, kDefaultFusionKb, 0, INT_MAX,
              GUC_UNIT_KB);
    DefineInt("cerebro.group_mem", "Most memory of what comes of the groups that are trained between two writes.",
              "A run over groups trains as many groups at once as have room for their states, and then writes them. Results do not depend on it.",
              &group_kb, kDefaultGroupKb, 1024, INT_MAX, GUC_UNIT_KB);
    DefineInt("cerebro.max_memory", "Most memory that the processes of one run may take together.",
              "A run that needs more by its estimate is refused before it begins. -1 means what the server has free.", &max_memory_kb,
              kAutomaticMemory, kAutomaticMemory, INT_MAX, GUC_UNIT_KB);
    DefineBool("cerebro.enable_feature_sharing", "Enables the planner's use of frozen layers that are computed once a visit for several models.",
               "Results are the same without.", &enable_feature_sharing);
    DefineBool("cerebro.enable_feature_materialization", "Enables the planner's use of tables that keep what frozen layers give.",
               "Results are the same without, unless cerebro.feature_precision rounds.", &enable_feature_materialization);
    DefineInt("cerebro.materialize_mem", "Most memory in which all processes of a fit together keep what frozen layers give.",
              "0 means that no frozen layers are computed once. Results do not depend on it.", &materialize_mem_kb, kDefaultMaterializeMemKb, 0,
              INT_MAX, GUC_UNIT_KB);
    DefineInt("cerebro.materialize_disk", "Most disk space of the features that are stored of one packed table.",
              "Features that were used longest ago make room for new ones. 0 stores none.", &materialize_disk_kb, kDefaultMaterializeDiskKb, 0,
              INT_MAX, GUC_UNIT_KB);
    DefineCustomEnumVariable("cerebro.feature_precision", "Type in which features are stored.",
                             "All but float32 take less space and round: results are no longer those of the plain run.", &feature_precision,
                             kFeaturesFloat32, kFeaturePrecisions, PGC_USERSET, CEREBRO_GUC_FLAGS, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("cerebro.features_schema", "Schema in which features are stored.",
                               "Empty means the schema of their packed table.", &features_schema, "", PGC_USERSET, CEREBRO_GUC_FLAGS, nullptr,
                               nullptr, nullptr);
    DefineInt("cerebro.device_mem", "Most memory of a GPU that one process takes.",
              "States, mini-batches and packed buffers lie there. Where it is too small, models train on the processor. 0 means the process's "
              "part of what is free.",
              &device_mem_kb, 0, 0, INT_MAX, GUC_UNIT_KB);
    DefineInt("cerebro.gpu_processes", "Processes of a host that use one GPU at the same time.",
              "Others wait until one of them has ended its run. Results do not depend on it.", &gpu_processes, 1, 1, kMaxGpuProcesses, 0);
    DefineCustomEnumVariable("cerebro.gpu_precision", "Precision of the factors of products on GPUs.",
                             "tf32 and bfloat16 are faster and round: losses differ from the processor's.", &gpu_precision, kGpuFloat32,
                             kGpuPrecisions, PGC_USERSET, CEREBRO_GUC_FLAGS, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("cerebro.fake_devices", "GPUs that are played by the processor, for tests.",
                            "They compute what a GPU computes, slowly. 0 means none.", &fake_devices, 0, 0, kMaxFakeDevices, PGC_USERSET,
                            GUC_NOT_IN_SAMPLE | GUC_NO_SHOW_ALL | CEREBRO_GUC_FLAGS, nullptr, nullptr, nullptr);
    DefineCustomEnumVariable("cerebro.precision", "Floating-point type that models are trained in.",
                             "float64 is for checks: it is slower and keeps twice the memory.", &precision, kFloat32, kPrecisions,
                             PGC_USERSET, CEREBRO_GUC_FLAGS, nullptr, nullptr, nullptr);
    compat::ReserveSettingPrefix("cerebro");
  });
}

Settings CurrentSettings() {
  Settings s;
  s.threads = threads;
  s.workers = workers;
  s.bundles = bundles;
  s.shared_state_mem = static_cast<int64_t>(shared_state_kb) * 1024;
  s.cache_mem = static_cast<int64_t>(cache_kb) * 1024;
  s.model_cache_mem = static_cast<int64_t>(model_cache_kb) * 1024;
  s.buffer_bytes = static_cast<int64_t>(buffer_kb) * 1024;
  s.enable_horizontal = enable_horizontal;
  s.enable_shared_scan = enable_shared_scan;
  s.fusion_mem = static_cast<int64_t>(fusion_kb) * 1024;
  s.group_mem = static_cast<int64_t>(group_kb) * 1024;
  s.max_memory = max_memory_kb < 0 ? -1 : static_cast<int64_t>(max_memory_kb) * 1024;
  s.enable_feature_sharing = enable_feature_sharing;
  s.enable_feature_materialization = enable_feature_materialization;
  s.materialize_mem = static_cast<int64_t>(materialize_mem_kb) * 1024;
  s.materialize_disk = static_cast<int64_t>(materialize_disk_kb) * 1024;
  s.feature_precision = kFeaturePrecisions[feature_precision].name;  // listed in the order of their numbers
  s.features_schema = features_schema == nullptr ? "" : features_schema;
  s.float64 = precision == kFloat64;
#if CEREBRO_HAS_PARALLEL
  s.device_rank = std::max(0, ParallelWorkerNumber);
#else
  s.device_rank = std::max(0, SegmentIndex());
#endif
  return s;
}

DeviceSettings CurrentDeviceSettings() {
  // precisions are listed in the order of their numbers
  return {static_cast<int64_t>(device_mem_kb) * 1024, gpu_processes, kGpuPrecisions[gpu_precision].name, fake_devices};
}

int Cores() { return static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN))); }

int WorkerLimit() {
#if CEREBRO_HAS_PARALLEL
  return std::max(0, std::min(max_parallel_workers, max_worker_processes));
#else
  return 0;
#endif
}

}  // namespace pg
