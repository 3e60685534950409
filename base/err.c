/* SPDX-License-Identifier: MIT
 * err - the phrase that belongs to a result code.
 * Owns:      the table of phrases
 * Runs in:   every process, before and after its sandbox
 * Fails by:  never
 * Never:     add a code that says what a lookup found; lookups have enums of their own */
#include "base.h"
#include "err.h"

static const char *const phrases[] = {
    [-SD_OK] = "ok",
    [-SD_ERR_INVALID] = "invalid input",
    [-SD_ERR_TOO_BIG] = "too big",
    [-SD_ERR_MEMORY] = "out of memory",
    [-SD_ERR_SYSTEM] = "system call failed",
    [-SD_ERR_CRYPTO] = "cryptographic operation failed",
    [-SD_ERR_VERSION] = "magic or version does not fit",
    [-SD_ERR_CLOSED] = "closed by the peer",
    [-SD_ERR_AGAIN] = "nothing now, ask later",
    [-SD_ERR_NOT_FOUND] = "not found",
    [-SD_ERR_DENIED] = "denied",
    [-SD_ERR_FULL] = "table full",
};
SD_STATIC_ASSERT(SD_ARRAY_LEN(phrases) == -SD_ERR_FULL + 1, "a phrase for every code");

const char *sd_err_text(int err)
{
	/* The range is checked before the sign is turned: -INT_MIN does not exist. */
	if (err > SD_OK || err < SD_ERR_FULL)
		return "unknown error";
	return phrases[-err];
}
