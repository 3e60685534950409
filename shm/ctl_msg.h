/* SPDX-License-Identifier: MIT
 * ctl_msg - between sessionctl and the master: a SOCK_SEQPACKET Unix socket in the state folder,
 * admitted by peer credentials (uid 0 or the master's own). One request; answer packets until one
 * has `more` 0; a packet may carry one descriptor (a read-only segment). */
#ifndef SD_CTL_MSG_H
#define SD_CTL_MSG_H

#include "base.h"

#define CTL_MAGIC 0x53444354u
#define CTL_VERSION 1
#define CTL_SOCKET "control.sock" /* in state_dir */
#define CTL_MAX_TEXT 32768

enum ctl_op {
	CTL_NONE = 0,
	CTL_STATUS,  /* JSON text: processes, generation, store, freshness, table, sandbox, per node */
	CTL_RELOAD,  /* reloads, answers with the report; failed = refused, text has every fault */
	CTL_MEMORY,  /* one packet per segment: kind and descriptor, text names it */
	CTL_METRICS  /* Prometheus text */
};

struct ctl_request {
	uint32_t magic, version;
	uint32_t op;
	uint32_t pad;
};

struct ctl_answer {
	uint32_t magic, version;
	uint32_t failed; /* 1: the text says why */
	uint32_t more;
	uint32_t kind;   /* enum shm_kind of the descriptor, or 0 */
	uint32_t n;      /* bytes of text that follow */
};

#endif
