/* SPDX-License-Identifier: MIT
 * respond - answers: the one place where a status leaves.
 * Owns:      nothing; writes into the connection's output
 * Runs in:   worker
 * Fails by:  the output's failed flag (the connection closes)
 * Never:     decide; put a token or key into an error
 */
#include "base.h"
#include "respond.h"

#include "http_emit.h"
#include "starved.h"

/* 429 and 503 always say when to come again. */
static void retry_after(struct request *r, uint16_t status)
{
	if (status != 429 && status != 503)
		return;
	for (uint32_t i = 0; i < r->header_count; i++)
		if (strcmp(r->headers[i].name, "Retry-After") == 0)
			return;
	http_emit_field(&r->conn->out, "Retry-After", SD_SLICE("1"));
}

/* Everything of the head but how long the body is. */
static struct http_head begin(struct request *r, uint16_t status, const char *type, bool cacheable,
			      bool keep)
{
	struct conn *c = r->conn;
	const struct http_msg *m = r->msg;
	struct http_head head = {
	    .status = status,
	    .version_minor = m ? m->version_minor : 1,
	    .close = !keep,
	    .keep_alive_1_0 = keep && m->version_minor == 0,
	    .cacheable = cacheable,
	    .head_only = r->no_body || (m && m->method == HTTP_HEAD),
	    .content_type = type,
	    .request_id = r->request_id,
	    .wall_ms = sd_loop_wall_ms(r->w->loop),
	};
	if (!keep)
		c->close_after = true;
	r->status = status;
	http_emit_begin(&c->out, &head);
	for (uint32_t i = 0; i < r->header_count; i++)
		http_emit_field(&c->out, r->headers[i].name, r->headers[i].value);
	retry_after(r, status);
	return head;
}

static bool keeps(const struct request *r)
{
	return r->msg && r->msg->keep_alive && !r->w->draining && !r->conn->close_after;
}

static void emit(struct request *r, uint16_t status, const char *type, struct sd_slice body,
		 bool cacheable)
{
	struct http_head head = begin(r, status, type, cacheable, keeps(r));
	http_emit_end(&r->conn->out, &head, body);
}

/* HTTP/1.0 knows no chunks: there the end of the connection is the end. */
static bool is_chunked(const struct request *r)
{
	return r->msg->version_minor > 0;
}

void respond_stream_begin(struct request *r, uint16_t status, const char *type)
{
	struct http_head head = begin(r, status, type, false, keeps(r) && is_chunked(r));
	http_emit_end_stream(&r->conn->out, &head);
}

void respond_stream_part(struct request *r)
{
	struct sd_buf *out = &r->conn->out;
	if (r->body.failed)
		out->failed = true;
	if (r->msg->method != HTTP_HEAD && is_chunked(r))
		http_emit_chunk(out, sd_buf_slice(&r->body));
	else if (r->msg->method != HTTP_HEAD)
		sd_buf_put(out, sd_buf_slice(&r->body));
	sd_buf_reset(&r->body);
}

enum step respond_stream_end(struct request *r, bool whole)
{
	if (!whole)
		r->conn->broken = true;
	else if (r->msg->method != HTTP_HEAD && is_chunked(r))
		http_emit_last_chunk(&r->conn->out);
	return STEP_DONE;
}

void respond_header(struct request *r, const char *name, struct sd_slice value)
{
	if (r->header_count < SD_ARRAY_LEN(r->headers))
		r->headers[r->header_count++] = (struct header){name, value};
}

static bool has_challenge(const struct request *r)
{
	for (uint32_t i = 0; i < r->header_count; i++)
		if (strcmp(r->headers[i].name, "WWW-Authenticate") == 0)
			return true;
	return false;
}

/* What RFC 6750 section 3 and RFC 9110 demand beside certain statuses. */
static void duty_headers(struct request *r, enum problem p, uint16_t status)
{
	if (p == PROBLEM_CALLER_UNAUTHENTICATED)
		respond_header(r, "WWW-Authenticate", SD_SLICE("Bearer"));
	else if (status == 401 && !has_challenge(r))
		respond_header(r, "WWW-Authenticate", SD_SLICE("Bearer error=\"invalid_token\""));
	else if (p == PROBLEM_INSUFFICIENT_SCOPE)
		respond_header(r, "WWW-Authenticate",
			       SD_SLICE("Bearer error=\"insufficient_scope\""));
}

enum step respond_problem(struct request *r, enum problem p, const char *detail,
			  const char *pointer)
{
	uint16_t status = problem_status(p);
	if (sd_starved() && status < 500) { /* not looked at is not found wrong */
		p = PROBLEM_STORE_UNAVAILABLE;
		status = problem_status(p);
		detail = "out of memory";
		pointer = NULL;
	}
	duty_headers(r, p, status);
	sd_buf_reset(&r->body);
	problem_emit(&r->body, p, sd_slice_str(detail ? detail : ""), r->request_id,
		     sd_slice_str(pointer));
	emit(r, status, "application/problem+json", sd_buf_slice(&r->body), false);
	return STEP_DONE;
}

enum step respond_problem_member(struct request *r, enum problem p, const char *name,
				 struct sd_slice value)
{
	uint16_t status = problem_status(p);
	duty_headers(r, p, status);
	sd_buf_reset(&r->body);
	problem_emit(&r->body, p, sd_slice("", 0), r->request_id, sd_slice_str(NULL));
	if (r->body.len)
		r->body.len--; /* the closing brace */
	sd_buf_printf(&r->body, ",\"%s\":", name);
	sd_buf_json_str(&r->body, value);
	sd_buf_char(&r->body, '}');
	emit(r, status, "application/problem+json", sd_buf_slice(&r->body), false);
	return STEP_DONE;
}

enum step respond_json(struct request *r, uint16_t status)
{
	if (r->body.failed)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "the answer is too large",
				       NULL);
	emit(r, status, "application/json", sd_buf_slice(&r->body), false);
	return STEP_DONE;
}

/* Whoever lets an answer be stored says for how long. */
static bool is_cacheable(const struct request *r)
{
	for (uint32_t i = 0; i < r->header_count; i++)
		if (strcmp(r->headers[i].name, "Cache-Control") == 0)
			return true;
	return false;
}

enum step respond_empty(struct request *r, uint16_t status)
{
	emit(r, status, NULL, sd_slice("", 0), is_cacheable(r));
	return STEP_DONE;
}

enum step respond_text(struct request *r, uint16_t status, const char *type, struct sd_slice text)
{
	emit(r, status, type, text, is_cacheable(r));
	return STEP_DONE;
}
