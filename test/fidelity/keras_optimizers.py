"""Update rules of Keras's optimizers (tf.keras 2.10, its OptimizerV2 classes), written out. Epsilon stands where Keras has it.

An optimizer keeps its slots in `slots`: a dictionary from (variable name, slot name) to a tensor, so that a state can be put in and taken out.
"""

import math

import torch


class Optimizer:
    slot_names = ()

    def __init__(self, **parameters):
        self.parameters = parameters
        self.slots = {}
        self.step = 0

    def slot(self, name, kind, like):
        return self.slots.setdefault((name, kind), torch.zeros_like(like))

    def apply(self, variables, gradients):
        """variables, gradients: dictionaries by name. Changes the variables in place; one optimizer step."""
        self.step += 1
        with torch.no_grad():
            for name, gradient in gradients.items():
                self.update(name, variables[name], gradient)


class SGD(Optimizer):
    slot_names = ("momentum",)

    def update(self, name, variable, gradient):
        rate, momentum = self.parameters["lr"], self.parameters.get("momentum", 0.0)
        if momentum == 0:
            variable -= rate * gradient
            return
        velocity = self.slot(name, "momentum", variable)
        velocity.mul_(momentum).sub_(rate * gradient)
        if self.parameters.get("nesterov"):
            variable += momentum * velocity - rate * gradient
        else:
            variable += velocity


class Adam(Optimizer):
    slot_names = ("m", "v")

    def update(self, name, variable, gradient):
        p = self.parameters
        beta_1, beta_2, epsilon = p.get("beta_1", 0.9), p.get("beta_2", 0.999), p.get("epsilon", 1e-7)
        m, v = self.slot(name, "m", variable), self.slot(name, "v", variable)
        m += (gradient - m) * (1 - beta_1)
        v += (gradient * gradient - v) * (1 - beta_2)
        rate = p["lr"] * math.sqrt(1 - beta_2**self.step) / (1 - beta_1**self.step)
        variable -= rate * m / (v.sqrt() + epsilon)


class RMSprop(Optimizer):
    slot_names = ("rms",)

    def update(self, name, variable, gradient):
        p = self.parameters
        rho, epsilon = p.get("rho", 0.9), p.get("epsilon", 1e-7)
        mean_square = self.slot(name, "rms", variable)
        mean_square.mul_(rho).add_((1 - rho) * gradient * gradient)
        variable -= p["lr"] * gradient / (mean_square.sqrt() + epsilon)


OPTIMIZERS = {"SGD": SGD, "Adam": Adam, "RMSprop": RMSprop}
