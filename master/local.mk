# master: L3, two programs: the launcher (first process, no parser, no network) and the master.
sbin_PROGRAMS += sessiond
sessiond_CPPFLAGS = $(I_BASE) -iquote $(srcdir)/shm -iquote $(srcdir)/master $(SECCOMP_CFLAGS) \
	-DPKGLIBEXECDIR='"$(pkglibexecdir)"'
sessiond_SOURCES = \
	master/chan.c master/chan.h master/launcher.h master/launcher_exec.c master/launcher_main.c \
	master/launcher_master.c master/launcher_programs.c master/launcher_redis.c master/launcher_sandbox.c \
	master/launcher_serve.c \
	master/launcher_users.c master/launcher_users.h
sessiond_LDADD = libsdshm_r.a $(L_BASE)

pkglibexec_PROGRAMS += sessiond-master
sessiond_master_CPPFLAGS = $(I_MASTER) $(YAML_CFLAGS) $(SECCOMP_CFLAGS) \
	-DPKGLIBEXECDIR='"$(pkglibexecdir)"'
sessiond_master_SOURCES = \
	master/audit_link.c master/audit_link.h master/boards.c master/boards.h \
	master/chan.c master/chan.h master/connector.c master/connector.h \
	master/control.c master/control.h master/control_status.c master/control_fresh.c master/drain.c \
	master/ends_memory.c master/ends_memory.h \
	master/fleet.c master/fleet.h master/handover.c master/issuer_keys.c master/issuer_keys.h \
	master/launcher_users.h \
	master/managed_redis.c master/managed_redis.h \
	master/master.h master/master_health.c master/master_main.c master/master_run.c \
	master/master_landlock.c master/master_sandbox.c master/master_tools.c \
	master/metrics.c master/metrics.h master/metrics_render.c \
	master/nodes.c master/nodes.h master/notify.c master/notify.h master/obituary.c master/obituary.h \
	master/quota_release.c master/quota_release.h \
	master/event_copy_master.c master/event_copy_master.h \
	master/reload.c master/reload.h master/reload_build.c \
	master/rules_memory.c master/rules_memory.h \
	master/segments.c master/segments.h master/signals.c master/sockets.c master/sockets.h \
	master/spawn.c master/state_dir.c master/state_dir.h \
	master/store_addr.c master/store_addr.h master/subscriber.c master/subscriber.h \
	master/throttle.c master/throttle.h master/writeback.c master/writeback.h
# Where sessions come from.
sessiond_master_SOURCES += master/countries.c master/countries.h master/countries_check.c master/countries_check.h
# What is counted of a tenant's security.
sessiond_master_SOURCES += master/security_tally.c master/security_tally.h master/security_tell.c master/security_tell.h
# Sessions of a tenant that is there no more.
sessiond_master_SOURCES += master/tenant_gone.c master/tenant_gone.h
# Sessions whose clocks have run out.
sessiond_master_SOURCES += master/key_watch.c master/key_watch.h master/reclock.c master/reclock.h master/sweeper.c master/sweeper.h
sessiond_master_LDADD = $(L_POLICY_LOAD) $(L_STORE_SUB) $(L_SHM_W) $(L_TOKEN) $(L_BASE)

# For packagers: the unit with this build's paths, the users and the folders.
servicedir = $(pkgdatadir)
service_DATA = etc/sessiond.sysusers etc/sessiond.tmpfiles
nodist_service_DATA = etc/sessiond.service
EXTRA_DIST += docs/PROCESSES.md etc/sessiond.service.in etc/sessiond.sysusers etc/sessiond.tmpfiles
CLEANFILES += etc/sessiond.service
etc/sessiond.service: etc/sessiond.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) etc && sed -e 's|@sbindir[@]|$(sbindir)|g' \
		-e 's|@sysconfdir[@]|$(sysconfdir)|g' $(srcdir)/etc/sessiond.service.in >$@.tmp && mv $@.tmp $@

if HAVE_CMOCKA
MASTER_UNIT_TESTS = \
	tests/unit/test_ends_memory tests/unit/test_managed_redis tests/unit/test_metrics_render tests/unit/test_notify \
	tests/unit/test_obituary tests/unit/test_rules_memory tests/unit/test_throttle
UNIT_TESTS += $(MASTER_UNIT_TESTS)
MASTER_TEST_CPPFLAGS = $(I_MASTER) $(SECCOMP_CFLAGS) $(I_TEST)

tests_unit_test_ends_memory_SOURCES = \
	tests/unit/test_ends_memory.c master/ends_memory.c master/ends_memory.h
tests_unit_test_ends_memory_CPPFLAGS = $(MASTER_TEST_CPPFLAGS)
tests_unit_test_ends_memory_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_managed_redis_SOURCES = \
	tests/unit/test_managed_redis.c master/managed_redis.c master/managed_redis.h
tests_unit_test_managed_redis_CPPFLAGS = $(MASTER_TEST_CPPFLAGS)
tests_unit_test_managed_redis_LDADD = $(L_STORE_SUB) $(L_TOKEN) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_metrics_render_SOURCES = \
	tests/unit/test_metrics_render.c master/metrics.h master/metrics_render.c
tests_unit_test_metrics_render_CPPFLAGS = $(MASTER_TEST_CPPFLAGS) -iquote $(srcdir)/http
tests_unit_test_metrics_render_LDADD = $(L_SHM_R) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_notify_SOURCES = tests/unit/test_notify.c master/notify.c master/notify.h
tests_unit_test_notify_CPPFLAGS = $(MASTER_TEST_CPPFLAGS)
tests_unit_test_notify_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_obituary_SOURCES = tests/unit/test_obituary.c master/obituary.c master/obituary.h
tests_unit_test_obituary_CPPFLAGS = $(MASTER_TEST_CPPFLAGS)
tests_unit_test_obituary_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_rules_memory_SOURCES = \
	tests/unit/test_rules_memory.c master/rules_memory.c master/rules_memory.h
tests_unit_test_rules_memory_CPPFLAGS = $(MASTER_TEST_CPPFLAGS)
tests_unit_test_rules_memory_LDADD = $(L_BASE) $(CMOCKA_LIBS)
MASTER_UNIT_TESTS += tests/unit/test_security_tally
tests_unit_test_security_tally_SOURCES = tests/unit/test_security_tally.c master/security_tally.c
tests_unit_test_security_tally_CPPFLAGS = $(MASTER_TEST_CPPFLAGS)
tests_unit_test_security_tally_LDADD = $(L_SHM_R) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_throttle_SOURCES = tests/unit/test_throttle.c master/throttle.c master/throttle.h
tests_unit_test_throttle_CPPFLAGS = $(MASTER_TEST_CPPFLAGS)
tests_unit_test_throttle_LDADD = $(L_BASE) $(CMOCKA_LIBS)
endif
