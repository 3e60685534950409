/* SPDX-License-Identifier: MIT
 * problem - RFC 9457 bodies; the closed table of error codes is problem.def (api.md). */
#ifndef SD_PROBLEM_H
#define SD_PROBLEM_H

#include "buf.h"

/* problem.def has rows PROBLEM(ENUM, "code", status, "title", "remedy"); enum values are
 * PROBLEM_<ENUM>: the code in capitals with underscores, e.g. PROBLEM_TOKEN_EXPIRED. */
enum problem {
	PROBLEM_NONE = 0,
#define PROBLEM(id, code, status, title, remedy) PROBLEM_##id,
#include "problem.def"
#undef PROBLEM
	PROBLEM_COUNT
};

const char *problem_code(enum problem p);
uint16_t problem_status(enum problem p);

/* {"type":"urn:sessiond:error:CODE","title":...,"status":...,"detail":...,"code":...,
 * "request_id":...,"errors":[{"pointer":...,"detail":...}]}; errors only when pointer.p is not
 * NULL. An empty detail says what to do: the code's remedy. Never put a token or key into detail. */
void problem_emit(struct sd_buf *body, enum problem p, struct sd_slice detail,
		  struct sd_slice request_id, struct sd_slice pointer);

#endif
