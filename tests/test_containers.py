"""The container files, as far as they can be checked without a container engine."""

import base64
import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from pipeline.config import load_settings

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def make_secrets(folder: Path) -> None:
    subprocess.run([sys.executable, str(ROOT / "deploy/make_secrets.py"), str(folder)], check=True, capture_output=True)


def test_ports_are_published_on_loopback_only() -> None:
    """There is no access control yet."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)


def test_images_are_pinned() -> None:
    """`latest` of InfluxDB moves to another product."""
    assert all(re.search(r":\d+\.\d+\.\d+", service["image"]) for service in SERVICES.values())


def test_secrets_are_the_files_that_are_made(tmp_path: Path) -> None:
    """`make secrets` makes what the compose file mounts, and every path in the settings is one of them."""
    make_secrets(tmp_path / "secrets")
    made = {path.name for path in (tmp_path / "secrets").iterdir()}
    assert {name: {"file": f"./secrets/{name}"} for name in made} == COMPOSE["secrets"]
    settings = (ROOT / "deploy/loracity.yaml").read_text(encoding="utf-8")
    needed = set(re.findall(r"/run/secrets/(\w+)", settings))
    assert needed == set(SERVICES["loracity"]["secrets"])
    assert {name for service in SERVICES.values() for name in service["secrets"]} == made


def test_secrets_are_kept_and_closed_to_others(tmp_path: Path) -> None:
    """A second call changes nothing; only the folder's owner gets in, and any container can read what is mounted."""
    folder = tmp_path / "secrets"
    make_secrets(folder)
    before = {path.name: path.read_text() for path in folder.iterdir()}
    make_secrets(folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == before
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}
    assert len(set(before.values())) == len(before)


def test_password_file_is_mosquittos(tmp_path: Path) -> None:
    """`name:$7$iterations$salt$hash`, PBKDF2 with SHA-512, for the passwords beside it."""
    folder = tmp_path / "secrets"
    make_secrets(folder)
    for line in (folder / "mosquitto_passwd").read_text().splitlines():
        name, _, value = line.partition(":")
        _, version, iterations, salt, digest = value.split("$")
        password = (folder / f"mosquitto_{name}_password").read_bytes()
        expected = hashlib.pbkdf2_hmac("sha512", password, base64.b64decode(salt), int(iterations))
        assert (version, base64.b64decode(digest)) == ("7", expected)


def test_service_and_compose_file_agree() -> None:
    """The data folder is a volume, host names are services, and the port is the published one."""
    settings = load_settings(ROOT / "deploy/loracity.yaml", {})
    mounts = [volume.split(":")[1] for volume in SERVICES["loracity"]["volumes"]]
    assert str(settings.data_dir) in mounts
    assert all(c.mqtt and c.mqtt.host in SERVICES for c in settings.connections)
    assert SERVICES["loracity"]["ports"] == [f"127.0.0.1:{settings.api.port}:{settings.api.port}"]


def test_image_has_every_package() -> None:
    """What the wheel is made of is copied, and let through by `.dockerignore`."""
    copied = set(re.findall(r"^COPY (\w+) \1$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE))
    packages = re.search(r"^packages = \[(.*)\]$", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert packages and copied == set(re.findall(r'"(\w+)"', packages[1]))
    let_through = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())
    assert {f"!{name}" for name in copied} <= let_through
