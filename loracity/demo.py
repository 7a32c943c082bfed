"""`loracity demo`: broker, simulator and service on one machine, with nothing installed and nothing configured."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from gateway_bridge.broker import BrokerFailed, BrokerMissing, DemoBroker, free_port
from loracity.lock import DataFolder, DataFolderBusy
from loracity.parts import known_decoder
from loracity.running import serve_until_signal
from loracity.shell import CommandError
from pipeline.config import Settings
from pipeline.inventory_files import import_inventory
from pipeline.state import StateStore
from pipeline.telemetry import set_up_logging
from simulators.fleet import build_fleet, inventory

SEED = 2026


async def demo(data_dir: Path, port: int, broker_port: int, speed: float) -> int:
    """Run until Ctrl-C. CommandError when no broker can be had or the folder is in use."""
    set_up_logging("text")
    folder = DataFolder(data_dir)
    new = folder.create()
    try:
        folder.acquire()
    except DataFolderBusy as error:
        raise CommandError(f"{error}: is another demo running?") from error
    try:
        async with DemoBroker(data_dir / "broker", _moved("MQTT", broker_port)) as broker:
            settings = demo_settings(data_dir, _moved("HTTP", port), broker.port)
            _fill_inventory(settings)
            simulator = await _start_simulator(broker.port, speed)
            try:
                await serve_until_signal(settings, folder, lambda bound: _say_where(bound, data_dir, new))
            finally:
                await _stop(simulator)
    except (BrokerMissing, BrokerFailed) as error:
        raise CommandError(str(error)) from error
    finally:
        folder.release()
    return 0


def demo_settings(data_dir: Path, port: int, broker_port: int) -> Settings:
    """Two network servers on the demo's broker, the embedded store, the API on loopback."""
    servers = {"chirpstack": "chirpstack4", "things-stack": "tts"}
    return Settings.model_validate(
        {
            "data_dir": data_dir,
            "connections": [
                {"name": name, "lns": lns, "mqtt": {"port": broker_port, "client_id": f"loracity-demo-{name}"}}
                for name, lns in servers.items()
            ],
            "journal": {"max_bytes": 500_000_000},
            "api": {"port": port},
        }
    )


def _moved(what: str, wanted: int) -> int:
    """The port to use; says so when it is not the usual one."""
    found = free_port(wanted)
    if found != wanted:
        print(f"loracity: {what} port {wanted} is taken, using {found}", file=sys.stderr)
    return found


def _fill_inventory(settings: Settings) -> None:
    state = StateStore(settings.database_url)
    try:
        state.migrate()
        import_inventory(
            state, yaml.safe_dump(inventory(build_fleet(SEED)), sort_keys=False), "yaml", known_decoder=known_decoder
        )
    finally:
        state.close()


async def _start_simulator(broker_port: int, speed: float) -> asyncio.subprocess.Process:
    command: Sequence[str] = (
        sys.executable, "-m", "loracity", "simulate", "--port", str(broker_port),
        "--seed", str(SEED), "--speed", str(speed),
    )  # fmt: skip
    # a session of its own: Ctrl-C reaches us alone, and we end it after the service
    return await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, start_new_session=True
    )


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.wait()


def _say_where(port: int, data_dir: Path, new: bool) -> None:
    url = f"http://127.0.0.1:{port}"
    print(
        f"""
The city is {"live" if new else "live again, with its data of before"}. Look at:
  {url}/api/v1/latest      what every sensor said last
  {url}/api/v1/devices     the devices and where they hang
  {url}/docs               everything that can be asked
  {url}/health/ready       how the parts are
Its data lie in {data_dir}. Ctrl-C ends it.
""",
        flush=True,
    )
