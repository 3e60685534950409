/* SPDX-License-Identifier: MIT
 * signer_audit - the signer's own records: what it refused. Bounded in number and in rate. */
#ifndef SD_SIGNER_AUDIT_H
#define SD_SIGNER_AUDIT_H

#include "audit_msg.h"
#include "loop.h"

#define SIGNER_AUDIT_KEEP 32      /* records not yet acknowledged */
#define SIGNER_AUDIT_PER_SECOND 10
#define SIGNER_AUDIT_BYTES 1024

struct signer_audit_slot {
	uint64_t id;
	size_t n;
	char bytes[SIGNER_AUDIT_BYTES];
};

struct signer_audit {
	struct sd_loop *loop;
	struct sd_io io;
	int fd;              /* -1 = no auditor */
	uint32_t granted;
	uint32_t count, sent; /* of slot[]: oldest first, the first `sent` are on their way */
	uint64_t last_id;
	uint64_t suppressed; /* since the last record */
	uint32_t left;       /* of this second */
	int64_t second;
	struct signer_audit_slot slot[SIGNER_AUDIT_KEEP];
};

struct signer_audit_event {
	struct sd_slice tenant, user_id;
	const char *session_id; /* NULL: none */
	const char *peer;       /* "worker-0" */
	const char *reason;
	uint64_t generation;
	int64_t wall_ms;
};

void signer_audit_init(struct signer_audit *a, struct sd_loop *loop);
void signer_audit_fini(struct signer_audit *a);

/* Takes fd, the socket to a (new) auditor; what is not acknowledged is sent again. SD_ERR_SYSTEM. */
int signer_audit_connect(struct signer_audit *a, int fd) SD_MUSTCHECK;

/* token.refused. Beyond the rate, or while the auditor takes nothing, only counted: the next
 * record says how many. */
void signer_audit_refused(struct signer_audit *a, const struct signer_audit_event *e);

#endif
