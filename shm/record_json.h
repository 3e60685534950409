/* SPDX-License-Identifier: MIT
 * record_json - one audit record as the line of the trail (docs/AUDIT.md). */
#ifndef SD_RECORD_JSON_H
#define SD_RECORD_JSON_H

#include "audit_msg.h"
#include "buf.h"

/* Every line starts so, the number of the record follows: 1 quoted time of 24 characters. */
#define RECORD_JSON_HEAD "{\"ts\":\""
#define RECORD_JSON_SEQ "\",\"seq\":"
#define RECORD_JSON_TS_LEN 24

/* The longest line: every byte of a record may need six ("\u0000"), and our own members. */
#define RECORD_JSON_MAX (AUDIT_MAX_RECORD * 6 + 2048)

struct record_json_in {
	const struct audit_record *record;
	uint64_t seq; /* 0: the auditor's number is not known here, null */
	const char *node;
	const char *src; /* who sent it, by our own account: "worker-0" */
};

/* Appends the line with its newline. Members in a fixed order, what is absent is null. */
void record_json(struct sd_buf *out, const struct record_json_in *in);

/* Is it one line as record_json() makes it, without its newline, by its look? What stands in the store
 * may not split the answer it is put into. */
bool record_json_is(struct sd_slice line) SD_MUSTCHECK;

/* The name of its event, as text; "" when there is none. */
struct sd_slice record_json_event(struct sd_slice line);

/* The number in a line (without its newline); 0 when it is none of ours. */
uint64_t record_json_seq(struct sd_slice line);

#endif
