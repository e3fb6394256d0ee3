// LibTorch's front end was made for texts of friends: its recursion has no limit, it unrolls and computes constants as
// far as they go, and divides whole numbers without looking. A text that ends the process, or never ends, would take
// the server with it. So a copy of the process, made by fork, compiles it first. What the copy has survived is done again
// here: it is the same work on the same memory.
//
// The copy runs nothing of the server: its signal handlers are gone before signals are let in, and it leaves by _exit.
#include "engine/torch/script_trial.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>

#include "base/error.hpp"

namespace engine::torch {

namespace {

constexpr rlim_t kTrialSeconds = 10;                       // of the processor
constexpr auto kLongestTrial = std::chrono::seconds(120);  // on a machine that others use
constexpr rlim_t kTrialMemory = rlim_t{1} << 30;           // beyond what the process has
constexpr int kPollMilliseconds = 20;
constexpr char kEnded = 'e', kOutOfMemory = 'm';

void LowerLimit(int resource, rlim_t value) {
  struct rlimit limit = {};
  if (getrlimit(resource, &limit) != 0) return;
  limit.rlim_cur = std::min(limit.rlim_cur, value);
  setrlimit(resource, &limit);
}

rlim_t AddressSpace() {
  unsigned long pages = 0;
  FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  const bool read = std::fscanf(file, "%lu", &pages) == 1;
  std::fclose(file);
  return read ? pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) : 0;
}

int reply_of_copy = -1;

/// LibTorch catches what fails while it computes constants, and goes on without them: the process itself, which has
/// more memory, would not.
void EndOutOfMemory() {
  const ssize_t written = write(reply_of_copy, &kOutOfMemory, 1);
  _exit(written == 1 ? 0 : 1);
}

[[noreturn]] void RunCopy(const std::function<void()>& work, int reply, rlim_t space) {
  for (int signal = 1; signal < NSIG; signal++) std::signal(signal, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  LowerLimit(RLIMIT_CORE, 0);
  LowerLimit(RLIMIT_CPU, kTrialSeconds);
  if (space > 0) LowerLimit(RLIMIT_AS, space + kTrialMemory);
  struct rlimit stack = {};
  // other processes of the server may stand deeper when they compile the same text
  const bool limited = getrlimit(RLIMIT_STACK, &stack) == 0 && stack.rlim_cur != RLIM_INFINITY;
  if (limited) LowerLimit(RLIMIT_STACK, stack.rlim_cur / 2);
  reply_of_copy = reply;
  std::set_new_handler(EndOutOfMemory);
  char ended = kEnded;
  try {
    work();
  } catch (const std::bad_alloc&) {
    ended = kOutOfMemory;
  } catch (...) {
  }
  const ssize_t written = write(reply, &ended, 1);
  _exit(written == 1 ? 0 : 1);
}

/// The copy, ended when this is left.
class Copy {
 public:
  Copy(pid_t process, int reply) : process_(process), reply_(reply) {}
  ~Copy() {
    close(reply_);
    if (!waited_) {
      kill(process_, SIGKILL);
      Wait();
    }
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  int reply() const { return reply_; }

  /// Its status; -1 where the system has kept none.
  int Wait() {
    waited_ = true;
    int status = -1;
    while (waitpid(process_, &status, 0) < 0) {
      if (errno != EINTR) return -1;
    }
    return status;
  }

 private:
  const pid_t process_;
  const int reply_;
  bool waited_ = false;
};

std::string EndOf(int status) {
  const int signal = status >= 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  switch (signal) {
    case SIGFPE: return "divides a whole number by zero while it is compiled";
    case SIGSEGV:
    case SIGBUS: return "is nested too deeply to be compiled";
    case SIGXCPU:
    case SIGKILL: return "takes more than " + std::to_string(kTrialSeconds) + " seconds to be compiled";
    default: return "ends the process that compiles it";
  }
}

}  // namespace

std::string TryInCopy(const std::function<void()>& work, void (*poll_interrupts)()) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    throw base::Error(base::ErrorCode::kEngine, "a function of TorchScript cannot be compiled",
                      std::string("The system gives no pipe: ") + std::strerror(errno) + ".");
  }
  const rlim_t space = AddressSpace();
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t process = fork();
  const int error = errno;
  if (process == 0) RunCopy(work, ends[1], space);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(ends[1]);
  if (process < 0) {
    close(ends[0]);
    throw base::Error(base::ErrorCode::kOutOfMemory, "a function of TorchScript cannot be compiled",
                      std::string("The system gives no process: ") + std::strerror(error) + ".");
  }
  Copy copy(process, ends[0]);
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    struct pollfd wanted = {copy.reply(), POLLIN, 0};
    const int ready = ::poll(&wanted, 1, kPollMilliseconds);
    if (ready > 0) break;
    if (poll_interrupts != nullptr) poll_interrupts();
    if (std::chrono::steady_clock::now() - begin > kLongestTrial) return EndOf(SIGKILL);
  }
  char ended = 0;
  ssize_t read_bytes = 0;
  do {
    read_bytes = read(copy.reply(), &ended, 1);
  } while (read_bytes < 0 && errno == EINTR);
  const int status = copy.Wait();
  if (read_bytes != 1) return EndOf(status);
  return ended == kOutOfMemory ? "takes more memory to be compiled than there is" : std::string();
}

}  // namespace engine::torch
