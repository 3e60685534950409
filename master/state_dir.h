/* SPDX-License-Identifier: MIT
 * state_dir - the folder this node keeps things in: made, locked, and its name for the node. */
#ifndef SD_STATE_DIR_H
#define SD_STATE_DIR_H

#include "diag.h"

/* Makes path (0700, one level) and path/redis, takes the lock of the one master that may use it.
 * The lock's descriptor lives as long as the process. */
int state_dir_open(const char *path, struct sd_diag *diag) SD_MUSTCHECK;
/* The name kept in path/node, made at the first start: host name, hyphen, 4 hex digits. */
int state_dir_node(const char *path, char *out, size_t size, struct sd_diag *diag) SD_MUSTCHECK;

#endif
