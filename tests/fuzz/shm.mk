# fuzz targets of shm/
FUZZ_TARGETS += \
	tests/fuzz/fuzz_audit_msg tests/fuzz/fuzz_hm tests/fuzz/fuzz_memory tests/fuzz/fuzz_sign_msg
tests_fuzz_fuzz_audit_msg_CPPFLAGS = $(I_SHM) $(I_FUZZ)
tests_fuzz_fuzz_audit_msg_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_audit_msg_LDADD = $(L_SHM_R) $(L_BASE)
tests_fuzz_fuzz_hm_CPPFLAGS = $(I_SHM) $(I_FUZZ) $(SECCOMP_CFLAGS)
tests_fuzz_fuzz_hm_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_hm_LDADD = $(L_SHM_R) $(L_BASE)
tests_fuzz_fuzz_memory_CPPFLAGS = $(I_SHM) $(I_FUZZ)
tests_fuzz_fuzz_memory_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_memory_LDADD = $(L_SHM_TOOL) $(L_BASE)
tests_fuzz_fuzz_sign_msg_CPPFLAGS = $(I_SHM) $(I_FUZZ)
tests_fuzz_fuzz_sign_msg_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_sign_msg_LDADD = $(L_SHM_R) $(L_BASE)
