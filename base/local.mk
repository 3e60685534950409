# base: L0, libc and libseccomp only.
noinst_LIBRARIES += libsdbase.a
libsdbase_a_CPPFLAGS = $(I_BASE) $(SECCOMP_CFLAGS)
libsdbase_a_SOURCES = \
	base/arena.c base/arena.h base/base.h base/buf.c base/buf.h base/clock.c base/clock.h \
	base/diag.c base/diag.h base/die.c base/die.h base/err.c base/err.h \
	base/fault.c base/fault.h base/fdpass.c base/fdpass.h base/fdset.c base/fdset.h \
	base/ident.c base/ident.h \
	base/log.c base/log.h base/loop.c base/loop.h \
	base/sandbox.c base/sandbox.h base/sandbox_filter.c base/sandbox_filter.h \
	base/secret.c base/secret.h base/siphash.c base/siphash.h base/slice.c base/slice.h

# What every program of ours links last.
L_BASE = libsdbase.a $(SECCOMP_LIBS)
