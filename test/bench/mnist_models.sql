-- The architectures of the benchmarks: an MLP 784-128-10 and LeNet-5 with ReLU and maximum pooling.
SELECT cerebro.load_model('archs', $${"class_name": "Sequential", "keras_version": "2.10.0", "config": {"name": "mlp", "layers": [
  {"class_name": "Dense", "config": {"name": "hidden", "units": 128, "activation": "relu", "batch_input_shape": [null, 784]}},
  {"class_name": "Dense", "config": {"name": "class", "units": 10, "activation": "softmax"}}]}}$$, name => 'mlp');
SELECT cerebro.load_model('archs', $${"class_name": "Sequential", "keras_version": "2.10.0", "config": {"name": "lenet", "layers": [
  {"class_name": "Reshape", "config": {"name": "image", "target_shape": [28, 28, 1], "batch_input_shape": [null, 784]}},
  {"class_name": "Conv2D", "config": {"name": "conv1", "filters": 6, "kernel_size": [5, 5], "padding": "same", "activation": "relu"}},
  {"class_name": "MaxPooling2D", "config": {"name": "pool1", "pool_size": [2, 2]}},
  {"class_name": "Conv2D", "config": {"name": "conv2", "filters": 16, "kernel_size": [5, 5], "activation": "relu"}},
  {"class_name": "MaxPooling2D", "config": {"name": "pool2", "pool_size": [2, 2]}},
  {"class_name": "Flatten", "config": {"name": "flat"}},
  {"class_name": "Dense", "config": {"name": "hidden1", "units": 120, "activation": "relu"}},
  {"class_name": "Dense", "config": {"name": "hidden2", "units": 84, "activation": "relu"}},
  {"class_name": "Dense", "config": {"name": "class", "units": 10, "activation": "softmax"}}]}}$$, name => 'lenet');
