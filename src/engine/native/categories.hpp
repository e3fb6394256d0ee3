// The categories of a mini-batch: what an Embedding hands to a Dense that multiplies each of the table's rows once.
//
// A Dense over a Concatenate of Embeddings multiplies the same row of a table for every row of the mini-batch that has
// this category. Here it multiplies the categories that occur, each once, and every row adds the product of its own:
//
//   y[r] = f(rest[r] W_rest + b + P_1[c_1(r)] + P_2[c_2(r)] + ...),   P_k = table_k W_k
//
// Backward is alike: the gradient of y is summed up by category, and the sums are multiplied with W_k and with table_k.
//
// Scoring many mini-batches by the same weights makes the products P_k of all categories first (Layer::MakeProducts): a
// category's number is then its index, and no mini-batch looks for the categories that occur.
//
// Whether it is done follows from the layers alone, never from the rows: a row's values have the same bits whatever
// rows are beside it, in training and in scoring. Sums over categories have the order in which these first appear in
// the mini-batch.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/graph.hpp"
#include "engine/native/layer.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

/// The value that such an Embedding makes, over the memory of a mini-batch of `rows`. Its gradient has the rows of the
/// table where the value has them.
template <typename T>
class CategoryRows {
 public:
  /// Elements of the value, a row.
  static int64_t Elements(int64_t width) { return width + 3; }

  CategoryRows(T* memory, int64_t rows, int64_t width)
      : table(memory),
        number(reinterpret_cast<int32_t*>(memory + rows * width)),
        category(memory + rows * width + rows),
        count_(category + rows) {}

  T* table;         // (count, width): the table's rows of the categories that occur
  int32_t* number;  // (rows): which of them is each row's; where the products of all are made, the index, and nothing else is set
  T* category;      // (count): their indexes
  int64_t count() const { return static_cast<int64_t>(*count_); }
  void set_count(int64_t count) { *count_ = static_cast<T>(count); }

 private:
  T* count_;
};

/// Lets every Dense multiply categories once where its layer and an Embedding's offer it: the Embedding is trained, has
/// one index a row, and only this Dense reads what it gives, directly or from a Concatenate that only this Dense reads.
/// returned: values that somebody reads besides the stages. An Embedding that is not trained stays as it is: a graph
/// may be cut behind it (base/graph_cut.hpp), and what is left must have the same bits.
template <typename T>
void JoinCategories(const base::Graph& graph, const std::vector<int>& returned, std::vector<StageValue>* values,
                    std::vector<JoinedStage<T>>* stages);

/// A Dense whose inputs are the rest of its x, if there is any, then the categories of each part. rest: the same layer
/// over the rest alone, without its activation, or nullptr.
template <typename T>
std::unique_ptr<Layer<T>> MakeCategoryDense(std::unique_ptr<Layer<T>> rest, std::vector<CategoryPart> parts,
                                            int64_t units, bool use_bias, math::FusedActivation activation,
                                            int graph_layer);

}  // namespace engine::native
