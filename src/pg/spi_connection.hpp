// A connection to SPI, as long as the object lives. Connections nest, also where no statement of the outer one runs. Includes postgres.h.
#pragma once

#include "pg/guard.hpp"

extern "C" {
#include "executor/spi.h"
}

namespace pg {

/// What was allocated while it was open goes with it.
class SpiConnection {
 public:
  SpiConnection() {
    pushed_ = call([] {
      const bool pushed = compat::PushSpi();
      const int code = SPI_connect();
      if (code != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed: %s", SPI_result_code_string(code));
      return pushed;
    });
  }
  ~SpiConnection() {
    if (open_) CallInDestructor([this] { Close(); });
  }
  SpiConnection(const SpiConnection&) = delete;
  SpiConnection& operator=(const SpiConnection&) = delete;

  /// The ordinary way out: an error of the end is thrown.
  void Finish() {
    open_ = false;
    call([this] { Close(); });
  }

 private:
  void Close() {
    SPI_finish();
    compat::PopSpi(pushed_);
  }

  bool open_ = true;
  bool pushed_ = false;
};

}  // namespace pg
