# master: L3, two programs: the launcher (first process, no parser, no network) and the master.
sbin_PROGRAMS += sessiond
sessiond_CPPFLAGS = $(I_BASE) -iquote $(srcdir)/shm -iquote $(srcdir)/master $(SECCOMP_CFLAGS) \
	-DPKGLIBEXECDIR='"$(pkglibexecdir)"'
sessiond_SOURCES = \
	master/chan.c master/chan.h master/launcher.h master/launcher_exec.c master/launcher_main.c \
	master/launcher_master.c master/launcher_programs.c master/launcher_serve.c \
	master/launcher_users.c
sessiond_LDADD = libsdshm_r.a $(L_BASE)
