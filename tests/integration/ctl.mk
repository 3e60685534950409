# sessionctl from outside: its commands on files, which need no running daemon.
dist_check_SCRIPTS += tests/integration/ctl_files.py tests/integration/ctl_policy.py tests/integration/ctl_live.py
TESTS += tests/integration/ctl_files.py tests/integration/ctl_policy.py tests/integration/ctl_live.py
