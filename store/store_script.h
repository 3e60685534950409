/* SPDX-License-Identifier: MIT
 * store_script - the Lua scripts inside the binary, and what Redis knows them by. Their order
 * here is the order of STORE_LUA in store/local.mk (a unit test compares the names). */
#ifndef SD_STORE_SCRIPT_H
#define SD_STORE_SCRIPT_H

#include "slice.h"

enum store_script {
	SCRIPT_CREATE,
	SCRIPT_REFRESH,
	SCRIPT_END,
	SCRIPT_END_USER,
	SCRIPT_RULE,
	SCRIPT_LIST_USER,
	SCRIPT_TOUCH,
	SCRIPT_TOUCH_NOW,
	SCRIPT_REGENERATE,
	SCRIPT_SHARE,
	SCRIPT_IDEM,
	SCRIPT_RENEW,
	SCRIPT_DATA_READ,
	SCRIPT_UPDATE,
	SCRIPT_LOCK,
	SCRIPT_SHARED_READ,
	SCRIPT_SHARED_WRITE,
	SCRIPT_ERASE,
	SCRIPT_RESTRICT,
	SCRIPT_DUE,
	SCRIPT_EXPIRE,
	SCRIPT_PREVIEW,
	SCRIPT_REINDEX,
	SCRIPT_QUOTA,
	SCRIPT_DEVICE_READ,
	SCRIPT_DEVICE_WRITE,
	SCRIPT_DEVICE_END,
	SCRIPT_TALLY,
	SCRIPT_EVENT_PUT,
	SCRIPT_EVENT_READ,
	SCRIPT_COUNT,
	SCRIPT_EVENT_ERASE,
	STORE_SCRIPT_COUNT
};

extern const char *const store_script_text[STORE_SCRIPT_COUNT];
extern const char *const store_script_name[STORE_SCRIPT_COUNT];

#define STORE_SHA_LEN 40
struct store_scripts {
	char sha[STORE_SCRIPT_COUNT][STORE_SHA_LEN + 1];
};

/* SHA-1 of each text, as EVALSHA wants it; SD_ERR_CRYPTO. */
int store_scripts_init(struct store_scripts *s) SD_MUSTCHECK;

/* A formatted EVALSHA command made into EVAL with the script's text; malloc'd. SD_ERR_INVALID when
 * command is no EVALSHA of ours, SD_ERR_MEMORY. */
int store_script_as_eval(struct sd_slice command, enum store_script script, char **out, size_t *n_out)
    SD_MUSTCHECK;

#endif
