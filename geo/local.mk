# geo: L3, the only program that parses the operator's file of countries; it lives as long as that takes.
GEO_SOURCES = geo/geo_sandbox.c geo/geo_sandbox.h geo/geo_walk.c geo/geo_walk.h
EXTRA_DIST += tests/unit/test_geo_walk.c tests/support/mmdb.py geo/geo_main.c $(GEO_SOURCES)
if HAVE_MAXMINDDB
pkglibexec_PROGRAMS += sessiond-geo
sessiond_geo_CPPFLAGS = $(I_GEO) $(MAXMINDDB_CFLAGS) $(SECCOMP_CFLAGS)
sessiond_geo_SOURCES = geo/geo_main.c $(GEO_SOURCES)
sessiond_geo_LDADD = $(L_SHM_W) $(L_BASE) $(MAXMINDDB_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test_geo_walk
tests_unit_test_geo_walk_SOURCES = tests/unit/test_geo_walk.c geo/geo_walk.c
tests_unit_test_geo_walk_CPPFLAGS = $(I_GEO) $(MAXMINDDB_CFLAGS) $(SECCOMP_CFLAGS) $(I_TEST)
tests_unit_test_geo_walk_LDADD = $(L_SHM_W) $(L_BASE) $(MAXMINDDB_LIBS) $(CMOCKA_LIBS)
endif
endif
