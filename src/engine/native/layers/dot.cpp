// Dot: products of two inputs along a dimension of each, row by row, perhaps of their unit vectors.
//
// A row of each input is laid out as a matrix whose columns are the dimension's elements: then y = a b^T.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/gemm_pack.hpp"
#include "engine/math/gemm_tiles.hpp"
#include "engine/math/normalize.hpp"
#include "engine/math/poll.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

int64_t Rounded(int64_t elements) {
  constexpr int64_t kUnit = 16;
  return (elements + kUnit - 1) / kUnit * kUnit;
}

/// A row of an input: (outer, elements, inner), of which the products go along the elements.
struct Side {
  int64_t outer = 1, elements = 1, inner = 1;

  int64_t vectors() const { return outer * inner; }
  int64_t size() const { return vectors() * elements; }
};

template <typename T>
class Dot : public Layer<T> {
 public:
  Dot(const Side& a, const Side& b, bool normalize)
      : Layer<T>(std::vector<int64_t>{a.size(), b.size()}, a.vectors() * b.vectors(), -1), a_(a), b_(b), normalize_(normalize) {}

  // of a row: both sides as matrices, their gradients, inverse lengths, panels
  int64_t ScratchElements(int64_t /*rows*/) const override {
    return 2 * (Rounded(a_.size()) + Rounded(b_.size())) + Rounded(a_.vectors()) + Rounded(b_.vectors()) + PanelElements();
  }

  bool backward_reads_y() const override { return false; }

  void Forward(const LayerCall<T>& call) const override {
    const Areas areas = LayOut(call.scratch);
    for (int64_t r = 0; r < call.rows; ++r) {
      math::PollInterrupts();
      Vectors(call, r, areas);
      math::TheGemmKernels<T>().product(Rows(areas.a, a_.vectors(), a_.elements),
                                        math::PackTransposed(areas.b, b_.vectors(), b_.elements, areas.panels), nullptr, false,
                                        call.y + r * this->output_elements());
    }
  }

  void Backward(const LayerCall<T>& call, T* g, T*, T* const*) const override {
    const Areas areas = LayOut(call.scratch);
    const math::GemmKernels<T>& kernels = math::TheGemmKernels<T>();
    const int64_t m = a_.vectors(), n = b_.vectors();
    for (int64_t r = 0; r < call.rows; ++r) {
      math::PollInterrupts();
      Vectors(call, r, areas);
      const math::Patches<T> of_row = Rows(g + r * m * n, m, n);
      if (call.input_gradients[0] != nullptr) {
        kernels.product(of_row, math::PackPanels(areas.b, n, b_.elements, areas.panels), nullptr, false, areas.da);
        Give(a_, areas.a, areas.inverse_a, areas.da, call.input_gradients[0] + r * a_.size());
      }
      if (call.input_gradients[1] != nullptr) {
        kernels.gradient(of_row, areas.a, a_.elements, false, areas.db);
        Give(b_, areas.b, areas.inverse_b, areas.db, call.input_gradients[1] + r * b_.size());
      }
    }
  }

 private:
  static constexpr int64_t kNoOffset = 0;
  static constexpr T kSmallestSquare = static_cast<T>(1e-12);

  struct Areas {
    T *a, *b, *da, *db;
    T *inverse_a, *inverse_b;
    T* panels;
  };

  int64_t PanelElements() const {
    return std::max(math::PackedElements(b_.elements, b_.vectors()), math::PackedElements(b_.vectors(), b_.elements));
  }

  Areas LayOut(T* scratch) const {
    const auto take = [&scratch](int64_t elements) {
      T* const at = scratch;
      scratch += Rounded(elements);
      return at;
    };
    Areas areas;
    areas.a = take(a_.size());
    areas.b = take(b_.size());
    areas.da = take(a_.size());
    areas.db = take(b_.size());
    areas.inverse_a = take(a_.vectors());
    areas.inverse_b = take(b_.vectors());
    areas.panels = scratch;
    return areas;
  }

  static math::Patches<T> Rows(const T* values, int64_t rows, int64_t length) { return {values, 1, rows, 0, length, &kNoOffset, 1, length}; }

  // Calls each(element of a row, element of its matrix).
  template <class Each>
  static void ForElements(const Side& side, const Each& each) {
    for (int64_t o = 0; o < side.outer; ++o) {
      for (int64_t k = 0; k < side.elements; ++k) {
        for (int64_t i = 0; i < side.inner; ++i) each((o * side.elements + k) * side.inner + i, (o * side.inner + i) * side.elements + k);
      }
    }
  }

  void Vectors(const LayerCall<T>& call, int64_t row, const Areas& areas) const {
    const auto lay_out = [&](const Side& side, const T* x, T* inverse, T* matrix) {
      ForElements(side, [&](int64_t from, int64_t to) { matrix[to] = x[from]; });
      if (normalize_) math::UnitRows(matrix, side.vectors(), side.elements, kSmallestSquare, inverse, matrix);
    };
    lay_out(a_, call.inputs[0] + row * a_.size(), areas.inverse_a, areas.a);
    lay_out(b_, call.inputs[1] + row * b_.size(), areas.inverse_b, areas.b);
  }

  // The gradient of a side's matrix, which is used up.
  void Give(const Side& side, const T* matrix, const T* inverse, T* g, T* dx) const {
    if (normalize_) math::UnitRowGradient(g, matrix, inverse, side.vectors(), side.elements, kSmallestSquare, g);
    ForElements(side, [&](int64_t to, int64_t from) { dx[to] = g[from]; });
  }

  Side a_, b_;
  bool normalize_;
};

// axis: counted with the batch, from 1.
bool FindSide(const base::Shape& shape, int64_t given, Side* side) {
  const auto rank = static_cast<int64_t>(shape.size());
  const int64_t axis = given < 0 ? given + rank + 1 : given;
  if (axis < 1 || axis > rank) return false;
  for (int64_t d = 1; d <= rank; ++d) {
    const int64_t size = shape[static_cast<size_t>(d - 1)];
    (d < axis ? side->outer : d == axis ? side->elements : side->inner) *= size;
  }
  return true;
}

}  // namespace

template <typename T>
bool JoinDot(const CallSite& site, Stages<T>* stages) {
  const base::List& axes = Attribute(site.layer(), "axes").list();
  Side a, b;
  if (site.inputs() != 2 || !FindSide(site.input_shape_of(0), axes.at(0).integer(), &a)) return false;
  if (!FindSide(site.input_shape_of(1), axes.at(1).integer(), &b)) return false;
  return stages->Add(std::make_unique<Dot<T>>(a, b, BoolAttribute(site.layer(), "normalize")));
}

template bool JoinDot(const CallSite&, Stages<float>*);
template bool JoinDot(const CallSite&, Stages<double>*);

}  // namespace engine::native
