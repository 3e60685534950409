# policy: configuration in, one immutable image out; see docs/ARCHITECTURE.md.
# The reader of images is a library of its own: a worker links nothing else of this folder.
noinst_LIBRARIES += libsdpolicy_view.a libsdpolicy_load.a

libsdpolicy_view_a_CPPFLAGS = $(I_POLICY)
libsdpolicy_view_a_SOURCES = \
	policy/permissions.def \
	policy/policy_image.h \
	policy/policy_proof.c policy/policy_proof.h \
	policy/policy_rules.c policy/policy_rules.h policy/policy_view.c policy/policy_view.h

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
	policy/policy_geo.c policy/policy_geo.h \
	policy/policy_oidc.c policy/policy_oidc.h \
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

# What etc/ and docs/ hold of the schema; never installed (tests/guards/generated).
noinst_PROGRAMS += sessiond-schema
sessiond_schema_CPPFLAGS = $(I_POLICY) $(SECCOMP_CFLAGS)
sessiond_schema_SOURCES = policy/schema_json.c policy/schema_doc.c policy/schema_doc.h
sessiond_schema_LDADD = $(L_POLICY_LOAD) $(L_TOKEN) $(L_BASE)
EXTRA_DIST += etc/sessiond.yaml etc/tenants.d etc/sessiond.schema.json etc/tenant.schema.json \
	docs/ALERTS.md docs/CONFIGURATION.md

if HAVE_CMOCKA
POLICY_TESTS = \
	tests/unit/test_hostile_yaml \
	tests/unit/test_policy_build \
	tests/unit/test_policy_check \
	tests/unit/test_policy_config \
	tests/unit/test_policy_cross \
	tests/unit/test_policy_diff \
	tests/unit/test_policy_example \
	tests/unit/test_policy_fault \
	tests/unit/test_policy_file \
	tests/unit/test_policy_ignored \
	tests/unit/test_policy_keys \
	tests/unit/test_policy_layout \
	tests/unit/test_policy_names \
	tests/unit/test_policy_geo tests/unit/test_policy_oidc \
	tests/unit/test_policy_print \
	tests/unit/test_policy_proof \
	tests/unit/test_policy_schema \
	tests/unit/test_policy_rules \
	tests/unit/test_policy_slots \
	tests/unit/test_policy_suggest \
	tests/unit/test_policy_type \
	tests/unit/test_policy_type_list \
	tests/unit/test_policy_type_print \
	tests/unit/test_policy_unbuilt \
	tests/unit/test_policy_units \
	tests/unit/test_policy_view \
	tests/unit/test_policy_word \
	tests/unit/test_yaml_text \
	tests/unit/test_yaml_tree
UNIT_TESTS += $(POLICY_TESTS)
I_POLICY_TEST = $(I_POLICY) $(SECCOMP_CFLAGS) $(I_TEST)
L_POLICY_TEST = $(L_POLICY_LOAD) $(L_TOKEN) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_hostile_yaml_SOURCES = tests/unit/test_hostile_yaml.c tests/support/policy_folder.h tests/support/policy_rig.h
tests_unit_test_hostile_yaml_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_hostile_yaml_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_build_SOURCES = tests/unit/test_policy_build.c tests/support/policy_folder.h tests/support/policy_rig.h tests/support/policy_sample.h
tests_unit_test_policy_build_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_build_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_check_SOURCES = tests/unit/test_policy_check.c tests/support/policy_folder.h tests/support/policy_rig.h
tests_unit_test_policy_check_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_check_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_config_SOURCES = tests/unit/test_policy_config.c tests/support/policy_folder.h tests/support/policy_rig.h
tests_unit_test_policy_config_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_config_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_cross_SOURCES = tests/unit/test_policy_cross.c tests/support/policy_folder.h tests/support/policy_rig.h
tests_unit_test_policy_cross_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_cross_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_diff_SOURCES = tests/unit/test_policy_diff.c tests/support/policy_folder.h tests/support/policy_rig.h tests/support/policy_sample.h
tests_unit_test_policy_diff_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_diff_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_fault_SOURCES = tests/unit/test_policy_fault.c
tests_unit_test_policy_fault_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_fault_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_file_SOURCES = tests/unit/test_policy_file.c tests/support/policy_folder.h tests/support/policy_rig.h
tests_unit_test_policy_file_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_file_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_ignored_SOURCES = tests/unit/test_policy_ignored.c tests/support/policy_folder.h tests/support/policy_rig.h
tests_unit_test_policy_ignored_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_ignored_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_keys_SOURCES = tests/unit/test_policy_keys.c tests/support/policy_folder.h tests/support/policy_rig.h
tests_unit_test_policy_keys_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_keys_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_layout_SOURCES = tests/unit/test_policy_layout.c
tests_unit_test_policy_layout_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_layout_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_geo_SOURCES = tests/unit/test_policy_geo.c tests/support/policy_folder.h tests/support/policy_rig.h
tests_unit_test_policy_geo_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_geo_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_oidc_SOURCES = tests/unit/test_policy_oidc.c
tests_unit_test_policy_oidc_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_oidc_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_names_SOURCES = tests/unit/test_policy_names.c
tests_unit_test_policy_names_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_names_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_print_SOURCES = tests/unit/test_policy_print.c tests/support/policy_folder.h tests/support/policy_rig.h
tests_unit_test_policy_print_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_print_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_proof_SOURCES = tests/unit/test_policy_proof.c tests/support/policy_folder.h tests/support/policy_rig.h tests/support/policy_sample.h
tests_unit_test_policy_proof_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_proof_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_schema_SOURCES = tests/unit/test_policy_schema.c tests/support/policy_folder.h tests/support/policy_rig.h
tests_unit_test_policy_schema_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_schema_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_slots_SOURCES = tests/unit/test_policy_slots.c
tests_unit_test_policy_slots_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_slots_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_suggest_SOURCES = tests/unit/test_policy_suggest.c
tests_unit_test_policy_suggest_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_suggest_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_type_SOURCES = tests/unit/test_policy_type.c tests/support/policy_folder.h tests/support/policy_rig.h
tests_unit_test_policy_type_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_type_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_type_list_SOURCES = tests/unit/test_policy_type_list.c tests/support/policy_folder.h tests/support/policy_rig.h
tests_unit_test_policy_type_list_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_type_list_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_type_print_SOURCES = tests/unit/test_policy_type_print.c tests/support/policy_folder.h tests/support/policy_rig.h
tests_unit_test_policy_type_print_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_type_print_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_unbuilt_SOURCES = tests/unit/test_policy_unbuilt.c tests/support/policy_folder.h tests/support/policy_rig.h
tests_unit_test_policy_unbuilt_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_unbuilt_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_units_SOURCES = tests/unit/test_policy_units.c
tests_unit_test_policy_units_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_units_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_rules_SOURCES = tests/unit/test_policy_rules.c tests/support/policy_folder.h tests/support/policy_rig.h tests/support/policy_sample.h
tests_unit_test_policy_rules_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_rules_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_view_SOURCES = tests/unit/test_policy_view.c tests/support/policy_folder.h tests/support/policy_rig.h tests/support/policy_sample.h
tests_unit_test_policy_view_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_view_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_word_SOURCES = tests/unit/test_policy_word.c
tests_unit_test_policy_word_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_word_LDADD = $(L_POLICY_TEST)
tests_unit_test_yaml_text_SOURCES = tests/unit/test_yaml_text.c
tests_unit_test_yaml_text_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_yaml_text_LDADD = $(L_POLICY_TEST)
tests_unit_test_yaml_tree_SOURCES = tests/unit/test_yaml_tree.c
tests_unit_test_yaml_tree_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_yaml_tree_LDADD = $(L_POLICY_TEST)
tests_unit_test_policy_example_SOURCES = tests/unit/test_policy_example.c tests/support/policy_folder.h tests/support/policy_rig.h
tests_unit_test_policy_example_CPPFLAGS = $(I_POLICY_TEST)
tests_unit_test_policy_example_LDADD = $(L_POLICY_TEST)
endif
EXTRA_DIST += tests/hostile_yaml
