"""Keep ipykernel quiet about plain TCP where only this machine's own programs can connect.

ipykernel warns whenever a kernel starts on TCP without encryption. Jupyter starts its kernels on the loopback address,
whose traffic never leaves the machine, and signs each message; so a student who presses Validate would read of
eavesdropping for no reason. pip installs `ipython_kernel_config.json` in the folder `etc/ipython` of the environment,
where every kernel finds it and puts this filter on its log. A kernel that listens on another address still warns.
"""

import logging
import sys
from ipaddress import ip_address

WARNING = "Kernel is running over TCP without encryption"


class LoopbackFilter(logging.Filter):
    """Drops ipykernel's warning of plain TCP from a kernel that listens on the loopback address."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record but that one."""
        return not (record.getMessage().startswith(WARNING) and _listens_on_loopback())


def _listens_on_loopback() -> bool:
    application = sys.modules["ipykernel.kernelapp"].IPKernelApp
    address = application.instance().ip if application.initialized() else ""
    try:
        return address == "localhost" or ip_address(address).is_loopback
    except ValueError:  # no address, but a name
        return False
