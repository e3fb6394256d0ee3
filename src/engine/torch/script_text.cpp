// LibTorch computes defaults of arguments and constants of classes while it compiles, by any of its operations: files
// would be read and written before the list of operations is looked at. So there may be none.
#include "engine/torch/script_text.hpp"

#include <torch/csrc/jit/frontend/lexer.h>
#include <torch/csrc/jit/frontend/parser.h>
#include <torch/csrc/jit/frontend/tree_views.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "base/error.hpp"
#include "engine/torch/torch.hpp"

namespace engine::torch {

namespace {

namespace script = ::torch::jit;

constexpr size_t kMostTokens = 1000;    // of a statement: bounds how deep an expression can be
constexpr size_t kMostBlocks = 200;     // within each other
constexpr size_t kMostEmptyLines = 500;  // in a row: the lexer recurs over them

[[noreturn]] void RefuseLength(const std::string& name, const std::string& what, size_t limit) {
  throw base::Error(base::ErrorCode::kLimitExceeded,
                    "function \"" + name + "\" has " + what + " " + std::to_string(limit), {},
                    "Write it in more and shorter statements.");
}

[[noreturn]] void RefuseValue(const std::string& name, const std::string& what) {
  throw base::Error(base::ErrorCode::kInvalidParameter, "function \"" + name + "\" has " + what,
                    "It would be computed while the function is compiled.", "Write the value where it is used.");
}

/// Lines that hold no token, whatever the lexer makes of those around them.
void CheckEmptyLines(const std::string& name, const std::string& content) {
  size_t empty = 0;
  for (size_t at = 0; at < content.size();) {
    const size_t end = std::min(content.find('\n', at), content.size());
    size_t first = at;
    while (first < end && std::isspace(static_cast<unsigned char>(content[first])) != 0) first++;
    const bool holds_none = first == end || content[first] == '#' || content[first] == '\\';
    empty = holds_none ? empty + 1 : 0;
    if (empty > kMostEmptyLines) RefuseLength(name, "more empty lines in a row than", kMostEmptyLines);
    at = end + 1;
  }
}

void CheckStatements(const std::string& name, const std::shared_ptr<script::Source>& source) {
  script::Lexer lexer(source);
  size_t tokens = 0, blocks = 0;
  while (lexer.cur().kind != script::TK_EOF) {
    const int kind = lexer.next().kind;
    if (kind == script::TK_INDENT && ++blocks > kMostBlocks)
      RefuseLength(name, "more blocks within each other than", kMostBlocks);
    if (kind == script::TK_DEDENT && blocks > 0) blocks--;
    const bool ends = kind == script::TK_NEWLINE || kind == script::TK_INDENT || kind == script::TK_DEDENT;
    tokens = ends ? 0 : tokens + 1;
    if (tokens > kMostTokens) RefuseLength(name, "a statement of more words and signs than", kMostTokens);
  }
}

/// What is computed without an operation: functions of PyTorch in an archive have such defaults.
bool IsPlainValue(const script::TreeRef& value) {
  switch (value->kind()) {
    case script::TK_CONST:
    case script::TK_STRINGLITERAL:
    case script::TK_TRUE:
    case script::TK_FALSE:
    case script::TK_NONE: return true;
    case script::TK_UNARY_MINUS: return value->trees().at(0)->kind() == script::TK_CONST;
    default: return false;
  }
}

void CheckDefaults(const std::string& name, const script::TreeRef& tree) {
  if (tree->kind() == script::TK_PARAM) {
    const script::Param parameter(tree);
    if (parameter.defaultValue().present() && !IsPlainValue(parameter.defaultValue().get().tree())) {
      RefuseValue(name, "a default that is computed, of the argument \"" + parameter.ident().name() + "\"");
    }
  }
  for (const script::TreeRef& inner : tree->trees()) CheckDefaults(name, inner);
}

/// What torch.jit.script(f).save() writes: types of attributes, lists of names, methods.
void CheckClass(const std::string& name, const script::TreeRef& tree) {
  for (const script::Stmt& statement : script::ClassDef(tree).body()) {
    if (statement.kind() == script::TK_DEF) continue;
    if (statement.kind() != script::TK_ASSIGN) RefuseValue(name, "a class with statements");
    const script::Assign assign{statement};
    if (!assign.rhs().present()) continue;
    const script::TreeRef value = assign.rhs().get();
    const bool list = value->kind() == script::TK_LIST_LITERAL && !assign.type().present();
    const script::TreeList none;
    const script::TreeList& elements = list ? value->trees().at(0)->trees() : none;
    const bool names = std::all_of(elements.begin(), elements.end(), [](const script::TreeRef& element) {
      return element->kind() == script::TK_STRINGLITERAL;
    });
    if (!(list && names) && !IsPlainValue(value)) RefuseValue(name, "a class with constants that are computed");
  }
}

/// As LibTorch's importer goes through a file.
void CheckFile(const std::string& name, const std::shared_ptr<script::Source>& source) {
  script::Parser parser(source);
  script::Lexer& lexer = parser.lexer();
  while (lexer.cur().kind != script::TK_EOF) {
    switch (lexer.cur().kind) {
      case script::TK_CLASS_DEF: {
        const script::TreeRef tree = parser.parseClass();
        CheckClass(name, tree);
        CheckDefaults(name, tree);
        break;
      }
      case script::TK_DEF: CheckDefaults(name, parser.parseFunction(false)); break;
      default:  // imports, and the version of an old archive
        while (lexer.cur().kind != script::TK_NEWLINE && lexer.cur().kind != script::TK_EOF) lexer.next();
        lexer.nextIf(script::TK_NEWLINE);
    }
  }
}

void CheckFunctions(const std::string& name, const std::shared_ptr<script::Source>& source) {
  script::Parser parser(source);
  while (parser.lexer().cur().kind != script::TK_EOF) CheckDefaults(name, parser.parseFunction(false));
}

}  // namespace

void CheckScriptText(const std::string& name, const definitions::ScriptText& script_text) {
  size_t characters = 0;
  for (const auto& file : script_text.files) characters += file.second.size();
  if (characters > definitions::kLongestScript) RefuseLength(name, "more characters than", definitions::kLongestScript);
  for (const auto& file : script_text.files) {
    CheckEmptyLines(name, file.second);
    const std::string path = file.first.empty() ? "<string>" : file.first;
    const auto source = std::make_shared<script::Source>(file.second + "\n", path, size_t{1});
    CheckStatements(name, source);
    if (script_text.version == 0) {
      CheckFunctions(name, source);
    } else {
      CheckFile(name, source);
    }
  }
}

}  // namespace engine::torch
