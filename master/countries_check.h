/* SPDX-License-Identifier: MIT
 * countries_check - reads the file of countries as a start would, and throws away what comes of it. */
#ifndef SD_COUNTRIES_CHECK_H
#define SD_COUNTRIES_CHECK_H

#include "diag.h"
#include "policy_config.h"

/* For sessiond -t, after the configuration's own check. SD_ERR_INVALID with the reason: it would be refused;
 * SD_ERR_SYSTEM: it could not be tried. No file is named, or there is no sessiond-geo: fine. */
int countries_check(const struct server_conf *server, struct sd_diag *diag) SD_MUSTCHECK;

#endif
