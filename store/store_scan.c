/* SPDX-License-Identifier: MIT
 * store_scan - a walk over the sessions of one tenant, newest first.
 * Owns:      the merge of the partitions' indexes; which steps run and which wait
 * Runs in:   worker, on bytes of the network
 * Fails by:  the step's status; the walk is over then
 * Never:     hold more than a few ids of each partition and one step's records
 */
#include "base.h"
#include "store_scan.h"

#include <inttypes.h>

#include <hiredis/hiredis.h>

#include "clock.h"
#include "die.h"
#include "err.h"
#include "redis_read.h"
#include "shm_board.h"
#include "store_op.h"

#define AT_ONCE 4  /* steps under way: each has up to 257 commands on one connection */
#define ASK_MIN 4
#define ASK_MAX 32 /* ids of one partition */
#define FIELDS_MAX 40

struct part {
	struct redis_req req;
	struct store_scan_place *id; /* [at..n) are still to be merged */
	uint32_t n, at, ask, skip;
	bool more;                   /* the index may have some behind the last one */
	struct store_scan_place from;
};

struct record {
	struct redis_req req;
	struct redisReply *reply;
};

struct store_scan {
	struct store *store;
	char tenant[STORE_TENANT_MAX + 1];
	int64_t min_ms;
	void *arg;
	void (*done)(void *arg);
	bool busy, running;
	struct store_scan *next; /* in the queue */
	struct sd_task tell;
	unsigned waiting;
	struct redis_req req_role;
	struct redis_link *link; /* to be compared only */
	enum store_status status;
	uint32_t max, places, count;
	struct store_scan_place place[STORE_SCAN_ROWS];
	uint32_t row_place[STORE_SCAN_ROWS];
	struct session row[STORE_SCAN_ROWS];
	struct record record[STORE_SCAN_ROWS];
	struct part part[SHM_PARTITIONS];
};

static void go_on(struct store_scan *scan);
static void finish(struct store_scan *scan);

/* --- order ------------------------------------------------------------------------------------ */

/* a stands before b in the list: newer, or as old and its text is greater (as the index has it). */
static bool is_before(const struct store_scan_place *a, const struct store_scan_place *b)
{
	char x[HANDLE_SID_LEN + 1], y[HANDLE_SID_LEN + 1];

	if (a->ms != b->ms)
		return a->ms > b->ms;
	sid_text(&a->sid, x);
	sid_text(&b->sid, y);
	return strcmp(x, y) > 0;
}

/* --- life ------------------------------------------------------------------------------------- */

int store_scan_new(struct store *s, const struct store_scan_in *in, struct store_scan **out)
{
	struct store_scan *scan = calloc(1, sizeof(*scan));
	uint32_t ask = SD_MIN(SD_MAX(in->expect / 64, (uint32_t)ASK_MIN), (uint32_t)ASK_MAX);

	*out = NULL;
	if (!scan)
		return SD_ERR_MEMORY;
	sd_bug_if(sd_slice_copy(in->tenant, scan->tenant, sizeof(scan->tenant)) != SD_OK);
	scan->store = s;
	scan->min_ms = in->min_ms;
	scan->arg = in->arg;
	scan->done = in->done;
	for (uint32_t p = 0; p < SHM_PARTITIONS; p++) {
		scan->part[p].more = true;
		scan->part[p].ask = ask;
		scan->part[p].req.index = p;
		scan->part[p].from.ms = INT64_MAX;
		if (in->has_from)
			scan->part[p].from = in->from;
	}
	*out = scan;
	return SD_OK;
}

static void drop_records(struct store_scan *scan)
{
	for (uint32_t i = 0; i < scan->places; i++) {
		if (scan->record[i].reply)
			freeReplyObject(scan->record[i].reply);
		scan->record[i].reply = NULL;
	}
	scan->places = scan->count = 0;
}

void store_scan_free(struct store_scan **sp)
{
	struct store_scan *scan = *sp;

	if (!scan)
		return;
	sd_bug_if(scan->busy);
	drop_records(scan);
	for (uint32_t p = 0; p < SHM_PARTITIONS; p++)
		free(scan->part[p].id);
	free(scan);
	*sp = NULL;
}

/* --- commands --------------------------------------------------------------------------------- */

static bool send(struct store_scan *scan, struct redis_req *req, const struct redis_args *args)
{
	struct store *s = scan->store;

	if (!scan->link ||
	    redis_link_send_args(scan->link, args, req,
				 sd_clock_boot_ns() + s->conf.timeout_ns) != SD_OK) {
		scan->status = STORE_UNAVAILABLE;
		return false;
	}
	if (req)
		scan->waiting++;
	if (s->conf.stats)
		board_count(s->conf.stats, METRIC_STORE_COMMANDS, SHM_SLOT_NONE, 0, 0, 1);
	return true;
}

static void arrived(struct store_scan *scan)
{
	if (--scan->waiting == 0)
		go_on(scan);
}

/* An answer that is none: its meaning for the step. False when there is one. */
static bool refused(struct store_scan *scan, const struct redisReply *reply)
{
	if (reply && !redis_is_error(reply))
		return false;
	scan->status = reply && strncmp(reply->str, "WRONGTYPE", 9) == 0 ? STORE_CORRUPT
									  : STORE_UNAVAILABLE;
	return true;
}

/* What a replica says may be long past. */
static void on_role(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct store_scan *scan = SD_CONTAINER_OF(req, struct store_scan, req_role);

	(void)late;
	if (!refused(scan, reply) &&
	    (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 ||
	     !sd_slice_is(redis_slice(reply->element[0]), "master"))) {
		scan->status = STORE_UNAVAILABLE;
		redis_pool_drop(scan->store->pool, scan->link, "not a primary");
	}
	if (reply)
		freeReplyObject(reply);
	arrived(scan);
}

/* All commands of a round take one connection, whose server says first what it is. */
static bool begin_round(struct store_scan *scan)
{
	const char *p[1];
	size_t len[1];
	struct redis_args args = {0, 1, p, len};

	scan->link = redis_pool_pick(scan->store->pool);
	scan->req_role.fn = on_role;
	redis_args_str(&args, "ROLE");
	return send(scan, &scan->req_role, &args);
}

/* --- ids -------------------------------------------------------------------------------------- */

/* sid, score, sid, score ... of one partition behind part->from. */
static int take_ids(struct part *part, uint8_t number, const struct redisReply *reply)
{
	uint32_t asked = part->ask, got = (uint32_t)reply->elements / 2, dropped = 0;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements % 2 != 0 || got > asked)
		return SD_ERR_INVALID;
	for (uint32_t i = 0; i < got; i++) {
		struct store_scan_place *at = &part->id[part->n];
		uint64_t ms;

		if (sid_parse(redis_slice(reply->element[2 * i]), &at->sid) != SD_OK ||
		    at->sid.b[0] != number ||
		    sd_slice_u64(redis_slice(reply->element[2 * i + 1]), &ms) != SD_OK ||
		    ms >= UINT64_C(1) << 52)
			return SD_ERR_INVALID;
		at->ms = (int64_t)ms;
		if (is_before(&part->from, at))
			part->n++;
		else
			dropped++; /* as old as the place we go on from, and given before */
	}
	part->more = got == asked;
	if (part->n > 0) {
		part->from = part->id[part->n - 1];
		part->skip = 0;
	} else {
		part->skip += dropped;
	}
	part->ask = SD_MIN(4 * part->ask, (uint32_t)ASK_MAX);
	return SD_OK;
}

static void on_ids(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct part *part = SD_CONTAINER_OF(req, struct part, req);
	struct store_scan *scan = SD_CONTAINER_OF(part - req->index, struct store_scan, part[0]);

	(void)late;
	if (!refused(scan, reply) && take_ids(part, (uint8_t)req->index, reply) != SD_OK)
		scan->status = STORE_CORRUPT;
	if (reply)
		freeReplyObject(reply);
	arrived(scan);
}

static bool ask_ids(struct store_scan *scan, struct part *part)
{
	char from[24] = "+inf", min[24], skip[12], count[12];
	const char *p[10];
	size_t len[10];
	struct redis_args args = {0, SD_ARRAY_LEN(p), p, len};
	struct store_key key;
	void *room = realloc(part->id, part->ask * sizeof(*part->id));

	if (!room) {
		scan->status = STORE_UNAVAILABLE;
		return false;
	}
	part->id = room;
	part->n = part->at = 0;
	part->req.fn = on_ids;
	store_key_tenant_index(&key, scan->store->maker.prefix, (uint8_t)part->req.index,
			       sd_slice_str(scan->tenant));
	if (part->from.ms != INT64_MAX)
		snprintf(from, sizeof(from), "%" PRId64, part->from.ms);
	snprintf(min, sizeof(min), "%" PRId64, scan->min_ms);
	snprintf(skip, sizeof(skip), "%u", part->skip);
	snprintf(count, sizeof(count), "%u", part->ask);
	redis_args_str(&args, "ZRANGE");
	redis_args_str(&args, key.s);
	redis_args_str(&args, from);
	redis_args_str(&args, min);
	redis_args_str(&args, "BYSCORE");
	redis_args_str(&args, "REV");
	redis_args_str(&args, "LIMIT");
	redis_args_str(&args, skip);
	redis_args_str(&args, count);
	redis_args_str(&args, "WITHSCORES");
	return send(scan, &part->req, &args);
}

static bool is_dry(const struct part *part)
{
	return part->at == part->n && part->more;
}

/* The partitions that may have more than is known of them. False: there are none. */
static bool ask_dry(struct store_scan *scan)
{
	bool asked = false;

	for (uint32_t p = 0; p < SHM_PARTITIONS; p++) {
		if (!is_dry(&scan->part[p]))
			continue;
		if (!asked && !begin_round(scan))
			return true;
		asked = true;
		if (!ask_ids(scan, &scan->part[p]))
			return true;
	}
	return asked;
}

/* Takes what is newest while it is known for certain. True: enough, or all. */
static bool merge(struct store_scan *scan)
{
	while (scan->places < scan->max) {
		struct part *best = NULL;

		for (uint32_t p = 0; p < SHM_PARTITIONS; p++) {
			struct part *x = &scan->part[p];

			if (is_dry(x))
				return false;
			if (x->at < x->n && (!best || is_before(&x->id[x->at], &best->id[best->at])))
				best = x;
		}
		if (!best)
			return true;
		scan->place[scan->places++] = best->id[best->at++];
	}
	return true;
}

/* --- records ---------------------------------------------------------------------------------- */

static void on_record(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct record *record = SD_CONTAINER_OF(req, struct record, req);
	struct store_scan *scan =
	    SD_CONTAINER_OF(record - req->index, struct store_scan, record[0]);

	(void)late;
	record->reply = reply;
	(void)refused(scan, reply);
	arrived(scan);
}

static bool ask_record(struct store_scan *scan, uint32_t i)
{
	const char *p[FIELDS_MAX + 2];
	size_t len[FIELDS_MAX + 2];
	const char *names[FIELDS_MAX];
	struct redis_args args = {0, SD_ARRAY_LEN(p), p, len};
	size_t n = session_list_fields(names, FIELDS_MAX);
	struct store_key key;

	scan->record[i].req = (struct redis_req){.fn = on_record, .index = i};
	store_key_session(&key, scan->store->maker.prefix, sd_slice_str(scan->tenant),
			  &scan->place[i].sid);
	redis_args_str(&args, "HMGET");
	redis_args_str(&args, key.s);
	for (size_t f = 0; f < n; f++)
		redis_args_str(&args, names[f]);
	return send(scan, &scan->record[i].req, &args);
}

static void ask_records(struct store_scan *scan)
{
	if (!begin_round(scan))
		return;
	for (uint32_t i = 0; i < scan->places; i++)
		if (!ask_record(scan, i))
			return;
}

/* The index forgets who has no record: it ran out, or somebody else removed it. */
static void heal(struct store_scan *scan, const struct sid *sid)
{
	char text[HANDLE_SID_LEN + 1];
	const char *p[3];
	size_t len[3];
	struct redis_args args = {0, SD_ARRAY_LEN(p), p, len};
	struct store_key key;

	store_key_tenant_index(&key, scan->store->maker.prefix, sid->b[0],
			       sd_slice_str(scan->tenant));
	sid_text(sid, text);
	redis_args_str(&args, "ZREM");
	redis_args_str(&args, key.s);
	redis_args_str(&args, text);
	if (redis_pool_has(scan->store->pool, scan->link))
		(void)send(scan, NULL, &args);
}

/* The pairs of the fields that are there: 0 = no record. */
static size_t pairs_of(const struct redisReply *reply, struct sd_slice *pairs)
{
	const char *names[FIELDS_MAX];
	size_t fields = session_list_fields(names, FIELDS_MAX), n = 0;

	if (!redis_is_array(reply, fields))
		return SIZE_MAX;
	for (size_t f = 0; f < fields; f++) {
		struct sd_slice value = redis_slice(reply->element[f]);

		if (!value.p)
			continue;
		pairs[2 * n] = sd_slice_str(names[f]);
		pairs[2 * n + 1] = value;
		n++;
	}
	return n;
}

static void take_records(struct store_scan *scan)
{
	struct sd_slice pairs[2 * FIELDS_MAX];

	for (uint32_t i = 0; i < scan->places; i++) {
		size_t n = pairs_of(scan->record[i].reply, pairs);

		if (n == SIZE_MAX) {
			scan->status = STORE_CORRUPT;
			return;
		}
		if (n == 0) {
			heal(scan, &scan->place[i].sid);
			continue;
		}
		/* One record that cannot be read does not hide the others. */
		if (session_decode(&scan->place[i].sid, pairs, n, &scan->row[scan->count]) ==
		    SD_OK)
			scan->row_place[scan->count++] = i;
	}
	scan->status = STORE_OK;
}

/* --- steps ------------------------------------------------------------------------------------ */

/* All replies that were owed are here; status is OK while nothing failed. */
static void go_on(struct store_scan *scan)
{
	if (scan->status == STORE_OK && scan->running) {
		if (!merge(scan)) {
			if (ask_dry(scan) && scan->waiting > 0)
				return;
		} else if (scan->places > 0) {
			scan->running = false; /* what comes next is the records */
			ask_records(scan);
			if (scan->waiting > 0)
				return;
		}
	} else if (scan->status == STORE_OK) {
		take_records(scan);
	}
	finish(scan);
}

static void on_tell(struct sd_task *task)
{
	struct store_scan *scan = SD_CONTAINER_OF(task, struct store_scan, tell);

	scan->busy = false;
	scan->done(scan->arg);
}

static void begin(struct store_scan *scan)
{
	scan->store->scans++;
	scan->status = STORE_OK;
	scan->running = true;
	go_on(scan);
}

static void finish(struct store_scan *scan)
{
	struct store *s = scan->store;
	struct store_scan *next = s->scan_first;

	s->scans--;
	sd_loop_defer(s->conf.loop, &scan->tell, on_tell);
	if (next) {
		s->scan_first = next->next;
		begin(next);
	}
}

void store_scan_next(struct store_scan *scan, uint32_t max)
{
	struct store *s = scan->store;
	struct store_scan **end = &s->scan_first;

	sd_bug_if(scan->busy || max < 1 || max > STORE_SCAN_ROWS);
	drop_records(scan);
	scan->busy = true;
	scan->max = max;
	scan->next = NULL;
	if (s->scans < AT_ONCE) {
		begin(scan);
		return;
	}
	while (*end)
		end = &(*end)->next;
	*end = scan;
}

void store_scan_take(const struct store_scan *scan, struct store_scan_step *out)
{
	*out = (struct store_scan_step){.status = scan->status, .end = true, .places = scan->places,
					.count = scan->count, .row = scan->row,
					.place = scan->row_place};
	for (uint32_t p = 0; p < SHM_PARTITIONS; p++)
		if (scan->part[p].at < scan->part[p].n || scan->part[p].more)
			out->end = false;
}

struct store_scan_place store_scan_place(const struct store_scan *scan, uint32_t n)
{
	sd_bug_if(n >= scan->places);
	return scan->place[n];
}
