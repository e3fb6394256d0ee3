// Search spaces: grids and random searches over compile and fit parameters, as generate_model_configs takes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plan {

struct ParamTexts {
  std::string compile_params;
  std::string fit_params;
  bool operator==(const ParamTexts& o) const { return compile_params == o.compile_params && fit_params == o.fit_params; }
};

struct Candidate {
  int model_id = 0;
  ParamTexts params;
};

/// Configurations of one call.
constexpr int64_t kMaxCandidates = 100000;

/// search_type: any prefix of 'grid' or 'random', case-insensitive. Grid: model_ids x compile grid x fit grid, in the order written
/// (last varies fastest), duplicates removed. Random: num_configs distinct candidates, each parameter from its own stream of a
/// counter-based generator keyed by random_state (absent: 0). Texts come out in MADlib's notation:
///   optimizer='Adam(lr=0.001)',metrics=['accuracy'],loss='categorical_crossentropy'    and    epochs=10,batch_size=64
/// Each text is checked with ReadConfig.
std::vector<Candidate> GenerateCandidates(const std::vector<int>& model_ids, std::string_view compile_grid, std::string_view fit_grid,
                                          std::string_view search_type, std::optional<int> num_configs,
                                          std::optional<int64_t> random_state);

}  // namespace plan
