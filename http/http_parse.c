/* SPDX-License-Identifier: MIT
 * http_parse - bytes into http_msg: http_scan guards, llhttp cuts and frames, http_check judges.
 * Owns:      struct http_parser; the one llhttp state of a connection
 * Runs in:   worker
 * Fails by:  HTTP_BAD with a status and a constant phrase; SD_ERR_MEMORY at creation only
 * Never:     set a lenient flag of llhttp, honour an upgrade, or go on when llhttp and our own
 *            scan end a message at different bytes: disagreement is how requests are smuggled. */
#include "base.h"
#include "http_parse.h"

/* llhttp's method names would collide with ours: they get others while its header is read. */
#define HTTP_DELETE LLHTTP_DELETE
#define HTTP_GET LLHTTP_GET
#define HTTP_HEAD LLHTTP_HEAD
#define HTTP_POST LLHTTP_POST
#define HTTP_PUT LLHTTP_PUT
#define HTTP_OPTIONS LLHTTP_OPTIONS
#define HTTP_PATCH LLHTTP_PATCH
#include <llhttp.h>
#undef HTTP_DELETE
#undef HTTP_GET
#undef HTTP_HEAD
#undef HTTP_POST
#undef HTTP_PUT
#undef HTTP_OPTIONS
#undef HTTP_PATCH

#include "err.h"
#include "http_check.h"
#include "http_scan.h"

#define PARSER_MAGIC 0x68747031u

enum phase { PHASE_HEAD, PHASE_BODY, PHASE_DONE, PHASE_BAD };

struct http_parser {
	uint32_t magic;
	enum phase phase;
	struct http_limits limits;
	llhttp_t ll;
	llhttp_t ll_body;        /* ll as it was before the first body byte */
	struct http_scan scan;
	struct http_fault fault;
	const char *base;        /* buf of the latest call: what msg's slices point into */
	size_t fed;              /* bytes llhttp has had */
	size_t used;             /* length of the whole message, once known */
	bool head_cut;           /* llhttp has seen the end of the header block */
	bool complete;           /* llhttp has seen the end of the message */
	bool chunked;
	bool head_ok;
	char *join_at;           /* while a chunked body is moved together */
	struct http_field_kv field; /* being collected */
	struct http_msg msg;
};

/* --- llhttp's callbacks ------------------------------------------------- */

/* A span may come in pieces; ours never do, since the header is fed at once. */
static int extend(struct sd_slice *s, const char *at, size_t n)
{
	if (s->p && s->p + s->n != at)
		return -1;
	*s = sd_slice(s->p ? s->p : at, s->n + n);
	return 0;
}

static int on_url(llhttp_t *ll, const char *at, size_t n)
{
	struct http_parser *p = ll->data;
	return extend(&p->msg.target, at, n);
}

static int on_name(llhttp_t *ll, const char *at, size_t n)
{
	struct http_parser *p = ll->data;
	return p->head_cut ? 0 : extend(&p->field.name, at, n);
}

static int on_value(llhttp_t *ll, const char *at, size_t n)
{
	struct http_parser *p = ll->data;
	return p->head_cut ? 0 : extend(&p->field.value, at, n);
}

static int on_field_done(llhttp_t *ll)
{
	struct http_parser *p = ll->data;
	struct http_field_kv *f = &p->field;

	if (p->head_cut) /* a trailer: checked by the scan, then dropped */
		return 0;
	if (!f->name.p || p->msg.field_count >= HTTP_MAX_FIELDS)
		return -1;
	if (!f->value.p)
		f->value = sd_slice(f->name.p + f->name.n + 1, 0);
	while (f->value.n && (f->value.p[0] == ' ' || f->value.p[0] == '\t'))
		f->value = sd_slice(f->value.p + 1, f->value.n - 1);
	while (f->value.n &&
	       (f->value.p[f->value.n - 1] == ' ' || f->value.p[f->value.n - 1] == '\t'))
		f->value.n--;
	p->msg.fields[p->msg.field_count++] = *f;
	memset(f, 0, sizeof(*f));
	return 0;
}

static int on_head(llhttp_t *ll)
{
	struct http_parser *p = ll->data;

	p->msg.keep_alive = llhttp_should_keep_alive(ll) && !(ll->flags & F_CONNECTION_CLOSE);
	p->head_cut = true;
	/* Upgrade would make llhttp take the body for another protocol. It is read as what its
	 * length says, like any other. */
	ll->upgrade = 0;
	return 0;
}

static int on_body(llhttp_t *ll, const char *at, size_t n)
{
	struct http_parser *p = ll->data;

	if (p->join_at) {
		memmove(p->join_at, at, n);
		p->join_at += n;
	}
	return 0;
}

static int on_complete(llhttp_t *ll)
{
	struct http_parser *p = ll->data;
	p->complete = true;
	return HPE_PAUSED; /* the next message is another llhttp run */
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_header_value_complete = on_field_done,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

/* --- life --------------------------------------------------------------- */

int http_parser_new(struct http_parser **out, const struct http_limits *limits)
{
	struct http_parser *p;

	*out = NULL;
	if (limits->header_fields > HTTP_MAX_FIELDS || limits->header_bytes == 0)
		return SD_ERR_INVALID;
	p = calloc(1, sizeof(*p));
	if (!p)
		return SD_ERR_MEMORY;
	p->magic = PARSER_MAGIC;
	p->limits = *limits;
	http_parser_reset(p);
	*out = p;
	return 0;
}

void http_parser_free(struct http_parser **p)
{
	free(*p);
	*p = NULL;
}

void http_parser_reset(struct http_parser *p)
{
	p->phase = PHASE_HEAD;
	llhttp_init(&p->ll, HTTP_REQUEST, &settings);
	p->ll.data = p;
	http_scan_init(&p->scan);
	p->fault = (struct http_fault){0, NULL};
	p->base = NULL;
	p->fed = p->used = 0;
	p->head_cut = p->complete = p->chunked = p->head_ok = false;
	p->join_at = NULL;
	memset(&p->field, 0, sizeof(p->field));
	memset(&p->msg, 0, offsetof(struct http_msg, fields)); /* field_count says which are set */
	p->msg.body = sd_slice(NULL, 0);
}

/* --- one message -------------------------------------------------------- */

static enum http_verdict fail(struct http_parser *p, uint16_t status, const char *reason)
{
	p->phase = PHASE_BAD;
	p->fault = (struct http_fault){status, reason};
	return HTTP_BAD;
}

static void move_slice(struct sd_slice *s, uintptr_t from, uintptr_t to, size_t len)
{
	uintptr_t at = (uintptr_t)s->p;

	if (s->p && at >= from && at - from <= len) /* not the constant "/" */
		s->p = (const char *)(to + (at - from));
}

/* The caller's buffer has moved: so do the slices. */
static void rebase(struct http_parser *p, const char *buf)
{
	uintptr_t from = (uintptr_t)p->base, to = (uintptr_t)buf;
	size_t len = p->used > p->scan.pos ? p->used : p->scan.pos;
	struct http_msg *m = &p->msg;

	if (p->base && p->base != buf && p->head_cut) {
		move_slice(&m->method_text, from, to, len);
		move_slice(&m->target, from, to, len);
		move_slice(&m->path, from, to, len);
		move_slice(&m->query, from, to, len);
		move_slice(&m->host, from, to, len);
		move_slice(&m->body, from, to, len);
		for (uint32_t i = 0; i < m->field_count; i++) {
			move_slice(&m->fields[i].name, from, to, len);
			move_slice(&m->fields[i].value, from, to, len);
		}
	}
	p->base = buf;
}

/* Gives llhttp the bytes up to `to`: false when it refuses them or ends the message elsewhere. */
static bool feed(struct http_parser *p, const char *buf, size_t to, bool ends)
{
	llhttp_errno_t err = llhttp_execute(&p->ll, buf + p->fed, to - p->fed);

	p->fed = to;
	if (!ends)
		return err == HPE_OK && !p->complete;
	return err == HPE_PAUSED && p->complete && llhttp_get_error_pos(&p->ll) == buf + to;
}

static enum http_verdict refused(struct http_parser *p)
{
	const char *reason = llhttp_get_error_reason(&p->ll);

	return fail(p, 400, reason && *reason ? reason : "the request is malformed");
}

static enum http_verdict done(struct http_parser *p, size_t used, size_t *used_out)
{
	p->phase = PHASE_DONE;
	p->used = used;
	*used_out = used;
	return HTTP_DONE;
}

/* The header block is whole and has passed the scan. */
static enum http_verdict cut_head(struct http_parser *p, const char *buf, size_t *used_out)
{
	struct http_scan *s = &p->scan;
	struct http_msg *m = &p->msg;
	bool fed;

	m->method = s->method;
	m->method_text = sd_slice(buf + s->start, s->target_at - 1 - s->start);
	p->fed = s->start;
	/* whether the message ends here is llhttp's decision first */
	fed = feed(p, buf, s->head_len, false);
	if (!p->head_cut || m->field_count != s->fields ||
	    !sd_slice_eq(m->target, sd_slice(buf + s->target_at, s->version_at - 1 - s->target_at)))
		return refused(p);
	m->version_minor = p->ll.http_minor;
	p->fault = http_check_head(m, &p->limits, &p->chunked);
	p->head_ok = p->fault.status == 0 || p->fault.status == 413 || p->fault.status == 417;
	if (p->fault.status)
		return fail(p, p->fault.status, p->fault.reason);
	if (!m->has_body) {
		if (!p->complete || llhttp_get_errno(&p->ll) != HPE_PAUSED ||
		    llhttp_get_error_pos(&p->ll) != buf + s->head_len)
			return refused(p);
		m->body = sd_slice(buf + s->head_len, 0);
		return done(p, s->head_len, used_out);
	}
	if (!fed || p->chunked != !!(p->ll.flags & F_CHUNKED) ||
	    p->ll.content_length != m->content_length)
		return refused(p);
	p->ll_body = p->ll;
	p->phase = PHASE_BODY;
	return HTTP_HEAD_DONE;
}

static enum http_verdict take_sized(struct http_parser *p, const char *buf, size_t len,
				    size_t *used_out)
{
	size_t end = p->scan.head_len + (size_t)p->msg.content_length; /* <= limits: no overflow */

	if (!feed(p, buf, SD_MIN(len, end), len >= end))
		return refused(p);
	if (len < end)
		return HTTP_MORE;
	p->msg.body = sd_slice(buf + p->scan.head_len, (size_t)p->msg.content_length);
	return done(p, end, used_out);
}

/* Plays the body through llhttp again, moving its data together. Only now that no raw byte is
 * needed any more: the caller may give the same bytes at each call. */
static enum http_verdict join(struct http_parser *p, char *buf, size_t *used_out)
{
	char *start = buf + p->scan.head_len;

	p->ll = p->ll_body;
	p->fed = p->scan.head_len;
	p->complete = false;
	p->join_at = start;
	if (!feed(p, buf, p->scan.pos, true))
		return refused(p);
	p->msg.body = sd_slice(start, (size_t)(p->join_at - start));
	p->join_at = NULL;
	return done(p, p->scan.pos, used_out);
}

static enum http_verdict take_chunked(struct http_parser *p, char *buf, size_t len,
				      size_t *used_out)
{
	enum http_scan_verdict v = http_scan_chunked(&p->scan, buf, len, &p->limits);

	/* llhttp's fault, if any, lies before the scan's: the earlier byte wins, always */
	if (!feed(p, buf, p->scan.pos, v == HTTP_SCAN_END))
		return refused(p);
	if (v == HTTP_SCAN_BAD)
		return fail(p, p->scan.fault.status, p->scan.fault.reason);
	return v == HTTP_SCAN_END ? join(p, buf, used_out) : HTTP_MORE;
}

enum http_verdict http_parse(struct http_parser *p, char *buf, size_t len, size_t *used_out)
{
	enum http_scan_verdict v;

	*used_out = 0;
	rebase(p, buf);
	switch (p->phase) {
	case PHASE_HEAD:
		v = http_scan_head(&p->scan, buf, len, &p->limits);
		if (v == HTTP_SCAN_BAD)
			return fail(p, p->scan.fault.status, p->scan.fault.reason);
		return v == HTTP_SCAN_END ? cut_head(p, buf, used_out) : HTTP_MORE;
	case PHASE_BODY:
		return p->chunked ? take_chunked(p, buf, len, used_out)
				  : take_sized(p, buf, len, used_out);
	case PHASE_DONE:
		*used_out = p->used;
		return HTTP_DONE;
	case PHASE_BAD:
		break;
	}
	return HTTP_BAD;
}

/* --- answers ------------------------------------------------------------ */

const struct http_msg *http_parser_msg(const struct http_parser *p)
{
	return &p->msg;
}

uint16_t http_parse_status(const struct http_parser *p)
{
	return p->fault.status;
}

const char *http_parse_reason(const struct http_parser *p)
{
	return p->fault.reason ? p->fault.reason : "";
}

enum http_method http_parse_method(const struct http_parser *p)
{
	return p->scan.method;
}

bool http_parse_head_ok(const struct http_parser *p)
{
	return p->head_ok;
}
