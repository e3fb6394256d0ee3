// One table packed once its description is known: staged in the order of the shuffle, written, summed up. What the
// packings of pack/packing.hpp and pack/grouped_packing.hpp have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/tensor.hpp"
#include "pack/cluster_keys.hpp"
#include "pack/packing.hpp"
#include "pack/row_split.hpp"
#include "pack/schema_inference.hpp"
#include "pack/source.hpp"
#include "pack/source_profile.hpp"
#include "pack/summary_table.hpp"
#include "pg/names.hpp"

namespace pack {

/// A packed table that is to be made, with its summary.
struct Output {
  pg::TableName table, summary;
  bool temporary = false;
};

/// Claims both names. Errors: when either exists, or may not be made.
Output OpenOutput(const pg::TableName& name);

/// By packed input: whether its constants of standardisation are learned. training: not those of a validation table,
/// which has them.
std::vector<bool> StandardizedInputs(const Source& source, const base::DataSpec& spec, bool training);

/// Members of standardised columns that are no quantities keep their values: their constants undo the scale.
void KeepOthers(const Source& source, std::vector<base::ColumnSpec>* inputs);

/// Packs the source's rows and writes the summary. standardize: as StandardizedInputs's training. Returns what was packed, with its constants and counts. Errors:
/// kInvalidData when the source has fewer rows by now than it had.
base::DataSpec PackTable(const Source& source, const Output& output, const SpecPair& specs, int64_t rows,
                         int partitions, const SegmentChoice& choice, PackSummary summary,
                         const std::optional<int32_t>& buffer_size, bool standardize);

/// As many as were asked for, or as many as are usual; a multiple of the folds. On a cluster as many as its segments
/// allow. Errors: kInvalidParameter for a number that the rows do not allow.
int TrainingPartitions(const TrainingPackArguments& a, const Source& source, const SegmentChoice& choice, int64_t rows);

/// Errors: kInvalidData when a fold has fewer rows than partitions.
void CheckFoldRows(const RowSplit& split, const Source& source, int partitions);

/// Errors: kInvalidData for labels that no training row has.
void RefuseNewClasses(const Source& source, const Profile& training, const Profile& validation);

/// Packs the half of a split that validates, in as many partitions as the training rows are in, or fewer.
void PackValidationHalf(const Source& source, const Output& output, const SpecPair& specs, int64_t rows,
                        int training_partitions, const SegmentChoice& choice, PackSummary summary,
                        const std::optional<int32_t>& buffer_size);

/// "1 row", "20 rows".
std::string CountOfRows(int64_t rows);

}  // namespace pack
