# master: L3, two programs: the launcher (first process, no parser, no network) and the master.
sbin_PROGRAMS += sessiond
sessiond_CPPFLAGS = $(I_BASE) -iquote $(srcdir)/shm -iquote $(srcdir)/master $(SECCOMP_CFLAGS) \
	-DPKGLIBEXECDIR='"$(pkglibexecdir)"'
sessiond_SOURCES = \
	master/chan.c master/chan.h master/launcher.h master/launcher_exec.c master/launcher_main.c \
	master/launcher_master.c master/launcher_programs.c master/launcher_serve.c \
	master/launcher_users.c master/launcher_users.h
sessiond_LDADD = libsdshm_r.a $(L_BASE)

pkglibexec_PROGRAMS += sessiond-master
sessiond_master_CPPFLAGS = $(I_MASTER) $(YAML_CFLAGS) $(SECCOMP_CFLAGS) \
	-DPKGLIBEXECDIR='"$(pkglibexecdir)"'
sessiond_master_SOURCES = \
	master/audit_link.c master/audit_link.h master/boards.c master/boards.h \
	master/chan.c master/chan.h master/connector.c master/connector.h \
	master/control.c master/control.h master/control_status.c master/drain.c \
	master/fleet.c master/fleet.h master/handover.c master/launcher_users.h \
	master/managed_redis.c master/managed_redis.h \
	master/master.h master/master_health.c master/master_main.c master/master_run.c \
	master/master_sandbox.c master/master_tools.c \
	master/metrics.c master/metrics.h master/metrics_render.c \
	master/notify.c master/notify.h master/obituary.c master/obituary.h \
	master/reload.c master/reload.h master/reload_build.c \
	master/segments.c master/segments.h master/signals.c master/sockets.c master/sockets.h \
	master/spawn.c master/state_dir.c master/state_dir.h \
	master/store_addr.c master/store_addr.h master/subscriber.c master/subscriber.h \
	master/throttle.c master/throttle.h
sessiond_master_LDADD = $(L_POLICY_LOAD) $(L_STORE_SUB) $(L_SHM_W) $(L_TOKEN) $(L_BASE)
