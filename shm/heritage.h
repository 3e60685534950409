/* SPDX-License-Identifier: MIT
 * heritage - everything that one process of sessiond hands to another: the descriptor numbers of
 * a new program, the messages on its channel, the roles. The one place of the process boundary.
 *
 * A role is executed with 0 = /dev/null (redis: its configuration), 1 = /dev/null (master: the
 * launcher's), 2 = the log, 3 = its channel: SOCK_SEQPACKET, to the master; the master's own 3
 * goes to the launcher. All else arrives as messages, each with at most one descriptor. */
#ifndef SD_HERITAGE_H
#define SD_HERITAGE_H

#include "heritage_msg.h"

#define HERITAGE_VERSION 4
#define HERITAGE_MAGIC 0x53445348u
#define HERITAGE_FD_CHANNEL 3
#define HERITAGE_FD_LISTEN 4 /* master only: LISTEN_FDS sockets of the service manager, from here on */
#define HERITAGE_MAX_BODY 1024
#define HERITAGE_MAX_WORKERS 64

enum role { ROLE_NONE = 0, ROLE_LAUNCHER, ROLE_MASTER, ROLE_SIGNER, ROLE_WORKER, ROLE_AUDITOR, ROLE_REDIS, ROLE_FETCHER, ROLE_GEO, ROLE_COUNT };
/* "launcher", "master" ... */
const char *role_name(enum role role);

struct hm_head {
	uint32_t magic;
	uint16_t version;
	uint16_t type; /* enum hm_type */
	uint32_t body; /* bytes that follow */
	uint32_t tag;  /* given back in an answer */
};

enum hm_type {
	HM_NONE = 0,
	/* master -> launcher, and back */
	HM_SPAWN,         /* body hm_spawn; fd = the child's channel (redis: its stdin) */
	HM_SPAWNED,       /* body hm_child: pid, or -errno in status */
	HM_ENDED,         /* body hm_child: pid and wait status */
	HM_KILL,          /* body hm_child: pid, signal in status (own children only) */
	HM_SIGNAL,        /* body hm_child: the launcher received this signal (status) */
	HM_SERVING,       /* the master serves: the start is over */
	/* master -> child */
	HM_BOOT,          /* body hm_boot; always the first */
	HM_POLICY,        /* body hm_generation; fd = sealed policy segment */
	HM_CONTROL,       /* fd = control segment */
	HM_REVOCATIONS,   /* body hm_generation (table number); fd = revocation segment */
	HM_STATS,         /* fd = this process's own statistics segment, mapped writable once */
	HM_LISTENER,      /* body hm_listener; fd = listening socket */
	HM_STORE,         /* body hm_store; fd = connected, authenticated Redis connection */
	HM_SIGNER,        /* fd = this worker's socket to the signer */
	HM_AUDITOR,       /* fd = this process's socket to the auditor */
	HM_PEER,          /* to signer and auditor: body hm_peer; fd = the peer's socket */
	HM_FILE,          /* to the auditor: fd = the open audit file, again after SIGUSR1 */
	HM_SECRET,        /* body hm_secret: Redis password for a TLS handshake's AUTH; wiped */
	HM_GO,            /* all is handed over: lock yourself in, then HM_READY */
	HM_DRAIN,         /* finish what is in flight, then exit 0 */
	HM_FETCH,         /* to the fetcher: body hm_fetch; fd = certificates (PEM), or none: the system's */
	HM_GEO_FILE,      /* to geo: fd = sealed memfd, all of the operator's file of countries */
	HM_METRICS,       /* answer to HM_METRICS_WANTED; fd = sealed memfd, all of it text */
	/* child -> master */
	HM_READY,         /* body hm_ready */
	HM_FAILED,        /* body: text, not NUL-terminated; the child exits after it */
	HM_ADOPTED,       /* body hm_generation: uses this policy from now on */
	HM_STORE_LOST,    /* body hm_store: wants a new connection in this place */
	HM_KEY_UNKNOWN,   /* from a worker: body hm_key_unknown */
	HM_FETCHED_PART,  /* from the fetcher: a piece of the set, in order */
	HM_FETCHED,       /* body hm_fetched: all of it has been said; tag is given back */
	HM_GEO_TABLE,     /* from geo, and on to workers: fd = sealed table of countries; none: there is none */
	HM_GEO_REFUSED,   /* from geo: body: why the file is none, not NUL-terminated */
	HM_METRICS_WANTED, /* tag is given back */
	HM_PEER_WANTED,   /* body hm_peer, role alone: has no socket to the signer or the auditor */
	HM_FAILURES       /* from a worker, and on to the others: body hm_failures */
};

struct hm_msg {
	struct hm_head head;
	union {
		uint8_t bytes[HERITAGE_MAX_BODY];
		struct hm_spawn spawn;
		struct hm_child child;
		struct hm_boot boot;
		struct hm_generation generation;
		struct hm_listener listener;
		struct hm_store store;
		struct hm_peer peer;
		struct hm_secret secret;
		struct hm_ready ready;
		struct hm_fetch fetch;
		struct hm_fetched fetched;
		struct hm_key_unknown key_unknown;
		struct hm_failures failures;
	} u;
};

/* Sends one message (body may be NULL with 0 bytes); fd >= 0 goes along and stays the caller's.
 * Errors as sd_fdpass_send(). Any process. */
int hm_send(int channel, enum hm_type type, uint32_t tag, const void *body, size_t n, int fd) SD_MUSTCHECK;

/* Receives one message; checks magic, version and that a typed body has its exact size.
 * SD_ERR_AGAIN, SD_ERR_CLOSED, SD_ERR_VERSION, SD_ERR_INVALID (descriptor closed). *fd_out -1 or the caller's. */
int hm_recv(int channel, struct hm_msg *out, int *fd_out) SD_MUSTCHECK;
/* The check alone, of n received bytes; a descriptor must or must not be there, by type. Pure. */
int hm_check(const struct hm_msg *m, size_t n, bool has_fd) SD_MUSTCHECK;

#endif
