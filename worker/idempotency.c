/* SPDX-License-Identifier: MIT
 * idempotency - Idempotency-Key around a creation.
 * Owns:      the key of a sealed answer, how long a claim and an answer stand
 * Runs in:   worker
 * Fails by:  400 header-invalid; 409 idempotency-in-progress, idempotency-expired; 422; 503
 * Never:     let two requests of one key hand out tokens; keep an answer that could be read at rest
 *
 * A claimant that dies leaves its claim for CLAIM_MS, and perhaps a session whose tokens nobody got:
 * who claims next ends that one first.
 */
#include "base.h"
#include "idempotency.h"

#include "ending.h"
#include "err.h"
#include "http_field.h"
#include "respond.h"
#include "seal.h"
#include "secret.h"
#include "session_rules.h"
#include "standing.h"

#define CLAIM_MS 15000
#define DAY_MS 86400000

enum step idempotency_read(struct request *r, struct idempotency *i)
{
	struct sd_slice key;
	enum http_found found = http_field_get(r->msg, "idempotency-key", &key);
	bool ok = found == HTTP_FOUND_ONE && key.n >= 1 && key.n <= 128;
	i->on = found != HTTP_FOUND_NONE;
	if (!i->on)
		return STEP_NEXT;
	for (size_t k = 0; ok && k < key.n; k++)
		ok = key.p[k] >= 0x20 && key.p[k] <= 0x7e;
	if (!ok)
		return respond_problem(r, PROBLEM_HEADER_INVALID,
				       "Idempotency-Key is 1 to 128 printable ASCII characters, once",
				       NULL);
	char *name = sd_arena_alloc(&r->arena, r->caller.id.n + 1 + key.n);
	if (!name || handle_derive(r->msg->body.p, r->msg->body.n, "sessiond idempotent body 1", key,
				   i->in.print) != SD_OK)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	memcpy(name, r->caller.id.p, r->caller.id.n);
	name[r->caller.id.n] = '\n'; /* in no client's id */
	memcpy(name + r->caller.id.n + 1, key.p, key.n);
	i->in.name = sd_slice(name, r->caller.id.n + 1 + key.n);
	return STEP_NEXT;
}

enum step idempotency_claim(struct request *r, struct idempotency *i, const struct grant *g)
{
	if (!i->on)
		return STEP_NEXT;
	i->in.tenant = g->in.tenant;
	i->in.sid = g->in.sid;
	i->in.claim_ms = CLAIM_MS;
	i->in.replay_ms = DAY_MS;
	i->in.memory_ms = 2 * (int64_t)DAY_MS;
	if (sd_random(i->in.nonce, sizeof(i->in.nonce)) != SD_OK)
		return respond_problem(r, PROBLEM_SIGNER_UNAVAILABLE, "no random bytes", NULL);
	store_idem(r->w->store, STORE_IDEM_CLAIM, &i->in, request_store_call(r));
	return STEP_PARKED;
}

static int answer_key(const uint8_t data_key[32], const struct idempotency *i, uint8_t out[32])
{
	return handle_derive(data_key, 32, "sessiond idempotent answer 1", i->in.name, out);
}

static bool open_answer(struct request *r, struct idempotency *i, struct sd_slice sealed)
{
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	struct sd_slice aad = sd_slice(i->sid.b, HANDLE_SID_BYTES);
	struct sd_buf plain;
	uint8_t key[32];
	bool ok = false;
	sd_buf_init(&plain, 1024 * 1024);
	for (uint32_t k = 0; !ok && k < keys->sets; k++)
		ok = answer_key(keys->data[k], i, key) == SD_OK &&
		     seal_open(key, aad, sealed, &plain) == SD_OK;
	i->answer = ok ? sd_arena_copy(&r->arena, sd_buf_slice(&plain)) : sd_slice(NULL, 0);
	sd_buf_wipe_fini(&plain);
	sd_wipe(key, sizeof(key));
	return i->answer.p != NULL;
}

static enum step expired(struct request *r, const struct sid *sid)
{
	char text[HANDLE_SID_LEN + 1];
	sid_text(sid, text);
	return respond_problem_member(r, PROBLEM_IDEMPOTENCY_EXPIRED, "session_id",
				      sd_slice_str(text));
}

enum step idempotency_claimed(struct request *r, struct idempotency *i)
{
	struct sd_slice tenant = i->in.tenant;
	if (!i->on)
		return STEP_NEXT;
	i->sid = r->call.session.sid;
	switch (r->call.status) {
	case STORE_OK: {
		if (!r->call.kept.has_sid)
			return STEP_NEXT;
		struct store_end end = {.tenant = tenant,
					.sid = i->sid,
					.reason = END_REPLACED,
					.retain_s = r->tenant->retain_sessions_s};
		i->asked = true;
		store_end(r->w->store, &end, request_store_call(r));
		return STEP_PARKED;
	}
	case STORE_SUCCESSOR:
		i->asked = i->replay = true;
		if (!open_answer(r, i, r->call.kept.data))
			return expired(r, &i->sid); /* of a master secret that is gone */
		store_read(r->w->store, tenant, &i->sid, sd_slice("", 0), sd_slice("", 0),
			   request_store_call(r));
		return STEP_PARKED;
	case STORE_ENDED:
		return expired(r, &i->sid);
	case STORE_MISMATCH:
		return respond_problem(r, PROBLEM_IDEMPOTENCY_MISMATCH, NULL, NULL);
	case STORE_LOCKED:
		respond_header(r, "Retry-After", SD_SLICE("1"));
		return respond_problem(r, PROBLEM_IDEMPOTENCY_IN_PROGRESS, NULL, NULL);
	case STORE_UNAVAILABLE: case STORE_CORRUPT: case STORE_LATE: case STORE_ABSENT:
	case STORE_LIMIT: case STORE_EXPIRED: case STORE_REUSED: case STORE_KEY:
	case STORE_CONFLICT: case STORE_RESTRICTED:
		break;
	}
	return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
}

/* The kept answer: its cookie (or nothing), a line's end, its body. */
static enum step replay(struct request *r, struct idempotency *i)
{
	const char *line = memchr(i->answer.p, '\n', i->answer.n);
	size_t n = line ? (size_t)(line - i->answer.p) : 0;
	if (!line)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	if (n > 0)
		respond_header(r, "Set-Cookie", sd_slice(i->answer.p, n));
	grant_location(r, i->in.tenant, &i->sid);
	sd_buf_reset(&r->body);
	sd_buf_put(&r->body, sd_slice(line + 1, i->answer.n - n - 1));
	return respond_json(r, 201);
}

enum step idempotency_decide(struct request *r, struct idempotency *i)
{
	const struct session *s = &r->call.session;
	struct session_clocks clocks;
	if (!i->asked)
		return STEP_NEXT;
	if (ending_failed(&r->call))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	if (!i->replay) { /* a session that nobody has the tokens of */
		bool recorded = !r->call.ended ||
				ending_audit(r, &i->sid, s->user, END_REPLACED, true);
		return recorded ? STEP_NEXT
				: respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	}
	if (r->call.status != STORE_OK || s->generation != 1 || s->session_generation != 1 ||
	    standing_end(r, s, &clocks) != END_NONE)
		return expired(r, &i->sid);
	return replay(r, i);
}

void idempotency_drop(struct request *r, const struct idempotency *i)
{
	if (i->on)
		store_idem(r->w->store, STORE_IDEM_DROP, &i->in, NULL);
}

static struct sd_slice cookie_of(const struct request *r)
{
	for (uint32_t k = 0; k < r->header_count; k++)
		if (strcmp(r->headers[k].name, "Set-Cookie") == 0)
			return r->headers[k].value;
	return SD_SLICE("");
}

enum step idempotency_keep(struct request *r, struct idempotency *i)
{
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	struct sd_buf plain, sealed;
	uint8_t key[32];
	if (!i->on)
		return STEP_NEXT;
	sd_buf_init(&plain, 1024 * 1024);
	sd_buf_init(&sealed, 1024 * 1024 + 64);
	sd_buf_put(&plain, cookie_of(r));
	sd_buf_char(&plain, '\n');
	sd_buf_put(&plain, sd_buf_slice(&r->body));
	bool ok = !plain.failed && !r->body.failed && answer_key(keys->data[0], i, key) == SD_OK &&
		  seal_close(key, sd_slice(i->in.sid.b, HANDLE_SID_BYTES), sd_buf_slice(&plain),
			     &sealed) == SD_OK;
	i->in.answer = ok ? sd_buf_slice(&sealed) : SD_SLICE("");
	if (ok)
		store_idem(r->w->store, STORE_IDEM_KEEP, &i->in, request_store_call(r));
	i->in.answer = SD_SLICE("");
	sd_buf_wipe_fini(&plain);
	sd_buf_fini(&sealed);
	sd_wipe(key, sizeof(key));
	i->asked = ok;
	return ok ? STEP_PARKED : STEP_NEXT;
}

/* A store that gave no answer may have kept it: then the retry gets it, else it ends this session
 * once the claim is over. A claim that was lost is another's: that one's answer counts. */
enum step idempotency_kept(struct request *r, struct idempotency *i, const struct grant *g)
{
	if (!i->on || (i->asked && r->call.status == STORE_OK))
		return STEP_NEXT;
	if (!i->asked || r->call.status == STORE_LOCKED)
		grant_undo(r, g);
	r->header_count = 0; /* no cookie, no place of what is not handed out */
	return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
}
