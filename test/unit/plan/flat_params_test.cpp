#include "plan/flat_params.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/error.hpp"

namespace {

std::string Flat(const char* compile_params, const char* fit_params) {
  std::string text;
  for (const auto& [name, value] : plan::FlatParams(compile_params, fit_params)) text += (text.empty() ? "" : "; ") + name + " = " + value;
  return text;
}

TEST(FlatParams, TheOptimizersArgumentsHaveTheirOwnNames) {
  EXPECT_EQ(Flat("optimizer='Adam(lr=0.001, beta_1=0.9)',loss='mse',metrics=['accuracy', 'auc']", "batch_size=16,epochs=1"),
            "optimizer = Adam; learning_rate = 0.001; beta_1 = 0.9; loss = mse; metrics = ['accuracy', 'auc']; batch_size = 16; epochs = 1");
  EXPECT_EQ(Flat("loss='mse', optimizer=SGD(learning_rate=0.1, nesterov=True)", ""), "loss = mse; optimizer = SGD; learning_rate = 0.1; nesterov = True");
  EXPECT_EQ(Flat("optimizer='tf.keras.optimizers.RMSprop()'", "class_weight={0: 1.0, 1: 2.5}"), "optimizer = RMSprop; class_weight = {0: 1.0, 1: 2.5}");
  EXPECT_EQ(Flat("loss={'price': 'mse', 'kind': 'categorical_crossentropy'}", ""), "loss = {'price': 'mse', 'kind': 'categorical_crossentropy'}");
}

TEST(FlatParams, WhatCannotBeReadIsAnError) {
  EXPECT_THROW(plan::FlatParams("optimizer='Adam(", ""), base::Error);
  EXPECT_THROW(plan::FlatParams("loss='mse'", "batch_size"), base::Error);
}

}  // namespace
