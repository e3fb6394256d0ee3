"""Runs a Keras to_json() text (Sequential or functional) on PyTorch, with Keras's semantics: channels last, its padding, its batch normalization."""

import json

import torch
import torch.nn.functional as F

ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softmax": lambda x: torch.softmax(x, -1),
}


def same_padding(size, kernel, stride):
    """TensorFlow's 'same': what is missing, the odd one after."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def pad_same(x, kernel, strides, value):
    top, bottom = same_padding(x.shape[2], kernel[0], strides[0])
    left, right = same_padding(x.shape[3], kernel[1], strides[1])
    return F.pad(x, (left, right, top, bottom), value=value)


class KerasModel:
    """weights: name -> tensor, "<layer>/<weight>" in Keras's layout; the caller fills them, train_step changes them."""

    def __init__(self, text):
        model = json.loads(text)
        config = model["config"]
        layers = config if isinstance(config, list) else config["layers"]
        self.layers = {layer["config"]["name"]: layer for layer in layers}
        self.weights = {}
        if model["class_name"] == "Sequential":
            names = [layer["config"]["name"] for layer in layers]
            self.input_names = ["*input*"]
            self.calls = [(name, [before]) for name, before in zip(names, ["*input*"] + names)]
            self.outputs = [names[-1]]
        else:
            self.input_names = [entry[0] for entry in config["input_layers"]]
            self.calls = [
                (layer["config"]["name"], [entry[0] for entry in layer["inbound_nodes"][0]]) for layer in layers if layer["inbound_nodes"]
            ]
            self.outputs = [entry[0] for entry in config["output_layers"]]

    def forward(self, inputs, logits=False):
        """Training mode: batch normalization uses the batch and moves its averages. With logits a last softmax is left out."""
        values = dict(zip(self.input_names, inputs))
        for name, sources in self.calls:
            layer = self.layers[name]
            run = getattr(self, "run_" + layer["class_name"])
            last = logits and name in self.outputs
            values[name] = run(name, layer["config"], [values[source] for source in sources], last)
        return [values[name] for name in self.outputs]

    def loss_and_gradients(self, inputs, target):
        """Mean categorical cross-entropy over the batch. Keras computes it from the logits of a softmax output, and so do we."""
        trained = {name: weight for name, weight in self.weights.items() if "/moving_" not in name}
        for weight in trained.values():
            weight.requires_grad_(True)
        output = self.forward(inputs, logits=True)[0]
        loss = -(target * torch.log_softmax(output, -1)).sum(-1).mean()
        gradients = torch.autograd.grad(loss, list(trained.values()))
        for weight in trained.values():
            weight.requires_grad_(False)
        return loss.item(), dict(zip(trained, gradients))

    def activate(self, config, x, last):
        name = config.get("activation", "linear")
        return x if last and name == "softmax" else ACTIVATIONS[name](x)

    def run_Dense(self, name, config, inputs, last):
        x = inputs[0] @ self.weights[name + "/kernel"]
        if config.get("use_bias", True):
            x = x + self.weights[name + "/bias"]
        return self.activate(config, x, last)

    def run_Conv2D(self, name, config, inputs, last):
        x = inputs[0].permute(0, 3, 1, 2)
        kernel = self.weights[name + "/kernel"].permute(3, 2, 0, 1)
        strides = config.get("strides", [1, 1])
        if config.get("padding", "valid") == "same":
            x = pad_same(x, kernel.shape[2:], strides, 0.0)
        bias = self.weights[name + "/bias"] if config.get("use_bias", True) else None
        return self.activate(config, F.conv2d(x, kernel, bias, stride=strides).permute(0, 2, 3, 1), last)

    def run_MaxPooling2D(self, name, config, inputs, last):
        x = inputs[0].permute(0, 3, 1, 2)
        size = config["pool_size"]
        strides = config.get("strides") or size
        if config.get("padding", "valid") == "same":
            x = pad_same(x, size, strides, float("-inf"))
        return F.max_pool2d(x, size, strides).permute(0, 2, 3, 1)

    def run_BatchNormalization(self, name, config, inputs, last):
        x = inputs[0]
        epsilon, momentum = config.get("epsilon", 1e-3), config.get("momentum", 0.99)
        axes = list(range(x.dim() - 1))
        mean = x.mean(axes)
        variance = ((x - mean) ** 2).mean(axes)
        result = (x - mean) / torch.sqrt(variance + epsilon) * self.weights[name + "/gamma"] + self.weights[name + "/beta"]
        with torch.no_grad():
            rows = x.numel() // x.shape[-1]
            # images go through Keras's fused kernel, which keeps the unbiased variance; vectors do not
            kept = variance * rows / (rows - 1) if x.dim() == 4 and rows > 1 else variance
            for moving, value in (("moving_mean", mean), ("moving_variance", kept)):
                average = self.weights[name + "/" + moving]
                average -= (average - value) * (1 - momentum)
        return result

    def run_Activation(self, name, config, inputs, last):
        return self.activate(config, inputs[0], last)

    def run_Flatten(self, name, config, inputs, last):
        return inputs[0].flatten(1)

    def run_Reshape(self, name, config, inputs, last):
        return inputs[0].reshape([-1] + config["target_shape"])

    def run_Concatenate(self, name, config, inputs, last):
        return torch.cat(inputs, config.get("axis", -1))

    def run_Add(self, name, config, inputs, last):
        return sum(inputs[1:], inputs[0])
