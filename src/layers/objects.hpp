// Keras's small objects inside a layer's arguments: activations, initialisers, regularisers and constraints, in every
// spelling that Keras 2.0 to 3 writes: a name ("glorot_uniform", "GlorotUniform"), a dictionary {"class_name": ..,
// "config": {..}}, or null. Called by ReadArgument.
#pragma once

#include "base/value.hpp"
#include "layers/refusal.hpp"

namespace layers {

// Each returns the normalised value that layers/argument.hpp describes. Errors: kFeatureNotSupported for a name that is
// not known, kInvalidParameter for wrong contents.
base::Value ReadActivation(const base::Value& value, const Where& where);
base::Value ReadInitializer(const base::Value& value, const Where& where);
base::Value ReadRegularizer(const base::Value& value, const Where& where);
base::Value ReadConstraint(const base::Value& value, const Where& where);

}  // namespace layers
