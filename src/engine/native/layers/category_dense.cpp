#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "engine/math/gemm_pack.hpp"
#include "engine/math/gemm_tiles.hpp"
#include "engine/math/table_rows.hpp"
#include "engine/native/categories.hpp"

namespace engine::native {

namespace {

// categories.hpp has the formula. Inputs: the rest of x, if there is any, then the categories of each part.
//
// The rest's rows of the kernel lie in one piece in most models, and are used where they lie. Else they are copied
// together, and their gradient is copied back.
template <typename T>
class CategoryDense : public Layer<T> {
 public:
  CategoryDense(std::unique_ptr<Layer<T>> rest, std::vector<CategoryPart> parts, int64_t units, bool use_bias,
                math::FusedActivation activation, int graph_layer)
      : Layer<T>(InputElements(rest.get(), parts), units, graph_layer),
        rest_(std::move(rest)),
        parts_(std::move(parts)),
        units_(units),
        use_bias_(use_bias),
        activation_(activation) {
    if (rest_ != nullptr) FindPieces();
  }

  // products of some parts, or sums of their gradients | a part's rows of the kernel, transposed | the rest's rows of the
  // kernel | their gradient | the rest's own
  int64_t ScratchElements(int64_t rows) const override {
    return SumElements(rows) + TransposedElements() + 2 * CopiedElements() +
           (rest_ == nullptr ? 0 : rest_->ScratchElements(rows));
  }

  bool backward_reads_y() const override { return activation_ != math::FusedActivation::kLinear; }
  math::FusedActivation DropActivation() override { return std::exchange(activation_, math::FusedActivation::kLinear); }

  void Forward(const LayerCall<T>& call) const override {
    RestForward(call);
    const bool relu = activation_ == math::FusedActivation::kReLU;
    for (size_t first = 0; first < parts_.size(); first += kTogether) {
      AddParts(call, first, relu && first + kTogether >= parts_.size());
    }
    if (!relu) math::BiasActivation(activation_, static_cast<const T*>(nullptr), call.rows, units_, call.y);
  }

  // (count, units) of each part, one after the other
  int64_t ProductElements() const override { return ProductsBefore(parts_.size()); }

  void MakeProducts(const std::vector<std::vector<T*>>& weights, T* products) const override {
    const T* kernel = weights[static_cast<size_t>(this->graph_layer())][0];
    for (size_t p = 0; p < parts_.size(); ++p) {
      Multiply(kernel, p, weights[static_cast<size_t>(parts_[p].graph_layer)][0], parts_[p].count,
               products + ProductsBefore(p));
    }
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const* gradients) const override {
    math::ActivationGradient(activation_, call.y, call.rows, units_, g);
    for (size_t first = 0; first < parts_.size(); first += kTogether) {
      SumParts(call, first, g);
      for (size_t p = first; p < EndOf(first); ++p) {
        PartBackward(call, p, SumsOf(call, p), InputGradient(call, dx, p + FirstPart()),
                     gradients == nullptr ? nullptr : gradients[0]);
      }
    }
    RestBackward(call, g, dx, gradients);
  }

 private:
  // Parts that are added in one pass over y.
  static constexpr size_t kTogether = math::kNumberedTables;

  /// Rows of the kernel that follow each other.
  struct Piece {
    int64_t first = 0;
    int64_t rows = 0;
  };

  static std::vector<int64_t> InputElements(const Layer<T>* rest, const std::vector<CategoryPart>& parts) {
    std::vector<int64_t> elements;
    if (rest != nullptr) elements.push_back(rest->input_elements());
    for (const CategoryPart& part : parts) elements.push_back(CategoryRows<T>::Elements(part.width));
    return elements;
  }

  static math::Patches<T> Rows(const T* values, int64_t rows, int64_t columns) {
    static constexpr int64_t kNoOffset = 0;
    return {values, 1, rows, 0, columns, &kNoOffset, 1, columns};
  }

  // Between the parts, which are in the order of their positions.
  void FindPieces() {
    int64_t at = 0, left = rest_->input_elements();
    for (const CategoryPart& part : parts_) {
      if (part.position > at) pieces_.push_back({at, part.position - at});
      left -= part.position - at;
      at = part.position + part.width;
    }
    if (left > 0) pieces_.push_back({at, left});
  }

  int64_t Together() const { return static_cast<int64_t>(std::min(kTogether, parts_.size())); }
  // Each block of the scratch begins at a line of the cache, as the scratch itself does.
  static int64_t Padded(int64_t elements) { return (elements + 15) / 16 * 16; }
  int64_t SumElements(int64_t rows) const { return Padded(Together() * rows * units_); }
  int64_t TransposedElements() const {
    int64_t most = 0;
    for (const CategoryPart& part : parts_) most = std::max(most, math::PackedElements(units_, part.width));
    return Padded(most);
  }
  int64_t ProductsBefore(size_t part) const {
    int64_t elements = 0;
    for (size_t p = 0; p < part; ++p) elements += parts_[p].count * units_;
    return elements;
  }
  int64_t CopiedElements() const { return pieces_.size() < 2 ? 0 : Padded(rest_->input_elements() * units_); }

  size_t EndOf(size_t first) const { return std::min(first + kTogether, parts_.size()); }
  T* SumsOf(const LayerCall<T>& call, size_t part) const {
    return call.scratch + static_cast<int64_t>(part % kTogether) * call.rows * units_;
  }

  size_t FirstPart() const { return rest_ == nullptr ? 0 : 1; }
  CategoryRows<T> CategoriesOf(const LayerCall<T>& call, size_t part) const {
    const T* values = this->inputs() == 1 ? call.x : call.inputs[FirstPart() + part];
    return {const_cast<T*>(values), call.rows, parts_[part].width};
  }
  T* InputGradient(const LayerCall<T>& call, T* only, size_t input) const {
    return this->inputs() == 1 ? only : call.input_gradients[input];
  }

  // Of the rest's layer. In Backward the kernel's rows are where Forward has left them.
  LayerCall<T> RestCall(const LayerCall<T>& call, T** weights) const {
    LayerCall<T> of_rest = call;
    of_rest.x = this->inputs() == 1 ? call.x : call.inputs[0];
    of_rest.scratch = call.scratch + SumElements(call.rows) + TransposedElements();
    weights[0] = CopiedElements() == 0 ? call.weights[0] + pieces_[0].first * units_ : of_rest.scratch;
    weights[1] = use_bias_ ? call.weights[1] : nullptr;
    of_rest.weights = weights;
    of_rest.scratch += 2 * CopiedElements();
    of_rest.parts = nullptr;
    return of_rest;
  }

  void RestForward(const LayerCall<T>& call) const {
    if (rest_ == nullptr) {
      for (int64_t r = 0; r < call.rows; ++r) {
        if (use_bias_) std::copy_n(call.weights[1], units_, call.y + r * units_);
      }
      if (!use_bias_) std::fill_n(call.y, call.rows * units_, T(0));
      return;
    }
    T* weights[2];
    const LayerCall<T> of_rest = RestCall(call, weights);
    if (CopiedElements() > 0) {
      T* to = weights[0];
      for (const Piece& piece : pieces_)
        to = std::copy_n(call.weights[0] + piece.first * units_, piece.rows * units_, to);
    }
    rest_->Forward(of_rest);
  }

  void RestBackward(const LayerCall<T>& call, T* g, T* dx, T* const* gradients) const {
    if (rest_ == nullptr) {
      if (gradients != nullptr && use_bias_ && gradients[1] != nullptr) {
        math::TheGemmKernels<T>().column_sums(g, call.rows, units_, false, gradients[1]);
      }
      return;
    }
    T* weights[2];
    const LayerCall<T> of_rest = RestCall(call, weights);
    T* of_weights[2] = {nullptr, nullptr};
    const bool kernel = gradients != nullptr && gradients[0] != nullptr;
    if (kernel)
      of_weights[0] = CopiedElements() == 0 ? gradients[0] + pieces_[0].first * units_ : weights[0] + CopiedElements();
    if (gradients != nullptr && use_bias_) of_weights[1] = gradients[1];
    rest_->Backward(of_rest, g, InputGradient(call, dx, 0), gradients == nullptr ? nullptr : of_weights);
    if (!kernel || CopiedElements() == 0) return;
    const T* from = of_weights[0];
    for (const Piece& piece : pieces_) {
      std::copy_n(from, piece.rows * units_, gradients[0] + piece.first * units_);
      from += piece.rows * units_;
    }
  }

  // y += the products of the parts from `first` on: of the categories that occur, or of all.
  void AddParts(const LayerCall<T>& call, size_t first, bool relu) const {
    const T* tables[kTogether];
    const int32_t* numbers[kTogether];
    for (size_t p = first; p < EndOf(first); ++p) {
      const CategoryRows<T> categories = CategoriesOf(call, p);
      numbers[p - first] = categories.number;
      if (call.products != nullptr) {
        tables[p - first] = call.products + ProductsBefore(p);
        continue;
      }
      Multiply(call.weights[0], p, categories.table, categories.count(), SumsOf(call, p));
      tables[p - first] = SumsOf(call, p);
    }
    math::TheGemmKernels<T>().add_numbered(tables, numbers, static_cast<int64_t>(EndOf(first) - first), call.rows, units_,
                                           relu, call.y, units_);
  }

  // products (count, units) of rows (count, width) of a part's table.
  void Multiply(const T* kernel, size_t p, const T* table, int64_t count, T* products) const {
    const math::Panels<T> panels{kernel + parts_[p].position * units_, units_, units_, math::kPanelColumns};
    math::TheGemmKernels<T>().product(Rows(table, count, parts_[p].width), panels, nullptr, false, products);
  }

  // The gradient of y summed up by the categories of the parts from `first` on.
  void SumParts(const LayerCall<T>& call, size_t first, const T* g) const {
    T* sums[kTogether];
    const int32_t* numbers[kTogether];
    for (size_t p = first; p < EndOf(first); ++p) {
      const CategoryRows<T> categories = CategoriesOf(call, p);
      sums[p - first] = SumsOf(call, p);
      numbers[p - first] = categories.number;
    }
    math::TheGemmKernels<T>().sum_numbered(g, units_, numbers, static_cast<int64_t>(EndOf(first) - first), call.rows,
                                           units_, sums);
  }

  // sums: of y's gradient, by category.
  void PartBackward(const LayerCall<T>& call, size_t p, const T* sums, T* dx, T* kernel_gradient) const {
    const CategoryRows<T> categories = CategoriesOf(call, p);
    const int64_t n = categories.count(), first = parts_[p].position * units_;
    if (kernel_gradient != nullptr) {
      math::TheGemmKernels<T>().gradient(Rows(categories.table, n, parts_[p].width), sums, units_, false,
                                         kernel_gradient + first);
    }
    if (dx == nullptr) return;
    T* transposed = call.scratch + SumElements(call.rows);
    math::TheGemmKernels<T>().product(
        Rows(sums, n, units_), math::PackTransposed(call.weights[0] + first, parts_[p].width, units_, transposed),
        nullptr, false, CategoryRows<T>(dx, call.rows, parts_[p].width).table);
  }

  std::unique_ptr<Layer<T>> rest_;  // nullptr: all of x is categories
  std::vector<CategoryPart> parts_;
  int64_t units_;
  bool use_bias_;
  math::FusedActivation activation_;
  std::vector<Piece> pieces_;  // the rest's rows of the kernel
};

}  // namespace

template <typename T>
std::unique_ptr<Layer<T>> MakeCategoryDense(std::unique_ptr<Layer<T>> rest, std::vector<CategoryPart> parts,
                                            int64_t units, bool use_bias, math::FusedActivation activation,
                                            int graph_layer) {
  return std::make_unique<CategoryDense<T>>(std::move(rest), std::move(parts), units, use_bias, activation,
                                            graph_layer);
}

template std::unique_ptr<Layer<float>> MakeCategoryDense(std::unique_ptr<Layer<float>>, std::vector<CategoryPart>,
                                                         int64_t, bool, math::FusedActivation, int);
template std::unique_ptr<Layer<double>> MakeCategoryDense(std::unique_ptr<Layer<double>>, std::vector<CategoryPart>,
                                                          int64_t, bool, math::FusedActivation, int);

}  // namespace engine::native
