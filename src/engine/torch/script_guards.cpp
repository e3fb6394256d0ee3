// The limits of a call are such that a loss of many outputs does not meet them, and a server stays alive: tensors by
// the bytes that the CPU's allocator has given out, views and broadcasts by their elements, lists and texts by units
// that are charged before they are made. One operation on tensors of this size is the longest that goes without a poll.
#include "engine/torch/script_guards.hpp"

#include <c10/core/CPUAllocator.h>
#include <malloc.h>
#include <torch/csrc/jit/runtime/custom_operator.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <set>
#include <stdexcept>
#include <string>

// from 2.3 on an allocator may change when it gives out memory
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
#define CEREBRO_ALLOCATE_CONST
#else
#define CEREBRO_ALLOCATE_CONST const
#endif

namespace engine::torch {

namespace {

namespace ir = ::torch::jit;

constexpr int kMostRounds = 100000;                  // of all loops of a call
constexpr int64_t kMostUnits = 10000000;             // elements of lists and characters that a call makes
constexpr int64_t kTensorUnits = 16;                 // an element that is a tensor
constexpr int64_t kLeastBytes = int64_t{1} << 30;    // of a call's tensors at a time, at least
constexpr int64_t kLeastElements = int64_t{1} << 28;  // of a tensor, at least
constexpr int64_t kTimesInput = 64;                  // or so many times what it was called with

struct Use {
  bool active = false;
  int rounds = 0;
  int64_t units = 0, bytes = 0, most_bytes = 0, most_elements = 0;
  std::exception_ptr interrupted;
};

thread_local Use use;
std::atomic<void (*)()> script_poll{nullptr};

void Poll() {
  void (*const poll)() = script_poll;
  if (poll == nullptr) return;
  try {
    poll();
  } catch (...) {
    use.interrupted = std::current_exception();
    throw std::runtime_error("interrupted");
  }
}

// ---------------------------------------------------------------- memory

/// Of a call's tensors. What outlives the call is the caller's.
class CountingAllocator : public c10::Allocator {
 public:
  explicit CountingAllocator(c10::Allocator* inner) : inner_(inner) {}

  c10::DataPtr allocate(size_t bytes) CEREBRO_ALLOCATE_CONST override {
    if (!use.active) return inner_->allocate(bytes);
    if (bytes > static_cast<size_t>(use.most_bytes) || use.bytes + static_cast<int64_t>(bytes) > use.most_bytes) {
      throw std::runtime_error("tensors of more than " + std::to_string(use.most_bytes) + " bytes in a call");
    }
    c10::DataPtr data = inner_->allocate(bytes);
    if (data.get() != nullptr && data.get() == data.get_context() &&
        data.compare_exchange_deleter(inner_->raw_deleter(), &Free)) {
      use.bytes += static_cast<int64_t>(malloc_usable_size(data.get()));
    }
    return data;
  }

  c10::DeleterFnPtr raw_deleter() const override { return inner_->raw_deleter(); }

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
  void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }
#endif

 private:
  static void Free(void* data);

  c10::Allocator* const inner_;
};

CountingAllocator& TheAllocator() {
  static CountingAllocator* const allocator = new CountingAllocator(c10::GetCPUAllocator());
  return *allocator;
}

void CountingAllocator::Free(void* data) {
  if (use.active) use.bytes -= static_cast<int64_t>(malloc_usable_size(data));
  TheAllocator().inner_->raw_deleter()(data);
}

// ---------------------------------------------------------------- lists and texts

void Charge(int64_t units) {
  if (units < 0 || units > use.units) {
    throw std::runtime_error("lists and texts of more than " + std::to_string(kMostUnits) + " elements in a call");
  }
  use.units -= units;
}

int64_t Times(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(std::max<int64_t>(a, 0), std::max<int64_t>(b, 0), &product)
             ? std::numeric_limits<int64_t>::max()
             : product;
}

int64_t Units(const c10::IValue& value) {
  if (value.isString()) return static_cast<int64_t>(value.toStringRef().size());
  if (value.isTensorList()) return Times(static_cast<int64_t>(value.toTensorVector().size()), kTensorUnits);
  if (value.isIntList()) return static_cast<int64_t>(value.toIntList().size());
  if (value.isDoubleList()) return static_cast<int64_t>(value.toDoubleList().size());
  if (value.isBoolList()) return static_cast<int64_t>(value.toBoolList().size());
  if (value.isList()) return Times(static_cast<int64_t>(value.toListRef().size()), 2);
  if (value.isGenericDict()) return Times(static_cast<int64_t>(value.toGenericDict().size()), 8);
  if (value.isTuple()) return static_cast<int64_t>(value.toTuple()->elements().size());
  return 1;
}

// ---------------------------------------------------------------- numbers

struct Divisor {
  bool whole = false, zero = false, minus_one = false;
};

Divisor DivisorOf(const c10::IValue& value) {
  if (value.isInt()) return {true, value.toInt() == 0, value.toInt() == -1};
  if (!value.isTensor() || !value.toTensor().defined()) return {};
  const at::Tensor& tensor = value.toTensor();
  if (!c10::isIntegralType(tensor.scalar_type(), false)) return {};
  const at::NoGradGuard no_gradient;
  return {true, tensor.eq(0).any().item<bool>(), tensor.eq(-1).any().item<bool>()};
}

/// Whether it can be the least number of its type, which has no counterpart.
bool CanBeLeast(const c10::IValue& value) {
  if (value.isInt()) {
    const int64_t number = value.toInt();  // a tensor of a shorter type takes it to its own
    return number == std::numeric_limits<int64_t>::min() || number == std::numeric_limits<int32_t>::min();
  }
  if (!value.isTensor() || !value.toTensor().defined()) return false;
  const at::NoGradGuard no_gradient;
  const at::Tensor& tensor = value.toTensor();
  switch (tensor.scalar_type()) {
    case at::kLong: return tensor.eq(std::numeric_limits<int64_t>::min()).any().item<bool>();
    case at::kInt: return tensor.eq(std::numeric_limits<int32_t>::min()).any().item<bool>();
    default: return false;  // computed as int
  }
}

void CheckDivision(const c10::IValue& dividend, const c10::IValue& divisor) {
  const bool whole = dividend.isInt() || (dividend.isTensor() && dividend.toTensor().defined() &&
                                          c10::isIntegralType(dividend.toTensor().scalar_type(), true));
  const Divisor by = DivisorOf(divisor);
  if (!whole || !by.whole) return;
  if (by.zero) throw std::runtime_error("integer division by zero");
  if (by.minus_one && CanBeLeast(dividend)) throw std::runtime_error("a division of whole numbers is out of range");
}

c10::Symbol Own(const char* name) { return c10::Symbol::fromQualString(std::string("cerebro::") + name); }

ir::Node* NewNode(ir::Node* beside, const char* name, at::ArrayRef<ir::Value*> inputs) {
  return beside->owningGraph()->create(Own(name), inputs, 0);
}

bool HasList(const ir::Value* value) {
  switch (value->type()->kind()) {
    case c10::TypeKind::ListType:
    case c10::TypeKind::StringType:
    case c10::TypeKind::DictType: return true;
    default: return false;
  }
}

/// The operation's name without its namespace and the underscore of one that writes to its argument.
std::string BareName(const ir::Node* node) {
  std::string name = node->kind().toUnqualString();
  const bool writes = name.size() > 1 && name.back() == '_' && name[name.size() - 2] != '_';
  if (writes) name.pop_back();
  return name;
}

ir::Operator Operation(const char* schema, void (*run)(ir::Stack&)) {
  return ir::Operator(schema, [run](ir::Stack& stack) { run(stack); }, c10::AliasAnalysisKind::CONSERVATIVE);
}

}  // namespace

void SetScriptPoll(void (*poll)()) { script_poll = poll; }

void (*ScriptPoll())() { return script_poll; }

void GuardNode(ir::Node* node) {
  static const std::set<std::string> divisions = {"remainder", "fmod", "floordiv", "floor_divide", "div", "divide"};
  static const std::set<std::string> parts = {"unbind", "split", "split_with_sizes", "tensor_split", "chunk"};
  static const std::set<std::string> grows = {"append", "insert", "_set_item"};
  static const std::set<std::string> copies = {"add", "extend", "format", "percentFormat", "join", "str"};
  static const std::set<std::string> reads = {"__getitem__", "pop", "Constant"};
  const std::string name = BareName(node);
  const size_t inputs = node->inputs().size();
  const auto before = [node](const char* guard, at::ArrayRef<ir::Value*> values) {
    NewNode(node, guard, values)->insertBefore(node);
  };
  if (node->kind().is_aten()) before("poll", {});
  if (divisions.count(name) > 0 && inputs >= 2) before("check_division", {node->input(0), node->input(1)});
  if (parts.count(name) > 0 && inputs >= 2) before("charge_parts", {node->input(0), node->input(1)});
  if (name == "mul" && inputs == 2) before("charge_product", {node->input(0), node->input(1)});
  if (name == "join" && inputs == 2) before("charge_product", {node->input(0), node->input(1)});
  if (name == "rangelist" && inputs == 1) before("charge_number", {node->input(0)});
  if (copies.count(name) > 0) {
    for (ir::Value* value : node->inputs()) {
      const bool shown = name != "add" && name != "extend";
      if (HasList(value) || shown) before("charge", {value});
    }
  }
  if (grows.count(name) > 0) before("charge_element", {node->inputs().back()});
  const bool made = grows.count(name) + copies.count(name) + reads.count(name) == 0;
  for (ir::Value* value : node->outputs()) {
    const char* guard = nullptr;
    if (value->type()->isSubtypeOf(*c10::TensorType::get())) guard = "check_tensor";
    if (made && HasList(value) && node->kind() != ir::prim::Loop && node->kind() != ir::prim::If) guard = "charge";
    if (guard != nullptr) NewNode(node, guard, {value})->insertAfter(node);
  }
}

void GuardLoop(ir::Node* loop) {
  ir::Block* body = loop->blocks().front();
  body->prependNode(body->owningGraph()->create(Own("count_round"), {}, 0));
}

void RegisterGuards() {
  static const ir::RegisterOperators registered({
      Operation("cerebro::count_round() -> ()",
                [](ir::Stack&) {
                  if (use.rounds-- <= 0) {
                    throw std::runtime_error("loops of more than " + std::to_string(kMostRounds) + " rounds in a call");
                  }
                  Poll();
                }),
      Operation("cerebro::poll() -> ()", [](ir::Stack&) { Poll(); }),
      Operation("cerebro::check_division(Any dividend, Any divisor) -> ()",
                [](ir::Stack& stack) {
                  const c10::IValue divisor = ir::pop(stack), dividend = ir::pop(stack);
                  CheckDivision(dividend, divisor);
                }),
      Operation("cerebro::charge(Any value) -> ()",
                [](ir::Stack& stack) {
                  const c10::IValue value = ir::pop(stack);
                  Charge(value.isTensor() && value.toTensor().defined() ? Times(value.toTensor().numel(), kTensorUnits)
                                                                        : Units(value));
                }),
      Operation("cerebro::charge_element(Any value) -> ()",
                [](ir::Stack& stack) { Charge(ir::pop(stack).isTensor() ? kTensorUnits : 2); }),
      Operation("cerebro::charge_number(Any value) -> ()",
                [](ir::Stack& stack) {
                  const c10::IValue value = ir::pop(stack);
                  Charge(value.isInt() ? std::max<int64_t>(value.toInt(), 0) : 1);
                }),
      Operation("cerebro::charge_product(Any value, Any times) -> ()",
                [](ir::Stack& stack) {
                  const c10::IValue times = ir::pop(stack), value = ir::pop(stack);
                  const bool listed = value.isList() || value.isString() || times.isList() || times.isString();
                  if (!listed) return;
                  const auto factor = [](const c10::IValue& v) { return v.isInt() ? v.toInt() : Units(v); };
                  Charge(Times(factor(value), factor(times)));
                }),
      Operation("cerebro::charge_parts(Any value, Any parts) -> ()",
                [](ir::Stack& stack) {
                  const c10::IValue parts = ir::pop(stack), value = ir::pop(stack);
                  if (!value.isTensor() || !value.toTensor().defined()) return;
                  int64_t most = parts.isInt() ? std::max<int64_t>(parts.toInt(), 0) : Units(parts);
                  for (const int64_t size : value.toTensor().sizes()) most = std::max(most, size);
                  Charge(Times(most, kTensorUnits));
                }),
      Operation("cerebro::check_tensor(Any value) -> ()",
                [](ir::Stack& stack) {
                  const c10::IValue value = ir::pop(stack);
                  if (value.isTensor() && value.toTensor().defined() && value.toTensor().numel() > use.most_elements) {
                    throw std::runtime_error("a tensor of more than " + std::to_string(use.most_elements) +
                                             " elements");
                  }
                }),
  });
}

ScriptCall::ScriptCall(int64_t input_elements, size_t input_bytes) {
  static const bool once = [] {
    c10::SetCPUAllocator(&TheAllocator(), 1);
    return true;
  }();
  (void)once;
  use = Use();
  use.rounds = kMostRounds;
  use.units = kMostUnits;
  use.most_bytes = std::max(kLeastBytes, Times(static_cast<int64_t>(input_bytes), kTimesInput));
  use.most_elements = std::max(kLeastElements, Times(input_elements, kTimesInput));
  use.active = true;
}

ScriptCall::~ScriptCall() { use = Use(); }

std::exception_ptr ScriptCall::Interrupted() { return use.interrupted; }

}  // namespace engine::torch
