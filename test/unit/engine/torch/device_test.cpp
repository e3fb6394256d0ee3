#include "engine/torch/device.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace engine::torch {
namespace {

TEST(Device, CpuIsAlwaysThere) { EXPECT_TRUE(PlaceModel(-1).is_cpu()); }

TEST(Device, NumbersWrapAround) {
  const int count = DeviceCount();
  if (count == 0) {
    try {
      PlaceModel(0);
      FAIL() << "a device that is not there";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kFeatureNotSupported);
    }
    return;
  }
  EXPECT_EQ(PlaceModel(count + 1), PlaceModel(1 % count));
  EmptyDeviceCache();
}

}  // namespace
}  // namespace engine::torch
