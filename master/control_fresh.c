/* SPDX-License-Identifier: MIT
 * control_fresh - how well this node keeps up with the log, in numbers, for `sessionctl status`.
 * Owns:      the names of its fields
 * Runs in:   master (after the sandbox)
 * Fails by:  leaving the numbers out
 * Never:     a tenant's name */
#include "base.h"
#include "control.h"

#include <inttypes.h>

#include "labels.h"
#include "master.h"
#include "metrics.h"

static uint64_t load(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

/* The upper bound of the bucket in which the share (of 1000) lies, ms. */
static double at_share(const struct shm_stats *sum, uint64_t count, uint64_t share)
{
	uint64_t below = 0;
	uint32_t b = 0;

	for (; b < SHM_STATS_BUCKETS - 1; b++) {
		below += load(&sum->histogram[HISTOGRAM_APPLY].bucket[b]);
		if (below * 1000 >= count * share)
			break;
	}
	return (double)board_bucket_us(SD_MIN(b, SHM_STATS_BUCKETS - 2u)) / 1000;
}

/* From the store's commit of an end to its place in the table. */
static void apply(const struct shm_stats *sum, struct sd_buf *out)
{
	uint64_t count = 0;

	for (uint32_t b = 0; b < SHM_STATS_BUCKETS; b++)
		count += load(&sum->histogram[HISTOGRAM_APPLY].bucket[b]);
	sd_buf_printf(out, ",\"apply_ms\":{\"count\":%" PRIu64, count);
	if (count > 0)
		sd_buf_printf(out, ",\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f", at_share(sum, count, 500),
			      at_share(sum, count, 990), at_share(sum, count, 1000));
	sd_buf_char(out, '}');
}

static uint64_t counted(const struct shm_stats *sum, enum metric metric, uint16_t a)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < SHM_STATS_COUNTERS; i++) {
		struct board_key k;

		if (board_key_read(load(&sum->counter[i].key), &k) && k.metric == metric && k.a == a)
			n += load(&sum->counter[i].count);
	}
	return n;
}

/* Why the store was asked, validations. */
static void fallbacks(const struct shm_stats *sum, struct sd_buf *out)
{
	sd_buf_str(out, ",\"fallbacks\":{");
	for (unsigned why = 1; why < FALLBACK_COUNT; why++)
		sd_buf_printf(out, "%s\"%s\":%" PRIu64, why > 1 ? "," : "", fallback_text(why),
			      counted(sum, METRIC_FALLBACKS, (uint16_t)why));
	sd_buf_char(out, '}');
}

void control_fresh(struct master *m, struct sd_buf *out)
{
	struct shm_stats *sum = calloc(1, sizeof(*sum));

	if (sum == NULL)
		return;
	metrics_sum(m, sum);
	apply(sum, out);
	fallbacks(sum, out);
	sd_buf_printf(out, ",\"gaps_repaired\":%" PRIu64 ",\"writebacks\":%" PRIu64 ",\"remembered_ends\":%" PRIu64,
		      counted(sum, METRIC_GAPS, 0), counted(sum, METRIC_WRITEBACKS, 0),
		      load(&sum->gauge[GAUGE_REMEMBERED_ENDS]));
	free(sum);
}
