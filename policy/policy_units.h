/* SPDX-License-Identifier: MIT
 * policy_units - the words of the configuration (durations, sizes, shares, counts,
 * networks) to numbers and back. Pure. Master and tools only.
 *
 * All parsers: SD_OK, or SD_ERR_INVALID with *why_out a constant phrase for the operator. */
#ifndef SD_POLICY_UNITS_H
#define SD_POLICY_UNITS_H

#include "buf.h"
#include "policy_image.h"

#define POLICY_MS 1ull
#define POLICY_S 1000ull
#define POLICY_M (60 * POLICY_S)
#define POLICY_H (60 * POLICY_M)
#define POLICY_D (24 * POLICY_H)

/* "500ms 30s 15m 12h 30d 1h30m" (units fall, each once) or "0" -> milliseconds. */
int policy_units_duration(struct sd_slice s, uint64_t *ms_out, const char **why_out) SD_MUSTCHECK;
/* "64KiB 16MiB 1GiB 512B" or "0" -> bytes. */
int policy_units_size(struct sd_slice s, uint64_t *bytes_out, const char **why_out) SD_MUSTCHECK;
/* "5%", "0.5%" or "0" -> thousandths. */
int policy_units_share(struct sd_slice s, uint64_t *permille_out, const char **why_out)
    SD_MUSTCHECK;
/* Decimal digits only: no sign, no leading zero, no underscore, no exponent. */
int policy_units_count(struct sd_slice s, uint64_t *out, const char **why_out) SD_MUSTCHECK;
/* "10.0.0.0/8", "2001:db8::/32", or an address alone; bits beyond the prefix must be zero. */
int policy_units_cidr(struct sd_slice s, struct policy_cidr *out, const char **why_out) SD_MUSTCHECK;

/* The shortest spelling that the parsers read back to the same value. */
void policy_units_put_duration(struct sd_buf *b, uint64_t ms);
void policy_units_put_size(struct sd_buf *b, uint64_t bytes);
void policy_units_put_share(struct sd_buf *b, uint64_t permille);
void policy_units_put_cidr(struct sd_buf *b, const struct policy_cidr *c);

#endif
