/* SPDX-License-Identifier: MIT
 * handle - session ids, session tokens (sds_), refresh tokens (sdr_) and one-time codes of sharing
 * (sdc_): made, parsed, MAC'd.
 * Token = prefix + base64url(sid 16 | generation 4 big-endian | random 32 | MAC 16). */
#ifndef SD_HANDLE_H
#define SD_HANDLE_H

#include "slice.h"

#define HANDLE_SID_BYTES 16
#define HANDLE_SID_LEN 22
#define HANDLE_RANDOM_BYTES 32
#define HANDLE_MAC_BYTES 16
#define HANDLE_TOKEN_BYTES 68
#define HANDLE_TOKEN_LEN 95 /* 4 + base64url(68) */
#define HANDLE_KEY_BYTES 32

enum handle_kind { HANDLE_SESSION = 1, HANDLE_REFRESH = 2, HANDLE_CODE = 3 };

struct sid {
	uint8_t b[HANDLE_SID_BYTES]; /* b[0] is the partition */
};

struct handle {
	enum handle_kind kind;
	struct sid sid;
	uint32_t generation;
	uint8_t random[HANDLE_RANDOM_BYTES];
};

/* Partition: first byte of SHA-256(tenant 0x00 user). Fixed for ever. */
uint8_t handle_partition(struct sd_slice tenant, struct sd_slice user);

/* partition byte and 15 random bytes; SD_ERR_SYSTEM. */
int sid_new(uint8_t partition, struct sid *out) SD_MUSTCHECK;
void sid_text(const struct sid *sid, char out[HANDLE_SID_LEN + 1]);
/* 22 characters, canonical base64url; SD_ERR_INVALID. */
int sid_parse(struct sd_slice text, struct sid *out) SD_MUSTCHECK;

/* Fresh random part; SD_ERR_SYSTEM. */
int handle_new(enum handle_kind kind, const struct sid *sid, uint32_t generation, struct handle *out)
    SD_MUSTCHECK;
/* Token text, NUL-terminated; mac_key is the tenant's. */
int handle_text(const struct handle *h, const uint8_t mac_key[HANDLE_KEY_BYTES],
		char out[HANDLE_TOKEN_LEN + 1]) SD_MUSTCHECK;

enum handle_result { HANDLE_MALFORMED = 0, HANDLE_BAD_MAC, HANDLE_OK };

/* Checks prefix, length, canonical base64url, then the MAC under any of keys[0..n) in constant time. */
enum handle_result handle_parse(struct sd_slice text, enum handle_kind kind,
				const uint8_t (*keys)[HANDLE_KEY_BYTES], size_t n, struct handle *out)
    SD_MUSTCHECK;

/* SHA-256 of kind byte and random part: all that the store ever holds of a token. */
void handle_hash(const struct handle *h, uint8_t out[32]);

/* HKDF-SHA-256 (RFC 5869) to 32 bytes; label is a constant of ours, info more context. */
int handle_derive(const void *secret, size_t n, const char *label, struct sd_slice info,
		  uint8_t out[32]) SD_MUSTCHECK;

#endif
