"""Tests that the figures of the chapter on placement show their results."""

import numpy as np

from bnref.experiments.placement import Linearity, Placed, Spirals, Trained, linear_box
from bnref.experiments.placement_gradients import Held, Scaled, graph
from bnref.figures import placement as figures
from bnref.figures import placement_graph
from bnref.placement import tanh_linearity

PANELS = 2  # read by the fixture `axes`


def test_box_holds_share_of_inputs_stated_in_title(axes):
    inputs = np.array([-3.0, -0.5, 0.0, 0.5, 1.5])
    figures.draw_linear_box(axes, linear_box(inputs))
    assert axes[0].get_title() == f"in the box $R^2$ = {tanh_linearity(inputs[1:4]):.3f}"
    assert axes[1].get_title().startswith("60% ")
    (box,) = (p for p in axes[0].patches if p.get_width() == 2)
    assert (box.get_x(), box.get_y(), box.get_height()) == (-1, -np.tanh(1), 2 * np.tanh(1))
    inside, outside = ([bar.get_height() for bar in bars] for bars in axes[1].containers)
    assert (sum(inside), sum(outside)) == (3, 2)


def test_linearity_is_drawn_as_mean_over_layers(axes):
    scores = np.array([[0.9, 0.8], [0.7, 0.6]])
    figures.draw_linearity(axes[0], Linearity(np.array([1.0, 2.0]), scores, scores + 0.1, scores, scores))
    sigmoid, tanh = (line for line in axes[0].lines if line.get_label() in ("tanh", "sigmoid"))
    np.testing.assert_allclose(tanh.get_ydata(), [0.8, 0.7])
    np.testing.assert_allclose(sigmoid.get_ydata(), [0.9, 0.8])


def test_each_map_states_gamma_and_accuracy(axes):
    grid, answer = np.linspace(-1, 1, 3), np.full((3, 3), 0.2)
    results = [Spirals(0.1, how, np.array([0.5, 1.0]), grid, grid, grid, answer) for how in (False, True)]
    x, y = np.array([[0.0, 0.5], [0.2, 0.1], [0.3, 0.3]]), np.array([0, 1, 1])
    figures.draw_spirals(axes, results, x, y)
    assert [ax.get_title() for ax in axes] == ["from 0.1, held: 50%", "from 0.1, learned: 50%"]
    assert [len(line.get_xdata()) for line in axes[0].lines] == [1, 2]


def test_graph_shows_value_and_gradient_of_each_node(axes):
    column = np.array([[1.0], [2.0], [6.0]])
    nodes = graph(column, np.array([2.0]), np.array([0.5]), np.eye(3, 1))
    placement_graph.draw_graph(axes[0], nodes)
    texts = [text.get_text() for text in axes[0].texts]
    for node in nodes.values():
        for values in (node.value, node.gradient):
            assert ", ".join(f"{v:.2f}" for v in values.ravel() + 0.0) in texts
    assert "-1.35, -0.43, 3.28" in texts
    assert "0.35, -0.44, 0.09" in texts
    assert set(placement_graph.NODES) == set(nodes)


def test_arrows_lead_from_nodes_to_their_results(axes):
    needs = {"mean": "x", "centred": "x mean", "square": "centred", "var": "square", "root": "var"}
    needs |= {"inverse": "root", "xhat": "centred inverse", "y": "xhat gamma beta"}
    wanted = {(start, end) for end, starts in needs.items() for start in starts.split()}
    assert set(placement_graph.EDGES) == wanted
    placement_graph.draw_algorithm(axes[1])
    assert len(axes[1].texts) == 9


def test_tables_name_settings_in_words():
    scores = np.array([0.5, 0.6])
    rows = figures.placement_table([Placed("relu", 5.0, "pre", scores, scores)]).data.splitlines()
    assert rows[-1] == "| ReLU | 5 times as large | before the activation | 0.550 (0.500 to 0.600) | 55% |"
    grid = np.zeros((2, 2))
    r2 = np.array([[1.0, 0.9], [1.0, 0.7]])
    rows = figures.spiral_table([Spirals(0.1, True, scores, r2, r2 / 2, grid[0], grid)]).data.splitlines()
    assert rows[-1] == "| 0.1 | learned | 0.550 (0.500 to 0.600) | 1.00, 0.80 | 0.50, 0.40 |"
    rows = figures.alone_table([Trained("weights", 3072, 349706, scores, scores)]).data.splitlines()
    assert rows[-1] == "| randomly chosen weights | 3,072 of 349,706 | 0.550 (0.500 to 0.600) |"


def test_tables_of_gradients_name_paths_and_errors():
    growth = np.array([2.0, 3.0])
    rows = figures.held_table(
        [Held(mean=True, var=True, accuracy=growth / 4, bias_growth=growth, weight_growth=growth)]
    )
    assert rows.data.splitlines()[-1] == "| mean and variance | 0.625 (0.500 to 0.750) | 2.50 | 2.50 |"
    error = np.array([1e-3])
    rows = figures.scaling_table({1e-5: Scaled(np.array([0.01]), error, error, error / 10, error)}).data.splitlines()
    assert rows[-1] == "| 1e-05 | 0.01 | 1e-03 | 1e-03 | 1e-04 |"
