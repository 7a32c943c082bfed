"""`loracity`: every command of the service. JSON goes to stdout, logs and errors to stderr; an error exits non-zero."""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version

from loracity import payloads
from loracity.shell import CommandError
from pipeline.config import ConfigError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    args = build_parser(words[0] if words else "").parse_args(words)
    run: Callable[[argparse.Namespace], int] = args.run
    try:
        return run(args)
    except (CommandError, ConfigError) as error:
        print(f"loracity: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # `loracity ... | head`: the reader has enough
        return 0


def build_parser(command: str) -> argparse.ArgumentParser:
    """All commands with their help; for the quick ones without loading what only the others need."""
    parser = argparse.ArgumentParser(prog="loracity", description="Ingestion for a city's LoRaWAN sensors.")
    parser.add_argument("--version", action="version", version=version("loracity"))
    sub = parser.add_subparsers(required=True, metavar="COMMAND")
    payloads.add_to(sub)
    if command not in ("decode", "encode", "inspect"):
        from loracity import commands, operations, planning  # a second's worth of imports

        commands.add_to(sub)
        operations.add_to(sub)
        planning.add_to(sub)
    return parser


if __name__ == "__main__":
    sys.exit(main())
