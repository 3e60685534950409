/* SPDX-License-Identifier: MIT
 * err - the project's result codes. Functions return 0 or one of these (negative);
 * lookups return enums of their own whose safe value is 0. */
#ifndef SD_ERR_H
#define SD_ERR_H

enum sd_err {
	SD_OK = 0,
	SD_ERR_INVALID = -1,   /* input breaks its rules */
	SD_ERR_TOO_BIG = -2,   /* input or result over its bound */
	SD_ERR_MEMORY = -3,    /* allocation failed */
	SD_ERR_SYSTEM = -4,    /* a system call failed; errno says which way */
	SD_ERR_CRYPTO = -5,    /* OpenSSL refused */
	SD_ERR_VERSION = -6,   /* magic or version of a layout does not fit */
	SD_ERR_CLOSED = -7,    /* the peer is gone */
	SD_ERR_AGAIN = -8,     /* nothing now, ask later */
	SD_ERR_NOT_FOUND = -9, /* no such thing */
	SD_ERR_DENIED = -10,   /* refused by policy or by the kernel */
	SD_ERR_FULL = -11      /* a fixed table has no room */
};

/* A constant English phrase for the code; any process; never NULL. */
const char *sd_err_text(int err);

#endif
