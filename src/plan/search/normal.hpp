// The normal distribution. Inside of src/plan only.
#pragma once

namespace plan {

double NormalDensity(double z);
/// The part below z.
double NormalBelow(double z);
/// Where the part p in (0, 1) lies below.
double NormalQuantile(double p);

}  // namespace plan
