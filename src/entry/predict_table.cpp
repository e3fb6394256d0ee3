// Predictions for the rows of a query, in batches. The column definition list of the call says what is wanted: columns of the query by their names, and what
// the model says.
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "entry/group_routes.hpp"
#include "entry/pack_row_reader.hpp"
#include "entry/prediction_datum.hpp"
#include "pg/args.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "pg/names.hpp"
#include "pg/query_cursor.hpp"
#include "pg/report.hpp"
#include "pg/result_rows.hpp"
#include "score/row_model.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(pg_cerebro_predict_table);
}

namespace {

using base::Error;
using base::ErrorCode;

enum class Wanted { kColumn, kPrediction, kProbability, kProbabilities, kVector };

/// A column of the result.
struct Output {
  Wanted wanted = Wanted::kColumn;
  int position = 0;       // of kColumn, in the query
  Oid given = InvalidOid;  // type of the value before conversion
  bool same = true;       // it is what is wanted
  bool widened = false;   // a real, of which a double precision is wanted
  FmgrInfo to_text, from_text;
  Oid parameter = InvalidOid;
  int32 typmod = -1;
};

struct WantedName {
  const char* name;
  Wanted wanted;
};
constexpr WantedName kWantedNames[] = {{"prediction", Wanted::kPrediction},
                                       {"probability", Wanted::kProbability},
                                       {"probabilities", Wanted::kProbabilities},
                                       {"vector", Wanted::kVector}};

Oid GivenType(Wanted wanted, bool is_number) {
  switch (wanted) {
    case Wanted::kPrediction: return is_number ? FLOAT4OID : TEXTOID;
    case Wanted::kProbability: return FLOAT8OID;
    case Wanted::kProbabilities: return JSONBOID;
    default: return pg::compat::kFloat4ArrayOid;
  }
}

/// A regression of one number: its prediction is a number, not a text.
bool IsNumber(const std::vector<score::OutputInfo>& outputs) {
  return outputs.size() == 1 && outputs[0].meaning == score::OutputMeaning::kValues && outputs[0].elements == 1;
}

Output PlanOutput(Form_pg_attribute attribute, TupleDesc query, bool is_number) {
  Output output;
  const std::string name = NameStr(attribute->attname);
  const auto* found = std::find_if(std::begin(kWantedNames), std::end(kWantedNames), [&name](const WantedName& wanted) { return name == wanted.name; });
  if (found != std::end(kWantedNames)) {
    output.wanted = found->wanted;
    output.given = GivenType(output.wanted, is_number);
  } else {
    std::string columns;
    for (int i = 0; i < query->natts; ++i) {
      const Form_pg_attribute column = pg::compat::Attribute(query, i);
      columns += (columns.empty() ? "" : ", ") + pg::QuoteIdent(NameStr(column->attname));
      if (name != NameStr(column->attname) || OidIsValid(output.given)) continue;
      output.position = i;
      output.given = column->atttypid;
    }
    if (!OidIsValid(output.given)) {
      throw Error(ErrorCode::kUndefinedColumn, "the query has no column \"" + name + "\", which the column definition list asks for", "Its columns are " + columns + ".",
                  "Besides these there are prediction, probability, probabilities and vector, which the model gives.");
    }
  }
  output.typmod = attribute->atttypmod;
  output.same = output.given == attribute->atttypid && output.typmod < 0;
  output.widened = output.wanted != Wanted::kColumn && output.given == FLOAT4OID && attribute->atttypid == FLOAT8OID;
  if (output.same || output.widened) return output;
  pg::call([&] {
    Oid function;
    bool varlena;
    getTypeOutputInfo(output.given, &function, &varlena);
    fmgr_info(function, &output.to_text);
    getTypeInputInfo(attribute->atttypid, &function, &output.parameter);
    fmgr_info(function, &output.from_text);
  });
  return output;
}

/// The text as a query: a name is a table's.
std::string QueryOf(const std::string& text) {
  const bool has_blank = std::any_of(text.begin(), text.end(), [](unsigned char c) { return std::isspace(c) != 0; });
  if (text.empty() || (has_blank && text.front() != '"')) return text;
  return "SELECT * FROM " + pg::ParseTableName(text, "query").Sql();
}

class TablePrediction {
 public:
  TablePrediction(FunctionCallInfo fcinfo, const std::string& model, const std::string& query)
      : open_(score::OpenModel::Find(model, false)), rows_(fcinfo), cursor_(QueryOf(query)) {
    const bool is_number = !open_.routes() && IsNumber(open_.outputs());  // groups may have different networks
    for (int i = 0; i < rows_.desc()->natts; ++i) outputs_.push_back(PlanOutput(pg::compat::Attribute(rows_.desc(), i), cursor_.desc(), is_number));
    reader_.Select(open_.fields(), fcinfo->flinfo->fn_mcxt);
    values_.resize(outputs_.size());
    nulls_ = std::make_unique<bool[]>(outputs_.size());
  }

  // How long rows are is known when there has been one.
  void Run() {
    int64_t batch = 1;
    for (bool more = true; more;) {
      pg::CheckInterrupts();
      more = cursor_.Fetch(batch, [&](HeapTuple* rows, uint64_t count) { Use(rows, count); });
      batch = row_bytes_ == 0 ? score::kMostBatchRows : std::clamp<int64_t>(score::kMostBatchBytes / row_bytes_, 1, score::kMostBatchRows);
    }
  }

 private:
  void Use(HeapTuple* rows, uint64_t count) {
    if (open_.routes()) {
      for (uint64_t i = 0; i < count; ++i) UseOfGroup(rows[i]);
      return;
    }
    for (uint64_t i = 0; i < count; ++i) Add(rows[i]);
    scorer_->Run();
    row_bytes_ = scorer_->row_bytes();
    std::vector<Datum> fields(static_cast<size_t>(cursor_.desc()->natts));
    const auto missing = std::make_unique<bool[]>(fields.size());
    for (uint64_t i = 0; i < count; ++i) {
      heap_deform_tuple(rows[i], cursor_.desc(), fields.data(), missing.get());
      const score::RowValues& values = scorer_->Values(static_cast<int64_t>(i));
      Return(fields.data(), missing.get(), &open_, &values);
    }
    scorer_->Clear();
  }

  /// A row by the model of its group. Without one, what the model would say is NULL.
  void UseOfGroup(HeapTuple row) {
    ++number_;
    const score::OpenModel* open = nullptr;
    score::RowScorer* scorer = nullptr;
    Named([&] {
      const std::vector<data::Cell>& cells = reader_.ReadTuple(cursor_.desc(), row);
      open = routes_.Of(open_, cursor_.desc(), row);
      if (open == nullptr) return;
      scorer = routes_.ScorerOf(*open, reader_);
      scorer->Clear();
      scorer->Add(cells.data());
    });
    if (scorer != nullptr) {
      scorer->Run();
      row_bytes_ = scorer->row_bytes();
    }
    std::vector<Datum> fields(static_cast<size_t>(cursor_.desc()->natts));
    const auto missing = std::make_unique<bool[]>(fields.size());
    heap_deform_tuple(row, cursor_.desc(), fields.data(), missing.get());
    Return(fields.data(), missing.get(), open, scorer == nullptr ? nullptr : &scorer->Values(0));
  }

  /// Errors of f say which row it is, unless they are of all rows.
  template <typename F>
  void Named(F&& f) {
    try {
      f();
    } catch (const Error& error) {
      if (!error.detail().empty() || (scorer_ == nullptr && !open_.routes())) throw;
      throw Error(error.code(), error.what(), "It is row " + std::to_string(number_) + " of the query.", error.hint());
    }
  }

  void Add(HeapTuple row) {
    ++number_;
    Named([&] {
      const std::vector<data::Cell>& cells = reader_.ReadTuple(cursor_.desc(), row);
      if (scorer_ == nullptr) {
        scorer_ = open_.ScorerFor(reader_.Fields());
        scorer_->Clear();
      }
      scorer_->Add(cells.data());
    });
  }

  /// open, row: of what has predicted the row; nullptr: nothing has.
  void Return(const Datum* fields, const bool* missing, const score::OpenModel* open, const score::RowValues* row) {
    for (size_t i = 0; i < outputs_.size(); ++i) {
      Output& output = outputs_[i];
      nulls_[i] = false;
      if (output.wanted != Wanted::kColumn && row == nullptr) {
        nulls_[i] = true;
        continue;
      }
      Fill(output, fields, missing, open, row, &values_[i], &nulls_[i]);
    }
    pg::call([&] {
      for (size_t i = 0; i < outputs_.size(); ++i) {
        Output& output = outputs_[i];
        if (output.same || nulls_[i]) continue;
        if (output.widened) {
          values_[i] = Float8GetDatum(static_cast<double>(DatumGetFloat4(values_[i])));
          continue;
        }
        values_[i] = InputFunctionCall(&output.from_text, OutputFunctionCall(&output.to_text, values_[i]), output.parameter, output.typmod);
      }
      rows_.Put(values_.data(), nulls_.get());
    });
  }

  /// open, row: REQUIRED but for columns of the query.
  static void Fill(const Output& output, const Datum* fields, const bool* missing, const score::OpenModel* open,
                   const score::RowValues* row, Datum* value, bool* null) {
    switch (output.wanted) {
      case Wanted::kColumn:
        *null = missing[output.position];
        *value = fields[output.position];
        return;
      case Wanted::kPrediction: {
        if (output.given == FLOAT4OID) {
          *value = pg::call([&] { return Float4GetDatum((*row)[0][0]); });
          return;
        }
        const std::optional<std::string> text = score::PredictionText(open->outputs(), *row);
        *null = !text;
        if (text) *value = pg::call([&] { return pg::RawVarlena(*text); });
        return;
      }
      case Wanted::kProbability: {
        const std::optional<double> probability = score::TopProbability(open->outputs(), *row);
        *null = !probability;
        if (probability) *value = pg::call([&] { return Float8GetDatum(*probability); });
        return;
      }
      case Wanted::kProbabilities: *value = entry::JsonbDatum(score::ProbabilitiesJson(open->outputs(), *row)); return;
      case Wanted::kVector: *value = entry::VectorDatum(open->outputs(), *row); return;
    }
  }

  score::OpenModel open_;
  pg::ResultRows rows_;
  pg::QueryCursor cursor_;
  entry::RowReader reader_;
  entry::GroupRoutes routes_;  // where the model is a run over groups
  std::unique_ptr<score::RowScorer> scorer_;
  std::vector<Output> outputs_;
  std::vector<Datum> values_;
  std::unique_ptr<bool[]> nulls_;
  int64_t number_ = 0;     // rows so far
  int64_t row_bytes_ = 0;  // of a row's inputs; 0: not known yet
};

}  // namespace

Datum pg_cerebro_predict_table(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    TablePrediction(fcinfo, args.text(0, "model"), args.text(1, "query")).Run();
    return Datum{0};
  });
}
