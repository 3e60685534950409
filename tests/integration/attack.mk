# Attacks on the shipped programs of a running node, from outside and (gdb) from inside.
ATTACK_TESTS = \
	tests/integration/attack_posture.py tests/integration/attack_worker.py tests/integration/attack_keys.py \
	tests/integration/attack_modes.py tests/integration/attack_store.py tests/integration/sandbox_rows.py \
	tests/integration/attack_roles.py tests/integration/attack_frames.py tests/integration/sandbox_started.py \
	tests/integration/resolver.py
dist_check_SCRIPTS += $(ATTACK_TESTS)
TESTS += $(ATTACK_TESTS)
EXTRA_DIST += docs/THREAT-MODEL.md tests/integration/attack_kit.py tests/integration/attack_expect.py tests/integration/attack_gdb.py tests/integration/attack_signer.py
