#include "engine/device/device.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "base/error.hpp"
#include "engine/device/fake_device.hpp"

namespace engine::device {

namespace {

// CUDA starts threads of its own when it is first used and when a context is made. Signals are the main thread's.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

// The library for CUDA, or nullptr where it is not installed. One of another build is an error, as LibTorch's is.
const BackendLibrary* OpenCuda() {
  void* handle = dlopen(kCudaLibraryFile, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return nullptr;
  const auto door = reinterpret_cast<CudaDoor*>(dlsym(handle, kCudaDoorName));
  const BackendLibrary* library = door == nullptr ? nullptr : door(CEREBRO_DEVICE_INTERFACE);
  if (library == nullptr) {
    throw base::Error(base::ErrorCode::kEngine, std::string("the library ") + kCudaLibraryFile + " cannot be used",
                      "It was built from other sources than pg_cerebro.so.",
                      "Install it beside pg_cerebro.so, from the same build.");
  }
  return library;
}

const BackendLibrary* Library(const DeviceSettings& settings) {
  if (settings.fake_devices > 0) {
    static std::unique_ptr<BackendLibrary> fake;
    FakeOptions options;
    options.memory = settings.fake_memory;
    options.backwards = settings.fake_backwards;
    options.fails_at = settings.fake_fails_at;
    options.fails_for_good = settings.fake_fails_for_good;
    fake = MakeFakeDevices(settings.fake_devices, options);
    return fake.get();
  }
  static const BackendLibrary* const cuda = OpenCuda();
  return cuda;
}

[[noreturn]] void ThrowSeats(const std::string& path) {
  throw base::Error(base::ErrorCode::kEngine, "the seats of a device cannot be locked",
                    "File " + path + ": " + std::strerror(errno) + ".");
}

}  // namespace

int CountDevices(const DeviceSettings& settings) {
  const SignalsBlocked blocked;
  const BackendLibrary* library = Library(settings);
  return library == nullptr ? 0 : library->Count();
}

std::string DeviceProblem(const DeviceSettings& settings) {
  const SignalsBlocked blocked;
  const BackendLibrary* library = Library(settings);
  return library == nullptr ? std::string() : library->Problem();
}

std::string DescribeDevices(const DeviceSettings& settings) {
  if (settings.fake_devices > 0) return "fake device";
  switch (settings.precision) {
    case Precision::kTf32:
      return "CUDA, tf32";
    case Precision::kBfloat16:
      return "CUDA, bfloat16";
    default:
      return "CUDA, float32";
  }
}

// A file of this user, in a directory that all may write: nobody else's is taken.
int Seat::OpenFile(int device, const std::string& which) {
  const std::string path =
      "/tmp/pg_cerebro." + std::to_string(geteuid()) + ".device." + std::to_string(device) + "." + which;
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (file < 0) ThrowSeats(path);
  struct stat status;
  if (fstat(file, &status) == 0 && status.st_uid == geteuid() && S_ISREG(status.st_mode)) return file;
  close(file);
  errno = EACCES;
  ThrowSeats(path);
}

std::unique_ptr<Seat> Seat::Lock(int file, int how) {
  if (flock(file, how | LOCK_NB) == 0) return std::unique_ptr<Seat>(new Seat(file));
  close(file);
  return nullptr;
}

std::unique_ptr<Seat> Seat::Take(int device, int seats) {
  for (int seat = 0; seat < seats; ++seat) {
    std::unique_ptr<Seat> taken = Lock(OpenFile(device, std::to_string(seat)), LOCK_EX);
    if (taken != nullptr) return taken;
  }
  return nullptr;
}

std::unique_ptr<Seat> Seat::WaitFor(int device, int seats, const WaitPoll& poll) {
  constexpr useconds_t kMicroseconds = 10000;
  std::unique_ptr<Seat> taken = Take(device, seats);
  if (taken != nullptr) return taken;
  // those who wait share this lock
  std::unique_ptr<Seat> waiting;
  while (taken == nullptr) {
    if (poll) poll();
    if (waiting == nullptr) waiting = Lock(OpenFile(device, kWaiting), LOCK_SH);
    usleep(kMicroseconds);
    taken = Take(device, seats);
  }
  return taken;
}

bool Seat::AnyoneWaits(int device) { return Lock(OpenFile(device, kWaiting), LOCK_EX) == nullptr; }

Seat::~Seat() { close(file_); }

std::unique_ptr<Device> Device::Open(int index, const DeviceSettings& settings, const WaitPoll& poll) {
  const int count = CountDevices(settings);
  if (count == 0) {
    throw base::Error(base::ErrorCode::kFeatureNotSupported, "no CUDA device is available to this server",
                      "The library for CUDA is not installed, or it sees no device.",
                      "Call the function with use_gpus => false.");
  }
  std::unique_ptr<Device> device(new Device());
  device->index_ = index % count;
  device->seat_ = Seat::WaitFor(device->index_, std::max(1, settings.processes), poll);
  {
    const SignalsBlocked blocked;
    device->backend_ = Library(settings)->Open(device->index_);
  }
  size_t budget = settings.memory;
  // other processes have their parts, and the contexts something besides
  if (budget == 0)
    budget = device->backend_->FreeMemory() / 10 * 8 / static_cast<size_t>(std::max(1, settings.processes));
  try {
    device->memory_ = std::make_unique<Memory>(device->backend_.get(), budget);
  } catch (const std::bad_alloc&) {
    throw base::Error(base::ErrorCode::kOutOfMemory, "there is no memory for copies to a device",
                      "The processor's memory that a device reads directly is short.");
  }
  return device;
}

}  // namespace engine::device
