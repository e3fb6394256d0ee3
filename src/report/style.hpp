// The style sheet of a page. Inside of src/report only.
#pragma once

namespace report {

extern const char* const kStyleSheet;

}  // namespace report
