/* SPDX-License-Identifier: MIT
 * segments - the memory that all read and the master alone writes: control, revocations, policy. */
#ifndef SD_SEGMENTS_H
#define SD_SEGMENTS_H

#include "policy_config.h"
#include "shm_layout.h"
#include "shm_revoke.h"

struct policy_segment {
	int fd;
	const void *map; /* NULL = none */
	size_t size;
	struct policy_view view;
	int64_t next_change_s; /* a key's state changes then; INT64_MAX = never */
};

struct segments {
	int control_fd;
	struct shm_control *control;
	struct shm_revoke_w *table;
	struct policy_slots *slots;
	struct policy_segment policy; /* in force */
	uint64_t generation;          /* the last number given */
	const void *table_view;       /* read-only mapping of the table in force */
	size_t table_view_size;
	uint64_t table_view_number;
};

int segments_open(struct segments *s, const struct server_conf *server, struct sd_diag *diag) SD_MUSTCHECK;

struct segments_policy_in {
	const struct policy_config *config;
	const char *node;
	uint32_t workers;
	int64_t now_s;
	policy_jwks_of jwks_of;
	void *jwks_arg;
};
/* Builds, seals and opens with the readers' own validator. *same_out: the digest is that of the
 * policy in force and *out is none. A number is used up only by a new one. */
int segments_policy_make(struct segments *s, const struct segments_policy_in *in,
			 struct policy_segment *out, bool *same_out, struct sd_diag *diag) SD_MUSTCHECK;
/* Figures of the table in force. */
void segments_table_counts(struct segments *s, struct shm_revoke_counts *out);
void segments_policy_close(struct policy_segment *p);

#endif
