/* SPDX-License-Identifier: MIT
 * fuzz_json_merge - target and patch, parted by a NUL: what comes out is strict JSON, merging the
 * same patch again changes nothing, and taking the white space out changes no value. */
#include "base.h"
#include "fuzz.h"

#include "die.h"
#include "err.h"
#include "json_in.h"
#include "json_merge.h"

static void check_compact(struct sd_slice text)
{
	struct sd_buf once, twice;

	if (json_check(text, NULL) != SD_OK)
		return;
	sd_buf_init(&once, FUZZ_MAX_INPUT);
	sd_buf_init(&twice, FUZZ_MAX_INPUT);
	json_compact(text, &once);
	sd_bug_if(json_check(sd_buf_slice(&once), NULL) != SD_OK);
	json_compact(sd_buf_slice(&once), &twice);
	sd_bug_if(!sd_slice_eq(sd_buf_slice(&once), sd_buf_slice(&twice)));
	sd_buf_fini(&once);
	sd_buf_fini(&twice);
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	struct sd_slice target, patch;
	struct sd_buf once, twice;

	if (!nul)
		return;
	target = sd_slice(data, (size_t)(nul - data));
	patch = sd_slice(nul + 1, size - target.n - 1);
	check_compact(target);
	sd_buf_init(&once, 2 * FUZZ_MAX_INPUT);
	sd_buf_init(&twice, 2 * FUZZ_MAX_INPUT);
	if (json_merge(target, patch, &once) == SD_OK) {
		sd_bug_if(json_check(sd_buf_slice(&once), NULL) != SD_OK);
		sd_bug_if(json_merge(sd_buf_slice(&once), patch, &twice) != SD_OK);
		sd_bug_if(!sd_slice_eq(sd_buf_slice(&once), sd_buf_slice(&twice)));
	}
	sd_buf_fini(&once);
	sd_buf_fini(&twice);
}
