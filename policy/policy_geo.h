/* SPDX-License-Identifier: MIT
 * policy_geo - the operator's file of countries (geo.database_file), as far as the configuration is
 * concerned: it is there, it is ours to trust, it is whole. Master and tools only. */
#ifndef SD_POLICY_GEO_H
#define SD_POLICY_GEO_H

#include "buf.h"
#include "policy_config.h"
#include "policy_fault.h"

#define POLICY_GEO_MAX (256u << 20)

/* Faults at the key where the file cannot be used. */
void policy_geo_check(const struct server_conf *server, struct policy_faults *faults);
/* All of the file (out is initialised here; sd_buf_fini() in any case); faults may be NULL. Its inside is
 * looked at by nobody but sessiond-geo: that its end is what such a file ends in is all that is said. */
int policy_geo_read(const char *path, struct sd_buf *out, struct policy_faults *faults) SD_MUSTCHECK;

#endif
