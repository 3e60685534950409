# fuzz targets of policy/
FUZZ_TARGETS += tests/fuzz/fuzz_policy_image tests/fuzz/fuzz_policy_yaml
tests_fuzz_fuzz_policy_image_CPPFLAGS = $(I_POLICY) $(I_FUZZ)
tests_fuzz_fuzz_policy_image_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_policy_image_LDADD = $(L_POLICY_VIEW) $(L_TOKEN) $(L_BASE)
tests_fuzz_fuzz_policy_yaml_CPPFLAGS = $(I_POLICY) $(SECCOMP_CFLAGS) $(I_FUZZ)
tests_fuzz_fuzz_policy_yaml_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_policy_yaml_LDADD = $(L_POLICY_LOAD) $(L_TOKEN) $(L_BASE)
