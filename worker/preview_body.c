/* SPDX-License-Identifier: MIT
 * preview_body - a tenant's policy document as JSON, as far as it can touch live sessions.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  400 at the key
 * Never:     check a policy for good: `sessionctl policy check` does, with the loader's own rules
 */
#include "base.h"
#include "preview_body.h"

#include "body.h"
#include "err.h"
#include "respond.h"

#define MAX_S (10 * 366 * 86400LL)

struct reading {
	struct request *r;
	void *into;      /* a preview_policy, or a level of it */
	char at[192];    /* the pointer of what is being read */
};

struct key {
	const char *name;
	/* NULL, or what is wrong; for objects: STEP_DONE was answered when *done. */
	const char *(*read)(struct reading *x, const struct json_value *v, size_t offset);
	size_t offset;
};

struct level {
	uint32_t idle_s, absolute_s, max_per_user;
	struct sd_slice step_up;
};

static bool is_plain(struct sd_slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '"' || s.p[i] == '\\')
			return false;
	return true;
}

static enum step refuse(struct reading *x, enum problem p, const char *why)
{
	return respond_problem(x->r, p, why, x->at);
}

/* 1800, "30m", "1h30m", "90s". */
static bool duration(struct sd_slice s, int64_t *out)
{
	static const struct {
		char unit;
		int64_t s;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	int64_t sum = 0;
	size_t at = 0;
	while (at < s.n) {
		size_t from = at;
		uint64_t n;
		while (at < s.n && s.p[at] >= '0' && s.p[at] <= '9')
			at++;
		if (at == s.n || at - from > 9 ||
		    sd_slice_u64(sd_slice(s.p + from, at - from), &n) != SD_OK)
			return false;
		int64_t unit = 0;
		for (size_t i = 0; i < SD_ARRAY_LEN(units); i++)
			if (s.p[at] == units[i].unit)
				unit = units[i].s;
		if (unit == 0)
			return false;
		sum += (int64_t)n * unit;
		at++;
	}
	*out = sum;
	return s.n > 0;
}

static uint32_t *field(struct reading *x, size_t offset)
{
	return (uint32_t *)(void *)((char *)x->into + offset);
}

static const char *read_duration(struct reading *x, const struct json_value *v, size_t offset)
{
	struct sd_slice text;
	int64_t s;
	bool ok = v->kind == JSON_NUMBER
		      ? json_get_i64(v, &s) == SD_OK
		      : json_get_str(v, &x->r->arena, &text) == SD_OK && duration(text, &s);
	if (!ok || s < 1 || s > MAX_S)
		return "must be a duration: seconds, or like \"30m\"";
	*field(x, offset) = (uint32_t)s;
	return NULL;
}

static const char *read_max(struct reading *x, const struct json_value *v, size_t offset)
{
	int64_t n;
	if (json_get_i64(v, &n) != SD_OK || n < 1 || n > 1000)
		return "must be 1 to 1000";
	*field(x, offset) = (uint32_t)n;
	return NULL;
}

static const char *read_bits(struct reading *x, const struct json_value *v, size_t offset)
{
	int64_t n;
	if (json_get_i64(v, &n) != SD_OK || n < 0 || n > 128)
		return "must be a length in bits";
	*field(x, offset) = (uint32_t)n;
	return NULL;
}

static const char *read_mode(struct reading *x, const struct json_value *v, size_t offset)
{
	static const char *const modes[] = {"off", "shadow", "record", "step_up", "revoke"};
	struct sd_slice text;
	if (json_get_str(v, &x->r->arena, &text) == SD_OK)
		for (uint32_t i = 0; i < SD_ARRAY_LEN(modes); i++)
			if (sd_slice_is(text, modes[i])) {
				*field(x, offset) = i;
				return NULL;
			}
	return "must be off, shadow, record, step_up or revoke";
}

/* 0: as all sessions. */
static const char *read_level_number(struct reading *x, const struct json_value *v, size_t offset)
{
	int64_t n;
	if (v->kind != JSON_NUMBER || json_get_i64(v, &n) != SD_OK || n != 0)
		return offset == offsetof(struct level, max_per_user)
			   ? read_max(x, v, offset)
			   : read_duration(x, v, offset);
	*field(x, offset) = 0;
	return NULL;
}

static const char *read_acr(struct reading *x, const struct json_value *v, size_t offset)
{
	struct sd_slice *acr = (struct sd_slice *)(void *)((char *)x->into + offset);
	if (json_get_str(v, &x->r->arena, acr) != SD_OK || acr->n > 120 || !is_plain(*acr))
		return "must be at most 120 characters of ASCII, no space, quote or backslash";
	return NULL;
}

static const char *keep(struct reading *x, struct sd_buf *b, size_t offset)
{
	struct sd_slice *into = (struct sd_slice *)(void *)((char *)x->into + offset);
	*into = b->failed ? sd_slice(NULL, 0) : sd_arena_copy(&x->r->arena, sd_buf_slice(b));
	sd_buf_fini(b);
	return into->p ? NULL : "too long";
}

/* Which clients of the tenant the document's list has. NULL: no list of clients. */
static bool *named_clients(struct reading *x, const struct json_value *list)
{
	const struct policy_view *view = &x->r->gen->view;
	const struct policy_tenant *t = x->r->tenant;
	struct json_flat *o = sd_arena_alloc(&x->r->arena, sizeof(*o));
	bool *named = sd_arena_alloc(&x->r->arena, SD_MAX(t->clients.count, 1u) * sizeof(*named));
	struct json_value item;
	size_t pos = 0;
	while (o && named && json_array_next(list, &pos, &item)) {
		const struct json_value *v;
		struct sd_slice id;
		if (json_flat_scan(item.raw, o, NULL) != SD_OK || !(v = json_flat_find(o, "id")) ||
		    json_get_str(v, &x->r->arena, &id) != SD_OK)
			return NULL;
		uint32_t client = policy_view_client_find(view, t, id);
		if (client != POLICY_NONE)
			named[client] = true;
	}
	return o ? named : NULL;
}

/* Clients that are in force and not in the list: their sessions are over then. */
static const char *read_clients(struct reading *x, const struct json_value *v, size_t offset)
{
	const struct policy_view *view = &x->r->gen->view;
	const struct policy_tenant *t = x->r->tenant;
	const bool *named = v->kind == JSON_ARRAY ? named_clients(x, v) : NULL;
	struct sd_buf b;
	if (!named)
		return "must be a list of clients, each with its id";
	sd_buf_init(&b, 65536);
	for (uint32_t i = 0; i < t->clients.count; i++)
		if (!named[i])
			sd_buf_printf(&b, SD_SLICE_FMT " 99999999999\n",
				      SD_SLICE_ARG(policy_view_str(view, policy_view_client(view, t, i)->id)));
	return keep(x, &b, offset);
}

/* { tv: 2 } */
static const char *read_types(struct reading *x, const struct json_value *v, size_t offset)
{
	struct json_flat *o = sd_arena_alloc(&x->r->arena, sizeof(*o));
	struct sd_buf b;
	int64_t n;
	if (!o || json_flat_scan(v->raw, o, NULL) != SD_OK)
		return "must be an object of device types and numbers";
	sd_buf_init(&b, 8192);
	for (uint32_t i = 0; i < o->count; i++) {
		if (!body_name_ok(o->m[i].name) || json_get_i64(&o->m[i].value, &n) != SD_OK || n < 1 ||
		    n > 1000) {
			sd_buf_fini(&b);
			return "must be an object of device types and numbers from 1 to 1000";
		}
		sd_buf_printf(&b, SD_SLICE_FMT " %lld\n", SD_SLICE_ARG(o->m[i].name), (long long)n);
	}
	return keep(x, &b, offset);
}

/* Of the policy's grammar, and without effect on a session that lives. */
static const char *pass(struct reading *x, const struct json_value *v, size_t offset)
{
	(void)x;
	(void)v;
	(void)offset;
	return NULL;
}

static enum step read_object(struct reading *x, struct sd_slice text, const struct key *keys,
			     size_t n)
{
	struct json_flat *o = sd_arena_alloc(&x->r->arena, sizeof(*o));
	size_t len = strlen(x->at);
	if (!o || json_flat_scan(text, o, NULL) != SD_OK)
		return refuse(x, PROBLEM_FIELD_INVALID, "must be an object");
	for (uint32_t i = 0; i < o->count; i++) {
		const struct key *k = NULL;
		for (size_t j = 0; j < n && !k; j++)
			if (json_flat_find(o, keys[j].name) == &o->m[i].value)
				k = &keys[j];
		(void)snprintf(x->at + len, sizeof(x->at) - len, "/%.*s",
			       (int)SD_MIN(o->m[i].name.n, (size_t)40), o->m[i].name.p);
		if (!k)
			return refuse(x, PROBLEM_UNKNOWN_FIELD, NULL);
		const char *why = k->read(x, &o->m[i].value, k->offset);
		if (x->r->status != 0)
			return STEP_DONE;
		if (why)
			return refuse(x, PROBLEM_FIELD_INVALID, why);
	}
	x->at[len] = '\0';
	return STEP_NEXT;
}

#define AT(member) offsetof(struct preview_policy, member)
#define OBJECT(name_, keys_)                                                                       \
	static const char *name_(struct reading *x, const struct json_value *v, size_t offset)     \
	{                                                                                          \
		(void)offset;                                                                      \
		return read_object(x, v->raw, keys_, SD_ARRAY_LEN(keys_)) == STEP_DONE ? "" : NULL; \
	}

static const struct key remember_keys[] = {
    {"idle_timeout", read_duration, AT(remember_idle_s)},
    {"absolute_timeout", read_duration, AT(remember_absolute_s)},
};
OBJECT(read_remember, remember_keys)

static const struct key session_keys[] = {
    {"idle_timeout", read_duration, AT(idle_s)},
    {"absolute_timeout", read_duration, AT(absolute_s)},
    {"touch_interval", read_duration, AT(touch_interval_s)},
    {"remember_me", read_remember, 0},
    {"max_per_user", read_max, AT(max_per_user)},
    {"on_limit", pass, 0},
    {"max_per_device_type", read_types, AT(types)},
    {"max_per_client", pass, 0},
    {"max_total", pass, 0},
    {"data_bytes", pass, 0},
    {"require_if_match", pass, 0},
};
OBJECT(read_sessions, session_keys)

static const struct key ip_keys[] = {
    {"mode", read_mode, AT(bind_ip)},
    {"prefix_v4", read_bits, AT(bind_ip_v4)},
    {"prefix_v6", read_bits, AT(bind_ip_v6)},
};
OBJECT(read_ip, ip_keys)

static const struct key binding_keys[] = {
    {"ip", read_ip, 0},
    {"user_agent", read_mode, AT(bind_user_agent)},
    {"device", read_mode, AT(bind_device)},
};
OBJECT(read_binding, binding_keys)

static const struct key level_keys[] = {
    {"idle_timeout", read_level_number, offsetof(struct level, idle_s)},
    {"absolute_timeout", read_level_number, offsetof(struct level, absolute_s)},
    {"max_per_user", read_level_number, offsetof(struct level, max_per_user)},
    {"step_up", read_acr, offsetof(struct level, step_up)},
};

/* One level: its line is added to b. "": answered. */
static const char *read_level(struct reading *x, const struct json_member *m, struct sd_buf *b)
{
	struct level one = {.step_up = SD_SLICE("")};
	void *outer = x->into;
	if (!body_name_ok(m->name))
		return "is no name of a trust level";
	x->into = &one;
	enum step step = read_object(x, m->value.raw, level_keys, SD_ARRAY_LEN(level_keys));
	x->into = outer;
	sd_buf_printf(b, "\n" SD_SLICE_FMT " %u %u %u " SD_SLICE_FMT, SD_SLICE_ARG(m->name), one.idle_s,
		      one.absolute_s, one.max_per_user, SD_SLICE_ARG(one.step_up));
	return step == STEP_DONE ? "" : NULL;
}

/* All levels: they replace those in force. */
static const char *read_levels(struct reading *x, const struct json_value *v, size_t offset)
{
	struct json_flat *o = sd_arena_alloc(&x->r->arena, sizeof(*o));
	const char *why = NULL;
	size_t len = strlen(x->at);
	struct sd_buf b;
	if (!o || json_flat_scan(v->raw, o, NULL) != SD_OK || o->count > 16)
		return "must be an object of at most 16 trust levels";
	sd_buf_init(&b, 8192);
	for (uint32_t i = 0; i < o->count && !why; i++) {
		(void)snprintf(x->at + len, sizeof(x->at) - len, "/%.*s",
			       (int)SD_MIN(o->m[i].name.n, (size_t)64), o->m[i].name.p);
		why = read_level(x, &o->m[i], &b);
	}
	struct sd_slice *levels = (struct sd_slice *)(void *)((char *)x->into + offset);
	*levels = sd_arena_copy(&x->r->arena, sd_buf_slice(&b));
	if (!why && (b.failed || !levels->p))
		why = "too long";
	sd_buf_fini(&b);
	if (!why)
		x->at[len] = '\0';
	return why;
}

static const struct key device_keys[] = {{"trust", read_levels, AT(levels)}};
OBJECT(read_devices, device_keys)

/* The sections of a tenant file; what has no effect on a session that lives is passed over. */
static const struct section {
	const char *name;
	enum body_kind kind;
	const char *(*read)(struct reading *x, const struct json_value *v, size_t offset);
} document[] = {
    {"sessions", BODY_OBJECT, read_sessions},
    {"binding", BODY_OBJECT, read_binding},
    {"devices", BODY_OBJECT, read_devices},
    {"tenant", BODY_STRING, pass},
    {"issuer", BODY_STRING, pass},
    {"hosts", BODY_ARRAY, pass},
    {"signing", BODY_OBJECT, pass},
    {"tokens", BODY_OBJECT, pass},
    {"cookie", BODY_OBJECT, pass},
    {"revocation", BODY_OBJECT, pass},
    {"limits", BODY_OBJECT, pass},
    {"sharing", BODY_OBJECT, pass},
    {"privacy", BODY_OBJECT, pass},
    {"login_url", BODY_STRING, pass},
    {"assertion", BODY_STRING, pass},
    {"introspection_max_age", BODY_STRING, pass},
    {"clients", BODY_ARRAY, read_clients},
};

/* As read_types() writes them; none where memory is short: they are then not told. */
static struct sd_slice types_of(struct request *r)
{
	const struct policy_device_limit *l = policy_view_at(&r->gen->view, r->tenant->device_limits.off);
	struct sd_buf b;
	sd_buf_init(&b, 65536);
	for (uint32_t i = 0; i < r->tenant->device_limits.count; i++)
		sd_buf_printf(&b, SD_SLICE_FMT " %u\n",
			      SD_SLICE_ARG(policy_view_str(&r->gen->view, l[i].name)), l[i].max);
	struct sd_slice text = sd_arena_copy(&r->arena, b.failed ? SD_SLICE("") : sd_buf_slice(&b));
	sd_buf_fini(&b);
	return text.p ? text : SD_SLICE("");
}

struct preview_policy preview_policy_of(struct request *r)
{
	const struct policy_tenant *t = r->tenant;
	return (struct preview_policy){
	    .idle_s = t->idle_s, .absolute_s = t->absolute_s, .remember_idle_s = t->remember_idle_s,
	    .remember_absolute_s = t->remember_absolute_s, .touch_interval_s = t->touch_interval_s,
	    .max_per_user = t->max_per_user, .bind_ip = t->bind_ip,
	    .bind_user_agent = t->bind_user_agent, .bind_device = t->bind_device,
	    .bind_ip_v4 = t->bind_ip_v4, .bind_ip_v6 = t->bind_ip_v6,
	    .removed = SD_SLICE(""), .types = types_of(r),
	    .levels = policy_view_str(&r->gen->view, t->levels_text)};
}

enum step preview_body_read(struct request *r, struct preview_policy *p)
{
	struct reading x = {.r = r, .into = p};
	struct key keys[SD_ARRAY_LEN(document)];
	struct json_error e = {0};
	char why[128];
	for (size_t i = 0; i < SD_ARRAY_LEN(document); i++)
		keys[i] = (struct key){document[i].name, document[i].read,
				       document[i].read == read_clients ? AT(removed) : 0};
	if (json_check(r->msg->body, &e) != SD_OK) {
		(void)snprintf(why, sizeof(why), "at byte %zu: %s", e.offset,
			       e.reason ? e.reason : "too large");
		return respond_problem(r, PROBLEM_JSON_MALFORMED, why, NULL);
	}
	if (read_object(&x, r->msg->body, keys, SD_ARRAY_LEN(keys)) == STEP_DONE)
		return STEP_DONE;
	if (p->idle_s > p->absolute_s || p->remember_idle_s > p->remember_absolute_s)
		return body_invalid(r, "sessions", "idle_timeout is longer than absolute_timeout");
	if (2 * p->touch_interval_s > p->idle_s)
		return body_invalid(r, "sessions", "touch_interval is over half the idle_timeout");
	return STEP_NEXT;
}
