"""Tests that kernels warn of unencrypted TCP only if other machines can connect."""

import pytest
from jupyter_client import KernelManager

from bngrader.loopback import WARNING

pytestmark = pytest.mark.real


@pytest.mark.parametrize(("address", "warns"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_a_kernel_warns_only_where_others_can_connect(tmp_path, address, warns):
    kernel = KernelManager(ip=address)
    with (tmp_path / "log").open("w") as log:
        kernel.start_kernel(stderr=log, extra_arguments=["--IPKernelApp.log_level=INFO"])
        client = kernel.client(ip="127.0.0.1")
        client.start_channels()
        client.wait_for_ready(timeout=120)
        client.stop_channels()
        kernel.shutdown_kernel(now=True)
    said = (tmp_path / "log").read_text()
    assert "Starting the kernel" in said
    assert (WARNING in said) == warns
