/* SPDX-License-Identifier: MIT
 * store_events - a tenant's audit records in its stream: put there, read piece by piece.
 * Owns:      the arguments' order (with store/scripts/event_put.lua, event_read.lua)
 * Runs in:   worker | master (what a clock ended)
 * Fails by:  a record that is not there; the call's status for readers
 * Never:     wait for an answer when putting: a change never depends on its copy
 */
#include "base.h"
#include "store_events.h"

#include <hiredis/hiredis.h>

#include "buf.h"
#include "err.h"
#include "redis_read.h"
#include "store_op.h"

#define PENDING_MAX (256u << 10) /* bytes of one command; a longer record goes alone */

/* Texts of the records of this turn; a record's own are gone when the turn is over. */
struct store_events_pending {
	struct store *store;
	struct sd_task flush;
	struct sd_buf text;
	int64_t retain_s;
	size_t tenant; /* bytes at the beginning of text */
	uint32_t count;
	struct {
		int64_t ts_ms;
		size_t len[4]; /* event, user, session, record: one behind the other */
	} row[STORE_EVENTS_AT_ONCE];
};

void store_cmd_event(struct store_cmd *c, struct store_maker *m, const struct store_event *in, uint32_t n,
		     int64_t deadline_ms)
{
	store_cmd_begin_bare(c, m, SCRIPT_EVENT_PUT);
	store_cmd_events(c, m, in->tenant);
	store_cmd_num(c, deadline_ms);
	store_cmd_num(c, in->retain_s * 1000);
	store_cmd_num(c, STORE_EVENTS_MOST);
	for (uint32_t i = 0; i < n && i < STORE_EVENTS_AT_ONCE; i++) {
		store_cmd_num(c, in[i].ts_ms);
		store_cmd_text(c, in[i].event);
		store_cmd_text(c, in[i].user);
		store_cmd_text(c, in[i].session);
		store_cmd_text(c, in[i].record);
	}
}

static struct sd_slice next(const char **at, size_t n)
{
	struct sd_slice s = sd_slice(*at, n);

	*at += n;
	return s;
}

static void send_pending(struct store_events_pending *p)
{
	struct store_event in[STORE_EVENTS_AT_ONCE];
	const char *at = p->text.p;
	struct sd_slice tenant = next(&at, p->tenant);
	struct store_cmd c;
	int64_t deadline_ms;
	struct store_op *op = store_op_begin(p->store, NULL, SCRIPT_EVENT_PUT, &deadline_ms);

	for (uint32_t i = 0; i < p->count; i++) {
		in[i] = (struct store_event){.tenant = tenant, .ts_ms = p->row[i].ts_ms, .retain_s = p->retain_s};
		in[i].event = next(&at, p->row[i].len[0]);
		in[i].user = next(&at, p->row[i].len[1]);
		in[i].session = next(&at, p->row[i].len[2]);
		in[i].record = next(&at, p->row[i].len[3]);
	}
	if (op) {
		store_cmd_event(&c, &p->store->maker, in, p->count, deadline_ms);
		store_op_send(op, &c);
	}
	p->count = 0;
	sd_buf_reset(&p->text);
}

static void on_flush(struct sd_task *task)
{
	send_pending(SD_CONTAINER_OF(task, struct store_events_pending, flush));
}

static struct store_events_pending *pending_of(struct store *s)
{
	if (!s->events) {
		s->events = calloc(1, sizeof(*s->events));
		if (s->events) {
			s->events->store = s;
			sd_buf_init(&s->events->text, 2 * PENDING_MAX);
		}
	}
	return s->events;
}

static bool fits(const struct store_events_pending *p, const struct store_event *in)
{
	return p->count < STORE_EVENTS_AT_ONCE && p->text.len + in->record.n < PENDING_MAX &&
	       p->retain_s == in->retain_s && sd_slice_eq(sd_slice(p->text.p, p->tenant), in->tenant);
}

void store_event_put(struct store *s, const struct store_event *in)
{
	struct store_events_pending *p = pending_of(s);
	const struct sd_slice texts[4] = {in->event, in->user, in->session, in->record};

	if (!p || s->closing)
		return;
	if (p->count > 0 && !fits(p, in))
		send_pending(p);
	if (p->count == 0) {
		p->retain_s = in->retain_s;
		p->tenant = in->tenant.n;
		sd_buf_put(&p->text, in->tenant);
	}
	for (size_t i = 0; i < SD_ARRAY_LEN(texts); i++) {
		p->row[p->count].len[i] = texts[i].n;
		sd_buf_put(&p->text, texts[i]);
	}
	p->row[p->count++].ts_ms = in->ts_ms;
	if (p->text.failed) { /* short of memory: these copies are not there */
		p->count = 0;
		sd_buf_reset(&p->text);
		return;
	}
	sd_loop_defer(s->conf.loop, &p->flush, on_flush);
}

void store_events_forget(struct store *s)
{
	if (!s->events)
		return;
	sd_loop_undefer(s->conf.loop, &s->events->flush);
	sd_buf_fini(&s->events->text);
	free(s->events);
	s->events = NULL;
}

void store_events_read(struct store *s, const struct store_events_in *in, struct store_events *e)
{
	struct store_cmd_head head = {.script = SCRIPT_EVENT_READ,
				      .partition = store_key_tenant_partition(in->tenant),
				      .tenant = in->tenant,
				      .retain_s = in->retain_s};
	struct store_cmd c;
	struct store_op *op = store_op_command(s, &e->call, &head, &c);

	e->at = SD_SLICE("");
	e->more = false;
	e->count = 0;
	e->rows = NULL;
	if (!op)
		return;
	store_cmd_events(&c, &s->maker, in->tenant);
	store_cmd_text(&c, in->newer ? SD_SLICE("newer") : SD_SLICE("older"));
	store_cmd_text(&c, in->first);
	store_cmd_text(&c, in->last);
	store_cmd_num(&c, in->looks);
	store_cmd_num(&c, in->limit);
	store_cmd_num(&c, in->from_ms);
	store_cmd_num(&c, in->to_ms);
	store_cmd_text(&c, in->event);
	store_cmd_text(&c, in->user);
	store_cmd_text(&c, in->session);
	store_op_send(op, &c);
}

bool store_event_id(struct sd_slice text, uint64_t *ms_out, uint64_t *seq_out)
{
	const char *dash = text.n > 0 && text.n < STORE_EVENT_ID_MAX ? memchr(text.p, '-', text.n) : NULL;
	size_t n = dash ? (size_t)(dash - text.p) : 0;

	return dash && sd_slice_u64(sd_slice(text.p, n), ms_out) == SD_OK &&
	       sd_slice_u64(sd_slice(dash + 1, text.n - n - 1), seq_out) == SD_OK &&
	       *ms_out < UINT64_C(1) << 52;
}

/* id looked at last, more, then id and record of each */
int store_events_reply(struct store_call *call, struct redisReply *const *e, size_t n)
{
	struct store_events *out = SD_CONTAINER_OF(call, struct store_events, call);
	struct sd_slice at;
	uint64_t ms, seq;
	int64_t more;

	if (n < 2 || n % 2 != 0)
		return SD_ERR_INVALID;
	at = redis_slice(e[0]);
	if (!at.p || (at.n > 0 && !store_event_id(at, &ms, &seq)) || redis_int(e[1], &more) != SD_OK ||
	    more < 0 || more > 1 || (at.n == 0 && (more || n > 2)))
		return SD_ERR_INVALID;
	for (size_t i = 2; i < n; i += 2)
		if (!store_event_id(redis_slice(e[i]), &ms, &seq) || !redis_slice(e[i + 1]).p)
			return SD_ERR_INVALID;
	out->at = at;
	out->more = more == 1;
	out->rows = e + 2;
	out->count = (uint32_t)(n - 2) / 2;
	return SD_OK;
}

void store_events_row(const struct store_events *e, uint32_t i, struct sd_slice *id, struct sd_slice *record)
{
	*id = redis_slice(e->rows[2 * i]);
	*record = redis_slice(e->rows[2 * i + 1]);
}
