# The main job from outside: real programs, a real Redis, free ports, folders of their own.
# A test that starts servers has the machine's cores to itself (.NOTPARALLEL is too much: the units
# may run beside them).
MAIN_JOB = \
	tests/integration/api.py tests/integration/life.py tests/integration/life_races.py tests/integration/rounds.py tests/integration/refresh_race.py \
	tests/integration/killed_worker.py tests/integration/store_faults.py tests/integration/writeback.py tests/integration/durability.py tests/integration/data.py
dist_check_SCRIPTS += $(MAIN_JOB)
TESTS += $(MAIN_JOB)
EXTRA_DIST += tests/integration/harness.py tests/integration/raw.py
# Devices, and what a session is bound to; two nodes.
dist_check_SCRIPTS += tests/integration/devices.py tests/integration/binding.py
TESTS += tests/integration/devices.py tests/integration/binding.py
# The server against docs/openapi.yaml.
# What a user may ask for, on two nodes.
dist_check_SCRIPTS += tests/integration/privacy.py
TESTS += tests/integration/privacy.py
dist_check_SCRIPTS += tests/integration/openapi.py
TESTS += tests/integration/openapi.py
