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
/// The packed tables are as the fit has read them, and stay so until the transaction ends: a run in parts may find others of their names. Errors:
/// kPrerequisiteState, as RequireSameData.
void RequireUnchangedData(const PreparedFit& fit);
/// The same of the selection table and the architectures. REQUIRES that the models are read.
void RequireSameModels(const store::RunRecord& run, const PreparedFit& fit, const pg::TableName& name);

/// Of an architecture's text and weights.
std::string ArchitectureDigest(const store::Architecture& architecture);
/// What a search chooses from besides its texts, with digests: its record keeps them with those of the packed tables.
std::vector<std::string> SearchTexts(const plan::SearchDescription& search, const PreparedFit& fit);
/// The architectures that the run searches, ascending; none where its record does not say.
std::vector<int> SearchedBefore(const store::RunRecord& run);
/// now: SearchTexts. Errors: kPrerequisiteState, naming what differs.
void RequireSameSearch(const store::RunRecord& run, const std::vector<std::string>& now, const pg::TableName& name);
/// The same of trials that were added or searched. deleted_too: a replay makes those as well.
void RequireSameTrials(const store::ResultTables& tables, const std::vector<LivingTrial>& trials, bool deleted_too, const pg::TableName& name,
                       const PreparedFit& fit);

/// A durable run is read again after the session that began it. Errors: kFeatureNotSupported for temporary tables and for
/// tables that are packed by group.
void RequirePermanent(const FitArguments& arguments, const PreparedFit& fit);

/// Sets the fit's progress, and of each model what is stored of it. REQUIRES RequireSameModels, a generation, fit->stored.
void GoOn(const store::RunRecord& run, PreparedFit* fit);

/// Warns where the run was trained by another build. what: that may not be the same, as a sentence's subject.
void WarnOfOtherBuild(const store::RunRecord& run, const pg::TableName& name, const char* what);

/// The same from the result of a part that was just written.
void GoOnWith(RunResult result, PreparedFit* fit);

}  // namespace train
