/* SPDX-License-Identifier: MIT
 * http_check - Host, target form, framing and Expect of one header block.
 * Owns:      the rules that need more than one field, or a field and the request line
 * Runs in:   worker
 * Fails by:  a fault with a status
 * Never:     repair: what two readers could read in two ways is refused (RFC 9112 11.2).
 *            Fields that only a route needs are http_field's. */
#include "base.h"
#include "http_check.h"

#include <arpa/inet.h>

#define HOST_MAX 255

struct tally {
	uint32_t hosts, lengths, codings, expects;
	const struct http_field_kv *host, *length, *coding;
	bool expect_other; /* than 100-continue */
};

static struct http_fault fault(uint16_t status, const char *reason)
{
	return (struct http_fault){status, reason};
}

static const struct http_fault none = {0, NULL};

static bool name_is(const struct http_field_kv *f, const char *name)
{
	return sd_slice_ieq(f->name, sd_slice_str(name));
}

static void count(const struct http_msg *msg, struct tally *t)
{
	memset(t, 0, sizeof(*t));
	for (uint32_t i = 0; i < msg->field_count; i++) {
		const struct http_field_kv *f = &msg->fields[i];
		if (f->name.n == 4 && name_is(f, "host")) {
			t->hosts++;
			t->host = f;
		} else if (f->name.n == 6 && name_is(f, "expect")) {
			t->expects++;
			t->expect_other |= !sd_slice_ieq(f->value, SD_SLICE("100-continue"));
		} else if (f->name.n == 14 && name_is(f, "content-length")) {
			t->lengths++;
			t->length = f;
		} else if (f->name.n == 17 && name_is(f, "transfer-encoding")) {
			t->codings++;
			t->coding = f;
		}
	}
}

static bool is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

/* ":" 1*5DIGIT up to 65535, or nothing. */
static bool port_ok(const char *p, size_t n)
{
	uint32_t port = 0;

	if (n == 0)
		return true;
	if (p[0] != ':' || n < 2 || n > 6)
		return false;
	for (size_t i = 1; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		port = port * 10 + (uint32_t)(p[i] - '0');
	}
	return port <= 65535;
}

bool http_check_host(struct sd_slice host)
{
	size_t i = 0;

	if (host.n == 0 || host.n > HOST_MAX)
		return false;
	if (host.p[0] == '[') {
		char text[INET6_ADDRSTRLEN];
		struct in6_addr addr;
		const char *end = memchr(host.p, ']', host.n);
		size_t n = end ? (size_t)(end - host.p) - 1 : 0;
		if (n == 0 || n >= sizeof(text))
			return false;
		memcpy(text, host.p + 1, n);
		text[n] = 0;
		return inet_pton(AF_INET6, text, &addr) == 1 &&
		       port_ok(end + 1, host.n - n - 2);
	}
	while (i < host.n && is_host_char(host.p[i]))
		i++;
	return i > 0 && port_ok(host.p + i, host.n - i);
}

/* scheme "://" authority path: the authority must be the Host. */
static bool absolute_form(struct http_msg *msg, const struct tally *t)
{
	struct sd_slice rest = msg->target;
	size_t n = 0, scheme = 0;

	if (rest.n > 7 && sd_slice_ieq(sd_slice(rest.p, 7), SD_SLICE("http://")))
		scheme = 7;
	else if (rest.n > 8 && sd_slice_ieq(sd_slice(rest.p, 8), SD_SLICE("https://")))
		scheme = 8;
	else
		return false;
	rest = sd_slice(rest.p + scheme, rest.n - scheme);
	while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
		n++;
	if (!http_check_host(sd_slice(rest.p, n)))
		return false;
	if (t->host && !sd_slice_ieq(msg->host, sd_slice(rest.p, n)))
		return false;
	msg->host = sd_slice(rest.p, n);
	msg->path = sd_slice(rest.p + n, rest.n - n);
	return true;
}

/* Origin-form; absolute-form of our own Host; "*" for OPTIONS. */
static bool target_form(struct http_msg *msg, const struct tally *t)
{
	const char *question;

	if (msg->target.p[0] == '/')
		msg->path = msg->target;
	else if (sd_slice_is(msg->target, "*") && msg->method == HTTP_OPTIONS)
		msg->path = msg->target;
	else if (!absolute_form(msg, t))
		return false;
	question = msg->path.n ? memchr(msg->path.p, '?', msg->path.n) : NULL;
	if (question) {
		size_t n = (size_t)(question - msg->path.p);
		msg->query = sd_slice(question + 1, msg->path.n - n - 1);
		msg->path.n = n;
	}
	if (msg->path.n == 0)
		msg->path = SD_SLICE("/");
	return true;
}

/* The raw value: all between the colon and the CR, white space included. */
static struct sd_slice raw_value(const struct http_field_kv *f)
{
	const char *from = f->name.p + f->name.n + 1, *to = f->value.p + f->value.n;

	while (*to != '\r')
		to++;
	return sd_slice(from, (size_t)(to - from));
}

static struct sd_slice without_spaces(struct sd_slice s)
{
	while (s.n && s.p[0] == ' ')
		s = sd_slice(s.p + 1, s.n - 1);
	while (s.n && s.p[s.n - 1] == ' ')
		s.n--;
	return s;
}

/* 1 to 19 digits, read as decimal, spaces around (tabs are not worth the doubt). */
static bool length_value(const struct http_field_kv *f, uint64_t *out)
{
	struct sd_slice s = without_spaces(raw_value(f));
	uint64_t v = 0;

	if (s.n < 1 || s.n > 19)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	*out = v;
	return true;
}

static bool is_coding_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-';
}

/* "chunked" and nothing else. A list of plain names that we do not know, with chunked at most
 * once and last, is an unknown coding (501); everything else is malformed (400). */
static struct http_fault coding_value(const struct http_field_kv *f)
{
	struct sd_slice s = raw_value(f);
	bool last_chunked = false;

	while (s.n && s.p[0] == ' ')
		s = sd_slice(s.p + 1, s.n - 1);
	if (sd_slice_ieq(s, SD_SLICE("chunked")))
		return none;
	for (;;) {
		size_t n = 0;
		while (n < s.n && is_coding_char(s.p[n]))
			n++;
		if (n == 0 || last_chunked)
			return fault(400, "Transfer-Encoding is malformed");
		last_chunked = sd_slice_ieq(sd_slice(s.p, n), SD_SLICE("chunked"));
		if (n == s.n)
			return fault(501, "the transfer coding is not known");
		if (s.p[n] != ',')
			return fault(400, "Transfer-Encoding is malformed");
		s = sd_slice(s.p + n + 1, s.n - n - 1);
		while (s.n && s.p[0] == ' ')
			s = sd_slice(s.p + 1, s.n - 1);
	}
}

static struct http_fault framing(struct http_msg *msg, const struct tally *t, bool *chunked_out)
{
	msg->has_length = t->codings || t->lengths;
	if (t->codings && t->lengths)
		return fault(400, "both Content-Length and Transfer-Encoding");
	if (t->codings > 1 || t->lengths > 1)
		return fault(400, "the body's length is given twice");
	if (t->codings) {
		if (msg->version_minor == 0)
			return fault(400, "Transfer-Encoding in HTTP/1.0");
		*chunked_out = msg->has_body = true;
		return coding_value(t->coding);
	}
	if (t->lengths && !length_value(t->length, &msg->content_length))
		return fault(400, "Content-Length is malformed");
	msg->has_body = msg->content_length > 0;
	return none;
}

struct http_fault http_check_head(struct http_msg *msg, const struct http_limits *limits,
				  bool *chunked_out)
{
	struct http_fault f;
	struct tally t;

	*chunked_out = false;
	count(msg, &t);
	if (t.hosts > 1 || (t.hosts == 0 && msg->version_minor > 0))
		return fault(400, t.hosts ? "more than one Host" : "Host is missing");
	if (t.host) {
		msg->host = t.host->value;
		if (!http_check_host(msg->host))
			return fault(400, "Host is malformed");
	}
	if (!target_form(msg, &t))
		return fault(400, "the request target has the wrong form");
	f = framing(msg, &t, chunked_out);
	if (f.status)
		return f;
	/* RFC 9110 10.1.1: an expectation of a 1.0 client is not answered */
	msg->expect_continue =
	    t.expects && !t.expect_other && msg->has_body && msg->version_minor > 0;
	if (msg->content_length > limits->body_bytes)
		return fault(413, "the body is too large");
	if (t.expect_other)
		return fault(417, "the expectation cannot be met");
	return none;
}
