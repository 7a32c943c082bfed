"""TLS of an outgoing connection: the context, and when certificates expire."""

import socket
import ssl
from pathlib import Path

from cryptography import x509

from gateway_bridge.settings import TlsSettings

DAY_MS = 86_400_000


class NamedContext(ssl.SSLContext):
    """A client context that checks the certificate against `server_name` where that is not the host we dial."""

    server_name: str | None = None

    def wrap_socket(
        self,
        sock: socket.socket,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLSocket:
        """As `ssl.SSLContext.wrap_socket`, with our name for the server where one is set."""
        name = self.server_name or server_hostname
        return super().wrap_socket(sock, server_side, do_handshake_on_connect, suppress_ragged_eofs, name, session)


def client_context(settings: TlsSettings) -> ssl.SSLContext:
    """A context that always checks chain and name, TLS 1.2 or newer. OSError (also ssl.SSLError) when a file
    can't be used."""
    context = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.server_name = settings.server_name
    if settings.ca_file is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        context.load_verify_locations(cafile=settings.ca_file)
    if settings.cert_file is not None:
        context.load_cert_chain(settings.cert_file, settings.key_file, password=_no_passphrase)
    return context


def certificate_expiry_ms(path: Path) -> int:
    """When the first certificate of a PEM file expires, Unix ms. OSError, or ValueError when it holds none."""
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return int(certificate.not_valid_after_utc.timestamp()) * 1000


def peer_expiry_ms(sock: ssl.SSLSocket) -> int | None:
    """When the server's certificate expires, Unix ms; None when the library doesn't say."""
    not_after = (sock.getpeercert() or {}).get("notAfter")
    return int(ssl.cert_time_to_seconds(not_after)) * 1000 if isinstance(not_after, str) else None


def days_left(expiry_ms: int, now_ms: int) -> int:
    """Whole days until `expiry_ms`, rounded down: 0 on the last day, negative afterwards."""
    return (expiry_ms - now_ms) // DAY_MS


def _no_passphrase() -> str:
    # Without this OpenSSL would ask for the passphrase on the terminal and block the thread for ever.
    raise ValueError("key_file is encrypted with a passphrase, which is not supported")
