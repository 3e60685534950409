/* SPDX-License-Identifier: MIT
 * ep_analytics - GET /analytics/...: what was counted of a tenant's sessions.
 * Owns:      the form of the answers
 * Runs in:   worker
 * Fails by:  400 at the parameter; 503 when the counts cannot be read
 * Never:     name a user or a session
 */
#include "base.h"
#include "ep.h"

#include "analytics.h"
#include "respond.h"

#define TOP 50

static void put(struct sd_buf *b, const char *before, uint64_t n)
{
	sd_buf_str(b, before);
	sd_buf_u64(b, n);
}

static void put_range(const struct analytics *a, struct sd_buf *b)
{
	put(b, "{\"from_at\":", (uint64_t)a->from_hour * 3600);
	put(b, ",\"to_at\":", (uint64_t)(a->to_hour + 1) * 3600);
}

static uint64_t sum_of(const uint64_t *n, unsigned from, unsigned count)
{
	uint64_t sum = 0;
	for (unsigned i = from; i < count; i++)
		sum += n[i];
	return sum;
}

/* A member for each of a closed list that occurred. */
static void put_list(struct sd_buf *b, const char *(*text)(unsigned), const uint64_t *n, unsigned count)
{
	const char *before = "";
	sd_buf_char(b, '{');
	for (unsigned i = 1; i < count; i++) {
		if (n[i] == 0)
			continue;
		sd_buf_printf(b, "%s\"%s\":", before, text(i));
		sd_buf_u64(b, n[i]);
		before = ",";
	}
	sd_buf_char(b, '}');
}

/* "ended": the sum, and what it is made of. */
static void put_ended(const struct analytics_hour *h, struct sd_buf *b)
{
	put(b, ",\"ended\":", sum_of(h->ended, 0, END_COUNT));
	sd_buf_str(b, ",\"ended_by_reason\":");
	put_list(b, end_reason_text, h->ended, END_COUNT);
}

/* In sum; `by`: also by code, by signal and by what the policy does about it. */
static void put_security(const struct analytics_hour *h, bool by, struct sd_buf *b)
{
	uint64_t mismatches = 0;
	for (unsigned i = 1; i < BINDING_KIND_COUNT; i++)
		mismatches += sum_of(h->bound[i], 1, BINDING_MODE_COUNT);
	put(b, ",\"security\":{\"refresh_reused\":", h->ended[END_REUSE]);
	put(b, ",\"binding_broken\":", h->ended[END_BINDING]);
	put(b, ",\"refused_validations\":", sum_of(h->refused, 1, RESULT_COUNT));
	put(b, ",\"binding_mismatches\":", mismatches);
	for (unsigned i = 1; i < SECURITY_COUNT; i++) {
		sd_buf_printf(b, ",\"%s\":", security_event_text(i));
		sd_buf_u64(b, h->security[i]);
	}
	if (by) {
		sd_buf_str(b, ",\"refused_by_code\":");
		put_list(b, validate_result_text, h->refused, RESULT_COUNT);
		sd_buf_str(b, ",\"mismatches_by_signal\":{");
		for (unsigned i = 1; i < BINDING_KIND_COUNT; i++) {
			sd_buf_printf(b, "%s\"%s\":", i > 1 ? "," : "", binding_kind_text(i));
			put_list(b, binding_mode_text, h->bound[i], BINDING_MODE_COUNT);
		}
		sd_buf_char(b, '}');
	}
	sd_buf_char(b, '}');
}

static enum step parse_summary(struct request *r)
{
	return analytics_parse(r, TALLY_SUMMARY);
}

static enum step show_summary(struct request *r)
{
	const struct analytics *a = r->state;
	struct sd_buf *b = &r->body;
	put_range(a, b);
	put(b, ",\"active_sessions\":", a->active);
	put(b, ",\"active_users\":", a->hour->users);
	put(b, ",\"created\":", a->hour->created);
	put_ended(a->hour, b);
	put_security(a->hour, true, b);
	sd_buf_char(b, '}');
	return respond_json(r, 200);
}

static enum step parse_sessions(struct request *r)
{
	return analytics_parse(r, TALLY_SESSIONS);
}

static enum step show_sessions(struct request *r)
{
	const struct analytics *a = r->state;
	struct sd_buf *b = &r->body;
	int64_t this = request_now_s(r) / 3600;
	put_range(a, b);
	sd_buf_str(b, ",\"bucket\":\"hour\",\"items\":[");
	for (int64_t i = a->from_hour; i <= a->to_hour; i++) {
		const struct analytics_hour *h = &a->hour[i - a->from_hour];
		put(b, i > a->from_hour ? ",{\"at\":" : "{\"at\":", (uint64_t)i * 3600);
		put(b, ",\"created\":", h->created);
		put_ended(h, b);
		if (i > this - 24)
			put(b, ",\"users\":", h->users);
		else
			sd_buf_str(b, ",\"users\":null");
		put_security(h, false, b);
		sd_buf_char(b, '}');
	}
	sd_buf_str(b, "]}");
	return respond_json(r, 200);
}

static enum step parse_durations(struct request *r)
{
	return analytics_parse(r, TALLY_DURATIONS);
}

static enum step show_durations(struct request *r)
{
	/* as store/scripts/common.lua counts them */
	static const char *const bounds[] = {"60",    "300",   "900",	 "3600", "14400",
					     "43200", "86400", "604800", "more"};
	const struct analytics *a = r->state;
	struct sd_buf *b = &r->body;
	const char *from = "0";
	put_range(a, b);
	sd_buf_str(b, ",\"items\":[");
	for (size_t i = 0; i < SD_ARRAY_LEN(bounds); i++) {
		bool last = i + 1 == SD_ARRAY_LEN(bounds);
		sd_buf_printf(b, "%s{\"from_in\":%s,\"below_in\":%s", i ? "," : "", from,
			      last ? "null" : bounds[i]);
		put(b, ",\"count\":", analytics_count(a, sd_slice_str(bounds[i])));
		sd_buf_char(b, '}');
		from = bounds[i];
	}
	sd_buf_str(b, "]}");
	return respond_json(r, 200);
}

/* The most frequent ones of a kind as items of a list; what is left is summed up. */
static uint64_t put_top(struct analytics *a, const char *prefix, const char *key, struct sd_buf *b)
{
	struct sd_slice kind = sd_slice_str(prefix);
	const struct analytics_name *x;
	uint64_t rest = 0;
	for (int shown = 0; shown < TOP && (x = analytics_top(a, kind)) != NULL;) {
		struct sd_slice name = sd_slice(x->name.p + kind.n, x->name.n - kind.n);
		if (sd_slice_is(name, "other")) {
			rest += x->n;
			continue;
		}
		sd_buf_printf(b, "%s{\"%s\":", shown++ ? "," : "", key);
		sd_buf_json_str(b, name.n ? name : sd_slice_str("unknown"));
		put(b, ",\"count\":", x->n);
		sd_buf_char(b, '}');
	}
	return rest + analytics_rest(a, kind);
}

static enum step parse_devices(struct request *r)
{
	return analytics_parse(r, TALLY_DEVICES);
}

static enum step show_devices(struct request *r)
{
	struct analytics *a = r->state;
	struct sd_buf *b = &r->body;
	uint64_t rest;
	put_range(a, b);
	sd_buf_str(b, ",\"items\":[");
	rest = put_top(a, "t:", "type", b);
	put(b, "],\"other\":", rest + a->other);
	sd_buf_str(b, ",\"browsers\":[");
	rest = put_top(a, "b:", "browser", b);
	put(b, "],\"other_browsers\":", rest);
	sd_buf_char(b, '}');
	return respond_json(r, 200);
}

static enum step parse_networks(struct request *r)
{
	return analytics_parse(r, TALLY_NETWORKS);
}

static enum step show_networks(struct request *r)
{
	struct analytics *a = r->state;
	struct sd_buf *b = &r->body;
	put_range(a, b);
	sd_buf_str(b, ",\"items\":[");
	uint64_t rest = put_top(a, "", "network", b);
	put(b, "],\"other\":", rest + a->other);
	sd_buf_char(b, '}');
	return respond_json(r, 200);
}

static enum step parse_geo(struct request *r)
{
	return analytics_parse(r, TALLY_COUNTRIES);
}

/* What the table in force calls itself: counts may be older than it is. */
static void put_source(const struct geo_table *t, struct sd_buf *b)
{
	if (!t) {
		sd_buf_str(b, ",\"source\":null,\"built_at\":null}");
		return;
	}
	sd_buf_str(b, ",\"source\":");
	sd_buf_json_str(b, sd_slice_str(t->source));
	put(b, ",\"built_at\":", (uint64_t)t->built_s);
	sd_buf_char(b, '}');
}

static enum step show_geo(struct request *r)
{
	struct analytics *a = r->state;
	struct sd_buf *b = &r->body;
	put_range(a, b);
	put(b, ",\"unknown\":", analytics_take(a, SD_SLICE("ZZ")) + a->other);
	sd_buf_str(b, ",\"items\":[");
	uint64_t rest = put_top(a, "", "country", b);
	put(b, "],\"other\":", rest);
	put_source(r->w->countries.table, b);
	return respond_json(r, 200);
}

const request_step ep_analytics_summary_steps[] = {parse_summary, analytics_ask, analytics_done,
						   show_summary, NULL};
const request_step ep_analytics_sessions_steps[] = {parse_sessions, analytics_ask, analytics_done,
						    show_sessions, NULL};
const request_step ep_analytics_durations_steps[] = {parse_durations, analytics_ask, analytics_done,
						     show_durations, NULL};
const request_step ep_analytics_devices_steps[] = {parse_devices, analytics_ask, analytics_done,
						   show_devices, NULL};
const request_step ep_analytics_networks_steps[] = {parse_networks, analytics_ask, analytics_done,
						    show_networks, NULL};
const request_step ep_analytics_geo_steps[] = {parse_geo, analytics_ask, analytics_done, show_geo, NULL};
