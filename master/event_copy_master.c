/* SPDX-License-Identifier: MIT
 * event_copy_master - the copy in the store of an audit record that the master made for a tenant.
 * Owns:      nothing
 * Runs in:   master (after the sandbox)
 * Fails by:  a copy that is not there (also those sent before a server said that it does not know the
 *            script): the auditor's file is the trail
 * Never:     wait for an answer
 */
#include "base.h"
#include "event_copy_master.h"

#include "err.h"
#include "log.h"
#include "master.h"
#include "record_json.h"
#include "store_events.h"

/* Another server, or one that has forgotten its scripts: the next one goes with its text. */
static void on_reply(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct event_copy_master *e = SD_CONTAINER_OF(req, struct event_copy_master, req);

	if (store_back_unknown(reply) || (reply == NULL && !late))
		e->known = false;
	(void)!store_back_take(reply);
}

static void put(struct master *m, const struct policy_tenant *t, const struct audit_record *record,
		struct sd_slice line)
{
	struct store_event in = {
		.tenant = record->tenant,
		.ts_ms = record->ts_ms,
		.retain_s = t->retain_events_s,
		.event = sd_slice_str(audit_event_name(record->event)),
		.user = record->user_id,
		.session = record->session_id,
		.record = sd_slice(line.p, line.n - 1), /* without its newline */
	};
	struct sd_slice command;
	int err = store_back_event(m->writeback.store, &in, writeback_deadline_ms(&m->writeback),
				   !m->event_copy.known, &command);

	m->event_copy.req.fn = on_reply;
	if (err == SD_OK)
		err = redis_sub_send(m->subscriber.sub, command, &m->event_copy.req);
	free((void *)(uintptr_t)command.p);
	m->event_copy.known |= err == SD_OK;
	if (err != SD_OK)
		sd_log(SD_LOG_DEBUG, "event-copy", SD_FS("text", sd_err_text(err)));
}

void event_copy_master(struct master *m, const struct audit_record *record)
{
	const struct policy_view *v = &m->seg.policy.view;
	uint32_t index = policy_view_tenant_find(v, record->tenant);
	struct record_json_in in = {.record = record, .node = m->server.node, .src = "master-0"};
	struct sd_buf line;

	if (index == POLICY_NONE)
		return;
	sd_buf_init(&line, RECORD_JSON_MAX);
	record_json(&line, &in);
	if (!line.failed)
		put(m, policy_view_tenant(v, index), record, sd_buf_slice(&line));
	sd_buf_fini(&line);
}
