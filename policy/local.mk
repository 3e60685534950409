# policy: configuration in, one immutable image out; see docs/ARCHITECTURE.md.
# The reader of images is a library of its own: a worker links nothing else of this folder.
L_POLICY_VIEW = libsdpolicy_view.a

noinst_LIBRARIES += libsdpolicy_view.a
libsdpolicy_view_a_SOURCES = \
	policy/permissions.def \
	policy/policy_image.h \
	policy/policy_proof.c policy/policy_proof.h \
	policy/policy_view.c policy/policy_view.h
libsdpolicy_view_a_CPPFLAGS = $(I_POLICY)
