#include "train/run_features.hpp"

#include <string>
#include <utility>

namespace train {
namespace {

void WriteFlags(const std::vector<bool>& flags, base::RecordWriter* writer) {
  std::string text;
  for (const bool flag : flags) text += flag ? '1' : '0';
  writer->Text(text);
}

std::vector<bool> ReadFlags(base::RecordReader* reader) {
  std::vector<bool> flags;
  for (const char c : reader->Text()) flags.push_back(c == '1');
  return flags;
}

}  // namespace

void WriteTableFeatures(const data::PackedTable& table, base::RecordWriter* writer) {
  WriteFlags(table.fetched, writer);
  writer->Number(static_cast<int64_t>(table.features.size()));
  for (const data::FeatureColumn& feature : table.features) {
    writer->Number(static_cast<int64_t>(feature.input));
    writer->Text(feature.table);
    writer->Text(feature.encoding);
  }
}

void ReadTableFeatures(base::RecordReader* reader, data::PackedTable* table) {
  table->fetched = ReadFlags(reader);
  table->features.clear();
  for (int64_t left = reader->Number(); left > 0; left--) {
    data::FeatureColumn feature;
    feature.input = static_cast<size_t>(reader->Number());
    feature.table = reader->Text();
    feature.encoding = reader->Text();
    table->features.push_back(std::move(feature));
  }
}

void WriteSharedFeatures(const std::vector<SharedFeature>& features, const std::vector<bool>& model_reads, base::RecordWriter* writer) {
  WriteFlags(model_reads, writer);
  writer->Number(static_cast<int64_t>(features.size()));
  for (const SharedFeature& feature : features) {
    writer->Number(static_cast<int64_t>(feature.column));
    writer->Number(static_cast<int64_t>(feature.makers.size()));
    for (const auto& [model, call] : feature.makers) {
      writer->Number(model);
      writer->Number(call);
    }
  }
}

void ReadSharedFeatures(base::RecordReader* reader, std::vector<SharedFeature>* features, std::vector<bool>* model_reads) {
  *model_reads = ReadFlags(reader);
  features->clear();
  for (int64_t left = reader->Number(); left > 0; left--) {
    SharedFeature feature;
    feature.column = static_cast<size_t>(reader->Number());
    for (int64_t makers = reader->Number(); makers > 0; makers--) {
      const int model = static_cast<int>(reader->Number());
      feature.makers.emplace_back(model, static_cast<int>(reader->Number()));
    }
    features->push_back(std::move(feature));
  }
}

}  // namespace train
