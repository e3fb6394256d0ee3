#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/activations.hpp"
#include "engine/math/gemm_pack.hpp"
#include "engine/math/gemm_tiles.hpp"
#include "engine/math/poll.hpp"
#include "engine/math/sliding_window.hpp"
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

// y = f(x * W + b). Forward: every output position is a patch of the (padded) image times the kernel. The kernel's
// gradient is the patches' product with g; the gradient with respect to x gathers from g or scatters g, whichever is
// less work for the layer's shape.
template <typename T>
class Conv2D : public Layer<T> {
 public:
  Conv2D(const math::Slide& rows, const math::Slide& columns, int64_t in, int64_t out, bool use_bias, math::FusedActivation activation,
         int graph_layer)
      : Layer<T>(rows.in * columns.in * in, rows.out * columns.out * out, graph_layer),
        rows_(rows),
        columns_(columns),
        in_(in),
        out_(out),
        k_(rows.window * columns.window * in),
        padded_(rows.padded() || columns.padded()),
        use_bias_(use_bias),
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
  // frame
  int64_t ScratchElements(int64_t rows) const override {
    return rows * ImageElements() + Rounded(math::PackedElements(k_, out_)) + Rounded(BackwardPanels()) +
           Rounded(scatters_ ? image_height_ * image_width_ * in_ : g_height_ * g_width_ * out_);
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
    if (dx != nullptr) scatters_ ? PackSegments(call.weights[0], panels) : Rotate(call.weights[0], panels);
    const math::GemmKernels<T>& kernels = math::TheGemmKernels<T>();
    for (int64_t i = 0; i < call.rows; ++i) {
      math::PollInterrupts();
      T* gi = g + i * this->output_elements();
      math::ActivationGradient(activation_, call.y + i * this->output_elements(), Positions(), out_, gi);
      if (gradients != nullptr && gradients[0] != nullptr) kernels.gradient(PatchesOf(call, i), gi, out_, i > 0, gradients[0]);
      if (gradients != nullptr && use_bias_ && gradients[1] != nullptr) kernels.column_sums(gi, Positions(), out_, i > 0, gradients[1]);
      if (dx == nullptr) continue;
      T* dxi = dx + i * this->input_elements();
      scatters_ ? ScatterGradient(PatchesOf(call, i), gi, panels, frame, dxi) : GatherGradient(gi, panels, frame, dxi);
    }
  }

  bool TakeActivation(math::FusedActivation activation) override {
    if (activation_ != math::FusedActivation::kLinear) return false;
    activation_ = activation;
    return true;
  }

  math::FusedActivation DropActivation() override { return std::exchange(activation_, math::FusedActivation::kLinear); }

 private:
  int64_t Positions() const { return rows_.out * columns_.out; }
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
    if (!padded_) return;
    const int64_t height = std::min(rows_.in, image_height_ - rows_.before), width = std::min(columns_.in, image_width_ - columns_.before);
    for (int64_t y = 0; y < rows_.in; ++y, dx += columns_.in * in_) {
      const int64_t inside = y < height ? width * in_ : 0;
      std::copy_n(frame + ((y + rows_.before) * image_width_ + columns_.before) * in_, inside, dx);
      std::fill_n(dx + inside, columns_.in * in_ - inside, T(0));
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
  bool scatters_ = false;
  math::FusedActivation activation_;
  int64_t image_height_, image_width_;
  int64_t g_height_, g_width_;
  std::vector<int64_t> offsets_;    // of a patch's segments in an image
  std::vector<int64_t> g_offsets_;  // and in a spread gradient
};

template <typename T>
std::unique_ptr<Layer<T>> MakeConv2D(const CallSite& site) {
  const base::Layer& layer = site.layer();
  math::FusedActivation activation = math::FusedActivation::kLinear;
  FindFusedActivation(Attribute(layer, "activation"), &activation);
  double groups = 1;
  if (FindNumber(layer, "groups", &groups) && groups != 1) return nullptr;
  const base::Shape& in = site.input_shape;
  const base::Shape& out = site.graph_call().output_shape;
  if (in.size() != 3 || out.size() != 3) return nullptr;
  const base::Shape& window = layer.weights[0].shape;
  const auto [stride_y, stride_x] = PairAttribute(layer, "strides");
  const auto [dilation_y, dilation_x] = PairAttribute(layer, "dilation_rate");
  const bool same = TextAttribute(layer, "padding") == "same";
  const math::Slide rows(in[0], out[0], window[0], stride_y, dilation_y, same);
  const math::Slide columns(in[1], out[1], window[1], stride_x, dilation_x, same);
  return std::make_unique<Conv2D<T>>(rows, columns, in[2], out[2], BoolAttribute(layer, "use_bias"), activation, site.graph_call().layer);
}

}  // namespace

template <typename T>
bool JoinConv2D(const CallSite& site, Stages<T>* stages) {
  return stages->AddWithActivation(site, MakeConv2D<T>(site));
}

template bool JoinConv2D(const CallSite&, Stages<float>*);
template bool JoinConv2D(const CallSite&, Stages<double>*);

}  // namespace engine::native
