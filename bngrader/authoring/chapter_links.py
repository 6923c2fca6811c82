"""Links from functions and tests to the book's headings about them, so that feedback can send students there."""

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from traitlets import Unicode
from traitlets.config import Config, Configurable

from bngrader.course.folders import CourseError

# By assignment: the heading in book/<slug>.md for each function, and for each test about something else.
HEADINGS = {
    "scaling": {
        "standardize": "Two ways to bring columns to one scale",
        "test_standardize_constant": "A column that does not vary has no scale",
        "min_max_scale": "Two ways to bring columns to one scale",
        "test_min_max_scale_constant": "A column that does not vary has no scale",
        "apply_standardize": "Take the statistics from the training data only",
        "test_apply_standardize_edges": "A column that does not vary has no scale",
        "inverse_standardize": "Both formulas move and stretch a histogram, but keep its shape",
        "written_new_patient": "Take the statistics from the training data only",
    },
    "covariate_shift": {
        "mean_shift": "To see a shift without labels",
        "domain_auc": "To see a shift without labels",
        "importance_weights": "Repair by weights",
        "realign": "Repair by new statistics",
        "written_night": "Day and night",
    },
    "internal_covariate_shift": {
        "activation_percentiles": "The distribution of each layer's activations moves",
        "record_activations": "Recording a whole network",
        "gradient_shift": "Measured by the gradients",
        "standardize_activations": "With a BN layer, activations have mean 0 and standard deviation 1",
        "written_shift": "Does BN remove internal covariate shift?",
    },
    "batches": {
        "count_iterations": "Epoch, iteration, batch",
        "iterate_minibatches": "Shuffle and cut",
        "merge_statistics": "Merging the statistics of batches (optional)",
        "train_linear": "Mini-batches reach the minimum sooner than the full batch",
        "written_larger_batch": "A larger batch needs a larger learning rate",
    },
    "norm_types": {
        "batch_norm": "The norms differ in which values share a mean",
        "layer_norm": "The norms differ in which values share a mean",
        "instance_norm": "The norms differ in which values share a mean",
        "group_norm": "The norms differ in which values share a mean",
        "zca_whiten": "Whitening removes correlations, and information with them",
        "written_two_scans": "What each norm ignores",
    },
    "placement": {
        "batch_norm_forward": "The algorithm over a mini-batch",
        "batch_norm_backward": "Backward, node by node",
        "test_batch_norm_backward_x": "What happens if you leave out a path",
        "tanh_linearity": "How linear is it?",
        "make_block": "Before or after the activation",
        "test_make_block_bias": "A bias before BN does nothing",
        "written_three_shortcuts": "What happens if you leave out a path",
    },
    "inference": {
        "BatchNorm": "Each BN layer keeps a mean and a standard deviation per unit",
        "test_BatchNorm_running_mean": "The moving average follows the network as it learns",
        "test_BatchNorm_running_var": "The moving average follows the network as it learns",
        "test_BatchNorm_evaluation": "Why inference cannot use the batch",
        "test_BatchNorm_evaluation_state": "Why inference cannot use the batch",
        "population_statistics": "A population estimate needs another pass over the data",
        "fold_linear": "You can fold an affine layer into its neighbor",
        "steps_to_forget": "A large decay lags behind, and a small decay is noisy",
        "written_night_shift": "Why inference cannot use the batch",
    },
    "cnn": {
        "batch_norm2d_forward": "Per neuron or per channel?",
        "batch_norm2d_backward": "Per neuron or per channel?",
        "parameter_counts": "BN adds two learned numbers per channel, and two as state",
        "fold_conv": "Folding removes BN at inference",
        "make_network": "A whole CNN in PyTorch",
        "written_bias": "The bias is useless before BN",
    },
}


class Book(Configurable):
    """The published book. In `nbgrader_config.py`: `c.Book.address = "https://example.org/batch-norm/"`."""

    address = Unicode(
        help="The address of the published book's first page; the default is BNCOURSE_URL. Without an address, "
        "feedback names the part of the chapter without a link."
    ).tag(config=True)


def book_address(config: Config) -> str:
    """Return the address of the book that a class reads, or an empty text.

    Raises CourseError unless a browser can open it.
    """
    address = Book(config=config).address or os.environ.get("BNCOURSE_URL", "")
    if address and urlsplit(address).scheme not in ("http", "https", "file"):
        raise CourseError(
            f"c.Book.address is {address!r}, which a browser cannot open; it must begin with https:// (or http:// or "
            "file://)"
        )
    return address


@dataclass(frozen=True)
class Reading:
    """A part of a chapter; `address` is empty if the book's address is unknown."""

    heading: str
    address: str


def reading(slug: str, function: str, test: str, book: str) -> Reading | None:
    """Return the part of the book about a test, or else about its function; None if there is none."""
    headings = HEADINGS.get(slug, {})
    heading = headings.get(test) or headings.get(function)
    if heading is None:
        return None
    return Reading(heading, f"{book.rstrip('/')}/book/{slug}.html#{anchor(heading)}" if book else "")


def anchor(heading: str) -> str:
    """Return the id that Sphinx gives a heading."""
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")
