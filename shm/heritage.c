/* SPDX-License-Identifier: MIT
 * heritage - one message on a channel: what may be in it, sent and received whole.
 * Owns:      the table of message types (body size, whether a descriptor belongs to it)
 * Runs in:   all (before and after the sandbox)
 * Fails by:  SD_ERR_INVALID/VERSION for what was received, sd_bug on what we would send wrongly
 * Never:     interprets a body beyond its shape; a receiver still checks who may say what */
#include "base.h"

#include "heritage.h"

#include <unistd.h>

#include "die.h"
#include "err.h"
#include "fdpass.h"

enum hm_fd { FD_NONE = 0, FD_MUST, FD_MAY };

struct hm_row {
	bool known;
	uint8_t fd;        /* enum hm_fd */
	uint16_t body_min; /* bytes */
	uint16_t body_max;
};

#define ROW(type, body, fd_rule) [type] = {true, fd_rule, sizeof(body), sizeof(body)}
#define ROW_EMPTY(type, fd_rule) [type] = {true, fd_rule, 0, 0}

static const struct hm_row rows[] = {
	ROW(HM_SPAWN, struct hm_spawn, FD_MAY),
	ROW(HM_SPAWNED, struct hm_child, FD_NONE),
	ROW(HM_ENDED, struct hm_child, FD_NONE),
	ROW(HM_KILL, struct hm_child, FD_NONE),
	ROW(HM_SIGNAL, struct hm_child, FD_NONE),
	ROW_EMPTY(HM_SERVING, FD_NONE),
	ROW(HM_BOOT, struct hm_boot, FD_NONE),
	ROW(HM_POLICY, struct hm_generation, FD_MUST),
	ROW_EMPTY(HM_CONTROL, FD_MUST),
	ROW(HM_REVOCATIONS, struct hm_generation, FD_MUST),
	ROW_EMPTY(HM_STATS, FD_MUST),
	ROW(HM_LISTENER, struct hm_listener, FD_MUST),
	ROW(HM_STORE, struct hm_store, FD_MUST),
	ROW_EMPTY(HM_SIGNER, FD_MUST),
	ROW_EMPTY(HM_AUDITOR, FD_MUST),
	ROW(HM_PEER, struct hm_peer, FD_MUST),
	ROW_EMPTY(HM_FILE, FD_MUST),
	ROW(HM_SECRET, struct hm_secret, FD_NONE),
	ROW_EMPTY(HM_GO, FD_NONE),
	ROW_EMPTY(HM_DRAIN, FD_NONE),
	ROW(HM_FETCH, struct hm_fetch, FD_MAY),
	ROW_EMPTY(HM_GEO_FILE, FD_MUST),
	ROW_EMPTY(HM_METRICS, FD_MAY), /* none: the text could not be made */
	ROW(HM_READY, struct hm_ready, FD_NONE),
	[HM_FAILED] = {true, FD_NONE, 0, HERITAGE_MAX_BODY},
	ROW(HM_ADOPTED, struct hm_generation, FD_NONE),
	ROW(HM_STORE_LOST, struct hm_store, FD_NONE),
	ROW(HM_KEY_UNKNOWN, struct hm_key_unknown, FD_NONE),
	[HM_FETCHED_PART] = {true, FD_NONE, 1, HERITAGE_MAX_BODY},
	ROW(HM_FETCHED, struct hm_fetched, FD_NONE),
	ROW_EMPTY(HM_GEO_TABLE, FD_MAY),
	[HM_GEO_REFUSED] = {true, FD_NONE, 1, HERITAGE_MAX_BODY},
	ROW_EMPTY(HM_METRICS_WANTED, FD_NONE),
	ROW(HM_PEER_WANTED, struct hm_peer, FD_NONE),
	ROW(HM_FAILURES, struct hm_failures, FD_NONE),
};

SD_STATIC_ASSERT(SD_ARRAY_LEN(rows) == HM_FAILURES + 1, "a row for each message type");
SD_STATIC_ASSERT(sizeof(struct hm_head) == 16, "the head has no padding");
SD_STATIC_ASSERT(sizeof(struct hm_boot) <= HERITAGE_MAX_BODY && sizeof(struct hm_failures) <= HERITAGE_MAX_BODY,
		 "the biggest bodies fit");

static const char *const role_names[ROLE_COUNT] = {
	[ROLE_NONE] = "none",	  [ROLE_LAUNCHER] = "launcher", [ROLE_MASTER] = "master",
	[ROLE_SIGNER] = "signer", [ROLE_WORKER] = "worker",	[ROLE_AUDITOR] = "auditor",
	[ROLE_REDIS] = "redis",	  [ROLE_FETCHER] = "fetcher",
	[ROLE_GEO] = "geo",
};

const char *role_name(enum role role)
{
	return (unsigned)role < ROLE_COUNT ? role_names[role] : "none";
}

static bool terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

/* Texts end inside their field and lengths stay inside theirs, so that no receiver has to look. */
static bool body_sane(const struct hm_msg *m)
{
	if (m->head.type == HM_BOOT)
		return terminated(m->u.boot.node, sizeof(m->u.boot.node)) &&
		       terminated(m->u.boot.keys_dir, sizeof(m->u.boot.keys_dir)) &&
		       terminated(m->u.boot.master_key_file, sizeof(m->u.boot.master_key_file));
	if (m->head.type == HM_FETCH)
		return terminated(m->u.fetch.url, sizeof(m->u.fetch.url));
	if (m->head.type == HM_FETCHED)
		return terminated(m->u.fetched.why, sizeof(m->u.fetched.why)) &&
		       m->u.fetched.good <= 1;
	if (m->head.type == HM_SECRET)
		return m->u.secret.n <= sizeof(m->u.secret.bytes);
	return true;
}

int hm_check(const struct hm_msg *m, size_t n, bool has_fd)
{
	const struct hm_row *row;

	if (n < sizeof(m->head) || m->head.magic != HERITAGE_MAGIC)
		return SD_ERR_INVALID;
	if (m->head.version != HERITAGE_VERSION)
		return SD_ERR_VERSION;
	if (m->head.type >= SD_ARRAY_LEN(rows) || !rows[m->head.type].known)
		return SD_ERR_INVALID;
	row = &rows[m->head.type];
	if (m->head.body != n - sizeof(m->head) || m->head.body < row->body_min ||
	    m->head.body > row->body_max)
		return SD_ERR_INVALID;
	if ((row->fd == FD_MUST && !has_fd) || (row->fd == FD_NONE && has_fd))
		return SD_ERR_INVALID;
	return body_sane(m) ? 0 : SD_ERR_INVALID;
}

int hm_send(int channel, enum hm_type type, uint32_t tag, const void *body, size_t n, int fd)
{
	struct hm_head head = {
		.magic = HERITAGE_MAGIC,
		.version = HERITAGE_VERSION,
		.type = (uint16_t)type,
		.tag = tag,
	};

	sd_bug_if((unsigned)type >= SD_ARRAY_LEN(rows) || !rows[type].known);
	sd_bug_if(n < rows[type].body_min || n > rows[type].body_max || (n > 0 && !body));
	sd_bug_if((rows[type].fd == FD_MUST && fd < 0) || (rows[type].fd == FD_NONE && fd >= 0));
	head.body = (uint32_t)n;
	return sd_fdpass_send(channel, &head, sizeof(head), body, n, fd);
}

int hm_recv(int channel, struct hm_msg *out, int *fd_out)
{
	size_t n = 0;
	int err;

	memset(out, 0, sizeof(*out));
	*fd_out = -1;
	err = sd_fdpass_recv(channel, out, sizeof(*out), &n, fd_out);
	if (err == 0)
		err = hm_check(out, n, *fd_out >= 0);
	else if (err == SD_ERR_TOO_BIG)
		err = SD_ERR_INVALID;
	if (err != 0 && *fd_out >= 0) {
		(void)close(*fd_out);
		*fd_out = -1;
	}
	return err;
}
