// The space of a searching run as points: architectures and both grids as one list of dimensions. Inside of src/plan
// only.
//
// A candidate and its point say the same: Write and Locate lead from one to the other. So a policy finds the points of
// all trials in their texts, of those that a person has added, too, and keeps nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/philox.hpp"
#include "plan/search_space.hpp"
#include "plan/trials.hpp"

namespace plan {

/// One parameter. Of a point: NaN where the parameter is not there; the number of the value (from 0) of an unordered
/// one; else a coordinate in [0, 1] of which equal parts are drawn as often.
struct Dimension {
  struct Where {
    struct Values {
      size_t dimension = 0;      // an earlier one
      std::vector<bool> values;  // of which the value is one that holds
    };
    std::vector<Values> any;  // one of them holds
  };
  std::string name;         // "model_id", "optimizer", "lr", "batch_size", ...
  Choice choice;            // of one value or more
  std::vector<Where> when;  // all hold where the parameter is there
  bool ordered = false;
  size_t values() const {
    return choice.kind == Choice::Kind::kValues ? choice.values.size() : 0;
  }  // 0: a distribution
};

using Point = std::vector<double>;

class PointSpace {
 public:
  /// Errors: ReadSearchSpace's; kInvalidParameter for conditions on what is not there, and for texts that no model can
  /// be trained with.
  explicit PointSpace(const SearchDescription& description);

  const std::vector<Dimension>& dimensions() const { return dimensions_; }
  /// Configurations; infinite where a real number is drawn.
  double Size() const;
  /// All of them, the last dimension varying fastest. REQUIRES Size() to be finite.
  std::vector<Point> Enumerate() const;
  /// The draw with this number, as generate_model_configs draws it.
  Point Sample(uint64_t number) const;
  /// Of a Latin hypercube of `size` points after another the one with this number: in each parameter, of `size` equal parts
  /// every one is drawn once. Ascending numbers take a constant time each, but for the first of a hypercube, while the
  /// orders of all parameters fit into what is kept: 32 million parts.
  Point Spread(uint64_t number, uint64_t size) const;
  /// As the dimensions' conditions want it: NaN where a parameter is not there, and a draw of `number` where one has
  /// come to be there.
  Point Completed(Point point, uint64_t number) const;
  bool IsThere(size_t dimension, const Point& point) const;

  Candidate Write(const Point& point) const;
  /// nullopt: the candidate is not in this space.
  std::optional<Point> Locate(const Candidate& candidate) const;

  /// What is known of architectures, by value of the dimension "model_id": coordinates and numbers, NaN where there is
  /// none. Empty: nothing.
  const std::vector<std::vector<double>>& architecture_features() const { return features_; }
  const std::vector<bool>& feature_is_ordered() const { return feature_ordered_; }

 private:
  void AddArchitectures(const SearchDescription& description);
  void AddFeatures(const SearchDescription& description);
  void AddText(const TextSpace& text, std::vector<size_t>* choices);
  void AddDimension(const Choice& choice, std::vector<Dimension::Where> when);
  Dimension::Where Holds(const Choice& choice, const Condition& condition) const;
  TextSpace::Setting SettingOf(const TextSpace& text, const std::vector<size_t>& choices, const Point& point) const;
  bool SetCoordinates(const TextSpace& text, const std::vector<size_t>& choices, const TextSpace::Setting& setting,
                      Point* point) const;
  base::Value ValueAt(size_t dimension, const Point& point) const;
  bool SetCoordinate(size_t dimension, const base::Value& value, Point* point) const;
  double SpreadOne(size_t dimension, uint64_t number, uint64_t size) const;
  void MakeRoomFor(size_t dimension, Point* point) const;
  void CheckTexts() const;

  SearchSpace space_;
  uint64_t seed_ = 0;
  std::vector<Dimension> dimensions_;
  std::vector<size_t> compile_, fit_;           // of each choice of a text its dimension
  size_t entry_ = 0;                            // dimension "optimizer_params_list"
  std::vector<size_t> names_;                   // of each of its entries the dimension of the optimizer's name
  std::vector<std::vector<size_t>> arguments_;  // of each of its entries the dimensions of its parameters
  std::vector<std::vector<double>> features_;
  std::vector<bool> feature_ordered_;
  mutable std::unordered_map<std::string, std::optional<Point>> located_;

  /// What Spread has drawn for one dimension of a hypercube.
  struct Parts {
    std::vector<uint32_t> order;  // of each point its part
    base::Stream first, next;     // where points lie within their parts: as it begins, and behind `read` of them
    uint64_t read = 0;
  };
  mutable std::unordered_map<size_t, Parts> parts_;  // by dimension
  mutable uint64_t parts_number_ = 0, parts_size_ = 0;  // of the hypercube that they are of
};

/// The text by which candidates are compared.
std::string KeyOf(const Candidate& candidate);

/// Different configurations in the order of their draws; of a finite space all of them. What has been drawn is kept.
class RandomSequence {
 public:
  explicit RandomSequence(const PointSpace* space, uint64_t seed) : space_(space), seed_(seed) {}
  RandomSequence(const RandomSequence&) = delete;
  RandomSequence& operator=(const RandomSequence&) = delete;
  /// The first one whose key is not in `seen`; nullopt: there is none. `from` begins as 0: how many of the first are known
  /// to be in `seen`, from one call to the next while nothing is taken out of `seen`.
  std::optional<Candidate> Next(const std::set<std::string>& seen, size_t* from) const;

 private:
  struct Drawn {
    Candidate candidate;
    const std::string* key;  // in keys_
  };
  bool Extend() const;
  bool Append(Candidate candidate, std::vector<Drawn>* out) const;  // false: it is there already

  const PointSpace* space_;
  const uint64_t seed_;
  mutable std::vector<Drawn> drawn_;
  mutable std::set<std::string> keys_;
  mutable uint64_t draws_ = 0;
  mutable bool rest_ = false;  // what is left is enumerated
  mutable std::vector<Drawn> left_;
};

}  // namespace plan
