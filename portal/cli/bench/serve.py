"""``python -m portal.cli.bench.serve TARGET PORT WORKERS``: the supervisor's server on another target."""

import sys

from portal.supervisor import Listen, server


def main() -> None:
    target, port, workers = sys.argv[1:]
    server(Listen("127.0.0.1", int(port), int(workers)), target).serve()


if __name__ == "__main__":
    main()
