// The native trainer takes its large products from the process's BLAS. LibTorch brings one along; this program has no LibTorch.
#include <dlfcn.h>

namespace {

[[maybe_unused]] void* const kBlas = dlopen("libblas.so.3", RTLD_NOW | RTLD_GLOBAL);

}  // namespace
