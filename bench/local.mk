# bench: see docs/ARCHITECTURE.md

# Measurements are built with the tests, so that they do not rot, and run by hand.
check_PROGRAMS += bench/bench_revoke
bench_bench_revoke_CPPFLAGS = $(I_SHM)
bench_bench_revoke_LDADD = $(L_SHM_W) $(L_BASE)

# The floor that bench/run compares with; built by `make bench` alone.
EXTRA_PROGRAMS += bench/minimal
bench_minimal_SOURCES = bench/minimal.c
bench_minimal_CPPFLAGS = $(I_BASE)
CLEANFILES += bench/minimal$(EXEEXT)
.PHONY: bench
bench: all bench/minimal$(EXEEXT)
EXTRA_DIST += bench/README.md bench/run bench/noisy \
	bench/create.lua bench/refresh.lua bench/report.lua bench/rotate.lua
