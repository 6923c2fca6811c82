"""A log filter for ipykernel's warning of unencrypted TCP, for kernels that only this machine can reach.

ipykernel warns whenever a kernel uses TCP without encryption. Jupyter starts its kernels on the loopback address, whose
traffic never leaves the machine, and signs every message; so a student who clicks Validate would be warned about
eavesdropping for no reason. pip installs `ipython_kernel_config.json` into the environment's folder `etc/ipython`,
where every kernel finds it and adds this filter to its log. A kernel that listens on another address still warns.
"""

import logging
import sys
from ipaddress import ip_address

WARNING = "Kernel is running over TCP without encryption"


class LoopbackFilter(logging.Filter):
    """Drops ipykernel's warning of unencrypted TCP from a kernel that listens on the loopback address."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record except that warning."""
        return not (record.getMessage().startswith(WARNING) and _listens_on_loopback())


def _listens_on_loopback() -> bool:
    application = sys.modules["ipykernel.kernelapp"].IPKernelApp
    address = application.instance().ip if application.initialized() else ""
    try:
        return address == "localhost" or ip_address(address).is_loopback
    except ValueError:  # a host name
        return False
