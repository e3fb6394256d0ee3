// A durable run comes in parts: what it was begun with is held against what goes on, and what the parts so far have found
// is read back.
//
// Called by prepare.cpp and by run/durable.cpp.
#pragma once

#include <string>
#include <vector>

#include "store/run_record.hpp"
#include "train/arguments.hpp"
#include "train/prepare.hpp"
#include "train/run.hpp"

namespace train {

/// The record of a run that begins.
store::RunRecord NewRunRecord(const FitArguments& arguments, const PreparedFit& fit, double started_at);

/// The arguments of the call that began the run, but for model_output_table.
FitArguments ArgumentsOf(const store::RunRecord& run);

/// What differs between the call that began the run and this one, in the order of the arguments: a sentence each.
std::vector<std::string> DifferentArguments(const store::RunRecord& run, const FitArguments& arguments);

/// Errors: kPrerequisiteState, naming what differs. Arguments that change no result may differ: workers, use_caching,
/// checkpoint_interval.
void RequireSameArguments(const store::RunRecord& run, const FitArguments& arguments, const pg::TableName& output);
/// The same of the settings that results depend on, and of the packed tables. name: of the run.
void RequireSameData(const store::RunRecord& run, const PreparedFit& fit, const pg::TableName& name);
/// The same of the selection table and the architectures. REQUIRES that the models are read.
void RequireSameModels(const store::RunRecord& run, const PreparedFit& fit, const pg::TableName& name);

/// A durable run is read again after the session that began it. Errors: kFeatureNotSupported for temporary tables and for
/// tables that are packed by group.
void RequirePermanent(const FitArguments& arguments, const PreparedFit& fit);

/// Sets the fit's progress, and of each model what is stored of it. REQUIRES RequireSameModels, a generation, fit->stored.
void GoOn(const store::RunRecord& run, PreparedFit* fit);

/// The same from the result of a part that was just written.
void GoOnWith(RunResult result, PreparedFit* fit);

}  // namespace train
