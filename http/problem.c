/* SPDX-License-Identifier: MIT
 * problem - the closed table of error codes and the RFC 9457 body.
 * Owns:      code, status and title of every refusal
 * Runs in:   worker
 * Fails by:  out->failed of the buffer; sd_bug on a value that is no problem
 * Never:     a row here: rows live in problem.def, and in the contract first. */
#include "base.h"
#include "problem.h"

#include "die.h"

static const struct {
	const char *code;
	uint16_t status;
	const char *title, *remedy;
} rows[PROBLEM_COUNT] = {
#define PROBLEM(id, code, status, title, remedy) [PROBLEM_##id] = {code, status, title, remedy},
#include "problem.def"
#undef PROBLEM
};

static void check(enum problem p)
{
	sd_bug_if((unsigned)p == PROBLEM_NONE || (unsigned)p >= PROBLEM_COUNT);
}

const char *problem_code(enum problem p)
{
	check(p);
	return rows[p].code;
}

uint16_t problem_status(enum problem p)
{
	check(p);
	return rows[p].status;
}

void problem_emit(struct sd_buf *body, enum problem p, struct sd_slice detail,
		  struct sd_slice request_id, struct sd_slice pointer)
{
	check(p);
	if (detail.n == 0)
		detail = sd_slice_str(rows[p].remedy);
	sd_buf_str(body, "{\"type\":\"urn:sessiond:error:");
	sd_buf_str(body, rows[p].code);
	sd_buf_str(body, "\",\"title\":");
	sd_buf_json_str(body, sd_slice_str(rows[p].title));
	sd_buf_str(body, ",\"status\":");
	sd_buf_u64(body, rows[p].status);
	sd_buf_str(body, ",\"detail\":");
	sd_buf_json_str(body, detail);
	sd_buf_str(body, ",\"code\":\"");
	sd_buf_str(body, rows[p].code);
	sd_buf_str(body, "\",\"request_id\":");
	sd_buf_json_str(body, request_id);
	if (pointer.p) {
		sd_buf_str(body, ",\"errors\":[{\"pointer\":");
		sd_buf_json_str(body, pointer);
		sd_buf_str(body, ",\"detail\":");
		sd_buf_json_str(body, detail);
		sd_buf_str(body, "}]");
	}
	sd_buf_str(body, "}");
}
