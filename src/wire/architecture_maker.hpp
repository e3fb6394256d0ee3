// One architecture: a Keras text put together layer by layer. Called by wire/builders.cpp alone, which has checked the
// request, the columns and the outputs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/tensor.hpp"
#include "wire/builders.hpp"

namespace wire {

enum class Role { kNumbers, kIndex, kTokens, kTensor, kImage, kSequence };

/// One input of a model: a column, or columns of numbers that follow one another.
struct InputPart {
  Role role = Role::kNumbers;
  std::string column;   // the first one's name
  base::Shape shape;          // of a row, as the model's input has it
  base::Shape seen;           // what the layers take it for, where that is another shape
  int64_t indexes = 0;  // kIndex and kTokens: with the one for unknown strings
  int columns = 1;
  bool wide = false;  // wide_deep: the wide part reads it, too
};

/// One combination of a request's lists.
struct Choice {
  std::vector<int64_t> hidden;
  std::string activation;
  double dropout = 0;
  bool batch_norm = false;
  double l2 = 0;
  int64_t embedding_dim = 0;  // 0: by the rule
  std::vector<int64_t> filters;
  int64_t kernel_size = 0;
  int64_t convolutions = 0;
  std::string pooling;
  bool global_pooling = false;
  std::vector<int64_t> units;
  std::string cell;
  bool bidirectional = false;
};

/// name: of the model; Keras's names are made of it and of the columns'. One output plan a dependent column.
std::string MakeKerasText(const std::string& name, const BuilderRequest& request, const Choice& choice,
                          const base::DataSpec& data, const std::vector<InputPart>& parts,
                          const std::vector<OutputPlan>& outputs);

}  // namespace wire
