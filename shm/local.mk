# shm: L1, the process boundary and the shared segments. Readers and writers are libraries of
# their own: who does not link libsdshm_w.a cannot write what others trust.
noinst_LIBRARIES += libsdshm_r.a libsdshm_w.a libsdshm_tool.a
libsdshm_r_a_CPPFLAGS = $(I_SHM) $(SECCOMP_CFLAGS)
libsdshm_r_a_SOURCES = \
	shm/audit.def shm/audit_msg.c shm/audit_msg.h shm/child.c shm/child.h shm/ctl_msg.h shm/health.def \
	shm/geo_table.c shm/geo_table.h shm/heritage.c shm/heritage.h shm/heritage_msg.h \
	shm/labels.c shm/labels.def shm/labels.h shm/msg_wire.h shm/record_json.c shm/record_json.h \
	shm/shm_board.c shm/shm_board.h shm/shm_fresh.h shm/shm_health.c shm/shm_health.h \
	shm/shm_layout.h shm/shm_map.h shm/shm_map_r.c shm/shm_revoke.h shm/shm_revoke_r.c \
	shm/shm_revoke_slot.h \
	shm/sign_msg.c shm/sign_msg.h shm/stats.def

libsdshm_w_a_CPPFLAGS = $(I_SHM)
libsdshm_w_a_SOURCES = \
	shm/shm_fresh_w.c shm/shm_map_w.c shm/shm_revoke_collapse_w.c shm/shm_revoke_grow_w.c \
	shm/shm_revoke_priv.h shm/shm_revoke_segment_w.c shm/shm_revoke_slot_w.c \
	shm/shm_revoke_sweep_w.c \
	shm/shm_revoke_user_w.c shm/shm_revoke_w.c

libsdshm_tool_a_CPPFLAGS = $(I_SHM) $(SECCOMP_CFLAGS)
libsdshm_tool_a_SOURCES = \
	shm/shm_dump.c shm/shm_dump.h shm/shm_layout_dump.c shm/shm_verify.c shm/shm_verify.h

L_SHM_R = libsdshm_r.a
L_SHM_W = libsdshm_w.a libsdshm_r.a
L_SHM_TOOL = libsdshm_tool.a libsdshm_r.a

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_audit_msg tests/unit/test_heritage tests/unit/test_labels \
	tests/unit/test_shm_board tests/unit/test_shm_dump tests/unit/test_shm_fresh \
	tests/unit/test_shm_health tests/unit/test_shm_map tests/unit/test_shm_revoke \
	tests/unit/test_shm_revoke_collapse tests/unit/test_shm_revoke_grow \
	tests/unit/test_shm_revoke_kill tests/unit/test_shm_revoke_loads \
	tests/unit/test_shm_race tests/unit/test_shm_revoke_race tests/unit/test_shm_revoke_segment \
	tests/unit/test_shm_revoke_slot \
	tests/unit/test_shm_revoke_steps tests/unit/test_shm_revoke_sweep \
	tests/unit/test_shm_revoke_user tests/unit/test_shm_verify tests/unit/test_sign_msg
tests_unit_test_audit_msg_SOURCES = tests/unit/test_audit_msg.c
tests_unit_test_audit_msg_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_audit_msg_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test_geo_table
tests_unit_test_geo_table_SOURCES = tests/unit/test_geo_table.c
tests_unit_test_geo_table_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_geo_table_LDADD = $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test_record_json
tests_unit_test_record_json_SOURCES = tests/unit/test_record_json.c
tests_unit_test_record_json_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_record_json_LDADD = $(L_SHM_R) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_heritage_SOURCES = tests/unit/test_heritage.c
tests_unit_test_heritage_CPPFLAGS = $(I_SHM) $(I_TEST) $(SECCOMP_CFLAGS)
tests_unit_test_heritage_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_labels_SOURCES = tests/unit/test_labels.c
tests_unit_test_labels_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_labels_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_board_SOURCES = tests/unit/test_shm_board.c
tests_unit_test_shm_board_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_shm_board_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_fresh_SOURCES = tests/unit/test_shm_fresh.c
tests_unit_test_shm_fresh_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_shm_fresh_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_health_SOURCES = tests/unit/test_shm_health.c
tests_unit_test_shm_health_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_shm_health_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_map_SOURCES = tests/unit/test_shm_map.c
tests_unit_test_shm_map_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_shm_map_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_sign_msg_SOURCES = tests/unit/test_sign_msg.c
tests_unit_test_sign_msg_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_sign_msg_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_revoke_SOURCES = tests/unit/test_shm_revoke.c tests/support/revoke_rig.h
tests_unit_test_shm_revoke_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_shm_revoke_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_revoke_collapse_SOURCES = tests/unit/test_shm_revoke_collapse.c tests/support/revoke_rig.h tests/support/revoke_table.h
tests_unit_test_shm_revoke_collapse_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_shm_revoke_collapse_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_revoke_kill_SOURCES = tests/unit/test_shm_revoke_kill.c tests/support/revoke_rig.h
tests_unit_test_shm_revoke_kill_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_shm_revoke_kill_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_race_SOURCES = tests/unit/test_shm_race.c
tests_unit_test_shm_race_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_shm_race_LDADD = $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_revoke_race_SOURCES = tests/unit/test_shm_revoke_race.c tests/support/revoke_rig.h
tests_unit_test_shm_revoke_race_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_shm_revoke_race_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_dump_SOURCES = tests/unit/test_shm_dump.c tests/support/revoke_rig.h
tests_unit_test_shm_dump_CPPFLAGS = $(I_SHM) $(I_TEST) $(SECCOMP_CFLAGS)
tests_unit_test_shm_dump_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_verify_SOURCES = tests/unit/test_shm_verify.c tests/support/revoke_rig.h
tests_unit_test_shm_verify_CPPFLAGS = $(I_SHM) $(I_TEST) $(SECCOMP_CFLAGS)
tests_unit_test_shm_verify_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_revoke_grow_SOURCES = tests/unit/test_shm_revoke_grow.c tests/support/revoke_rig.h tests/support/revoke_table.h
tests_unit_test_shm_revoke_grow_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_shm_revoke_grow_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_revoke_segment_SOURCES = tests/unit/test_shm_revoke_segment.c tests/support/revoke_rig.h
tests_unit_test_shm_revoke_segment_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_shm_revoke_segment_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_revoke_slot_SOURCES = tests/unit/test_shm_revoke_slot.c tests/support/revoke_rig.h tests/support/revoke_table.h
tests_unit_test_shm_revoke_slot_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_shm_revoke_slot_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_revoke_sweep_SOURCES = tests/unit/test_shm_revoke_sweep.c tests/support/revoke_rig.h tests/support/revoke_table.h
tests_unit_test_shm_revoke_sweep_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_shm_revoke_sweep_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_revoke_user_SOURCES = tests/unit/test_shm_revoke_user.c
tests_unit_test_shm_revoke_user_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_shm_revoke_user_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_revoke_steps_SOURCES = tests/unit/test_shm_revoke_steps.c tests/support/revoke_rig.h
tests_unit_test_shm_revoke_steps_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_shm_revoke_steps_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_shm_revoke_loads_SOURCES = tests/unit/test_shm_revoke_loads.c tests/support/revoke_rig.h
tests_unit_test_shm_revoke_loads_CPPFLAGS = $(I_SHM) $(I_TEST)
tests_unit_test_shm_revoke_loads_LDADD = $(L_SHM_TOOL) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
EXTRA_DIST += tests/unit/golden/shm_layout.txt
endif

EXTRA_DIST += docs/MEMORY.md
