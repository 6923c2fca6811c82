"""Settings for all tests of the reference package."""

import torch

# The tensors are small: on a busy machine, two threads would wait for each other longer than they compute.
torch.set_num_threads(1)
