# shm: L1, the process boundary and the shared segments. Readers and writers are libraries of
# their own: who does not link libsdshm_w.a cannot write what others trust.
noinst_LIBRARIES += libsdshm_r.a libsdshm_w.a
libsdshm_r_a_CPPFLAGS = $(I_SHM) $(SECCOMP_CFLAGS)
libsdshm_r_a_SOURCES = \
	shm/audit.def shm/audit_msg.c shm/audit_msg.h shm/ctl_msg.h shm/health.def \
	shm/heritage.c shm/heritage.h shm/labels.c shm/labels.def shm/labels.h shm/msg_wire.h \
	shm/shm_board.c shm/shm_board.h shm/shm_fresh.h shm/shm_health.c shm/shm_health.h \
	shm/shm_layout.h shm/shm_map.h shm/shm_map_r.c shm/shm_revoke.h shm/shm_revoke_r.c \
	shm/shm_revoke_slot.h \
	shm/sign_msg.c shm/sign_msg.h shm/stats.def

libsdshm_w_a_CPPFLAGS = $(I_SHM)
libsdshm_w_a_SOURCES = \
	shm/shm_fresh_w.c shm/shm_map_w.c shm/shm_revoke_collapse_w.c shm/shm_revoke_grow_w.c \
	shm/shm_revoke_priv.h shm/shm_revoke_slot_w.c shm/shm_revoke_sweep_w.c \
	shm/shm_revoke_user_w.c shm/shm_revoke_w.c

L_SHM_R = libsdshm_r.a
L_SHM_W = libsdshm_w.a libsdshm_r.a
