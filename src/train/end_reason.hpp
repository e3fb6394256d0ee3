// Why a run has ended.
#pragma once

namespace train {

enum class EndReason {
  kNone,         // it has not, or nobody says
  kIterations,   // every model has done its iterations, or has diverged
  kStopped,      // every model has stopped: by early stopping, or by a person
  kExhausted,    // of a search: its policy has nothing more to try
  kMaxModels,    // of a search: it has had max_models trials
  kMaxFailures,  // of a search: more trials have failed than max_failures
  kTimeBudget,   // the time is spent
  kFinish        // a person said so
};

/// "iterations", "max_models", ...; "" of kNone.
const char* EndReasonName(EndReason reason);
/// The same for people: "all iterations are done".
const char* EndReasonText(EndReason reason);

}  // namespace train
