// The part of HDF5 that Keras writes: groups, datasets of real numbers in one piece, attributes that are texts.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wire/formats/tensor_file.hpp"

namespace wire {

struct Hdf5File {
  TensorFile file;  // datasets by their paths: "layers/dense/vars/0"
  /// Attributes that are a text or a list of texts: "group/path@name"; "@name" of the root.
  std::map<std::string, std::vector<std::string>> texts;

  /// nullptr when there is none.
  const std::vector<std::string>* Texts(const std::string& group, const std::string& name) const;
};

bool IsHdf5(std::string_view bytes);

/// Datasets view `bytes`. Errors: kInvalidData; kFeatureNotSupported for forms of HDF5 that only newer versions of the
/// library write on demand.
Hdf5File ReadHdf5(std::string_view bytes);

/// Datasets of float32 by their paths. REQUIRES different paths, none of which goes through another's dataset.
std::string WriteHdf5(const TensorFile& file);

}  // namespace wire
