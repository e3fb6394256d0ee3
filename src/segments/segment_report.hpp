// What a segment's process tells of itself, and what the coordinator makes of it.
#pragma once

#include <string>
#include <vector>

namespace segments {

/// What a segment tells of itself, as JSON: {"library": build id, "build": engine::BuildDescription(), "programs":
/// compiled, "buffer_bytes": kept, "reserved_bytes": taken}.
std::string SegmentReport();

/// Every segment must run the library that this session runs; another processor or BLAS there is worth a warning, since
/// results depend on it. Errors: kPrerequisiteState naming the segments.
void CheckSegmentLibraries();

/// Every one of these segments (content ids, some of them more than once) must see a device. Errors:
/// kFeatureNotSupported naming those that see none.
void CheckSegmentDevices(const std::vector<int>& segments);

}  // namespace segments
