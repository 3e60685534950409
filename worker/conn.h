/* SPDX-License-Identifier: MIT
 * conn - one client connection: reads whole requests, has them answered one by one, writes. What is
 * idle holds no parser and two buffers of at most 4 KiB each. */
#ifndef SD_CONN_H
#define SD_CONN_H

#include "buf.h"
#include "loop.h"
#include "slice.h"

struct exchange;
struct listener;
struct worker;

enum conn_state {
	CONN_IDLE = 0, /* between requests: idle_timeout */
	CONN_HEAD,     /* bytes of a request line or header seen: header_timeout */
	CONN_BODY,     /* header complete, body coming: body_timeout */
	CONN_BUSY,     /* a request is parked; nothing is read */
	CONN_FLUSH,    /* the last answer leaves, then LINGER or closed */
	CONN_LINGER    /* our side is shut; waits for the client's end, a second at most */
};

/* Which caller this connection's last credential belonged to, so that a keep-alive client's key
 * is hashed once: valid for the same bytes and the same policy generation only. */
struct conn_credential {
	uint64_t generation;
	uint32_t tenant, client;
	uint16_t n;
	char text[64];
};

struct conn {
	struct sd_io io;
	int fd;                    /* io.fd is -1 while the loop does not watch it */
	struct conn *prev, *next;  /* of the worker's */
	struct sd_timer timer;
	struct sd_task again;      /* more of a pipeline, after the others' turn */
	int64_t deadline_ns;
	int64_t unread_until_ns; /* some of out waits to be read, until then; 0 = nothing does */
	size_t unread_taken;     /* bytes that went since this time began */
	struct worker *worker;
	struct listener *listener;
	struct exchange *exchange; /* NULL while idle */
	struct sd_buf in, out;
	size_t used;               /* bytes of `in` that the request under way takes */
	enum conn_state state;
	bool close_after;          /* after what is in `out` */
	bool broken;               /* the client is gone; free when the parked request ends */
	bool clean_end;            /* the request was framed well: closing loses nothing */
	struct conn_credential credential;
	void (*room)(struct conn *c); /* of a request that answers in parts: waits for the client */
};

/* Takes fd. */
void conn_open(struct worker *w, struct listener *l, int fd);
/* The request under way has put its answer into out. May free the connection. */
void conn_answered(struct conn *c);
/* A part of the answer of the request under way is in out. True: it has left, or the client is gone
 * (broken); else room() runs when one of these is so, at the latest after idle_timeout. */
bool conn_push(struct conn *c, void (*room)(struct conn *c)) SD_MUSTCHECK;
/* Closes all connections that wait for nothing (drain). */
void conn_drain_all(struct worker *w);

#endif
