"""Connections, in a network of their own, from the host and from containers."""

from __future__ import annotations

import re
import socket

import pytest

from tests.live.behaviour import CONTAINER, HOST, ISOLATED, Behaviour, Theatre
from tests.live.places import API_SERVER, METADATA, METADATA_ALIBABA, OUTSIDE

METADATA_RULE = "Contact cloud metadata service from container"
EC2_RULE = "Contact EC2 Instance Metadata Service From Container"
UDP_RULE = "Unexpected UDP Traffic"


def connection(address: str, port: int) -> re.Pattern[str]:
    """The name of a connection to there."""
    return re.compile(rf"[0-9.]+:\d+->{re.escape(address)}:{port}")


def dial(name: str, address: str, port: int) -> str:
    """A process of this name connects to there, where somebody listens."""
    return f"$PERFORM serve {address} {port} $NAMES/{name} -c 'exec 3<>/dev/tcp/{address}/{port}'"


BEHAVIOURS = (
    Behaviour(
        "ssh to another service",
        dial("ssh", OUTSIDE, 443),
        {
            "Disallowed SSH Connection Non Standard Port": {
                "evt.type": "connect",
                "fd.name": connection(OUTSIDE, 443),
                "fd.l4proto": "tcp",
                "proc.name": "ssh",
            }
        },
        twin=dial("ssh", OUTSIDE, 22),
        place=ISOLATED,
    ),
    Behaviour(
        "shell that connects",
        dial("bash", OUTSIDE, 4444),
        {
            "System procs network activity": {
                "evt.type": "connect",
                "fd.name": connection(OUTSIDE, 4444),
                "proc.name": "bash",
            }
        },
        twin=dial("bash", "127.0.0.1", 4444),
        place=ISOLATED,
    ),
    Behaviour(
        "datagrams to nobody knows what",
        f"$PERFORM udp_connect {OUTSIDE} 5555",
        {
            UDP_RULE: {
                "evt.type": "connect",
                "fd.name": connection(OUTSIDE, 5555),
                "fd.l4proto": "udp",
            }
        },
        twin=f"$PERFORM udp_connect {OUTSIDE} 53",
        place=ISOLATED,
    ),
    Behaviour(
        "metadata of the cloud",
        f"$PERFORM tcp_connect {METADATA} 80",
        {
            EC2_RULE: {
                "evt.type": "connect",
                "fd.name": connection(METADATA, 80),
                "proc.name": re.compile("python.*"),
            },
            METADATA_RULE: {"fd.name": connection(METADATA, 80)},
        },
        twin=f"$PERFORM tcp_connect {OUTSIDE} 80",
        place=CONTAINER,
    ),
    Behaviour(
        "metadata of the cloud, without waiting",
        f"$PERFORM tcp_start_connecting {METADATA} 80",
        {
            EC2_RULE: {"evt.type": "connect", "fd.name": connection(METADATA, 80)},
            METADATA_RULE: {"evt.type": "connect", "fd.name": connection(METADATA, 80)},
        },
        twin=f"$PERFORM tcp_refused {METADATA} 80",
        place=CONTAINER,
    ),
    Behaviour(
        "metadata of Alibaba, by a datagram",
        f"$PERFORM udp_send {METADATA_ALIBABA} 80",
        {METADATA_RULE: {"evt.type": "sendto", "fd.name": connection(METADATA_ALIBABA, 80)}},
        twin=f"$PERFORM udp_send {OUTSIDE} 80",
        place=CONTAINER,
    ),
    Behaviour(
        "API server",
        f"export KUBERNETES_SERVICE_HOST={API_SERVER} KUBERNETES_SERVICE_PORT=443; "
        f"$PERFORM tcp_connect {API_SERVER} 443",
        {
            "Contact K8S API Server From Container": {
                "evt.type": "connect",
                "fd.name": connection(API_SERVER, 443),
            }
        },
        twin=f"export KUBERNETES_SERVICE_HOST={API_SERVER} KUBERNETES_SERVICE_PORT=443; "
        f"$PERFORM tcp_connect {OUTSIDE} 443",
        place=CONTAINER,
    ),
    Behaviour(
        "packet socket",
        "$PERFORM packet_socket",
        {
            "Packet socket created in container": {
                "evt.type": "socket",
                "evt.args": re.compile(r".*domain=17\(AF_PACKET\).*"),
            }
        },
        twin="$PERFORM udp_socket",
        place=CONTAINER,
    ),
    Behaviour(
        "standard input over the network",
        f"$PERFORM dup_connection {OUTSIDE} 443",
        {
            "Redirect STDOUT/STDIN to Network Connection in Container": {
                "evt.type": re.compile("dup[23]"),
                "evt.rawres": 0,
                "fd.name": connection(OUTSIDE, 443),
            }
        },
        twin="$PERFORM dup_file /etc/hostname",
        place=CONTAINER,
    ),
)


def own_address() -> str:
    """This machine's address towards the Internet; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        try:
            end.connect((OUTSIDE, 5555))
        except OSError:
            pytest.skip("this machine has no route to the Internet")
        return str(end.getsockname()[0])


def test_own_end_is_local(theatre: Theatre) -> None:
    deed = theatre.stage.perform(HOST, f"$PERFORM udp_connect {OUTSIDE} 5555")
    theatre.watcher.catch_up()
    (alert,) = theatre.watcher.alerts_of(deed.mark)
    fields = alert["output_fields"]
    assert fields["fd.name"] == f"{own_address()}:{fields['fd.lport']}->{OUTSIDE}:5555"
    assert fields["fd.rport"] == 5555


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=str)
def test_network(theatre: Theatre, behaviour: Behaviour) -> None:
    theatre.check(behaviour)
