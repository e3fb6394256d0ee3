#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/activations.hpp"
#include "engine/math/gemm_pack.hpp"
#include "engine/math/gemm_tiles.hpp"
#include "engine/math/pointwise.hpp"
#include "engine/math/poll.hpp"
#include "engine/math/sliding_window.hpp"
#include "engine/native/layers/convolution.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

int64_t Rounded(int64_t elements) { return (elements + math::kPanelColumns - 1) / math::kPanelColumns * math::kPanelColumns; }

// Images into the middle of larger ones with zeros around (and, with a stride of more than one, between).
template <typename T>
void CopyIntoFrame(const T* image, int64_t height, int64_t width, int64_t channels, int64_t stride_y, int64_t stride_x, int64_t top,
                   int64_t left, int64_t full_height, int64_t full_width, T* out) {
  const int64_t row = full_width * channels;
  if (stride_x > 1 || stride_y > 1) {
    std::fill_n(out, full_height * row, T(0));
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        std::copy_n(image + (y * width + x) * channels, channels, out + (y * stride_y + top) * row + (x * stride_x + left) * channels);
      }
    }
    return;
  }
  // rows that a valid convolution with a stride never reads are left out
  height = std::min(height, full_height - top);
  const int64_t columns = std::min(width, full_width - left) * channels, before = left * channels, after = row - before - columns;
  std::fill_n(out, top * row, T(0));
  for (int64_t y = 0; y < height; ++y) {
    T* to = out + (top + y) * row;
    std::fill_n(to, before, T(0));
    std::copy_n(image + y * width * channels, columns, to + before);
    std::fill_n(to + before + columns, after, T(0));
  }
  std::fill_n(out + (top + height) * row, (full_height - top - height) * row, T(0));
}

// y = f(x * W + b), of images or of sequences, which are images of one row. Forward: every output position is a patch of the (padded) image times the kernel. The kernel's
// gradient is the patches' product with g; the gradient with respect to x gathers from g or scatters g, whichever is
// less work for the layer's shape.
template <typename T>
class Conv2D : public Layer<T> {
 public:
  Conv2D(const math::Slide& rows, const math::Slide& columns, int64_t in, int64_t out, bool use_bias, math::FusedActivation activation,
         int graph_layer, bool looks_for_zeros)
      : Layer<T>(rows.in * columns.in * in, rows.out * columns.out * out, graph_layer),
        rows_(rows),
        columns_(columns),
        in_(in),
        out_(out),
        k_(rows.window * columns.window * in),
        padded_(rows.padded() || columns.padded()),
        use_bias_(use_bias),
        looks_for_zeros_(looks_for_zeros),
        activation_(activation),
        image_height_(padded_ ? rows.seen() : rows.in),
        image_width_(padded_ ? columns.seen() : columns.in),
        g_height_(rows.in + (rows.window - 1) * rows.dilation),
        g_width_(columns.in + (columns.window - 1) * columns.dilation) {
    offsets_ = Offsets(image_width_, in_);
    g_offsets_ = Offsets(g_width_, out_);
    scatters_ = Scatters();
  }

  // the images with their padding; the kernel in panels, both ways; one image's gradient, g's or x's, in its larger
  // frame; for gradients of mostly zeros, the kernel and its gradient with the output channels in front
  int64_t ScratchElements(int64_t rows) const override {
    return rows * ImageElements() + Rounded(math::PackedElements(k_, out_)) + Rounded(BackwardPanels()) +
           Rounded(FrameElements()) + (looks_for_zeros_ ? 2 * Rounded(k_ * out_) : 0);
  }

  bool backward_reads_inputs() const override { return !padded_; }  // the padded images are in the scratch
  bool backward_reads_y() const override { return activation_ != math::FusedActivation::kLinear; }

  void Forward(const LayerCall<T>& call) const override {
    T* packed = call.scratch + call.rows * ImageElements();
    const math::Panels<T> panels = math::PackPanels(call.weights[0], k_, out_, packed);
    const T* bias = use_bias_ ? call.weights[1] : nullptr;
    const bool relu = activation_ == math::FusedActivation::kReLU;
    const math::GemmKernels<T>& kernels = math::TheGemmKernels<T>();
    for (int64_t i = 0; i < call.rows; ++i) {
      math::PollInterrupts();
      const T* x = call.x + i * this->input_elements();
      if (padded_) {
        CopyIntoFrame(x, rows_.in, columns_.in, in_, 1, 1, rows_.before, columns_.before, image_height_, image_width_, Image(call, i));
      }
      kernels.product(PatchesOf(call, i), panels, bias, relu, call.y + i * this->output_elements());
    }
    if (!relu) math::BiasActivation(activation_, static_cast<const T*>(nullptr), call.rows * Positions(), out_, call.y);
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const* gradients) const override {
    T* panels = call.scratch + call.rows * ImageElements() + Rounded(math::PackedElements(k_, out_));
    T* frame = panels + Rounded(BackwardPanels());
    FewTerms few{frame + Rounded(FrameElements()), frame + Rounded(FrameElements()) + Rounded(k_ * out_)};
    if (dx != nullptr) scatters_ ? PackSegments(call.weights[0], panels) : Rotate(call.weights[0], panels);
    if (looks_for_zeros_) math::TransposeMatrix(call.weights[0], k_, out_, few.kernel);
    const math::GemmKernels<T>& kernels = math::TheGemmKernels<T>();
    T* kernel_gradient = gradients == nullptr ? nullptr : gradients[0];
    bool adds = false;  // to the kernel's gradient
    for (int64_t i = 0; i < call.rows; ++i) {
      math::PollInterrupts();
      T* gi = g + i * this->output_elements();
      math::ActivationGradient(activation_, call.y + i * this->output_elements(), Positions(), out_, gi);
      if (gradients != nullptr && use_bias_ && gradients[1] != nullptr) kernels.column_sums(gi, Positions(), out_, i > 0, gradients[1]);
      T* dxi = dx == nullptr ? nullptr : dx + i * this->input_elements();
      if (looks_for_zeros_ && IsMostlyZero(gi)) {
        AddTerms(PatchesOf(call, i), gi, kernel_gradient != nullptr, frame, dxi, &few);
        continue;
      }
      if (kernel_gradient != nullptr) kernels.gradient(PatchesOf(call, i), gi, out_, std::exchange(adds, true), kernel_gradient);
      if (dxi == nullptr) continue;
      scatters_ ? ScatterGradient(PatchesOf(call, i), gi, panels, frame, dxi) : GatherGradient(gi, panels, frame, dxi);
    }
    if (few.any) GiveTerms(few.gradient, adds, kernel_gradient);
  }

  bool TakeActivation(math::FusedActivation activation) override {
    if (activation_ != math::FusedActivation::kLinear) return false;
    activation_ = activation;
    return true;
  }

  math::FusedActivation DropActivation() override { return std::exchange(activation_, math::FusedActivation::kLinear); }

 private:
  static constexpr int64_t kWords = 64;  // of non-zeros, looked at at once

  // The pass back term by term.
  struct FewTerms {
    T* kernel;    // (out, k)
    T* gradient;  // likewise, of the kernel, once there is a term
    bool any = false;
  };

  int64_t Positions() const { return rows_.out * columns_.out; }
  int64_t FrameElements() const {
    const int64_t image = image_height_ * image_width_ * in_, gathered = g_height_ * g_width_ * out_;
    return looks_for_zeros_ ? std::max(image, gathered) : scatters_ ? image : gathered;
  }
  int64_t ImageElements() const { return padded_ ? Rounded(image_height_ * image_width_ * in_) : 0; }
  T* Image(const LayerCall<T>& call, int64_t i) const { return call.scratch + i * ImageElements(); }
  int64_t BackwardPanels() const {
    return scatters_ ? static_cast<int64_t>(offsets_.size()) * math::PackedElements(out_, SegmentLength(in_))
                     : math::PackedElements(TurnedRows(), in_);
  }
  int64_t TurnedRows() const { return rows_.window * columns_.window * out_; }
  // of one row of the window where its columns lie side by side, else of one element
  int64_t SegmentLength(int64_t channels) const { return columns_.dilation == 1 ? columns_.window * channels : channels; }
  // where g's first element lies in its spread image: the kernel's last element sees it from x's first one
  static int64_t Top(const math::Slide& slide) { return (slide.window - 1) * slide.dilation - slide.before; }

  std::vector<int64_t> Offsets(int64_t width, int64_t channels) const {
    std::vector<int64_t> offsets;
    for (int64_t y = 0; y < rows_.window; ++y) {
      for (int64_t x = 0; x < (columns_.dilation == 1 ? 1 : columns_.window); ++x) {
        offsets.push_back((y * rows_.dilation * width + x * columns_.dilation) * channels);
      }
    }
    return offsets;
  }

  math::Patches<T> PatchesOf(const LayerCall<T>& call, int64_t i) const {
    const T* image = padded_ ? Image(call, i) : call.x + i * this->input_elements();
    return {image,
            rows_.out,
            columns_.out,
            rows_.stride * image_width_ * in_,
            columns_.stride * in_,
            offsets_.data(),
            static_cast<int64_t>(offsets_.size()),
            SegmentLength(in_)};
  }

  // Vectors that it takes for n channels, halves counted.
  static double Vectors(int64_t n) {
    const int64_t rest = n % math::kPanelColumns;
    return static_cast<double>(n / math::kPanelColumns) + (rest == 0 ? 0.0 : rest <= math::kPanelColumns / 2 ? 0.5 : 1.0);
  }

  // Which way to the gradient with respect to x takes fewer multiplications. Sums to memory are charged with a quarter.
  bool Scatters() const {
    const double gather = static_cast<double>(rows_.in * columns_.in * rows_.window * columns_.window) * Vectors(in_);
    const double scatter = static_cast<double>(Positions()) * static_cast<double>(offsets_.size()) * Vectors(SegmentLength(in_));
    return 1.25 * scatter < gather;
  }

  // x sees g: a convolution of g, spread by the strides, with the kernel turned around.
  void GatherGradient(const T* g, const T* turned, T* frame, T* dx) const {
    CopyIntoFrame(g, rows_.out, columns_.out, out_, rows_.stride, columns_.stride, Top(rows_), Top(columns_), g_height_, g_width_, frame);
    const math::Patches<T> patches{frame,
                                   rows_.in,
                                   columns_.in,
                                   g_width_ * out_,
                                   out_,
                                   g_offsets_.data(),
                                   static_cast<int64_t>(g_offsets_.size()),
                                   SegmentLength(out_)};
    const math::Panels<T> panels{turned, in_, math::kPanelColumns, math::kPanelColumns * TurnedRows()};
    math::TheGemmKernels<T>().product(patches, panels, nullptr, false, dx);
  }

  // g is shown to x: each position adds g times the kernel to its patch.
  void ScatterGradient(const math::Patches<T>& patches, const T* g, const T* panels, T* frame, T* dx) const {
    T* image = padded_ ? frame : dx;
    std::fill_n(image, image_height_ * image_width_ * in_, T(0));
    math::TheGemmKernels<T>().scatter(patches, g, out_, panels, image);
    if (padded_) CopyOutOfFrame(frame, dx);
  }

  void CopyOutOfFrame(const T* frame, T* dx) const {
    const int64_t height = std::min(rows_.in, image_height_ - rows_.before), width = std::min(columns_.in, image_width_ - columns_.before);
    for (int64_t y = 0; y < rows_.in; ++y, dx += columns_.in * in_) {
      const int64_t inside = y < height ? width * in_ : 0;
      std::copy_n(frame + ((y + rows_.before) * image_width_ + columns_.before) * in_, inside, dx);
      std::fill_n(dx + inside, columns_.in * in_ - inside, T(0));
    }
  }

  // Behind a global maximum, an image's gradient has an element a channel: each is multiplied with its patch and its
  // column of the kernel, which is a small part of the products.
  bool IsMostlyZero(const T* g) const {
    constexpr int64_t kTerm = 8;  // what a term costs more than one of a product
    const int64_t elements = Positions() * out_, most = elements / kTerm;
    int64_t count = 0;
    uint64_t bits[kWords];
    for (int64_t first = 0; first < elements && count <= most; first += 64 * kWords) {
      const int64_t n = std::min<int64_t>(64 * kWords, elements - first);
      math::TheGemmKernels<T>().non_zeros(g + first, n, bits);
      for (int64_t w = 0; w < (n + 63) / 64; ++w) count += __builtin_popcountll(bits[w]);
    }
    return count <= most;
  }

  void AddTerms(const math::Patches<T>& patches, const T* g, bool wants_kernel, T* frame, T* dx, FewTerms* few) const {
    T* image = padded_ ? frame : dx;
    if (dx != nullptr) std::fill_n(image, image_height_ * image_width_ * in_, T(0));
    if (wants_kernel && !std::exchange(few->any, true)) std::fill_n(few->gradient, k_ * out_, T(0));
    const int64_t length = patches.length, elements = Positions() * out_;
    uint64_t bits[kWords];
    for (int64_t first = 0; first < elements; first += 64 * kWords) {
      const int64_t n = std::min<int64_t>(64 * kWords, elements - first);
      math::TheGemmKernels<T>().non_zeros(g + first, n, bits);
      for (int64_t w = 0; w < (n + 63) / 64; ++w) {
        for (uint64_t rest = bits[w]; rest != 0; rest &= rest - 1) {
          const int64_t at = first + 64 * w + __builtin_ctzll(rest), position = at / out_, row = at % out_ * k_;
          const int64_t corner = position / columns_.out * patches.row_stride + position % columns_.out * patches.column_stride;
          for (int64_t s = 0; s < patches.segments; ++s) {
            const int64_t from = corner + patches.offsets[s], to = row + s * length;
            if (wants_kernel) math::AddScaled(length, g[at], patches.image + from, few->gradient + to);
            if (dx != nullptr) math::AddScaled(length, g[at], few->kernel + to, image + from);
          }
        }
      }
    }
    if (dx != nullptr && padded_) CopyOutOfFrame(frame, dx);
  }

  // (out, k) to (k, out).
  void GiveTerms(const T* terms, bool adds, T* gradient) const {
    for (int64_t j = 0; j < k_; ++j, gradient += out_) {
      for (int64_t o = 0; o < out_; ++o) gradient[o] = terms[o * k_ + j] + (adds ? gradient[o] : T(0));
    }
  }

  void PackSegments(const T* w, T* packed) const {
    const int64_t length = SegmentLength(in_);
    for (size_t s = 0; s < offsets_.size(); ++s, w += length * out_, packed += math::PackedElements(out_, length)) {
      math::PackTransposed(w, length, out_, packed);
    }
  }

  // The kernel turned around, (window, out, in), into panels.
  void Rotate(const T* w, T* packed) const {
    const int64_t window = rows_.window * columns_.window;
    for (int64_t c = 0; c < in_; c += math::kPanelColumns) {
      const int64_t columns = std::min(math::kPanelColumns, in_ - c);
      for (int64_t p = window; p-- > 0;) {
        const T* element = w + (p * in_ + c) * out_;
        for (int64_t o = 0; o < out_; ++o, packed += math::kPanelColumns) {
          for (int64_t j = 0; j < columns; ++j) packed[j] = element[j * out_ + o];
          std::fill_n(packed + columns, math::kPanelColumns - columns, T(0));
        }
      }
    }
  }

  math::Slide rows_;
  math::Slide columns_;
  int64_t in_;  // channels
  int64_t out_;
  int64_t k_;    // elements of a patch
  bool padded_;  // the images are copied with zeros around
  bool use_bias_;
  bool looks_for_zeros_;
  bool scatters_ = false;
  math::FusedActivation activation_;
  int64_t image_height_, image_width_;
  int64_t g_height_, g_width_;
  std::vector<int64_t> offsets_;    // of a patch's segments in an image
  std::vector<int64_t> g_offsets_;  // and in a spread gradient
};

// Keras's Conv1D or Conv2D.
template <typename T>
std::unique_ptr<Layer<T>> MakeConv(const CallSite& site, size_t dimensions) {
  const base::Layer& layer = site.layer();
  math::FusedActivation activation = math::FusedActivation::kLinear;
  FindFusedActivation(Attribute(layer, "activation"), &activation);
  double groups = 1;
  if (FindNumber(layer, "groups", &groups) && groups != 1) return nullptr;
  const base::Shape& in = site.input_shape;
  const base::Shape& out = site.graph_call().output_shape;
  if (in.size() != dimensions + 1 || out.size() != dimensions + 1) return nullptr;
  const base::Shape& window = layer.weights[0].shape;
  const KernelSlides slides(site, dimensions == 2 ? window[0] : 1, window[dimensions - 1]);
  return MakeConvolution<T>(slides, in.back(), out.back(), BoolAttribute(layer, "use_bias"), activation, site.graph_call().layer,
                            dimensions == 1);
}

// Of dimension i of the input, or of the one row of a sequence where i is negative.
math::Slide SlideOf(const CallSite& site, int i, int64_t window) {
  if (i < 0) return {1, 1, 1, 1, 1, false};
  const auto at = static_cast<size_t>(i);
  const base::Layer& layer = site.layer();
  const int64_t stride = Attribute(layer, "strides").list().at(at).integer();
  const int64_t dilation = Attribute(layer, "dilation_rate").list().at(at).integer();
  const std::string& padding = TextAttribute(layer, "padding");
  math::Slide slide(site.input_shape[at], site.graph_call().output_shape[at], window, stride, dilation, padding == "same");
  if (padding == "causal") slide.before = dilation * (window - 1);
  return slide;
}

}  // namespace

KernelSlides::KernelSlides(const CallSite& site, int64_t height, int64_t width)
    : rows(SlideOf(site, static_cast<int>(site.input_shape.size()) - 3, height)),
      columns(SlideOf(site, static_cast<int>(site.input_shape.size()) - 2, width)) {}

template <typename T>
std::unique_ptr<Layer<T>> MakeConvolution(const KernelSlides& slides, int64_t in, int64_t out, bool use_bias, math::FusedActivation activation,
                                          int graph_layer, bool looks_for_zeros) {
  return std::make_unique<Conv2D<T>>(slides.rows, slides.columns, in, out, use_bias, activation, graph_layer, looks_for_zeros);
}

template <typename T>
bool JoinConv1D(const CallSite& site, Stages<T>* stages) {
  return stages->AddWithActivation(site, MakeConv<T>(site, 1));
}

template <typename T>
bool JoinConv2D(const CallSite& site, Stages<T>* stages) {
  return stages->AddWithActivation(site, MakeConv<T>(site, 2));
}

template std::unique_ptr<Layer<float>> MakeConvolution(const KernelSlides&, int64_t, int64_t, bool, math::FusedActivation, int, bool);
template std::unique_ptr<Layer<double>> MakeConvolution(const KernelSlides&, int64_t, int64_t, bool, math::FusedActivation, int, bool);
template bool JoinConv1D(const CallSite&, Stages<float>*);
template bool JoinConv1D(const CallSite&, Stages<double>*);
template bool JoinConv2D(const CallSite&, Stages<float>*);
template bool JoinConv2D(const CallSite&, Stages<double>*);

}  // namespace engine::native
