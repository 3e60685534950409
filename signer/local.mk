# signer: L3, the one holder of private keys. No network, no store, no parser of files but PEM.
pkglibexec_PROGRAMS += sessiond-signer
SIGNER_SOURCES = \
	signer/keyring.c signer/keyring.h signer/keyring_file.c signer/keyring_file.h \
	signer/mint.c signer/mint.h signer/mint_check.c signer/mint_check.h \
	signer/signer_audit.c signer/signer_audit.h signer/signer_memory.c signer/signer_memory.h \
	signer/signer_peer.c signer/signer_peer.h signer/signer_sandbox.c signer/signer_sandbox.h
sessiond_signer_CPPFLAGS = $(I_SIGNER) $(SECCOMP_CFLAGS)
sessiond_signer_SOURCES = signer/signer_main.c $(SIGNER_SOURCES)
sessiond_signer_LDADD = $(L_TOKENSIGN) $(L_POLICY_VIEW) $(L_SHM_R) $(L_BASE)
