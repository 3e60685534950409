# bench: see docs/ARCHITECTURE.md

# Measurements are built with the tests, so that they do not rot, and run by hand.
check_PROGRAMS += bench/bench_revoke
bench_bench_revoke_CPPFLAGS = $(I_SHM)
bench_bench_revoke_LDADD = $(L_SHM_W) $(L_BASE)
