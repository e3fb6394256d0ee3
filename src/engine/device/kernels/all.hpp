// All kernels of list.inc, for those who launch them.
#pragma once

#include "engine/device/kernels/gather.hpp"
#include "engine/device/kernels/limits.hpp"
#include "engine/device/kernels/loss.hpp"
#include "engine/device/kernels/persistent.hpp"
#include "engine/device/kernels/random.hpp"
#include "engine/device/kernels/update.hpp"
