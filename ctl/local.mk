# ctl: L3, sessionctl; one file per command group (docs/ARCHITECTURE.md).

# The commands that need no running daemon: tokens from a pipe, keys and the master secret as files.
noinst_LIBRARIES += libsdctlfile.a
libsdctlfile_a_CPPFLAGS = $(I_CTL)
libsdctlfile_a_SOURCES = \
	ctl/ctl_conf.h ctl/ctl_file.c ctl/ctl_file.h ctl/ctl_keydir.c ctl/ctl_keydir.h \
	ctl/ctl_keys.c ctl/ctl_keys.h ctl/ctl_secret.c ctl/ctl_secret.h \
	ctl/ctl_token.c ctl/ctl_token.h
L_CTLFILE = libsdctlfile.a $(L_TOKENSIGN)
