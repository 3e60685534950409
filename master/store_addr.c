/* SPDX-License-Identifier: MIT
 * store_addr - where the store is and as whom.
 * Owns:      the passwords of the store in the master's memory
 * Runs in:   master (at start, and after each reload: a password may have changed)
 * Fails by:  returning SD_ERR_* with the file's name, never its content
 * Never:     gives the master's own access to a worker when a narrow one is configured */
#include "base.h"
#include "store_addr.h"

#include <fcntl.h>
#include <unistd.h>

#include "err.h"
#include "managed_redis.h"
#include "secret.h"

static int read_password(const char *file, char *out, size_t size, struct sd_diag *diag)
{
	ssize_t n;
	int fd;

	out[0] = '\0';
	if (file[0] == '\0')
		return SD_OK;
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "%s: %s", file, strerror(errno));
	n = read(fd, out, size);
	(void)close(fd);
	if (n <= 0 || (size_t)n >= size) {
		sd_wipe(out, size);
		return sd_diag_set(diag, SD_ERR_INVALID, "%s: a password of 1 to %zu bytes is expected",
				   file, size - 1);
	}
	out[n] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	return SD_OK;
}

static int from_config(struct store_addr *out, const struct server_conf *server, struct sd_diag *diag)
{
	int err = redis_addr_parse(server->store_url, &out->master, diag);

	if (err != SD_OK)
		return err;
	out->worker = out->master;
	if (server->store_username[0] != '\0')
		(void)snprintf(out->master.username, sizeof(out->master.username), "%s",
			       server->store_username);
	if (server->store_password_file[0] != '\0')
		err = read_password(server->store_password_file, out->master.password,
				    sizeof(out->master.password), diag);
	if (err != SD_OK)
		return err;
	if (server->store_worker_username[0] == '\0' && server->store_worker_password_file[0] == '\0') {
		out->worker = out->master;
		return SD_OK;
	}
	(void)snprintf(out->worker.username, sizeof(out->worker.username), "%s",
		       server->store_worker_username);
	return read_password(server->store_worker_password_file, out->worker.password,
			     sizeof(out->worker.password), diag);
}

int store_addr_load(struct store_addr *out, const struct server_conf *server,
		    const struct managed_redis *redis, struct sd_diag *diag)
{
	struct store_addr next;
	int err = SD_OK;

	memset(&next, 0, sizeof(next));
	if (server->store_mode == STORE_MODE_MANAGED)
		managed_redis_addr(redis, &next.master, &next.worker);
	else if (server->store_mode == STORE_MODE_REDIS)
		err = from_config(&next, server, diag);
	else
		err = sd_diag_set(diag, SD_ERR_INVALID,
				  "store.mode: sentinel and cluster are not in this version");
	if (err == SD_OK)
		*out = next;
	sd_wipe(&next, sizeof(next));
	return err;
}

int store_addr_resolve(struct store_addr *a, struct sd_diag *diag)
{
	int err = redis_addr_resolve(&a->master, diag);

	if (err == SD_OK) /* one URL: the same place */
		memcpy(a->worker.host, a->master.host, sizeof(a->worker.host));
	return err;
}
