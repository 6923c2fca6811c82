"""What the tests of the reference package share."""

import torch

# Small tensors: on a busy machine two threads wait for each other longer than they compute.
torch.set_num_threads(1)
