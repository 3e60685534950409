/* SPDX-License-Identifier: MIT
 * device_edit - registers or changes a device.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  400, 404 device-unknown, 409, 413 at the field; 503
 * Never:     change what was not given
 */
#include "base.h"
#include "device_edit.h"

#include "applied.h"
#include "audit_event.h"
#include "data_body.h"
#include "err.h"
#include "respond.h"
#include "sealed.h"
#include "store_key.h"

#define TRIES 16

enum step device_edit_read(struct request *r, struct device_edit *e, struct sd_slice id,
			   const struct body_value val[DEVICE_FIELDS])
{
	struct store_device_ask *in = &e->in;
	in->tenant = policy_view_str(&r->gen->view, r->tenant->name);
	in->user = r->params.user;
	in->id = id;
	in->now = session_clocks_now(request_policy(r));
	in->has_name = val[DEVICE_NAME].given;
	in->has_type = val[DEVICE_TYPE].given;
	in->has_trust = val[DEVICE_TRUST].given;
	in->has_data = val[DEVICE_DATA].given;
	in->name = val[DEVICE_NAME].str;
	in->type = val[DEVICE_TYPE].str;
	in->trust = val[DEVICE_TRUST].str;
	if (in->has_type && !body_name_ok(in->type))
		return body_invalid(r, "type", "is malformed");
	if (in->has_trust && !body_name_ok(in->trust))
		return body_invalid(r, "trust", "is malformed");
	return data_body_read(r, &val[DEVICE_DATA], &e->plain);
}

int device_edit_seal_id(struct sd_slice id, struct sid *out)
{
	char hex[33];
	int err = store_key_user_hash(SD_SLICE("device"), id, hex);
	for (size_t i = 0; err == SD_OK && i < HANDLE_SID_BYTES; i++)
		err = store_key_partition_parse(sd_slice(hex + 2 * i, 2), &out->b[i]);
	return err;
}

enum step device_edit_key(struct request *r)
{
	struct device_edit *e = r->state;
	if (!e->in.has_data)
		return STEP_NEXT;
	store_device_read(r->w->store, &e->in, request_store_call(r));
	return STEP_PARKED;
}

/* Under the key that r->call has found. */
static int seal(struct request *r, struct device_edit *e)
{
	struct sealed sealed;
	struct sid bound;
	struct sealed_of of = {e->in.user, &bound, r->call.kept.key};
	int err = device_edit_seal_id(e->in.id, &bound);
	if (err == SD_OK)
		err = sealed_close(r, &of, e->plain, &sealed);
	if (err == SD_OK) {
		e->in.data = sealed.data;
		e->in.key = sealed.key;
	}
	return err;
}

enum step device_edit_write(struct request *r)
{
	struct device_edit *e = r->state;
	if (e->in.has_data) {
		if (r->call.status != STORE_OK && r->call.status != STORE_ABSENT &&
		    r->call.status != STORE_KEY)
			return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
		if (seal(r, e) != SD_OK)
			return respond_problem(r, PROBLEM_STORE_UNAVAILABLE,
					       "the data cannot be sealed", NULL);
	}
	store_device_write(r->w->store, &e->in, request_store_call(r));
	return STEP_PARKED;
}

static bool audit(struct request *r, const struct device_edit *e)
{
	struct audit_note note = {.event = AUDIT_DEVICE_CHANGED,
				  .outcome = AUDIT_OK,
				  .user = e->in.user,
				  .reason = r->call.kept.renewed ? SD_SLICE("registered")
								 : SD_SLICE("changed"),
				  .key = "device_id",
				  .value = e->in.id};
	return audit_event_send(r, &note);
}

static struct sd_slice data_now(struct request *r, const struct device_edit *e)
{
	struct sealed_of of = {e->in.user, NULL, r->call.kept.key};
	struct sd_slice data = sd_slice("", 0);
	struct sid bound;
	if (e->in.has_data)
		return e->plain;
	of.sid = &bound;
	if (device_edit_seal_id(e->in.id, &bound) != SD_OK ||
	    sealed_open(r, &of, r->call.kept.data, &data) != SEALED_OK)
		return sd_slice("", 0); /* not shown */
	return data;
}

/* ids have no character that a path would have to escape. */
static enum step location(struct request *r, const struct device_edit *e)
{
	char *at = sd_arena_alloc(&r->arena, 2048);
	struct sd_slice tenant = e->in.tenant;
	size_t n;
	if (!at)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	n = (size_t)snprintf(at, 2048, "/tenants/" SD_SLICE_FMT "/users/", SD_SLICE_ARG(tenant));
	for (size_t i = 0; i < e->in.user.n; i++) {
		if (body_name_ok(sd_slice(e->in.user.p + i, 1)))
			at[n++] = e->in.user.p[i];
		else
			n += (size_t)snprintf(at + n, 2048 - n, "%%%02X",
					      (unsigned char)e->in.user.p[i]);
	}
	(void)snprintf(at + n, 2048 - n, "/devices/" SD_SLICE_FMT, SD_SLICE_ARG(e->in.id));
	respond_header(r, "Location", sd_slice_str(at));
	return STEP_NEXT;
}

enum step device_edit_written(struct request *r)
{
	struct device_edit *e = r->state;
	struct store_device now;
	if (r->call.status == STORE_KEY && e->tries++ < TRIES) {
		enum step again = device_edit_write(r);
		if (again == STEP_PARKED)
			r->step--; /* comes back here */
		return again;
	}
	if (r->call.status == STORE_ABSENT)
		return respond_problem(r, PROBLEM_DEVICE_UNKNOWN, NULL, NULL);
	if (r->call.status == STORE_LIMIT)
		return respond_problem(r, PROBLEM_SESSION_LIMIT,
				       "the user has 100 devices: remove one first", NULL);
	if (r->call.status == STORE_RESTRICTED)
		return respond_problem(r, PROBLEM_SESSION_LOCKED, "the user is restricted", NULL);
	if (r->call.status != STORE_OK || r->call.row_count != 1)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	if (!audit(r, e))
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	e->made = r->call.kept.renewed;
	if (e->made && location(r, e) == STEP_DONE)
		return STEP_DONE;
	store_device_at(&r->call, 0, &now);
	device_json(r, e->in.user, &now, data_now(r, e));
	return r->call.log_pos ? applied_wait(r) : STEP_NEXT;
}

enum step device_edit_answer(struct request *r)
{
	return respond_json(r, ((struct device_edit *)r->state)->made ? 201 : 200);
}

/* --- a device as JSON ------------------------------------------------------------------------- */

static void text(struct sd_buf *b, const char *name, struct sd_slice value)
{
	if (!value.n)
		return;
	sd_buf_str(b, name);
	sd_buf_json_str(b, value);
}

void device_json(struct request *r, struct sd_slice user, const struct store_device *d,
		 struct sd_slice data)
{
	struct sd_buf *b = &r->body;
	text(b, "{\"device_id\":", d->id);
	text(b, ",\"user_id\":", user);
	text(b, ",\"tenant_id\":", policy_view_str(&r->gen->view, r->tenant->name));
	text(b, ",\"name\":", d->name);
	text(b, ",\"type\":", d->type);
	text(b, ",\"trust\":", d->trust);
	sd_buf_printf(b, ",\"created_at\":%lld,\"updated_at\":%lld", (long long)(d->made_ms / 1000),
		      (long long)(d->changed_ms / 1000));
	if (d->seen_ms)
		sd_buf_printf(b, ",\"last_seen_at\":%lld", (long long)(d->seen_ms / 1000));
	if (data.n) {
		sd_buf_str(b, ",\"data\":");
		sd_buf_put(b, data);
	}
	sd_buf_char(b, '}');
}
