/* SPDX-License-Identifier: MIT
 * store_cmd - a script's command: digest, keys, the arguments that all scripts begin with.
 * Owns:      the order of KEYS[1..6] and ARGV[1..9] (with scripts/common.lua)
 * Runs in:   worker | master (write-back)
 * Fails by:  marking the command failed | sd_bug on more words than there is room for
 * Never:     hold a pointer into a buffer that moves
 */
#include "base.h"
#include "store_op.h"

#include <inttypes.h>

#include "die.h"
#include "err.h"
#include "secret.h"

enum {
	K_LOG,
	K_LOG_ID,
	K_DEADLINES,
	K_TENANT_INDEX,
	K_TALLY,
	K_RECORD,
	K_SESSION,
	K_USER,
	K_ACTIVE,
	K_WAKE,
	K_USER_KEY,
	K_SHARED,
	K_QUOTA,
	K_DEVICES,
	K_EVENTS,
	K_COUNT
};
_Static_assert(K_COUNT == SD_ARRAY_LEN(((struct store_cmd *)0)->key), "each name has its place");

static int make_identity(char out[33])
{
	uint8_t random[16];
	int err = sd_random(random, sizeof(random));

	if (err != SD_OK)
		return err;
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(out + 2 * i, 3, "%02x", random[i]);
	return SD_OK;
}

int store_maker_init(struct store_maker *m, const char *prefix)
{
	int err = store_key_check_prefix(prefix);

	memset(m, 0, sizeof(*m));
	if (err != SD_OK)
		return err;
	memcpy(m->prefix, prefix, strlen(prefix) + 1);
	err = store_scripts_init(&m->scripts);
	return err == SD_OK ? make_identity(m->identity) : err;
}

void store_cmd_text(struct store_cmd *c, struct sd_slice word)
{
	redis_args_add(&c->args, word.p ? word : SD_SLICE(""));
}

static void text(struct store_cmd *c, const char *word)
{
	redis_args_str(&c->args, word);
}

void store_cmd_num(struct store_cmd *c, int64_t v)
{
	char *at;

	sd_bug_if(c->numbers >= STORE_CMD_NUMBERS);
	at = c->number[c->numbers++];
	snprintf(at, sizeof(c->number[0]), "%" PRId64, v);
	text(c, at);
}

void store_cmd_sid(struct store_cmd *c, const struct sid *sid)
{
	char *at;

	if (!sid) {
		store_cmd_text(c, SD_SLICE(""));
		return;
	}
	sd_bug_if(c->sids >= SD_ARRAY_LEN(c->sid));
	at = c->sid[c->sids++];
	sid_text(sid, at);
	text(c, at);
}

void store_cmd_hash(struct store_cmd *c, const uint8_t hash[32])
{
	static const uint8_t zero[32];

	store_cmd_text(c, memcmp(hash, zero, 32) == 0 ? SD_SLICE("") : sd_slice(hash, 32));
}

void store_cmd_user(struct store_cmd *c, struct sd_slice tenant, struct sd_slice user)
{
	if (store_key_user_hash(tenant, user, c->user_hash) != SD_OK)
		c->failed = true;
	text(c, c->user_hash);
}

static void make_keys(struct store_cmd *c, const char *prefix, const struct store_cmd_head *head)
{
	uint8_t p = head->partition;

	store_key_log(&c->key[K_LOG], prefix, p);
	store_key_log_id(&c->key[K_LOG_ID], prefix, p);
	store_key_deadlines(&c->key[K_DEADLINES], prefix, p);
	store_key_tenant_index(&c->key[K_TENANT_INDEX], prefix, p, head->tenant);
	store_key_tally(&c->key[K_TALLY], prefix, p, head->tenant);
	if (head->tenant_record)
		store_key_tenant_record(&c->key[K_RECORD], prefix, head->tenant);
	else if (head->sweep_lease)
		store_key_sweep(&c->key[K_RECORD], prefix, p);
	store_key_session_base(&c->key[K_SESSION], prefix, p, head->tenant);
	store_key_user_base(&c->key[K_USER], prefix, p, head->tenant);
	store_key_active_base(&c->key[K_ACTIVE], prefix, p, head->tenant);
	store_key_wake(&c->key[K_WAKE], prefix);
}

void store_cmd_begin(struct store_cmd *c, struct store_maker *m, const struct store_cmd_head *head,
		     int64_t deadline_ms)
{
	unsigned keys = head->tenant_record || head->sweep_lease ? 6 : 5;

	c->args = (struct redis_args){0, STORE_CMD_WORDS, c->p, c->len};
	c->numbers = c->sids = 0;
	c->failed = false;
	make_keys(c, m->prefix, head);
	snprintf(c->candidate, sizeof(c->candidate), "%s%" PRIx64, m->identity, m->candidates++);
	store_key_partition(head->partition, c->pp);
	text(c, "EVALSHA");
	text(c, m->scripts.sha[head->script]);
	store_cmd_num(c, keys);
	for (unsigned i = 0; i < keys; i++)
		text(c, c->key[i].s);
	store_cmd_num(c, deadline_ms);
	store_cmd_text(c, head->tenant);
	text(c, c->key[K_SESSION].s);
	text(c, c->key[K_USER].s);
	text(c, c->key[K_ACTIVE].s);
	text(c, c->key[K_WAKE].s);
	text(c, c->pp);
	text(c, c->candidate);
	store_cmd_num(c, head->retain_s);
}

void store_cmd_begin_bare(struct store_cmd *c, const struct store_maker *m, enum store_script script)
{
	c->args = (struct redis_args){0, STORE_CMD_WORDS, c->p, c->len};
	c->numbers = c->sids = 0;
	c->failed = false;
	text(c, "EVALSHA");
	text(c, m->scripts.sha[script]);
	text(c, "1");
}

void store_cmd_key_base(struct store_cmd *c, const struct store_maker *m,
			const struct store_cmd_head *head)
{
	store_key_data_base(&c->key[K_USER_KEY], m->prefix, head->partition, head->tenant);
	text(c, c->key[K_USER_KEY].s);
}

void store_cmd_shared_base(struct store_cmd *c, const struct store_maker *m,
			   const struct store_cmd_head *head)
{
	store_key_shared_base(&c->key[K_SHARED], m->prefix, head->partition, head->tenant);
	text(c, c->key[K_SHARED].s);
}

void store_cmd_device_base(struct store_cmd *c, const struct store_maker *m,
			   const struct store_cmd_head *head)
{
	store_key_device_base(&c->key[K_DEVICES], m->prefix, head->partition, head->tenant);
	text(c, c->key[K_DEVICES].s);
}

void store_cmd_end(struct store_cmd *c, struct store_maker *m, const struct store_end *in,
		   int64_t deadline_ms)
{
	struct store_cmd_head head = {SCRIPT_END, in->sid.b[0], in->tenant, in->retain_s, false};

	store_cmd_begin(c, m, &head, deadline_ms);
	store_cmd_sid(c, &in->sid);
	store_cmd_text(c, sd_slice_str(end_reason_text(in->reason)));
	store_cmd_num(c, in->tombstone ? 1 : in->by_token ? 2 : 0);
	store_cmd_num(c, in->until_s);
	store_cmd_num(c, in->absolute_s);
	store_cmd_num(c, in->tokens_until_s);
}

void store_cmd_quota_base(struct store_cmd *c, const struct store_maker *m, struct sd_slice tenant)
{
	store_key_quota_base(&c->key[K_QUOTA], m->prefix, tenant);
	text(c, c->key[K_QUOTA].s);
}

void store_cmd_events(struct store_cmd *c, const struct store_maker *m, struct sd_slice tenant)
{
	store_key_events(&c->key[K_EVENTS], m->prefix, tenant);
	text(c, c->key[K_EVENTS].s);
}

static const char *rule_text(enum store_rule_kind kind)
{
	switch (kind) {
	case STORE_RULE_TENANT:
		return "tenant";
	case STORE_RULE_CLIENT:
		return "client";
	case STORE_RULE_KEY:
		return "key";
	}
	return "";
}

void store_cmd_rule(struct store_cmd *c, struct store_maker *m, const struct store_rule *in,
		    int64_t deadline_ms)
{
	struct store_cmd_head head = {SCRIPT_RULE, store_key_tenant_partition(in->tenant),
				      in->tenant, 0, true};

	store_cmd_begin(c, m, &head, deadline_ms);
	store_cmd_text(c, sd_slice_str(rule_text(in->kind)));
	store_cmd_text(c, in->id);
	store_cmd_num(c, in->before_s);
	store_cmd_num(c, in->until_s);
	store_cmd_num(c, in->write_back ? 1 : 0);
}

int store_cmd_wire(const struct store_cmd *c, enum store_script script, bool whole,
		   struct sd_slice *out)
{
	char *p, *eval;
	size_t n, eval_n;
	int err = redis_args_format(&c->args, &p, &n);

	*out = SD_SLICE("");
	if (err != SD_OK)
		return err;
	if (whole) {
		err = store_script_as_eval(sd_slice(p, n), script, &eval, &eval_n);
		free(p);
		if (err != SD_OK)
			return err;
		p = eval;
		n = eval_n;
	}
	*out = sd_slice(p, n);
	return SD_OK;
}
