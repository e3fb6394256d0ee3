#include "store/graph_cutter.hpp"

namespace store {

std::shared_ptr<const base::Graph> GraphCutter::Cut(const std::shared_ptr<const base::Graph>& whole,
                                                    const std::vector<base::FeatureCut>& cuts) {
  if (cuts.empty()) return whole;
  std::vector<std::pair<int, std::string>> key;
  for (const base::FeatureCut& cut : cuts) key.emplace_back(cut.call, cut.column);
  std::shared_ptr<const base::Graph>& known = cut_[{whole, key}];
  if (known == nullptr) {
    auto graph = std::make_shared<base::Graph>(base::CutGraph(*whole, cuts));
    graph->whole = whole;
    known = std::move(graph);
  }
  return known;
}

void WriteCuts(const std::vector<base::FeatureCut>& cuts, base::RecordWriter* writer) {
  writer->Number(static_cast<int64_t>(cuts.size()));
  for (const base::FeatureCut& cut : cuts) {
    writer->Number(cut.call);
    writer->Text(cut.column);
  }
}

std::vector<base::FeatureCut> ReadCuts(base::RecordReader* reader) {
  std::vector<base::FeatureCut> cuts;
  for (int64_t left = reader->Number(); left > 0; left--) {
    base::FeatureCut cut;
    cut.call = static_cast<int>(reader->Number());
    cut.column = reader->Text();
    cuts.push_back(std::move(cut));
  }
  return cuts;
}

}  // namespace store
