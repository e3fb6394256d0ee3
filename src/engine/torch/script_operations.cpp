// A list of what is allowed, not of what is refused: LibTorch has more than a thousand operations, and new ones with
// each version. Those here compute values from values, the same ones each time, and check shapes and indexes. Left out
// are files, printing, random numbers, memory that nobody has written (empty, resize_, set_), threads, other devices'
// libraries, quantisation, sparse tensors, and whatever begins with an underscore but for what the front end writes.
#include "engine/torch/script_operations.hpp"

#include <set>
#include <sstream>

namespace engine::torch {

namespace {

const char* const kLanguage =
    "Constant If Loop ListConstruct ListUnpack TupleConstruct TupleUnpack TupleIndex TupleSlice DictConstruct "
    "NumToTensor Uninitialized unchecked_cast unchecked_unwrap_optional RaiseException GetAttr dtype device layout "
    "ndim shape requires_grad is_cuda min max abs StringIndex rangelist itemsize";

const char* const kOperations =
    // numbers, texts and lists
    "Float Int Bool Complex FloatImplicit IntImplicit ScalarImplicit Scalar item append extend insert pop list copy "
    "len range str format percentFormat join upper lower startswith endswith keys values items __getitem__ "
    "__contains__ __is__ __isnot__ __not__ __and__ __or__ __xor__ __range_length __derive_index _set_item "
    "_unwrap_optional _infer_size degrees radians "
    // element by element
    "abs absolute acos acosh add addcdiv addcmul arccos arcsin arctan asin asinh atan atan2 atanh bitwise_and "
    "bitwise_not bitwise_or bitwise_xor ceil celu clamp clamp_max clamp_min clip copysign cos cosh deg2rad digamma "
    "div divide elu eq erf erfc erfinv exp exp2 expm1 fix floor floor_divide floordiv fmax fmin fmod frac ge gelu "
    "glu greater greater_equal gt hardshrink hardsigmoid hardswish hardtanh heaviside hypot i0 isclose isfinite "
    "isinf isnan isneginf isposinf le leaky_relu lerp less less_equal lgamma log log10 log1p log2 log_sigmoid "
    "logaddexp logaddexp2 logical_and logical_not logical_or logical_xor logit lt masked_fill maximum minimum mish "
    "mul multiply nan_to_num ne neg negative not_equal polygamma positive pow prelu rad2deg reciprocal relu relu6 "
    "remainder round round_to_even rsqrt rsub selu sgn sigmoid sign signbit silu sin sinc sinh softplus softshrink "
    "special_entr special_expit special_log1p special_xlog1py special_xlogy sqrt square sub subtract tan tanh "
    "threshold true_divide trunc truediv truncate where xlogy "
    // reductions and sorting
    "all allclose amax amin any argmax argmin argsort cosine_similarity count_nonzero cummax cummin cumprod cumsum "
    "dist equal frobenius_norm kthvalue linalg_norm linalg_vector_norm log_softmax logcumsumexp logsumexp max mean "
    "median min mode msort nanmean nanmedian nanquantile nansum norm pairwise_distance prod quantile softmax sort "
    "std std_mean sum topk trace var var_mean "
    // shapes and indexes
    "atleast_1d atleast_2d atleast_3d broadcast_tensors broadcast_to cat chunk clone column_stack concat "
    "concatenate contiguous detach diag diag_embed diagonal diff dim expand expand_as flatten flip fliplr flipud "
    "gather hstack index index_add index_fill index_put index_select is_complex is_floating_point is_same_size "
    "masked_scatter masked_select meshgrid movedim moveaxis narrow nonzero numel one_hot pad constant_pad_nd "
    "permute ravel reflection_pad1d reflection_pad2d repeat repeat_interleave replication_pad1d replication_pad2d "
    "reshape reshape_as roll rot90 scatter scatter_add select size slice split split_with_sizes squeeze stack "
    "swapaxes swapdims t take take_along_dim tensor_split tile transpose tril triu unbind unflatten unfold "
    "unsqueeze view view_as vstack "
    // products
    "addbmm addmm addmv addr baddbmm bilinear bmm cdist conv1d conv2d conv3d cross dot einsum ger inner kron linear "
    "matmul mm mv outer tensordot vdot "
    // new tensors and types
    "arange as_tensor double eye float full full_like linspace logspace new_full new_ones new_tensor new_zeros ones "
    "ones_like result_type scalar_tensor tensor to type_as zeros zeros_like tril_indices triu_indices bool int long "
    // what losses are made of
    "adaptive_avg_pool1d adaptive_avg_pool2d avg_pool1d avg_pool2d max_pool1d max_pool2d layer_norm "
    "binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy_loss "
    "hinge_embedding_loss huber_loss kl_div l1_loss margin_ranking_loss mse_loss multi_margin_loss nll_loss "
    "nll_loss_nd poisson_nll_loss smooth_l1_loss soft_margin_loss triplet_margin_loss";

std::set<std::string> Names(const std::string& space, const char* words) {
  std::set<std::string> names;
  std::istringstream list(words);
  for (std::string word; list >> word;) names.insert(space + word);
  return names;
}

}  // namespace

bool IsAllowedOperation(const std::string& kind) {
  static const std::set<std::string> language = Names("prim::", kLanguage), operations = Names("aten::", kOperations);
  if (language.count(kind) + operations.count(kind) > 0) return true;
  const bool writes = kind.size() > 1 && kind.back() == '_' && kind[kind.size() - 2] != '_';
  return writes && operations.count(kind.substr(0, kind.size() - 1)) > 0;
}

}  // namespace engine::torch
