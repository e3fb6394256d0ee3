"""Update rules of Keras's optimizers (tf.keras 2.10, its OptimizerV2 classes; later ones of Keras 2.15 and 3), written out. Epsilon stands where Keras has it.

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


class Adadelta(Optimizer):
    slot_names = ("accumulated_grad", "accumulated_delta_var")

    def update(self, name, variable, gradient):
        p = self.parameters
        rho, epsilon = p.get("rho", 0.95), p.get("epsilon", 1e-7)
        squares, moves = (self.slot(name, kind, variable) for kind in self.slot_names)
        squares.mul_(rho).add_((1 - rho) * gradient * gradient)
        move = (moves + epsilon).sqrt() * gradient / (squares + epsilon).sqrt()
        moves.mul_(rho).add_((1 - rho) * move * move)
        variable -= p["lr"] * move


class Adamax(Optimizer):
    slot_names = ("m", "u")

    def update(self, name, variable, gradient):
        p = self.parameters
        beta_1, beta_2, epsilon = p.get("beta_1", 0.9), p.get("beta_2", 0.999), p.get("epsilon", 1e-7)
        m, u = self.slot(name, "m", variable), self.slot(name, "u", variable)
        m += (gradient - m) * (1 - beta_1)
        u.copy_(torch.maximum(beta_2 * u, gradient.abs()))
        variable -= p["lr"] / (1 - beta_1**self.step) * m / (u + epsilon)


class Ftrl(Optimizer):
    slot_names = ("accumulator", "linear")

    def update(self, name, variable, gradient):
        p = self.parameters
        rate, power = p["lr"], -p.get("learning_rate_power", -0.5)
        l1 = p.get("l1_regularization_strength", 0.0)
        l2 = p.get("l2_regularization_strength", 0.0) + p.get("beta", 0.0) / (2 * rate)
        if (name, "accumulator") not in self.slots:
            self.slots[(name, "accumulator")] = torch.full_like(variable, p.get("initial_accumulator_value", 0.1))
        accumulator, linear = self.slot(name, "accumulator", variable), self.slot(name, "linear", variable)
        grown = accumulator + gradient * gradient
        shrinkage = 2 * p.get("l2_shrinkage_regularization_strength", 0.0) * variable
        linear += gradient + shrinkage - (grown**power - accumulator**power) / rate * variable
        accumulator.copy_(grown)
        variable.copy_((linear.clamp(-l1, l1) - linear) / (grown**power / rate + 2 * l2))


class Lion(Optimizer):
    slot_names = ("m",)

    def update(self, name, variable, gradient):
        p = self.parameters
        beta_1, beta_2 = p.get("beta_1", 0.9), p.get("beta_2", 0.99)
        m = self.slot(name, "m", variable)
        variable -= p["lr"] * torch.sign(beta_1 * m + (1 - beta_1) * gradient)
        m.mul_(beta_2).add_((1 - beta_2) * gradient)


class Lamb(Optimizer):
    slot_names = ("m", "v")

    def update(self, name, variable, gradient):
        p = self.parameters
        beta_1, beta_2, epsilon = p.get("beta_1", 0.9), p.get("beta_2", 0.999), p.get("epsilon", 1e-7)
        m, v = self.slot(name, "m", variable), self.slot(name, "v", variable)
        m += (gradient - m) * (1 - beta_1)
        v += (gradient * gradient - v) * (1 - beta_2)
        move = m / (1 - beta_1**self.step) / ((v / (1 - beta_2**self.step)).sqrt() + epsilon)
        weight_norm, move_norm = variable.norm(), move.norm()
        ratio = weight_norm / move_norm if weight_norm > 0 and move_norm > 0 else 1.0
        variable -= ratio * p["lr"] * move


OPTIMIZERS = {"SGD": SGD, "Adam": Adam, "RMSprop": RMSprop, "Adadelta": Adadelta, "Adamax": Adamax, "Ftrl": Ftrl, "Lion": Lion, "Lamb": Lamb}
