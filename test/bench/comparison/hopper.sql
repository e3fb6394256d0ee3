-- Model hopping as Apache MADlib's deep-learning module does it, re-created with PL/Python and PyTorch (MADlib: PL/Python and Keras).
-- hopper.py drives it.
--
-- What is followed, of MADlib 1.18 to 2.1:
--   the packed table holds float32 rows and int16 one-hot labels as bytea, a buffer a row; the shape travels in columns beside it
--   one call of the function a buffer row, with the model's weights passed on every row although only the first one uses them
--   the function keeps the model in GD from the first buffer of a hop to the last, trains by one fit (a pass over the buffer, shuffled)
--     a row, and returns NULL but for the last buffer, which it knows by the number of rows seen
--   the state that hops is the weights only, as little-endian float32: optimizer slots and step counts are lost at each hop
--   evaluation: an aggregate over REAL[] sums of loss, metric and rows, one query a model, which builds the model anew
-- Where MADlib leaves a choice, the faster one is taken, and PyTorch is tuned exactly as in the program that trains in memory
-- (networks.py). MADlib's TensorFlow session, its graph and XLA compilation at each hop, have no counterpart here: that favours the
-- re-creation.

-- The options of networks.py and the modules themselves; the first call imports PyTorch, as a session does that has trained before.
CREATE FUNCTION hopper_warm() RETURNS text LANGUAGE plpython3u AS $$
import ctypes, json, os, sys
for name, value in json.loads(plpy.execute("SELECT current_setting('hopper.environment') AS v")[0]["v"]).items():
    os.environ[name] = value
# what MALLOC_TRIM_THRESHOLD_ and MALLOC_MMAP_THRESHOLD_ do for a program: M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
libc = ctypes.CDLL(None)
libc.mallopt(-1, 1 << 30)
libc.mallopt(-3, 1 << 30)
sys.dont_write_bytecode = True
sys.path.insert(0, plpy.execute("SELECT current_setting('hopper.modules') AS v")[0]["v"])
import numpy, torch, networks
options = json.loads(plpy.execute("SELECT current_setting('hopper.options') AS v")[0]["v"])
networks.prepare(options)
GD["options"] = options

def read(data, shape, kind):
    return numpy.frombuffer(data, dtype=kind).reshape(shape)

def make(architecture, weights):
    """A network with these weights (float32, all parameters one after another)."""
    network = networks.Network(architecture, options["channels_last"])
    if weights is not None:
        flat = torch.from_numpy(numpy.frombuffer(weights, dtype="f4").copy())
        torch.nn.utils.vector_to_parameters(flat, network.parameters())
    return network

def tensors(x, x_shape, y, y_shape, architecture):
    """A buffer's rows, without a copy, and its labels."""
    labels = read(y, y_shape, "i2")
    labels = labels[:, 0] if labels.shape[1] == 1 else labels.argmax(1)
    return torch.from_numpy(read(x, x_shape, "f4")), networks.target_tensor(labels, architecture)

GD["make"], GD["tensors"] = make, tensors
return torch.__version__
$$;

CREATE FUNCTION hopper_initial(model_arch text, seed integer) RETURNS bytea LANGUAGE plpython3u AS $$
import json, torch
torch.manual_seed(seed)
network = GD["make"](json.loads(model_arch), None)
return torch.nn.utils.parameters_to_vector(network.parameters()).detach().numpy().tobytes()
$$;

-- One buffer of one hop of one model.
CREATE FUNCTION hopper_fit(y bytea, x bytea, y_shape integer[], x_shape integer[], model_arch text, compile_params text, fit_params text,
  rows_of_segment bigint, model_weights bytea) RETURNS bytea LANGUAGE plpython3u AS $$
import json, numpy, torch, networks, warnings
warnings.simplefilter("ignore")
hop = GD.get("hop")
if hop is None:
    architecture = json.loads(model_arch)
    network = GD["make"](architecture, model_weights)
    hop = GD["hop"] = {"network": network, "architecture": architecture, "seen": 0,
                       "optimizer": networks.optimizer(network.parameters(), json.loads(compile_params), GD["options"])}
rows, targets = GD["tensors"](x, x_shape, y, y_shape, hop["architecture"])
networks.train_epoch(hop["network"], hop["optimizer"], networks.loss_function(hop["architecture"]), rows, targets,
                     json.loads(fit_params)["batch_size"], GD["options"])
hop["seen"] += len(rows)
if hop["seen"] < rows_of_segment:
    return None
GD.pop("hop")
return torch.nn.utils.parameters_to_vector(hop["network"].parameters()).detach().numpy().tobytes()
$$;

CREATE FUNCTION hopper_evaluate_step(state real[], y bytea, x bytea, y_shape integer[], x_shape integer[], model_arch text,
  model_weights bytea) RETURNS real[] LANGUAGE plpython3u AS $$
import json, networks, warnings
warnings.simplefilter("ignore")
scored = GD.get("scored") if state[2] else None
if scored is None:
    architecture = json.loads(model_arch)
    scored = GD["scored"] = (GD["make"](architecture, model_weights), architecture)
rows, targets = GD["tensors"](x, x_shape, y, y_shape, scored[1])
loss, right, count = networks.score(scored[0], networks.loss_function(scored[1]), rows, targets)
return [state[0] + loss, state[1] + right, state[2] + count]
$$;
CREATE AGGREGATE hopper_evaluate(y bytea, x bytea, y_shape integer[], x_shape integer[], model_arch text, model_weights bytea)
  (SFUNC = hopper_evaluate_step, STYPE = real[], INITCOND = '{0,0,0}');
