"""How the server is set: what must hold, and what suits a small machine.

The memory goal is 350 MB for PostgreSQL and two application workers together.
"""

from pathlib import Path

#: Given on the command line at every start, so that no file and no ALTER SYSTEM undoes them.
MUST = {
    "listen_addresses": "",  # no port: the socket's folder is the lock
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",  # a week of logs, each day's file written over
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_file_mode": "0600",
    "log_parameter_max_length": "0",  # values bound to a statement are visitors' data
    "log_parameter_max_length_on_error": "0",
}

#: Asked of the running server, under the application's own role, before it is used.
PROVEN = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "data_checksums": "on",
}

#: Written into a new cluster; whoever runs the portal may change them with ALTER SYSTEM.
FIRST = {
    # Each worker keeps a pool of 4, and one connection listens; the rest is for jobs and backups.
    "max_connections": "100",
    # Two workers take about 2 x 80 MB and the server's processes 40; shared memory that was touched
    # counts in full. Hot indexes of a season fit; the system's file cache holds the rest.
    "shared_buffers": "56MB",
    "effective_cache_size": "512MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "wal_buffers": "4MB",  # a batch of bookings is some hundred KB of WAL in one commit
    "wal_level": "replica",  # pg_basebackup, standbys
    "max_wal_senders": "4",
    "min_wal_size": "128MB",
    "max_wal_size": "1GB",  # fewer checkpoints, fewer full pages in the WAL
    "checkpoint_timeout": "15min",
    "io_method": "sync",  # what bookings read is cached; worker processes would only cost memory
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "0",  # a report must not take the core that sells tickets
    "autovacuum_max_workers": "2",
    "autovacuum_vacuum_scale_factor": "0.05",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
    "log_min_duration_statement": "1s",
    "log_lock_waits": "on",
    "client_connection_check_interval": "10s",  # a killed worker's long query ends
    "idle_in_transaction_session_timeout": "60s",
}


def options(log: Path, socket: Path) -> list[str]:
    """The server's command line after the cluster."""
    given = MUST | {"log_directory": str(log), "unix_socket_directories": _quoted(socket)}
    return [part for name, value in given.items() for part in ("-c", f"{name}={value}")]


def first_options() -> list[str]:
    """Initdb's command line for a new cluster's settings."""
    return [part for name, value in FIRST.items() for part in ("--set", f"{name}={value}")]


def _quoted(folder: Path) -> str:
    """One entry of a list of folders: a comma or blank in it is no separator."""
    return '"' + str(folder).replace('"', '""') + '"'
