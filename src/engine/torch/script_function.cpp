// A function is compiled by LibTorch's front end from source text alone and then interpreted, operation by operation:
// no profiling and no fusing, so that every process computes the same bits from the first call on, and autograd records
// what it records of our own losses.
//
// Who may train may bring a function, so it is held to what it is for. The text has limits, holds no value that the
// front end would compute while it compiles, and is compiled in a copy of the process first (script_text,
// script_trial). Only operations of a list are taken: they compute values from values, check their arguments, and give
// the same values each time. There is no way to files, random numbers, memory that was not written, threads, modules
// with tensors or Python. A call is limited in rounds, memory and sizes, and can be interrupted between its operations
// (script_guards).
#include "engine/torch/script_function.hpp"

#include <ATen/core/class_type.h>
#include <torch/csrc/jit/api/compilation_unit.h>
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/frontend/resolver.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/runtime/interpreter.h>
#include <torch/csrc/jit/serialization/import_source.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "definitions/torchscript.hpp"
#include "engine/torch/script_guards.hpp"
#include "engine/torch/script_operations.hpp"
#include "engine/torch/script_text.hpp"
#include "engine/torch/script_trial.hpp"

namespace engine::torch {

namespace {

namespace jit = ::torch::jit;
using base::ErrorCode;

constexpr size_t kMostKept = 64;          // compiled functions
constexpr size_t kLongestReason = 300;
constexpr size_t kMostNodes = 100000;  // with those of the functions that it calls, call by call
const char* const kHint =
    "A function is def f(y_true, y_pred): of tensors (rows, ...), and returns a number or one for each row.";

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// What LibTorch says, without its traces, on one line.
std::string Reason(std::string text) {
  text = text.substr(0, text.find("\nException raised from"));
  const std::string raised = "RuntimeError: ";
  const size_t at = text.rfind("\n" + raised);
  if (at != std::string::npos) text = text.substr(at + 1 + raised.size());
  std::string line;
  for (const char c : text) {
    const bool blank =
        std::isspace(static_cast<unsigned char>(c)) != 0 || std::iscntrl(static_cast<unsigned char>(c)) != 0;
    // the text may be in another encoding than the database
    if (!blank) line.push_back(static_cast<unsigned char>(c) < 0x80 ? c : '?');
    if (blank && !line.empty() && line.back() != ' ') line.push_back(' ');
  }
  if (line.size() > kLongestReason) line = line.substr(0, kLongestReason) + " ...";
  while (!line.empty() && (line.back() == ' ' || line.back() == '.')) line.pop_back();
  return "TorchScript says: " + line + ".";
}

[[noreturn]] void Invalid(const std::string& name, const std::string& why, const std::string& detail = {}) {
  throw base::Error(ErrorCode::kInvalidParameter, "function " + Quoted(name) + " " + why, detail, kHint);
}

[[noreturn]] void Failed(const std::string& name, const std::string& detail) {
  throw base::Error(ErrorCode::kEngine, "function " + Quoted(name) + " of TorchScript failed", detail, kHint);
}

// ---------------------------------------------------------------- compiling

/// A function with what its code belongs to.
struct Found {
  std::shared_ptr<jit::CompilationUnit> unit;
  jit::Function* function = nullptr;
  c10::ClassTypePtr module;  // of an archive: its first argument is an object of this type
};

Found FromSource(const std::string& name, const std::string& text) {
  Found found;
  found.unit = std::make_shared<jit::CompilationUnit>();
  const std::vector<jit::Function*> all = found.unit->define(c10::nullopt, text + "\n", jit::nativeResolver(), nullptr);  // a line ends
  for (jit::Function* function : all) {
    if (Lower(function->name()) == Lower(name) || all.size() == 1) found.function = function;
  }
  if (found.function == nullptr) {
    Invalid(name, all.empty() ? "defines nothing"
                              : "is none of the " + std::to_string(all.size()) + " functions of its text");
  }
  return found;
}

/// The class with a method "forward" in the code of an archive, as __torch__.PlaceholderModule:
/// torch.jit.script(f).save() makes one of them.
std::string ClassOfArchive(const std::string& name, const definitions::ScriptText& script) {
  std::string found;
  for (const auto& [path, content] : script.files) {
    for (size_t at = 0; (at = content.find("  def forward(self", at)) != std::string::npos; at++) {
      const size_t begin = content.rfind("class ", at);
      if (begin == std::string::npos || (begin > 0 && content[begin - 1] != '\n')) continue;
      const size_t open = content.find_first_of("(:", begin);
      std::string qualified = path.substr(0, path.rfind(".py"));
      std::replace(qualified.begin(), qualified.end(), '/', '.');
      if (!found.empty()) Invalid(name, "is an archive of several modules");
      found = qualified + "." + content.substr(begin + 6, open - begin - 6);
    }
  }
  if (found.empty()) Invalid(name, "is an archive without a function");
  return found;
}

Found FromArchive(const std::string& name, const definitions::ScriptText& script) {
  Found found;
  found.unit = std::make_shared<jit::CompilationUnit>();
  const std::vector<c10::IValue> constants;  // tensors: none are read
  const auto load = [&script](const std::string& qualifier) -> std::shared_ptr<jit::Source> {
    std::string path = qualifier;
    std::replace(path.begin(), path.end(), '.', '/');
    for (const auto& [file, content] : script.files) {
      if (file == path + ".py") return std::make_shared<jit::Source>(content, file, size_t{1});
    }
    return nullptr;
  };
  const jit::SourceImporter importer(found.unit, &constants, load, static_cast<size_t>(script.version));
  const c10::TypePtr type = importer.loadType(c10::QualifiedName(ClassOfArchive(name, script)));
  found.module = type->cast<c10::ClassType>();
  if (!found.module) Invalid(name, "is an archive without a function");
  for (size_t i = 0; i < found.module->numAttributes(); i++) {
    const c10::TypeKind kind = found.module->getAttribute(i)->kind();
    if (kind != c10::TypeKind::BoolType && kind != c10::TypeKind::OptionalType && kind != c10::TypeKind::NoneType) {
      Invalid(name, "is a module that keeps values, such as " + Quoted(found.module->getAttributeName(i)));
    }
  }
  found.function = &found.module->getMethod("forward");
  found.function->ensure_defined();
  return found;
}

/// Refuses what is not on the lists; warnings are taken out, loops count their rounds.
void Restrict(const std::string& name, jit::Block* block) {
  for (auto it = block->nodes().begin(); it != block->nodes().end();) {
    jit::Node* node = *it;
    ++it;
    const std::string kind = node->kind().toQualString();
    if (kind == "aten::warn") {
      node->destroy();
      continue;
    }
    if (!IsAllowedOperation(kind) || node->isNondeterministic()) {
      throw base::Error(
          ErrorCode::kFeatureNotSupported, "function " + Quoted(name) + " has the operation " + kind, {},
          "Functions compute values from values: arithmetic, comparisons, reductions, shapes and indexing.");
    }
    for (jit::Block* inner : node->blocks()) Restrict(name, inner);
    GuardNode(node);
    if (node->kind() == jit::prim::Loop) GuardLoop(node);
  }
}

/// How many nodes a block has once calls are replaced by what they call. A function may call another one twice, and
/// that one another, so it is counted before it is done. Throws beyond the limit.
class InlinedSize {
 public:
  explicit InlinedSize(const std::string& name) : name_(name) {}

  size_t Of(jit::Block* block) {
    size_t nodes = 0;
    for (jit::Node* node : block->nodes()) {
      nodes += 1 + Called(node);
      for (jit::Block* inner : node->blocks()) nodes += Of(inner);
      if (nodes > kMostNodes) {
        throw base::Error(ErrorCode::kLimitExceeded,
                          "function " + Quoted(name_) + " has more operations than " + std::to_string(kMostNodes), {},
                          "The operations of a function that it calls count once for each call.");
      }
    }
    return nodes;
  }

 private:
  size_t Called(jit::Node* node) {
    jit::Function* function = nullptr;
    if (node->kind() == jit::prim::CallFunction) {
      function = node->input(0)->type()->expectRef<c10::FunctionType>().function();
    } else if (node->kind() == jit::prim::CallMethod) {
      const auto type = node->input(0)->type()->cast<c10::ClassType>();
      if (type) function = type->findMethod(node->s(jit::attr::name));
    }
    if (function == nullptr) return 0;
    const auto found = sizes_.find(function);
    if (found != sizes_.end()) return found->second;
    function->ensure_defined();
    const size_t size = Of(jit::toGraphFunction(*function).graph()->block());
    sizes_[function] = size;
    return size;
  }

  const std::string name_;
  std::map<jit::Function*, size_t> sizes_;
};

// ---------------------------------------------------------------- calling

class Interpreted : public ScriptFunction {
 public:
  Interpreted(std::string name, const definitions::ScriptText& script) : name_(std::move(name)) {
    found_ = script.version == 0 ? FromSource(name_, script.files.front().second) : FromArchive(name_, script);
    graph_ = jit::toGraphFunction(*found_.function).graph()->copy();
    InlinedSize(name_).Of(graph_->block());
    jit::Inline(*graph_);
    CheckArguments();
    Restrict(name_, graph_->block());
    code_ = jit::Code(graph_, name_);
    if (!found_.module) return;
    module_ =
        c10::ivalue::Object::create(c10::StrongTypePtr(found_.unit, found_.module), found_.module->numAttributes());
    for (size_t i = 0; i < found_.module->numAttributes(); i++) {
      const bool flag = found_.module->getAttribute(i)->kind() == c10::TypeKind::BoolType;
      module_->setSlot(i, flag ? c10::IValue(true) : c10::IValue());
    }
  }

  at::Tensor Rows(const at::Tensor& y_true, const at::Tensor& y_pred) const override {
    const int64_t rows = y_pred.size(0);
    const at::Tensor value = Call(y_true, y_pred).to(y_pred.device(), y_pred.scalar_type());
    if (value.dim() == 0) return value.expand({rows});
    if (value.size(0) != rows)
      Failed(name_, "It returns the shape " + Shape(value) + " for " + std::to_string(rows) + " rows.");
    if (value.dim() == 1) return value;
    if (value.numel() == 0) Failed(name_, "It returns the shape " + Shape(value) + ", which has no values.");
    return value.flatten(1).mean(1);
  }

  void RefuseAsLoss() const override {
    Invalid(name_, "is no loss: it cannot be differentiated",
            "Its value follows from comparisons, indexes or constants, which tell no weight where to go.");
  }

 private:
  static std::string Shape(const at::Tensor& tensor) {
    std::string text;
    for (const int64_t size : tensor.sizes()) text += (text.empty() ? "" : ", ") + std::to_string(size);
    return "(" + text + ")";
  }

  void CheckArguments() const {
    const size_t self = found_.module ? 1 : 0;
    const size_t count = graph_->inputs().size() - std::min(self, graph_->inputs().size());
    if (count != 2) Invalid(name_, "has " + std::to_string(count) + " arguments instead of two");
    for (size_t i = self; i < graph_->inputs().size(); i++) {
      if (!graph_->inputs()[i]->type()->isSubtypeOf(*c10::TensorType::get()))
        Invalid(name_, "has an argument that is no tensor");
    }
    if (graph_->outputs().size() != 1) Invalid(name_, "does not return one value");
  }

  at::Tensor Call(const at::Tensor& y_true, const at::Tensor& y_pred) const {
    jit::Stack stack;
    if (found_.module) stack.emplace_back(module_);
    // it may write to its arguments
    stack.emplace_back(y_true.to(y_pred.scalar_type()).clone());
    stack.emplace_back(y_pred.clone());
    const ScriptCall call(y_true.numel() + y_pred.numel(), y_true.nbytes() + y_pred.nbytes());
    try {
      jit::InterpreterState(code_).run(stack);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      if (ScriptCall::Interrupted() == nullptr) Failed(name_, Reason(error.what()));
    }
    if (ScriptCall::Interrupted() != nullptr) std::rethrow_exception(ScriptCall::Interrupted());
    if (stack.size() == 1 && stack[0].isTensor() && stack[0].toTensor().defined()) return stack[0].toTensor();
    if (stack.size() == 1 && stack[0].isScalar()) return at::scalar_tensor(stack[0].toScalar(), y_pred.options());
    Failed(name_, "It returns no tensor and no number.");
  }

  std::string name_;
  Found found_;
  std::shared_ptr<jit::Graph> graph_;
  jit::Code code_;
  c10::intrusive_ptr<c10::ivalue::Object> module_;
};

std::shared_ptr<const ScriptFunction> CompileHere(const std::string& name, const definitions::ScriptText& script) {
  try {
    CheckScriptText(name, script);
    return std::make_shared<Interpreted>(name, script);
  } catch (const base::Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    Invalid(name, "is no TorchScript", Reason(error.what()));
  }
}

std::shared_ptr<const ScriptFunction> Compile(const std::string& name, const std::string& text) {
  RegisterGuards();
  const definitions::ScriptText script = definitions::ReadScriptText(text);
  if (script.files.empty()) Invalid(name, "is an archive without a function");
  const std::string end = TryInCopy([&] { CompileHere(name, script); }, ScriptPoll());
  if (!end.empty()) {
    throw base::Error(ErrorCode::kLimitExceeded, "function " + Quoted(name) + " " + end, {},
                      "Write it in more and shorter statements, without long chains of calls and constants.");
  }
  return CompileHere(name, script);
}

}  // namespace

std::shared_ptr<const ScriptFunction> FunctionOf(const std::string& call) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const ScriptFunction>> kept;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    const auto found = kept.find(call);
    if (found != kept.end()) return found->second;
  }
  const definitions::TorchScriptFunction function = definitions::FunctionOfCall(call);
  std::string text;
  if (!definitions::DecodeBase64(function.source, &text)) Invalid(function.name, "has a source that is no base64");
  std::shared_ptr<const ScriptFunction> made = Compile(function.name, text);
  const std::lock_guard<std::mutex> lock(mutex);
  if (kept.size() >= kMostKept) kept.clear();
  kept[call] = made;
  return made;
}

}  // namespace engine::torch
