#include "store/torchscript.hpp"

#include <memory>

#include "base/error.hpp"
#include "definitions/torchscript.hpp"
#include "engine/core/program.hpp"
#include "plan/params.hpp"
#include "wire/keras.hpp"
#include "wire/torchscript.hpp"

namespace store {
namespace {

using base::ErrorCode;

constexpr unsigned char kPickle = 0x80;  // the first byte of protocol 2 and later
constexpr const char* kHint =
    "Give source text, def f(y_true, y_pred): ..., or the bytes of a file that torch.jit.script(f).save() has written.";

std::string TextOf(std::string_view object) {
  if (wire::IsScriptArchive(object)) {
    const wire::ScriptArchive archive = wire::ReadScriptArchive(object, definitions::kLongestScript);
    return definitions::WriteScriptText({archive.version, archive.files});
  }
  if (!object.empty() && static_cast<unsigned char>(object.front()) == kPickle) {
    throw base::Error(ErrorCode::kFeatureNotSupported, "the function is a pickled object of Python",
                      "There is no Python here.", kHint);
  }
  if (object.find('\0') != std::string_view::npos || object.substr(0, 2) == "#!") {
    throw base::Error(ErrorCode::kInvalidParameter, "the object is no function of TorchScript", {}, kHint);
  }
  return std::string(object);
}

/// Compiles the smallest model that has this loss: what training would refuse is refused now.
void Compile(const std::string& compile_params) {
  const auto graph = std::make_shared<base::Graph>(wire::ReadKeras(R"({"class_name": "Sequential", "config": [
      {"class_name": "Dense", "config": {"name": "d", "units": 1, "batch_input_shape": [null, 1]}}]})"));
  base::DataSpec data;
  base::ColumnSpec column;
  column.name = "x";
  column.dtype = base::DType::kFloat32;
  column.shape = {1};
  data.inputs = {column};
  column.kind = base::TargetKind::kArray;
  data.targets = {column};
  data.num_partitions = 1;
  data.rows = 1;
  const engine::Program program(graph, plan::ReadConfig(compile_params, ""), data, {});
}

}  // namespace

std::string TorchScriptCall(const std::string& name, std::string_view object) {
  const std::string params =
      "optimizer='SGD',loss=" + definitions::TorchScriptCall(name, definitions::EncodeBase64(TextOf(object)));
  Compile(params);
  return plan::ReadConfig(params, "").losses.front().name;
}

}  // namespace store
