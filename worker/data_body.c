/* SPDX-License-Identifier: MIT
 * data_body - application data as a request brings it.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  413 data-too-large at /data
 * Never:     look into the data: it is the application's
 */
#include "base.h"
#include "data_body.h"

#include "json_merge.h"
#include "respond.h"

enum step data_body_fits(struct request *r, struct sd_slice data)
{
	char why[64];
	if (json_values(data) > JSON_MERGE_VALUES)
		return respond_problem(r, PROBLEM_DATA_TOO_LARGE, "too many values", "/data");
	if (data.n <= r->tenant->data_bytes || sd_slice_is(data, "{}"))
		return STEP_NEXT;
	(void)snprintf(why, sizeof(why), "%zu bytes, %u are allowed", data.n, r->tenant->data_bytes);
	return respond_problem(r, PROBLEM_DATA_TOO_LARGE, why, "/data");
}

enum step data_body_read(struct request *r, const struct body_value *v, struct sd_slice *out)
{
	struct sd_buf compact;
	*out = SD_SLICE("{}");
	if (!v->given || v->raw.kind != JSON_OBJECT)
		return STEP_NEXT;
	sd_buf_init(&compact, SD_MAX(v->raw.raw.n, 1u));
	json_compact(v->raw.raw, &compact);
	*out = sd_arena_copy(&r->arena, sd_buf_slice(&compact));
	bool ok = !compact.failed && out->p;
	sd_buf_fini(&compact);
	if (!ok)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	return data_body_fits(r, *out);
}
