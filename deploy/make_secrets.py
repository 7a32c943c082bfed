"""Random passwords for docker-compose.yml, as files in ./secrets. Standard library only; what exists is kept.

    python3 deploy/make_secrets.py [FOLDER]

Compose mounts these files as they are, and the containers run as different users. So the folder is closed to everyone
but its owner (0700) and the files in it are readable (0444): nobody else on the host gets to them.
"""

import base64
import hashlib
import secrets
import sys
from pathlib import Path

ACCOUNTS = ("loracity", "publisher")
"""Accounts of the broker: the service, and whoever publishes (a network server, the simulator)."""
INFLUXDB = ("influxdb_admin_password", "influxdb_admin_token")
_ITERATIONS = 1000  # the passwords have 256 bits: there is nothing to slow down


def main() -> int:
    """Make what is missing; say what was made."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "secrets")
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    hashes = folder / "mosquitto_passwd"
    for name in (*(f"mosquitto_{account}_password" for account in ACCOUNTS), *INFLUXDB):
        if not (folder / name).exists():
            _write(folder / name, secrets.token_hex(32))
            hashes.unlink(missing_ok=True)
    if not hashes.exists():
        passwords = {name: (folder / f"mosquitto_{name}_password").read_text(encoding="ascii") for name in ACCOUNTS}
        _write(hashes, "".join(f"{name}:{mosquitto_hash(password)}\n" for name, password in passwords.items()))
    return 0


def mosquitto_hash(password: str) -> str:
    """The password as Mosquitto 2 keeps it: `$7$iterations$salt$hash`, PBKDF2 with SHA-512."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"$7${_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="ascii")
    path.chmod(0o444)
    sys.stderr.write(f"made {path}\n")


if __name__ == "__main__":
    sys.exit(main())
