// The GPUs of this host as NVIDIA's driver lists them below /proc: needs neither CUDA nor a program of the driver.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "pg/args.hpp"
#include "pg/guard.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_gpu_information);
}

namespace {

constexpr const char* kFolder = "/proc/driver/nvidia/gpus";

/// One GPU: lines of "key: value".
std::map<std::string, std::string> ReadInformation(const std::filesystem::path& file) {
  std::map<std::string, std::string> fields;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const size_t value = line.find_first_not_of(" \t", colon + 1);
    fields[line.substr(0, colon)] = value == std::string::npos ? "" : line.substr(value);
  }
  return fields;
}

}  // namespace

Datum pg_cerebro_gpu_information(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    std::vector<std::string> buses;
    std::error_code failure;  // no folder: no GPU
    for (std::filesystem::directory_iterator at(kFolder, failure), end; !failure && at != end; at.increment(failure)) {
      buses.push_back(at->path().filename().string());
    }
    std::sort(buses.begin(), buses.end());
    std::vector<std::vector<std::optional<std::string>>> rows;
    for (const std::string& bus : buses) {
      const auto fields = ReadInformation(std::filesystem::path(kFolder) / bus / "information");
      const auto field = [&fields](const char* key) {
        const auto found = fields.find(key);
        return found == fields.end() ? std::string() : found->second;
      };
      rows.push_back({std::to_string(rows.size()), field("Model"), bus, field("GPU UUID")});
    }
    pg::ReturnRows(fcinfo, rows);
    return Datum{0};
  });
}
