"""Which broker the demo takes, on which port, with which configuration."""

import socket
import tomllib
from pathlib import Path

import pytest

from gateway_bridge.broker import HOST, BrokerMissing, choose_engine, free_port, iotcore_config, mosquitto_config


def test_mosquitto_goes_before_iotcore_and_neither_is_said_in_one_line() -> None:
    """The message is all a newcomer sees."""
    assert choose_engine("/usr/sbin/mosquitto", True) == "mosquitto"
    assert choose_engine(None, True) == "iotcore"
    with pytest.raises(BrokerMissing, match="apt install mosquitto") as caught:
        choose_engine(None, False)
    assert "\n" not in str(caught.value)


def test_a_busy_port_moves_to_the_next_free_one() -> None:
    """A free port stays, a taken one is passed over."""
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        assert port < free_port(port) < port + 50
    assert free_port(port) == port


def test_configurations_listen_on_loopback_only() -> None:
    """A broker without passwords must not be seen from outside."""
    lines = mosquitto_config(Path("/data/my city"), 1884, as_root=False).splitlines()
    assert "listener 1884 127.0.0.1" in lines and "persistence_location /data/my city/" in lines
    assert "max_queued_messages 0" in lines and "user root" not in lines
    assert "user root" in mosquitto_config(Path("/data"), 1884, as_root=True).splitlines()
    parsed = tomllib.loads(iotcore_config(1884, 1885))
    assert parsed["v4"]["1"]["listen"] == "127.0.0.1:1884" and parsed["v5"]["1"]["listen"] == "127.0.0.1:1885"
    assert parsed["router"]["max_segment_size"] * parsed["router"]["max_segment_count"] > 100_000_000
