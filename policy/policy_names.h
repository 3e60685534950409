/* SPDX-License-Identifier: MIT
 * policy_names - the words of the configuration that stay text (hosts, addresses, URLs, hashes):
 * is this one? Pure. Master and tools only.
 *
 * All: SD_OK, or SD_ERR_INVALID with *why_out a constant phrase for the operator. */
#ifndef SD_POLICY_NAMES_H
#define SD_POLICY_NAMES_H

#include "slice.h"

/* Lower-case DNS name or IP address, no port, no trailing dot, at most 253 bytes. */
int policy_names_host(struct sd_slice s, const char **why_out) SD_MUSTCHECK;
/* "127.0.0.1:8440", "[::1]:8440", "unix:PATH", "systemd:NAME". */
int policy_names_listen(struct sd_slice s, const char **why_out) SD_MUSTCHECK;
/* True for the addresses that mean "every interface". */
bool policy_names_listen_is_wildcard(struct sd_slice s);
/* "redis://host[:port][/db]", "rediss://...", "unix:PATH"; never with a password in it. */
int policy_names_store_url(struct sd_slice s, const char **why_out) SD_MUSTCHECK;
/* An issuer (RFC 8414 2): https, no query, no fragment; http for loopback names only. */
int policy_names_issuer(struct sd_slice s, const char **why_out) SD_MUSTCHECK;
/* "sha256:" and 64 lower-case hex digits. */
int policy_names_hash(struct sd_slice s, uint8_t out[32], const char **why_out) SD_MUSTCHECK;

#endif
