# store: L2, the session store. libsdstore.a is what a worker links; libsdstore_sub.a is the
# master's: it connects and subscribes.
STORE_LUA = \
	store/scripts/create.lua store/scripts/refresh.lua store/scripts/end.lua \
	store/scripts/end_user.lua store/scripts/rule.lua store/scripts/list_user.lua \
	store/scripts/touch.lua store/scripts/touch_now.lua store/scripts/regenerate.lua store/scripts/share.lua store/scripts/idem.lua store/scripts/renew.lua \
	store/scripts/data_read.lua store/scripts/update.lua \
	store/scripts/lock.lua store/scripts/shared_read.lua store/scripts/shared_write.lua \
	store/scripts/erase.lua store/scripts/restrict.lua \
	store/scripts/due.lua store/scripts/expire.lua store/scripts/preview.lua \
	store/scripts/reindex.lua
STORE_LUA += store/scripts/quota.lua
STORE_LUA += store/scripts/device_read.lua store/scripts/device_write.lua store/scripts/device_end.lua
STORE_LUA += store/scripts/tally.lua
STORE_LUA += store/scripts/event_put.lua store/scripts/event_read.lua
STORE_LUA += store/scripts/count.lua store/scripts/event_erase.lua
EXTRA_DIST += docs/API.md docs/STORE.md store/scripts/common.lua store/scripts/embed.awk $(STORE_LUA)

# The scripts as C strings, in the build tree.
store/store_script_text.c: store/scripts/embed.awk store/scripts/common.lua $(STORE_LUA)
	$(AM_V_GEN)$(MKDIR_P) store && \
	(cd $(srcdir) && $(AWK) -f store/scripts/embed.awk store/scripts/common.lua $(STORE_LUA)) \
		>$@.tmp && mv $@.tmp $@
BUILT_SOURCES += store/store_script_text.c
CLEANFILES += store/store_script_text.c store/store_script_text.c.tmp

noinst_LIBRARIES += libsdstore.a libsdstore_sub.a
libsdstore_a_CPPFLAGS = $(I_STORE) $(SECCOMP_CFLAGS)
libsdstore_a_SOURCES = \
	store/node_row.c store/node_row.h store/redis_args.c store/redis_link.c \
	store/redis_link.h store/redis_pool.c store/redis_pool.h store/redis_read.c \
	store/redis_read.h store/session.c store/session.h store/store.c store/store.h \
	store/store_acl.c store/store_acl.h store/store_ask.h store/store_back.c store/store_back.h \
	store/store_cmd.c store/store_data.c store/store_data.h \
	store/store_key.c store/store_key.h store/store_idem.c store/store_idem.h store/store_life.c store/store_life.h \
	store/store_nodes.c store/store_nodes.h store/store_op.h store/store_read.c \
	store/store_reply.c store/store_script.c store/store_script.h store/store_wait.c \
	store/store_write.c
libsdstore_a_SOURCES += store/store_cmd.h store/store_quota.c store/store_quota.h
libsdstore_a_SOURCES += store/store_device.c store/store_device.h
# What a user may ask for.
libsdstore_a_SOURCES += store/store_privacy.c store/store_privacy.h
# Many sessions at once.
libsdstore_a_SOURCES += store/store_scan.c store/store_scan.h store/store_sweep.c store/store_sweep.h \
	store/store_preview.c store/store_preview.h store/store_tally.c store/store_tally.h
libsdstore_a_SOURCES += store/store_events.c store/store_events.h
nodist_libsdstore_a_SOURCES = store/store_script_text.c

libsdstore_sub_a_CPPFLAGS = $(I_STORE) $(SECCOMP_CFLAGS)
libsdstore_sub_a_SOURCES = \
	store/redis_addr.c store/redis_dial.c store/redis_dial.h store/redis_log.c \
	store/redis_log.h store/redis_sub.c store/redis_sub.h store/redis_sub_ask.c \
	store/redis_sub_check.c store/redis_sub_conn.c store/redis_sub_node.c \
	store/redis_sub_node.h store/redis_sub_poll.c store/redis_sub_read.c store/redis_sub_state.h

L_STORE = libsdstore.a $(HIREDIS_LIBS)
L_STORE_SUB = libsdstore_sub.a libsdstore.a $(HIREDIS_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_node_row tests/unit/test_store_nodes \
	tests/unit/test_redis_addr tests/unit/test_redis_dial tests/unit/test_redis_link \
	tests/unit/test_redis_log tests/unit/test_redis_pool tests/unit/test_redis_read \
	tests/unit/test_redis_sub tests/unit/test_redis_sub_poll tests/unit/test_session tests/unit/test_store \
	tests/unit/test_store_acl tests/unit/test_store_back tests/unit/test_store_data tests/unit/test_store_key tests/unit/test_store_life tests/unit/test_store_read tests/unit/test_store_refresh \
	tests/unit/test_store_script tests/unit/test_store_wait tests/unit/test_store_write
UNIT_TESTS += tests/unit/test_store_scan tests/unit/test_store_sweep tests/unit/test_store_preview
UNIT_TESTS += tests/unit/test_store_events
tests_unit_test_store_events_SOURCES = tests/unit/test_store_events.c $(REAL_REDIS)
tests_unit_test_store_events_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_events_LDADD = $(L_STORE_TEST)
UNIT_TESTS += tests/unit/test_store_quota tests/unit/test_store_device
UNIT_TESTS += tests/unit/test_store_privacy
tests_unit_test_store_privacy_SOURCES = tests/unit/test_store_privacy.c $(REAL_REDIS)
tests_unit_test_store_privacy_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_privacy_LDADD = $(L_STORE_TEST)
UNIT_TESTS += tests/unit/test_store_tally
L_STORE_TEST = $(L_STORE_SUB) $(L_TOKEN) $(L_SHM_R) $(L_BASE) $(CMOCKA_LIBS)
REAL_REDIS = tests/support/real_redis.c tests/support/real_redis.h tests/support/store_rig.c \
	tests/support/store_rig.h
FAKE_REDIS = tests/support/fake_redis.c tests/support/fake_redis.h
tests_unit_test_node_row_SOURCES = tests/unit/test_node_row.c
tests_unit_test_node_row_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_node_row_LDADD = $(L_STORE_TEST)
tests_unit_test_store_nodes_SOURCES = tests/unit/test_store_nodes.c $(REAL_REDIS)
tests_unit_test_store_nodes_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_nodes_LDADD = $(L_STORE_TEST)
tests_unit_test_redis_addr_SOURCES = tests/unit/test_redis_addr.c
tests_unit_test_redis_addr_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_redis_addr_LDADD = $(L_STORE_TEST)
tests_unit_test_redis_dial_SOURCES = tests/unit/test_redis_dial.c $(REAL_REDIS)
tests_unit_test_redis_dial_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_redis_dial_LDADD = $(L_STORE_TEST)
tests_unit_test_redis_link_SOURCES = tests/unit/test_redis_link.c $(FAKE_REDIS)
tests_unit_test_redis_link_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_redis_link_LDADD = $(L_STORE_TEST)
tests_unit_test_redis_log_SOURCES = tests/unit/test_redis_log.c tests/support/resp.h
tests_unit_test_redis_log_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_redis_log_LDADD = $(L_STORE_TEST)
tests_unit_test_redis_pool_SOURCES = tests/unit/test_redis_pool.c $(FAKE_REDIS)
tests_unit_test_redis_pool_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_redis_pool_LDADD = $(L_STORE_TEST)
tests_unit_test_redis_read_SOURCES = tests/unit/test_redis_read.c
tests_unit_test_redis_read_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_redis_read_LDADD = $(L_STORE_TEST)
tests_unit_test_redis_sub_SOURCES = tests/unit/test_redis_sub.c tests/support/sub_rig.h $(REAL_REDIS)
tests_unit_test_redis_sub_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_redis_sub_LDADD = $(L_STORE_TEST)
tests_unit_test_redis_sub_poll_SOURCES = tests/unit/test_redis_sub_poll.c tests/support/sub_rig.h $(REAL_REDIS)
tests_unit_test_redis_sub_poll_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_redis_sub_poll_LDADD = $(L_STORE_TEST)
tests_unit_test_session_SOURCES = tests/unit/test_session.c
tests_unit_test_session_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_session_LDADD = $(L_STORE_TEST)
tests_unit_test_store_SOURCES = tests/unit/test_store.c tests/support/store_fake.h $(FAKE_REDIS)
tests_unit_test_store_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_LDADD = $(L_STORE_TEST)
tests_unit_test_store_acl_SOURCES = tests/unit/test_store_acl.c $(REAL_REDIS)
tests_unit_test_store_acl_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_acl_LDADD = $(L_STORE_TEST)
tests_unit_test_store_back_SOURCES = tests/unit/test_store_back.c $(REAL_REDIS)
tests_unit_test_store_back_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_back_LDADD = $(L_STORE_TEST)
tests_unit_test_store_data_SOURCES = tests/unit/test_store_data.c $(REAL_REDIS)
tests_unit_test_store_data_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_data_LDADD = $(L_STORE_TEST)
tests_unit_test_store_key_SOURCES = tests/unit/test_store_key.c
tests_unit_test_store_key_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_key_LDADD = $(L_STORE_TEST)
UNIT_TESTS += tests/unit/test_store_idem
tests_unit_test_store_device_SOURCES = tests/unit/test_store_device.c $(REAL_REDIS)
tests_unit_test_store_device_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_device_LDADD = $(L_STORE_TEST)
tests_unit_test_store_idem_SOURCES = tests/unit/test_store_idem.c $(REAL_REDIS)
tests_unit_test_store_idem_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_idem_LDADD = $(L_STORE_TEST)
tests_unit_test_store_life_SOURCES = tests/unit/test_store_life.c $(REAL_REDIS)
tests_unit_test_store_life_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_life_LDADD = $(L_STORE_TEST)
tests_unit_test_store_quota_SOURCES = tests/unit/test_store_quota.c $(REAL_REDIS)
tests_unit_test_store_quota_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_quota_LDADD = $(L_STORE_TEST)
tests_unit_test_store_read_SOURCES = tests/unit/test_store_read.c $(REAL_REDIS)
tests_unit_test_store_read_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_read_LDADD = $(L_STORE_TEST)
tests_unit_test_store_refresh_SOURCES = tests/unit/test_store_refresh.c $(REAL_REDIS)
tests_unit_test_store_refresh_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_refresh_LDADD = $(L_STORE_TEST)
tests_unit_test_store_scan_SOURCES = tests/unit/test_store_scan.c $(REAL_REDIS)
tests_unit_test_store_scan_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_scan_LDADD = $(L_STORE_TEST)
tests_unit_test_store_preview_SOURCES = tests/unit/test_store_preview.c $(REAL_REDIS)
tests_unit_test_store_preview_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_preview_LDADD = $(L_STORE_TEST)
tests_unit_test_store_tally_SOURCES = tests/unit/test_store_tally.c $(REAL_REDIS)
tests_unit_test_store_tally_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_tally_LDADD = $(L_STORE_TEST)
tests_unit_test_store_sweep_SOURCES = tests/unit/test_store_sweep.c $(REAL_REDIS)
tests_unit_test_store_sweep_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_sweep_LDADD = $(L_STORE_TEST)
tests_unit_test_store_script_SOURCES = tests/unit/test_store_script.c
tests_unit_test_store_script_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_script_LDADD = $(L_STORE_TEST)
tests_unit_test_store_wait_SOURCES = tests/unit/test_store_wait.c tests/support/store_fake.h $(FAKE_REDIS)
tests_unit_test_store_wait_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_wait_LDADD = $(L_STORE_TEST)
tests_unit_test_store_write_SOURCES = tests/unit/test_store_write.c $(REAL_REDIS)
tests_unit_test_store_write_CPPFLAGS = $(I_STORE) $(I_TEST)
tests_unit_test_store_write_LDADD = $(L_STORE_TEST)
endif
