# policy: configuration in, one immutable image out; see docs/ARCHITECTURE.md.
# The reader of images is a library of its own: a worker links nothing else of this folder.
noinst_LIBRARIES += libsdpolicy_view.a libsdpolicy_load.a

libsdpolicy_view_a_CPPFLAGS = $(I_POLICY)
libsdpolicy_view_a_SOURCES = \
	policy/permissions.def \
	policy/policy_image.h \
	policy/policy_proof.c policy/policy_proof.h \
	policy/policy_view.c policy/policy_view.h

libsdpolicy_load_a_CPPFLAGS = $(I_POLICY) $(YAML_CFLAGS) $(SECCOMP_CFLAGS)
libsdpolicy_load_a_SOURCES = \
	policy/policy.def policy/policy_type.def policy/policy_unbuilt.def \
	policy/policy_build.c \
	policy/policy_check.c policy/policy_check.h \
	policy/policy_config.c policy/policy_config.h \
	policy/policy_cross.c \
	policy/policy_diff.c \
	policy/policy_fault.c policy/policy_fault.h \
	policy/policy_file.c policy/policy_file.h \
	policy/policy_ignored.c \
	policy/policy_keys.c policy/policy_keys.h \
	policy/policy_layout.c policy/policy_layout.h \
	policy/policy_names.c policy/policy_names.h \
	policy/policy_print.c \
	policy/policy_schema.c policy/policy_schema.h \
	policy/policy_slots.c policy/policy_slots.h \
	policy/policy_suggest.c policy/policy_suggest.h \
	policy/policy_tenant_conf.h \
	policy/policy_type.c policy/policy_type.h policy/policy_type_list.c policy/policy_type_print.c \
	policy/policy_unbuilt.c policy/policy_unbuilt.h \
	policy/policy_units.c policy/policy_units.h \
	policy/policy_word.c policy/policy_word.h \
	policy/yaml_text.c policy/yaml_text.h \
	policy/yaml_tree.c policy/yaml_tree.h

# Followed on a link line by $(L_TOKEN) $(L_BASE).
L_POLICY_VIEW = libsdpolicy_view.a
L_POLICY_LOAD = libsdpolicy_load.a libsdpolicy_view.a $(YAML_LIBS)
