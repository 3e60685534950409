/* SPDX-License-Identifier: MIT
 * http_scan - the strict profile over raw bytes (RFC 9112, narrowed).
 * Owns:      which bytes may stand where in a request line, a field line and a chunk
 * Runs in:   worker
 * Fails by:  a fault with a status, bound to the position of one byte
 * Never:     look ahead or wait for a line to be whole before it is judged: a verdict must not
 *            depend on how the network cut the bytes. Meaning of fields belongs to http_check. */
#include "base.h"
#include "http_scan.h"

#define METHOD_MAX 32 /* longer than any registered method */

enum state {
	S_START, S_LEAD_LF, S_METHOD, S_TARGET, S_VERSION, S_LINE_LF,
	S_FIELD, S_NAME, S_VALUE, S_VALUE_LF, S_END_LF, S_END,
	C_SIZE_FIRST, C_SIZE, C_EXT_FIRST, C_EXT, C_VAL_FIRST, C_VAL, C_QUOTED, C_UNQUOTED,
	C_SIZE_LF, C_DATA, C_DATA_CR, C_DATA_LF
};

#define IS_TOKEN 1  /* RFC 9110 5.6.2 tchar */
#define IS_TARGET 2 /* visible ASCII but '#': a fragment is never sent */
#define IS_VALUE 4  /* field content: HTAB, SP, visible, obs-text */
#define IS_HEX 8

static const uint8_t class_of[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	4, 7, 6, 5, 7, 7, 7, 7, 6, 6, 7, 7, 6, 7, 7, 6,
	15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 6, 6, 6, 6, 6, 6,
	6, 15, 15, 15, 15, 15, 15, 7, 7, 7, 7, 7, 7, 7, 7, 7,
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 6, 6, 7, 7,
	7, 15, 15, 15, 15, 15, 15, 7, 7, 7, 7, 7, 7, 7, 7, 7,
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 7, 6, 7, 0,
	4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
};

static bool is(char c, uint8_t what)
{
	return (class_of[(uint8_t)c] & what) != 0;
}

/* First position in [pos, end) whose byte is not of the class. */
static size_t skip(const char *buf, size_t pos, size_t end, uint8_t what)
{
	while (pos < end && is(buf[pos], what))
		pos++;
	return pos;
}

static bool bad(struct http_scan *s, uint16_t status, const char *reason)
{
	s->fault = (struct http_fault){status, reason};
	return false;
}

void http_scan_init(struct http_scan *s)
{
	memset(s, 0, sizeof(*s));
}

/* CONNECT is not among them: what follows it would be a tunnel, so it ends the connection. */
enum http_method http_scan_method(struct sd_slice text)
{
	static const struct {
		const char *name;
		enum http_method method;
	} known[] = {
	    {"GET", HTTP_GET}, {"POST", HTTP_POST}, {"HEAD", HTTP_HEAD}, {"PUT", HTTP_PUT},
	    {"PATCH", HTTP_PATCH}, {"DELETE", HTTP_DELETE}, {"OPTIONS", HTTP_OPTIONS},
	    {"TRACE", HTTP_OTHER}, {"COPY", HTTP_OTHER},
	    {"LOCK", HTTP_OTHER}, {"MKCOL", HTTP_OTHER}, {"MOVE", HTTP_OTHER},
	    {"PROPFIND", HTTP_OTHER}, {"PROPPATCH", HTTP_OTHER}, {"SEARCH", HTTP_OTHER},
	    {"UNLOCK", HTTP_OTHER}, {"BIND", HTTP_OTHER}, {"REBIND", HTTP_OTHER},
	    {"UNBIND", HTTP_OTHER}, {"ACL", HTTP_OTHER}, {"REPORT", HTTP_OTHER},
	    {"MKACTIVITY", HTTP_OTHER}, {"CHECKOUT", HTTP_OTHER}, {"MERGE", HTTP_OTHER},
	    {"MKCALENDAR", HTTP_OTHER}, {"LINK", HTTP_OTHER}, {"UNLINK", HTTP_OTHER},
	};

	for (size_t i = 0; i < SD_ARRAY_LEN(known); i++) {
		if (sd_slice_is(text, known[i].name))
			return known[i].method;
	}
	return HTTP_METHOD_NONE;
}

/* "HTTP/" DIGIT "." DIGIT CR, one byte of it. */
static bool version_byte(struct http_scan *s, char c)
{
	static const char shape[] = "HTTP/1.1\r";
	size_t i = s->pos - s->version_at;
	bool digit = i == 5 || i == 7;

	if (digit ? c < '0' || c > '9' : c != shape[i])
		return bad(s, 400, "the version is malformed");
	if (c == '\r')
		s->state = S_LINE_LF;
	return true;
}

/* At the LF of the request line: version before method, so that "PRI * HTTP/2.0" is 505. */
static bool line_done(struct http_scan *s, const char *buf)
{
	const char *version = buf + s->version_at;

	if (version[5] != '1' || (version[7] != '0' && version[7] != '1'))
		return bad(s, 505, "the version is not HTTP/1.0 or HTTP/1.1");
	s->method = http_scan_method(sd_slice(buf + s->start, s->target_at - 1 - s->start));
	if (s->method == HTTP_METHOD_NONE)
		return bad(s, 501, "the method is not known");
	s->state = S_FIELD;
	return true;
}

static bool line_byte(struct http_scan *s, const char *buf, char c)
{
	switch (s->state) {
	case S_START:
		if (c == '\r') { /* RFC 9112 2.2: one empty line before the request is forgiven */
			s->state = S_LEAD_LF;
			s->start = 2;
			return true;
		}
		s->state = S_METHOD;
		/* fall through */
	case S_METHOD:
		if (c == ' ' && s->pos > s->start) {
			s->target_at = s->pos + 1;
			s->state = S_TARGET;
			return true;
		}
		if (!is(c, IS_TOKEN))
			return bad(s, 400, "the method is malformed");
		return s->pos - s->start < METHOD_MAX || bad(s, 501, "the method is not known");
	case S_LEAD_LF:
		if (c != '\n')
			return bad(s, 400, "CR without LF");
		s->state = S_METHOD;
		return true;
	case S_TARGET:
		if (c == ' ' && s->pos > s->target_at) {
			s->version_at = s->pos + 1;
			s->state = S_VERSION;
			return true;
		}
		if (!is(c, IS_TARGET))
			return bad(s, 400, "the request target is malformed");
		return s->pos - s->target_at < HTTP_MAX_TARGET ||
		       bad(s, 414, "the request target is too long");
	case S_VERSION:
		return version_byte(s, c);
	default: /* S_LINE_LF */
		return c == '\n' ? line_done(s, buf) : bad(s, 400, "CR without LF");
	}
}

/* One byte of field lines: of the header block, and of the trailers. */
static bool field_byte(struct http_scan *s, char c, const struct http_limits *limits)
{
	switch (s->state) {
	case S_FIELD:
		if (c == '\r') {
			s->state = S_END_LF;
			return true;
		}
		if (c == ' ' || c == '\t')
			return bad(s, 400, "a field line is folded");
		if (!is(c, IS_TOKEN))
			return bad(s, 400, "a field name is empty or malformed");
		if (++s->fields > limits->header_fields)
			return bad(s, 431, "too many header fields");
		s->state = S_NAME;
		return true;
	case S_NAME:
		if (c == ':')
			s->state = S_VALUE;
		else if (!is(c, IS_TOKEN))
			return bad(s, 400, "a field name is malformed");
		return true;
	case S_VALUE:
		if (c == '\r')
			s->state = S_VALUE_LF;
		else if (!is(c, IS_VALUE))
			return bad(s, 400, "a field value is malformed");
		return true;
	default: /* S_VALUE_LF, S_END_LF */
		if (c != '\n')
			return bad(s, 400, "CR without LF");
		s->state = s->state == S_END_LF ? S_END : S_FIELD;
		return true;
	}
}

/* The long runs, so that most bytes cost one table look-up. */
static void skip_run(struct http_scan *s, const char *buf, size_t end)
{
	if (s->state == S_VALUE)
		s->pos = skip(buf, s->pos, end, IS_VALUE);
	else if (s->state == S_NAME)
		s->pos = skip(buf, s->pos, end, IS_TOKEN);
	else if (s->state == S_TARGET)
		s->pos = skip(buf, s->pos, SD_MIN(end, s->target_at + HTTP_MAX_TARGET), IS_TARGET);
}

enum http_scan_verdict http_scan_head(struct http_scan *s, const char *buf, size_t len,
				      const struct http_limits *limits)
{
	size_t end = SD_MIN(len, (size_t)limits->header_bytes);

	while (s->pos < end && s->state != S_END) {
		skip_run(s, buf, end);
		if (s->pos == end)
			break;
		if (!(s->state < S_FIELD ? line_byte(s, buf, buf[s->pos])
					 : field_byte(s, buf[s->pos], limits)))
			return HTTP_SCAN_BAD;
		s->pos++;
	}
	if (s->state == S_END) {
		s->head_len = s->pos;
		s->state = C_SIZE_FIRST;
		return HTTP_SCAN_END;
	}
	if (len > end) {
		bad(s, 431, "the header block is too large");
		return HTTP_SCAN_BAD;
	}
	return HTTP_SCAN_MORE;
}

static uint32_t hex_value(char c)
{
	return c <= '9' ? (uint32_t)(c - '0') : (uint32_t)((c | 0x20) - 'a' + 10);
}

/* After the digits: the bound on the body, and on what its framing may cost on top. */
static bool size_done(struct http_scan *s, char c, const struct http_limits *limits)
{
	size_t framing = s->pos - s->head_len - s->data_bytes;

	if (c != ';' && c != '\r')
		return bad(s, 400, "a chunk size is malformed");
	s->data_bytes += s->chunk_left;
	if (s->data_bytes > limits->body_bytes)
		return bad(s, 413, "the body is too large");
	if (framing > http_limits_chunk_framing(limits))
		return bad(s, 413, "the body is too large for its content");
	s->ext_bytes = 0;
	s->state = c == ';' ? C_EXT_FIRST : C_SIZE_LF;
	return true;
}

static bool size_byte(struct http_scan *s, char c, const struct http_limits *limits)
{
	if (s->state == C_SIZE_FIRST) {
		s->chunk_left = 0;
		s->digits = 0;
		s->state = C_SIZE;
		if (!is(c, IS_HEX))
			return bad(s, 400, "a chunk size is malformed");
	}
	if (!is(c, IS_HEX))
		return size_done(s, c, limits);
	if (++s->digits > 8)
		return bad(s, 400, "a chunk size has more than 8 digits");
	s->chunk_left = s->chunk_left * 16 + hex_value(c);
	return true;
}

/* At most one extension: ";" token [ "=" ( token / quoted-string without escapes ) ], no white
 * space around. A second one is refused: llhttp 8 goes on reading the chunk size there. */
static bool ext_byte(struct http_scan *s, char c)
{
	bool first = s->state == C_EXT_FIRST || s->state == C_VAL_FIRST;

	if (!first && s->state != C_QUOTED && c == '\r') {
		s->state = C_SIZE_LF;
		return true;
	}
	if (++s->ext_bytes > HTTP_MAX_CHUNK_EXT)
		return bad(s, 400, "a chunk extension is too long");
	if (s->state == C_QUOTED && is(c, IS_VALUE) && c != '\\')
		s->state = c == '"' ? C_UNQUOTED : C_QUOTED;
	else if (s->state == C_VAL_FIRST && c == '"')
		s->state = C_QUOTED;
	else if (s->state == C_EXT && c == '=')
		s->state = C_VAL_FIRST;
	else if ((first || s->state == C_EXT || s->state == C_VAL) && is(c, IS_TOKEN))
		s->state = s->state == C_EXT_FIRST || s->state == C_EXT ? C_EXT : C_VAL;
	else
		return bad(s, 400, "a chunk extension is malformed");
	return true;
}

static bool chunk_byte(struct http_scan *s, char c, const struct http_limits *limits)
{
	switch (s->state) {
	case C_SIZE_FIRST:
	case C_SIZE:
		return size_byte(s, c, limits);
	case C_SIZE_LF:
		if (c != '\n')
			return bad(s, 400, "CR without LF");
		s->state = s->chunk_left ? C_DATA : S_FIELD;
		s->trailer_at = s->pos + 1;
		return true;
	case C_DATA_CR:
		s->state = C_DATA_LF;
		return c == '\r' || bad(s, 400, "chunk data does not end where its size says");
	case C_DATA_LF:
		s->state = C_SIZE_FIRST;
		return c == '\n' || bad(s, 400, "CR without LF");
	case S_FIELD:
	case S_NAME:
	case S_VALUE:
	case S_VALUE_LF:
	case S_END_LF:
		if (s->pos - s->trailer_at >= HTTP_MAX_TRAILER)
			return bad(s, 431, "the trailers are too large");
		return field_byte(s, c, limits);
	default:
		return ext_byte(s, c);
	}
}

enum http_scan_verdict http_scan_chunked(struct http_scan *s, const char *buf, size_t len,
					 const struct http_limits *limits)
{
	while (s->pos < len && s->state != S_END) {
		if (s->state == C_DATA) {
			size_t n = SD_MIN(len - s->pos, (size_t)s->chunk_left);
			s->pos += n;
			s->chunk_left -= n;
			if (s->chunk_left == 0)
				s->state = C_DATA_CR;
			continue;
		}
		if (!chunk_byte(s, buf[s->pos], limits))
			return HTTP_SCAN_BAD;
		s->pos++;
	}
	return s->state == S_END ? HTTP_SCAN_END : HTTP_SCAN_MORE;
}
