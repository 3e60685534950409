/* SPDX-License-Identifier: MIT
 * managed_redis - the private redis-server of store.mode managed.
 * Owns:      its configuration and the passwords of its two users
 * Runs in:   master (text and memfd, also after the sandbox)
 * Fails by:  returning SD_ERR_*, -1
 * Never:     writes a password to a file: the configuration travels in memory as its stdin */
#include "base.h"
#include "managed_redis.h"

#include "err.h"
#include "secret.h"
#include "shm_map.h"
#include "store_acl.h"

#define CONF_MAX 8192

static int make_password(char out[65])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t raw[32];

	if (sd_random(raw, sizeof(raw)) != SD_OK)
		return SD_ERR_SYSTEM;
	for (size_t i = 0; i < sizeof(raw); i++) {
		out[2 * i] = digits[raw[i] >> 4];
		out[2 * i + 1] = digits[raw[i] & 15];
	}
	out[64] = '\0';
	sd_wipe(raw, sizeof(raw));
	return SD_OK;
}

int managed_redis_init(struct managed_redis *r, const struct server_conf *server, struct sd_diag *diag)
{
	struct redis_addr probe;

	memset(r, 0, sizeof(*r));
	if (snprintf(r->dir, sizeof(r->dir), "%.380s/redis", server->state_dir) >= (int)sizeof(r->dir) ||
	    strlen(r->dir) + sizeof("/" MANAGED_REDIS_SOCKET) > sizeof(probe.path))
		return sd_diag_set(diag, SD_ERR_TOO_BIG,
				   "state_dir: %s/%s is longer than a socket's path may be (%zu bytes)",
				   r->dir, MANAGED_REDIS_SOCKET, sizeof(probe.path) - 1);
	if (strpbrk(r->dir, "\"\\\r\n") != NULL)
		return sd_diag_set(diag, SD_ERR_INVALID, "state_dir: no quotes, backslashes or line ends");
	r->everysec = server->fsync_everysec != 0;
	(void)snprintf(r->prefix, sizeof(r->prefix), "%s", server->store_prefix);
	if (make_password(r->master_password) != SD_OK || make_password(r->worker_password) != SD_OK)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "random bytes: %s", strerror(errno));
	return SD_OK;
}

/* `dir` comes first: the server enters it, so that the socket's name is relative to it. */
void managed_redis_conf(const struct managed_redis *r, struct sd_buf *out)
{
	char rules[STORE_ACL_MAX];

	sd_buf_printf(out, "dir \"%s\"\n", r->dir);
	sd_buf_str(out, "port 0\n"
			"unixsocket " MANAGED_REDIS_SOCKET "\n"
			"unixsocketperm 700\n"
			"protected-mode yes\n"
			"daemonize no\n"
			"supervised no\n"
			"logfile \"\"\n"
			"loglevel warning\n"
			"databases 1\n"
			"save \"\"\n"
			"appendonly yes\n");
	sd_buf_printf(out, "appendfsync %s\n", r->everysec ? "everysec" : "always");
	sd_buf_str(out, "aof-load-truncated yes\n"
			"maxmemory-policy noeviction\n"
			"maxclients 4064\n"
			"timeout 0\n"
			"enable-debug-command no\n"
			"enable-module-command no\n"
			"enable-protected-configs no\n"
			/* Nobody can be the default user, but it keeps its rights: the server replays
			 * its append-only file as this user and would drop every transaction (each
			 * script's writes) that the user may not run. Tried with 7.0.15. */
			"user default off resetpass ~* &* +@all\n");
	store_acl_rules_master(r->prefix, rules, sizeof(rules));
	out->failed = out->failed || rules[0] == '\0';
	sd_buf_printf(out, "user %s on >%s %s\n", MANAGED_REDIS_MASTER, r->master_password, rules);
	store_acl_rules(r->prefix, rules, sizeof(rules));
	out->failed = out->failed || rules[0] == '\0';
	sd_buf_printf(out, "user %s on >%s %s\n", MANAGED_REDIS_WORKER, r->worker_password, rules);
}

int managed_redis_stdin(const struct managed_redis *r, struct sd_diag *diag)
{
	struct sd_buf text;
	int fd = -1;

	sd_buf_init(&text, CONF_MAX);
	managed_redis_conf(r, &text);
	if (!text.failed)
		fd = shm_text_fd("sessiond-redis-conf", sd_buf_slice(&text));
	if (fd < 0)
		(void)sd_diag_set(diag, SD_ERR_SYSTEM, "the store's configuration: %s",
				  text.failed ? "does not fit" : strerror(errno));
	sd_buf_wipe_fini(&text);
	return fd;
}

static void addr(const struct managed_redis *r, const char *user, const char *password,
		 struct redis_addr *out)
{
	memset(out, 0, sizeof(*out));
	out->is_unix = true;
	(void)snprintf(out->path, sizeof(out->path), "%.90s/%s", r->dir, MANAGED_REDIS_SOCKET);
	(void)snprintf(out->username, sizeof(out->username), "%s", user);
	(void)snprintf(out->password, sizeof(out->password), "%s", password);
}

void managed_redis_addr(const struct managed_redis *r, struct redis_addr *master, struct redis_addr *worker)
{
	addr(r, MANAGED_REDIS_MASTER, r->master_password, master);
	addr(r, MANAGED_REDIS_WORKER, r->worker_password, worker);
}
