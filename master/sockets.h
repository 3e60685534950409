/* SPDX-License-Identifier: MIT
 * sockets - the listening sockets: one for all workers, so that nothing waits at a dead one. */
#ifndef SD_SOCKETS_H
#define SD_SOCKETS_H

#include "policy_config.h"

struct sockets_one {
	int fd;
	uint32_t role;    /* enum listener_role */
	bool is_unix;
	bool is_ours;     /* a path that we made and take away again */
	char shown[CONF_PATH]; /* the address as bound */
};

struct sockets {
	size_t count;
	struct sockets_one one[CONF_MAX_LISTEN];
};

int sockets_open(struct sockets *s, const struct server_conf *server, struct sd_diag *diag) SD_MUSTCHECK;
/* No new connection from here on (workers hold theirs); removes the paths. */
void sockets_close(struct sockets *s);
/* "ADDRESS (api), ADDRESS (admin)". */
void sockets_text(const struct sockets *s, char *out, size_t size);

#endif
