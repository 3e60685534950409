/* SPDX-License-Identifier: MIT
 * metrics_render - Prometheus text format 0.0.4 from one summed statistics segment.
 * Owns:      the label names
 * Runs in:   master
 * Fails by:  out->failed when it does not fit
 * Never:     prints a metric's HELP twice, or two series with the same labels */
#include "base.h"
#include "metrics.h"

#include "labels.h"

enum label { LABEL_NONE = 0, LABEL_ROUTE, LABEL_STATUS, LABEL_RESULT, LABEL_SOURCE, LABEL_REASON, LABEL_ROLE, LABEL_FALLBACK, LABEL_RELOAD,
	     LABEL_KIND, LABEL_MODE, LABEL_EVENT };

struct row {
	const char *name, *help;
	enum label a, b;
};

static const struct row counters[METRIC_COUNT] = {
#define COUNTER(id, name, help, label_a, label_b) [METRIC_##id] = {name, help, LABEL_##label_a, LABEL_##label_b},
#include "stats.def"
#undef COUNTER
};
static const struct row histograms[HISTOGRAM_COUNT] = {
#define HISTOGRAM(id, name, help) [HISTOGRAM_##id] = {name, help, LABEL_NONE, LABEL_NONE},
#include "stats.def"
#undef HISTOGRAM
};
static const struct row gauges[GAUGE_COUNT] = {
#define GAUGE(id, name, help) [GAUGE_##id] = {name, help, LABEL_NONE, LABEL_NONE},
#include "stats.def"
#undef GAUGE
};

/* In the order of http_method (http_msg.h), which this layer may not include; compared by
 * tests/unit/test_metrics_render.c. */
static const char *const methods[] = {"", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"};

static void head(struct sd_buf *out, const struct row *row, const char *type)
{
	sd_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name, type);
}

/* Label values escape backslash, quote and line end. */
static void label(struct sd_buf *out, bool *first, const char *name, struct sd_slice value)
{
	sd_buf_char(out, *first ? '{' : ',');
	*first = false;
	sd_buf_str(out, name);
	sd_buf_str(out, "=\"");
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '\\' || value.p[i] == '"')
			sd_buf_char(out, '\\');
		if ((unsigned char)value.p[i] < 0x20)
			sd_buf_char(out, '?');
		else
			sd_buf_char(out, value.p[i]);
	}
	sd_buf_char(out, '"');
}

static void label_number(struct sd_buf *out, bool *first, const char *name, const char *text, unsigned n)
{
	char number[24];

	(void)snprintf(number, sizeof(number), "%u", n);
	/* A number without a text keeps its series apart from others without one. */
	label(out, first, name, sd_slice_str(text != NULL && text[0] != '\0' ? text : number));
}

static void label_route(const struct metrics_in *in, struct sd_buf *out, bool *first, uint16_t value)
{
	uint32_t route = value >> 4, method = value & 15;
	char name[sizeof(in->sum->route[0]) + 1] = "";

	if (route < SHM_STATS_ROUTES)
		memcpy(name, in->sum->route[route], sizeof(in->sum->route[0]));
	label_number(out, first, "route", name, route);
	label_number(out, first, "method", method < SD_ARRAY_LEN(methods) ? methods[method] : "", method);
}

static void label_value(const struct metrics_in *in, struct sd_buf *out, bool *first, enum label kind,
			uint16_t v)
{
	switch (kind) {
	case LABEL_NONE:
		break;
	case LABEL_ROUTE:
		label_route(in, out, first, v);
		break;
	case LABEL_STATUS:
		label_number(out, first, "status", "", v);
		break;
	case LABEL_RESULT:
		label_number(out, first, "result", validate_result_text(v), v);
		break;
	case LABEL_SOURCE:
		label_number(out, first, "source", validate_source_text(v), v);
		break;
	case LABEL_REASON:
		label_number(out, first, "reason", end_reason_text(v), v);
		break;
	case LABEL_ROLE:
		label_number(out, first, "role", v < ROLE_COUNT ? role_name((enum role)v) : "", v);
		break;
	case LABEL_FALLBACK:
		label_number(out, first, "reason", fallback_text(v), v);
		break;
	case LABEL_RELOAD:
		label_number(out, first, "result", reload_result_text(v), v);
		break;
	case LABEL_KIND:
		label_number(out, first, "kind", binding_kind_text(v), v);
		break;
	case LABEL_MODE:
		label_number(out, first, "mode", binding_mode_text(v), v);
		break;
	case LABEL_EVENT:
		label_number(out, first, "event", security_event_text(v), v);
		break;
	}
}

static void label_tenant(const struct metrics_in *in, struct sd_buf *out, bool *first, uint32_t slot)
{
	struct sd_slice name = {NULL, 0};
	char number[24];

	if (slot == SHM_SLOT_NONE)
		return;
	if (slot == BOARD_TENANT_OTHER)
		name = SD_SLICE("(other)"); /* no tenant can be called so */
	else
		name = in->tenant(in->arg, slot);
	if (name.n == 0) {
		(void)snprintf(number, sizeof(number), "(gone %u)", slot);
		name = sd_slice_str(number);
	}
	label(out, first, "tenant", name);
}

/* board_key order: metric, tenant, a, b. */
static int compare(const void *x, const void *y)
{
	uint64_t a = ((const uint64_t *)x)[0], b = ((const uint64_t *)y)[0];

	return a < b ? -1 : a > b;
}

static void series(const struct metrics_in *in, struct sd_buf *out, const struct board_key *k, uint64_t n)
{
	const struct row *row = &counters[k->metric];
	bool first = true;

	sd_buf_str(out, row->name);
	if (row->a == LABEL_ROUTE && k->tenant_slot == SHM_SLOT_NONE)
		label(out, &first, "tenant", SD_SLICE("")); /* each of its series has the same labels */
	label_tenant(in, out, &first, k->tenant_slot);
	if (k->tenant_slot != BOARD_TENANT_OTHER || k->a != 0 || k->b != 0) {
		label_value(in, out, &first, row->a, k->a);
		label_value(in, out, &first, row->b, k->b);
	}
	sd_buf_str(out, first ? " " : "} ");
	sd_buf_u64(out, n);
	sd_buf_char(out, '\n');
}

/* How many values a label has that belongs to no tenant, 0 for an open list: these series are there from
 * the start, so that whoever alerts on them sees the first one counted. */
static uint16_t values_of(enum label kind)
{
	switch (kind) {
	case LABEL_FALLBACK:
		return FALLBACK_COUNT;
	case LABEL_RELOAD:
		return RELOAD_COUNT;
	case LABEL_ROLE:
		return ROLE_COUNT;
	case LABEL_NONE:
	case LABEL_ROUTE:
	case LABEL_STATUS:
	case LABEL_RESULT:
	case LABEL_SOURCE:
	case LABEL_REASON:
	case LABEL_KIND:
	case LABEL_MODE:
	case LABEL_EVENT:
		break;
	}
	return 0;
}

/* seen: a bit for each value that was counted. */
static void zeros(const struct metrics_in *in, struct sd_buf *out, uint32_t metric, uint32_t seen)
{
	_Static_assert(FALLBACK_COUNT <= 32 && RELOAD_COUNT <= 32 && ROLE_COUNT <= 32, "a value is a bit");
	for (uint16_t v = 1; v < values_of(counters[metric].a); v++) {
		struct board_key k = {(enum metric)metric, SHM_SLOT_NONE, v, 0};

		if (!(seen >> v & 1))
			series(in, out, &k, 0);
	}
}

/* Merged segments may hold a key in more than one region: equal keys are one series. */
static void all_counters(const struct metrics_in *in, struct sd_buf *out)
{
	static const struct board_key none;
	uint64_t(*rows)[2] = calloc(SHM_STATS_COUNTERS, sizeof(*rows));
	size_t n = 0, at = 0;

	if (rows == NULL) {
		out->failed = true;
		return;
	}
	for (uint32_t i = 0; i < SHM_STATS_COUNTERS; i++) {
		struct board_key k = none;
		uint64_t key = atomic_load_explicit(&in->sum->counter[i].key, memory_order_acquire);

		if (!board_key_read(key, &k))
			continue;
		rows[n][0] = key;
		rows[n++][1] = atomic_load_explicit(&in->sum->counter[i].count, memory_order_relaxed);
	}
	qsort(rows, n, sizeof(*rows), compare);
	for (uint32_t metric = 1; metric < METRIC_COUNT; metric++) {
		uint32_t seen = 0;

		head(out, &counters[metric], "counter");
		if (counters[metric].a == LABEL_NONE && (at >= n || rows[at][0] >> 48 != metric))
			sd_buf_printf(out, "%s 0\n", counters[metric].name);
		while (at < n && rows[at][0] >> 48 == metric) {
			struct board_key k = none;
			uint64_t sum = 0, key = rows[at][0];

			for (; at < n && rows[at][0] == key; at++)
				sum += rows[at][1];
			if (board_key_read(key, &k))
				series(in, out, &k, sum);
			seen |= k.tenant_slot == SHM_SLOT_NONE && k.a < 32 ? 1u << k.a : 0;
		}
		zeros(in, out, metric, seen);
	}
	free(rows);
}

static void seconds(struct sd_buf *out, uint64_t us)
{
	sd_buf_printf(out, "%llu.%06llu", (unsigned long long)(us / 1000000),
		      (unsigned long long)(us % 1000000));
}

static void all_histograms(const struct metrics_in *in, struct sd_buf *out)
{
	for (uint32_t h = 1; h < HISTOGRAM_COUNT; h++) {
		const struct row *row = &histograms[h];
		uint64_t sum = 0;

		head(out, row, "histogram");
		for (uint32_t b = 0; b < SHM_STATS_BUCKETS; b++) {
			uint64_t bound = board_bucket_us(b);

			sum += atomic_load_explicit(&in->sum->histogram[h].bucket[b], memory_order_relaxed);
			sd_buf_printf(out, "%s_bucket{le=\"", row->name);
			if (bound == UINT64_MAX)
				sd_buf_str(out, "+Inf");
			else
				seconds(out, bound);
			sd_buf_printf(out, "\"} %llu\n", (unsigned long long)sum);
		}
		sd_buf_printf(out, "%s_sum ", row->name);
		seconds(out, atomic_load_explicit(&in->sum->histogram[h].sum_us, memory_order_relaxed));
		/* the buckets' own sum: a writer may be between bucket and count */
		sd_buf_printf(out, "\n%s_count %llu\n", row->name, (unsigned long long)sum);
	}
}

static void all_gauges(const struct metrics_in *in, struct sd_buf *out)
{
	for (uint32_t g = 1; g < GAUGE_COUNT; g++) {
		uint64_t v = atomic_load_explicit(&in->sum->gauge[g], memory_order_relaxed);

		head(out, &gauges[g], "gauge");
		sd_buf_printf(out, "%s ", gauges[g].name);
		if (g == GAUGE_STALENESS_US)
			seconds(out, v);
		else
			sd_buf_u64(out, v);
		sd_buf_char(out, '\n');
	}
}

void metrics_render(const struct metrics_in *in, struct sd_buf *out)
{
	all_counters(in, out);
	all_histograms(in, out);
	all_gauges(in, out);
	sd_buf_str(out, "# HELP sessiond_sandbox_enforced Whether all processes of a role run under their filter.\n"
			"# TYPE sessiond_sandbox_enforced gauge\n");
	for (int r = 0; r < ROLE_COUNT; r++)
		if (in->sandbox[r] >= 0)
			sd_buf_printf(out, "sessiond_sandbox_enforced{role=\"%s\"} %d\n",
				      role_name((enum role)r), in->sandbox[r]);
	sd_buf_str(out, "# HELP sessiond_build_info The version that runs.\n"
			"# TYPE sessiond_build_info gauge\n"
			"sessiond_build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
}
