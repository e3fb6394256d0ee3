// Losses and metrics that are functions of TorchScript: values and gradients against our own losses, what is refused,
// and that loops can be interrupted.

#include "engine/torch/script_function.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/error.hpp"
#include "definitions/torchscript.hpp"
#include "engine/torch/loss.hpp"

namespace engine::torch {
namespace {

std::shared_ptr<const ScriptFunction> Function(const std::string& text, const std::string& name = "f") {
  return FunctionOf(definitions::TorchScriptCall(name, definitions::EncodeBase64(text)));
}

std::string Body(const std::string& expression) { return "def f(y_true, y_pred):\n  return " + expression + "\n"; }

at::Tensor Ramp(at::IntArrayRef shape, double from, double step) {
  int64_t n = 1;
  for (const int64_t size : shape) n *= size;
  return (at::arange(n, at::TensorOptions().dtype(at::kFloat)) * step + from).reshape(shape);
}

/// What a refusal says, with its code.
std::string Refusal(const std::string& text, const std::string& name = "f") {
  try {
    Function(text, name);
  } catch (const base::Error& error) {
    return std::to_string(static_cast<int>(error.code())) + " " + error.what() + " " + error.detail();
  }
  return "none";
}

std::string Code(base::ErrorCode code) { return std::to_string(static_cast<int>(code)) + " "; }

TEST(ScriptFunction, ComputesWhatALossComputes) {
  base::LossConfig own, function;
  own.kind = base::LossKind::kMeanSquaredError;
  function.kind = definitions::kTorchScriptLoss;
  const at::Tensor y_true = Ramp({5, 3}, -1, 0.3);
  for (const char* expression :
       {"((y_true - y_pred) ** 2).mean(-1)", "((y_true - y_pred) ** 2)", "((y_true - y_pred) ** 2).mean()"}) {
    function.name = definitions::TorchScriptCall("f", definitions::EncodeBase64(Body(expression)));
    Value output;
    output.data = Ramp({5, 3}, 0.2, -0.1).requires_grad_(true);
    const at::Tensor expected = RowLosses(own, output, y_true), found = RowLosses(function, output, y_true);
    ASSERT_EQ(found.sizes(), expected.sizes());
    EXPECT_NEAR(found.sum().item<double>(), expected.sum().item<double>(), 1e-5) << expression;
    const at::Tensor gradient = ::torch::autograd::grad({found.sum()}, {output.data})[0];
    const at::Tensor wanted = ::torch::autograd::grad({expected.sum()}, {output.data})[0];
    EXPECT_TRUE(at::allclose(gradient, wanted, 1e-5, 1e-6)) << expression;
  }
}

TEST(ScriptFunction, IsCalledInEveryForm) {
  const at::Tensor y_true = Ramp({4, 2}, 0, 1), y_pred = Ramp({4, 2}, 1, 1);  // every difference is 1
  const auto sum = [&](const std::string& text) { return Function(text)->Rows(y_true, y_pred).sum().item<double>(); };
  EXPECT_EQ(sum(Body("1.5")), 6);  // a number: for each row
  EXPECT_EQ(sum(Body("3")), 12);
  EXPECT_EQ(sum("def g(a):\n  return a * 2\n\ndef f(y_true, y_pred):\n  return g(y_pred - y_true).sum(-1)\n"), 16);
  EXPECT_EQ(
      sum("def f(y_true, y_pred):\n  s = y_pred - y_true\n  for i in range(3):\n    s = s + 1.0\n  return s.mean()\n"),
      16);
  EXPECT_EQ(sum("def f(y_true, y_pred):\n  if y_pred.size(0) > 3:\n    return y_pred - y_true\n  return y_true\n"), 4);
  // it may write to its arguments, which are not ours
  EXPECT_EQ(sum("def f(y_true, y_pred):\n  y_true.mul_(0)\n  return y_true.sum()\n"), 0);
  EXPECT_EQ(y_true.sum().item<double>(), 28);
  // float64 stays float64
  EXPECT_EQ(Function(Body("y_pred - y_true"))->Rows(y_true.to(at::kDouble), y_pred.to(at::kDouble)).scalar_type(),
            at::kDouble);
  // the same name and text twice, another text under the same name
  EXPECT_EQ(sum(Body("1.5")), 6);
  EXPECT_EQ(sum(Body("2.5")), 10);
}

TEST(ScriptFunction, ThatIsNoneIsRefused) {
  using base::ErrorCode;
  const std::string invalid = Code(ErrorCode::kInvalidParameter), unsupported = Code(ErrorCode::kFeatureNotSupported),
                    limit = Code(ErrorCode::kLimitExceeded);
  const std::pair<std::string, std::string> cases[] = {
      {"", invalid + "function \"f\" defines nothing "},
      {"def f(y_true):\n  return y_true\n", invalid + "function \"f\" has 1 arguments instead of two "},
      {"def f(a, b, c):\n  return a\n", invalid + "function \"f\" has 3 arguments instead of two "},
      {"def f(a: int, b):\n  return b\n", invalid + "function \"f\" has an argument that is no tensor "},
      {"def a(x, y):\n  return x\n\ndef b(x, y):\n  return x\n",
       invalid + "function \"f\" is none of the 2 functions of its text "},
      {Body("y_true +"), invalid + "function \"f\" is no TorchScript "},
      {Body("nothing(y_true)"), invalid + "function \"f\" is no TorchScript "},
      {"import os\n", invalid + "function \"f\" is no TorchScript "},
      {Body("torch.rand([2])"), unsupported + "function \"f\" has the operation aten::rand "},
      {Body("torch.dropout(y_pred, 0.5, True)"), unsupported + "function \"f\" has the operation aten::dropout "},
      {Body("torch.from_file('/etc/passwd', False, 4)"),
       unsupported + "function \"f\" has the operation aten::from_file "},
      {Body("torch.empty([4])"), unsupported + "function \"f\" has the operation aten::empty "},
      {Body("y_pred.resize_([100])"), unsupported + "function \"f\" has the operation aten::resize_ "},
      {"def f(y_true, y_pred):\n  print(y_pred)\n  return y_pred\n",
       unsupported + "function \"f\" has the operation prim::Print "},
      {"def f(y_true, y_pred):\n  torch.save(y_pred, 'a')\n  return y_pred\n", ""},  // whatever it is said to be
      {"def f(y_true, y_pred):\n  torch.manual_seed(1)\n  return y_pred\n",
       unsupported + "function \"f\" has the operation aten::manual_seed "},
      {"def f(y_true, y_pred):\n  if y_pred.size(0) > 1:\n    return torch.rand([1])\n  return y_pred\n",
       unsupported + "function \"f\" has the operation aten::rand "},
      {Body("(" + std::string(2000, '-') + "1.0) * y_pred"),
       limit + "function \"f\" has a statement of more words and signs than 1000 "},
      {Body(std::string(3000, '(') + "y_pred" + std::string(3000, ')')),
       limit + "function \"f\" has a statement of more words and signs than 1000 "},
      {std::string(definitions::kLongestScript + 1, ' '), limit + "function \"f\" has more characters than 65536 "},
  };
  for (const auto& [text, expected] : cases) {
    const std::string found = Refusal(text);
    EXPECT_EQ(found.substr(0, expected.size()), expected) << text.substr(0, 200);
    EXPECT_NE(found, "none") << text.substr(0, 200);
  }
  EXPECT_THROW(FunctionOf(definitions::TorchScriptCall("f", "no base64")), base::Error);
}

TEST(ScriptFunction, AsDeepAsTheLimitsAllowIsCompiled) {
  Function(Body("y_pred * (" + std::string(900, '-') + "1.0)"));
  Function(Body(std::string(480, '(') + "y_pred" + std::string(480, ')')));
  std::string sum = "y_pred", blocks = "def f(y_true, y_pred):\n  s = y_pred\n";
  for (int i = 0; i < 490; i++) sum += "+1";
  Function(Body(sum));
  for (int depth = 2; depth < 190; depth++)
    blocks += std::string(static_cast<size_t>(depth), ' ') + "if y_pred.size(0) > 0:\n";
  Function(blocks + std::string(190, ' ') + "s = s + 1.0\n  return s\n");
}

TEST(ScriptFunction, FailsWithItsName) {
  const at::Tensor y = Ramp({4, 2}, 0, 1);
  const auto message = [&](const std::string& text) -> std::string {
    try {
      Function(text, "loss_of_mine")->Rows(y, y);
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kEngine);
      EXPECT_STREQ(error.what(), "function \"loss_of_mine\" of TorchScript failed");
      return error.detail();
    }
    return "none";
  };
  EXPECT_EQ(message(Body("y_true + torch.ones([7])")).rfind("TorchScript says: The size of tensor a (2) must match", 0),
            0u);
  EXPECT_EQ(message(Body("y_true[:2]")), "It returns the shape (2, 2) for 4 rows.");
  EXPECT_EQ(message(Body("y_true[:, :0]")), "It returns the shape (4, 0), which has no values.");
  EXPECT_EQ(message(Body("'text'")), "It returns no tensor and no number.");
  EXPECT_NE(
      message("def f(y_true, y_pred):\n  assert y_true.size(0) == 5, 'five rows'\n  return y_true\n").find("five rows"),
      std::string::npos);
}

TEST(ScriptFunction, WithoutAGradientIsNoLoss) {
  base::LossConfig config;
  config.kind = definitions::kTorchScriptLoss;
  config.name = definitions::TorchScriptCall("f", definitions::EncodeBase64(Body("(y_pred > 0.5).to(y_true.dtype)")));
  Value output;
  output.data = Ramp({4, 2}, 0, 0.1).requires_grad_(true);
  EXPECT_THROW(RowLosses(config, output, Ramp({4, 2}, 0, 1)), base::Error);
  const at::NoGradGuard no_grad;
  output.data = output.data.detach();
  EXPECT_EQ(RowLosses(config, output, Ramp({4, 2}, 0, 1)).size(0), 4);
}

TEST(ScriptFunction, Ends) {
  const at::Tensor y = Ramp({2, 2}, 0, 1);
  for (const char* text : {"def f(y_true, y_pred):\n  n = 1\n  while n > 0:\n    n = 1\n  return y_true\n",
                           "def f(y_true, y_pred):\n  n = 1\n  for i in range(1000):\n    for j in range(1000):\n      "
                           "n = 1\n  return y_true\n"}) {
    try {
      Function(text)->Rows(y, y);
      ADD_FAILURE() << "it ended";
    } catch (const base::Error& error) {
      EXPECT_NE(error.detail().find("loops of more than 100000 rounds in a call"), std::string::npos) << error.detail();
    }
  }
  // rounds are counted anew in each call
  const auto some = Function("def f(y_true, y_pred):\n  n = 0.0\n  for i in range(60000):\n    n += 1.0\n  return n\n");
  for (int call = 0; call < 3; call++) EXPECT_EQ(some->Rows(y, y)[0].item<double>(), 60000);
}

}  // namespace
}  // namespace engine::torch
