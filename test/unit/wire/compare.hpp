// Equality of graphs, field by field, so that a failure says what differs.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/graph.hpp"
#include "base/literal.hpp"

namespace wire_test {

inline void ExpectSameGraph(const base::Graph& a, const base::Graph& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.inputs, b.inputs);
  EXPECT_EQ(a.outputs, b.outputs);
  EXPECT_EQ(a.output_names, b.output_names);
  ASSERT_EQ(a.layers.size(), b.layers.size());
  for (size_t i = 0; i < a.layers.size(); ++i) {
    const base::Layer &x = a.layers[i], &y = b.layers[i];
    SCOPED_TRACE(x.name);
    EXPECT_EQ(x.name, y.name);
    EXPECT_EQ(static_cast<int>(x.kind), static_cast<int>(y.kind));
    EXPECT_EQ(x.trainable, y.trainable);
    EXPECT_EQ(x.time_distributed, y.time_distributed);
    EXPECT_TRUE(x.attributes == y.attributes) << base::FormatJson(x.attributes) << "\n" << base::FormatJson(y.attributes);
    ASSERT_EQ(x.weights.size(), y.weights.size());
    for (size_t w = 0; w < x.weights.size(); ++w) {
      EXPECT_EQ(x.weights[w].name, y.weights[w].name);
      EXPECT_EQ(x.weights[w].shape, y.weights[w].shape);
      EXPECT_EQ(x.weights[w].trainable, y.weights[w].trainable);
      EXPECT_TRUE(x.weights[w].initializer == y.weights[w].initializer);
      EXPECT_TRUE(x.weights[w].regularizer == y.weights[w].regularizer);
      EXPECT_TRUE(x.weights[w].constraint == y.weights[w].constraint);
    }
  }
  ASSERT_EQ(a.calls.size(), b.calls.size());
  for (size_t i = 0; i < a.calls.size(); ++i) {
    EXPECT_EQ(a.calls[i].layer, b.calls[i].layer);
    EXPECT_EQ(a.calls[i].inputs, b.calls[i].inputs);
    EXPECT_EQ(a.calls[i].inference, b.calls[i].inference);
    EXPECT_EQ(a.calls[i].output_shape, b.calls[i].output_shape);
    EXPECT_EQ(a.calls[i].forward_flops, b.calls[i].forward_flops);
  }
}

}  // namespace wire_test
