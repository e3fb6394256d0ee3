// Layers that change no value but its position.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/merge.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

int64_t Product(const base::Shape& shape, size_t first, size_t last) {
  int64_t count = 1;
  for (size_t i = first; i < last; ++i) count *= shape[i];
  return count;
}

// Elements of a row are written to other positions, in runs that stay together: y[to + j] = x[from + j], and dx likewise
// from g. What no run writes is zero.
template <typename T>
class Moving : public Layer<T> {
 public:
  struct Runs {
    int64_t length = 1;
    std::vector<int64_t> from, to;  // where each begins in a row
  };

  Moving(int64_t in, int64_t out, Runs runs) : Layer<T>(in, out, -1), runs_(std::move(runs)) {
    const int64_t moved = static_cast<int64_t>(runs_.from.size()) * runs_.length;
    fills_y_ = moved < out;
    fills_dx_ = moved < in;
  }

  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_y() const override { return false; }

  void Forward(const LayerCall<T>& call) const override {
    const int64_t in = this->input_elements(), out = this->output_elements();
    if (fills_y_) std::fill_n(call.y, call.rows * out, T(0));
    for (int64_t i = 0; i < call.rows; ++i) Move(call.x + i * in, runs_.from, call.y + i * out, runs_.to);
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx == nullptr) return;
    const int64_t in = this->input_elements(), out = this->output_elements();
    if (fills_dx_) std::fill_n(dx, call.rows * in, T(0));
    for (int64_t i = 0; i < call.rows; ++i) Move(g + i * out, runs_.to, dx + i * in, runs_.from);
  }

 private:
  void Move(const T* x, const std::vector<int64_t>& from, T* y, const std::vector<int64_t>& to) const {
    if (runs_.length == 1) {
      for (size_t k = 0; k < from.size(); ++k) y[to[k]] = x[from[k]];
      return;
    }
    for (size_t k = 0; k < from.size(); ++k) std::copy_n(x + from[k], runs_.length, y + to[k]);
  }

  Runs runs_;
  bool fills_y_;
  bool fills_dx_;
};

// The image or sequence that both have: ahead[i] elements of dimension i come before it in x, behind[i] in y.
template <typename T>
std::unique_ptr<Layer<T>> MakeWindow(const base::Shape& in, const base::Shape& out, const std::vector<int64_t>& ahead,
                                     const std::vector<int64_t>& behind) {
  typename Moving<T>::Runs runs;
  const size_t last = in.size() - 2;  // whole runs of this dimension and the channels
  const auto common = [&](size_t i) { return std::min(in[i] - ahead[i], out[i] - behind[i]); };
  runs.length = common(last) * in.back();
  const int64_t rows = last == 0 ? 1 : common(0);
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t from = last == 0 ? 0 : (r + ahead[0]) * in[1], to = last == 0 ? 0 : (r + behind[0]) * out[1];
    runs.from.push_back((from + ahead[last]) * in.back());
    runs.to.push_back((to + behind[last]) * out.back());
  }
  return std::make_unique<Moving<T>>(base::ElementCount(in), base::ElementCount(out), std::move(runs));
}

// What an argument [front, behind] or [[top, bottom], [left, right]] puts or takes in front of each dimension.
std::vector<int64_t> Fronts(const CallSite& site, const char* argument) {
  const base::List& sides = Attribute(site.layer(), argument).list();
  if (!sides.at(0).is_list()) return {sides.at(0).integer()};
  return {sides.at(0).list().at(0).integer(), sides.at(1).list().at(0).integer()};
}

template <typename T>
std::unique_ptr<Layer<T>> MakeBorder(const CallSite& site, const char* argument, bool crops) {
  const std::vector<int64_t> fronts = Fronts(site, argument), none(fronts.size(), 0);
  if (site.input_shape.size() != fronts.size() + 1) return nullptr;
  return MakeWindow<T>(site.input_shape, site.graph_call().output_shape, crops ? fronts : none, crops ? none : fronts);
}

template <typename T>
std::unique_ptr<Layer<T>> MakePermute(const CallSite& site) {
  const base::Shape& in = site.input_shape;
  const base::Shape& out = site.graph_call().output_shape;
  std::vector<size_t> order;
  for (const base::Value& dimension : Attribute(site.layer(), "dims").list()) order.push_back(static_cast<size_t>(dimension.integer()) - 1);
  // dimensions at the end that stay where they are make a run
  size_t moved = order.size();
  while (moved > 0 && order[moved - 1] == moved - 1) --moved;
  typename Moving<T>::Runs runs;
  runs.length = Product(in, moved, in.size());
  const int64_t count = Product(in, 0, moved);
  std::vector<int64_t> index(moved, 0);
  for (int64_t k = 0; k < count; ++k) {
    int64_t from = 0;
    std::vector<int64_t> at(moved);
    for (size_t i = 0; i < moved; ++i) at[order[i]] = index[i];
    for (size_t i = 0; i < moved; ++i) from = from * in[i] + at[i];
    runs.from.push_back(from * runs.length);
    runs.to.push_back(k * runs.length);
    for (size_t i = moved; i-- > 0 && ++index[i] == out[i];) index[i] = 0;
  }
  return std::make_unique<Moving<T>>(base::ElementCount(in), base::ElementCount(out), std::move(runs));
}

// Steps begin, begin + step, ... of a sequence, `count` of them.
template <typename T>
std::unique_ptr<Layer<T>> MakeSteps(const CallSite& site, int64_t begin, int64_t step, int64_t count) {
  const base::Shape& in = site.input_shape;
  typename Moving<T>::Runs runs;
  runs.length = Product(in, 1, in.size());
  for (int64_t i = 0; i < count; ++i) {
    runs.from.push_back((begin + i * step) * runs.length);
    runs.to.push_back(i * runs.length);
  }
  return std::make_unique<Moving<T>>(base::ElementCount(in), count * runs.length, std::move(runs));
}

template <typename T>
std::unique_ptr<Layer<T>> MakeReverse(const CallSite& site) {
  return MakeSteps<T>(site, site.input_shape[0] - 1, -1, site.input_shape[0]);
}

template <typename T>
std::unique_ptr<Layer<T>> MakeSlice(const CallSite& site) {
  return MakeSteps<T>(site, IntAttribute(site.layer(), "begin"), 1, IntAttribute(site.layer(), "size"));
}

// Every element, of `length` numbers, of an image's rows and columns is repeated; a dimension's repetitions lie side by
// side. A vector that is repeated is an image of one pixel.
template <typename T>
class Repeating : public Layer<T> {
 public:
  Repeating(int64_t rows, int64_t columns, int64_t length, int64_t row_times, int64_t column_times)
      : Layer<T>(rows * columns * length, rows * row_times * columns * column_times * length, -1),
        rows_(rows),
        columns_(columns),
        length_(length),
        row_times_(row_times),
        column_times_(column_times) {}

  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_y() const override { return false; }
  bool keeps_zeros() const override { return true; }

  void Forward(const LayerCall<T>& call) const override {
    const int64_t row = columns_ * column_times_ * length_;
    T* y = call.y;
    const T* x = call.x;
    for (int64_t i = 0; i < call.rows * rows_; ++i, y += row_times_ * row) {
      T* to = y;
      for (int64_t c = 0; c < columns_; ++c, x += length_) {
        for (int64_t t = 0; t < column_times_; ++t, to += length_) std::copy_n(x, length_, to);
      }
      for (int64_t t = 1; t < row_times_; ++t) std::copy_n(y, row, y + t * row);
    }
  }

  // Sums in the order of the rows, and in each of the columns.
  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx == nullptr) return;
    const int64_t row = columns_ * column_times_ * length_;
    for (int64_t i = 0; i < call.rows * rows_; ++i, g += row_times_ * row) {
      for (int64_t c = 0; c < columns_; ++c, dx += length_) {
        const T* from = g + c * column_times_ * length_;
        std::copy_n(from, length_, dx);
        for (int64_t t = 1; t < row_times_ * column_times_; ++t) {
          math::AddTo(from + t / column_times_ * row + t % column_times_ * length_, length_, dx);
        }
      }
    }
  }

 private:
  int64_t rows_, columns_, length_;
  int64_t row_times_, column_times_;
};

// Bilinear: every pixel of the larger image lies between two rows and two columns, by half-pixel centres (TensorFlow's
// resize); beyond the outer centres the edge goes on.
template <typename T>
class Bilinear : public Layer<T> {
 public:
  Bilinear(const base::Shape& in, int64_t row_times, int64_t column_times)
      : Layer<T>(base::ElementCount(in), base::ElementCount(in) * row_times * column_times, -1),
        rows_(in[0], row_times),
        columns_(in[1], column_times),
        width_(in[1]),
        channels_(in[2]) {}

  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_y() const override { return false; }

  void Forward(const LayerCall<T>& call) const override {
    ForPixels(call.rows, [&](const int64_t* from, const T* part, int64_t to) {
      for (int64_t c = 0; c < channels_; ++c) {
        const T* x = call.x + c;
        call.y[to + c] = part[0] * x[from[0]] + part[1] * x[from[1]] + part[2] * x[from[2]] + part[3] * x[from[3]];
      }
    });
  }

  // Pixel by pixel of the larger image, in their order.
  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx == nullptr) return;
    std::fill_n(dx, call.rows * this->input_elements(), T(0));
    ForPixels(call.rows, [&](const int64_t* to, const T* part, int64_t from) {
      for (int k = 0; k < 4; ++k) {
        for (int64_t c = 0; c < channels_; ++c) dx[to[k] + c] += part[k] * g[from + c];
      }
    });
  }

 private:
  // Between which two of a dimension's indexes each of the larger one lies, and the second one's part.
  struct Between {
    std::vector<int64_t> first, second;
    std::vector<T> part;

    Between(int64_t size, int64_t times) {
      for (int64_t i = 0; i < size * times; ++i) {
        const double at = std::max((static_cast<double>(i) + 0.5) / static_cast<double>(times) - 0.5, 0.0);
        const auto below = static_cast<int64_t>(at);
        first.push_back(below);
        second.push_back(std::min(below + 1, size - 1));
        part.push_back(static_cast<T>(at - static_cast<double>(below)));
      }
    }
  };

  // Calls each(four elements of x, the part of each, the element of y).
  template <class Each>
  void ForPixels(int64_t rows, const Each& each) const {
    int64_t y = 0;
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t image = i * this->input_elements();
      for (size_t r = 0; r < rows_.part.size(); ++r) {
        const int64_t above = image + rows_.first[r] * width_ * channels_, below = image + rows_.second[r] * width_ * channels_;
        const T lower = rows_.part[r], upper = T(1) - lower;
        for (size_t c = 0; c < columns_.part.size(); ++c, y += channels_) {
          const int64_t left = columns_.first[c] * channels_, right = columns_.second[c] * channels_;
          const T after = columns_.part[c], before = T(1) - after;
          const int64_t from[] = {above + left, above + right, below + left, below + right};
          const T part[] = {upper * before, upper * after, lower * before, lower * after};
          each(from, part, y);
        }
      }
    }
  }

  Between rows_, columns_;
  int64_t width_, channels_;
};

template <typename T>
std::unique_ptr<Layer<T>> MakeUpSampling(const CallSite& site, size_t dimensions) {
  const base::Value* interpolation = site.layer().attributes.Find("interpolation");
  const base::Shape& in = site.input_shape;
  if (in.size() != dimensions + 1) return nullptr;
  if (interpolation != nullptr && interpolation->string() == "bilinear" && dimensions == 2) {
    const base::List& times = Attribute(site.layer(), "size").list();
    return std::make_unique<Bilinear<T>>(in, times.at(0).integer(), times.at(1).integer());
  }
  if (interpolation != nullptr && interpolation->string() != "nearest") return nullptr;
  const base::List& size = Attribute(site.layer(), "size").list();
  const int64_t times = size.at(dimensions - 1).integer();
  if (dimensions == 1) return std::make_unique<Repeating<T>>(1, in[0], in[1], 1, times);
  return std::make_unique<Repeating<T>>(in[0], in[1], in[2], size.at(0).integer(), times);
}

template <typename T>
std::unique_ptr<Layer<T>> MakeRepeatVector(const CallSite& site) {
  if (site.input_shape.size() != 1) return nullptr;
  return std::make_unique<Repeating<T>>(1, 1, site.input_shape[0], 1, IntAttribute(site.layer(), "n"));
}

}  // namespace

// Flatten and Reshape change no value and no order.
#define CEREBRO_JOIN(name, join)                                          \
  template <typename T>                                                   \
  bool Join##name([[maybe_unused]] const CallSite& site, Stages<T>* stages) { \
    return stages->join;                                                  \
  }                                                                       \
  template bool Join##name(const CallSite&, Stages<float>*);              \
  template bool Join##name(const CallSite&, Stages<double>*);

CEREBRO_JOIN(Flatten, Skip())
CEREBRO_JOIN(Reshape, Skip())
CEREBRO_JOIN(ZeroPadding1D, Add(MakeBorder<T>(site, "padding", false)))
CEREBRO_JOIN(ZeroPadding2D, Add(MakeBorder<T>(site, "padding", false)))
CEREBRO_JOIN(Cropping1D, Add(MakeBorder<T>(site, "cropping", true)))
CEREBRO_JOIN(Cropping2D, Add(MakeBorder<T>(site, "cropping", true)))
CEREBRO_JOIN(Permute, Add(MakePermute<T>(site)))
CEREBRO_JOIN(RepeatVector, Add(MakeRepeatVector<T>(site)))
CEREBRO_JOIN(UpSampling1D, Add(MakeUpSampling<T>(site, 1)))
CEREBRO_JOIN(UpSampling2D, Add(MakeUpSampling<T>(site, 2)))
CEREBRO_JOIN(Reverse, Add(MakeReverse<T>(site)))
CEREBRO_JOIN(Slice, Add(MakeSlice<T>(site)))
#undef CEREBRO_JOIN

}  // namespace engine::native
