#include "wire/keras_json.hpp"

#include <algorithm>
#include <optional>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "layers/definition.hpp"
#include "layers/refusal.hpp"
#include "wire/formats/keras_file.hpp"
#include "wire/formats/keras_model.hpp"
#include "wire/keras.hpp"

namespace wire {
namespace {

using base::Value;

// Keras 3 writes shapes of inputs, types and calls under names of its own.
bool IsOfKeras3(const Value& value) {
  if (value.is_list()) return std::any_of(value.list().begin(), value.list().end(), IsOfKeras3);
  if (!value.is_dict()) return false;
  return std::any_of(value.dict().begin(), value.dict().end(), [](const auto& entry) {
    return entry.first == "batch_shape" || entry.first == "kwargs" || IsOfKeras3(entry.second);
  });
}

}  // namespace

std::string Keras2Json(const base::Graph& graph, std::string_view stored) {
  std::optional<base::Error> refused;
  try {
    const std::string written = WriteKeras(graph, KerasForm::kKeras2Wrapped);
    if (GraphDigest(ReadKeras(written)) == GraphDigest(graph)) return written;
  } catch (const base::Error& error) {
    refused = error;
  }
  const Value text = ParseArchitecture(stored);
  const Value& model = FindModel(text);
  if (!IsOfKeras3(model)) return base::FormatJson(model);
  if (refused) {
    throw base::Error(refused->code(), refused->what(), "The architecture was loaded as a text of Keras 3.",
                      "Its own text is in column model_arch: Keras 3 reads it.");
  }
  throw base::Error(base::ErrorCode::kFeatureNotSupported,
                    "model " + layers::Quote(graph.name) +
                        " calls a model inside of it several times, which is not "
                        "written for Keras 2",
                    "The architecture was loaded as a text of Keras 3.",
                    "Its own text is in column model_arch: Keras 3 reads it.");
}

}  // namespace wire
