/* SPDX-License-Identifier: MIT
 * fetcher_keys - an issuer's document into the one form in which the master takes it. */
#ifndef SD_FETCHER_KEYS_H
#define SD_FETCHER_KEYS_H

#include "buf.h"
#include "diag.h"

/* The usable keys of a set, public members alone, sorted by kid: equal sets give equal bytes. */
int fetcher_keys(struct sd_slice document, struct sd_buf *out, struct sd_diag *diag) SD_MUSTCHECK;

#endif
