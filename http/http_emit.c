/* SPDX-License-Identifier: MIT
 * http_emit - status line, fields, length and body, appended to an output buffer.
 * Owns:      the bytes of every response head
 * Runs in:   worker
 * Fails by:  out->failed (a value that could end its line is dropped, and the response with it)
 * Never:     a field that a route wants: routes add theirs with http_emit_field(). */
#include "base.h"
#include "http_emit.h"

const char *http_status_text(uint16_t status)
{
	static const struct {
		uint16_t status;
		const char *text;
	} known[] = {
	    {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"},
	    {302, "Found"}, {304, "Not Modified"}, {400, "Bad Request"}, {401, "Unauthorized"},
	    {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
	    {408, "Request Timeout"}, {409, "Conflict"}, {411, "Length Required"},
	    {412, "Precondition Failed"}, {413, "Content Too Large"}, {414, "URI Too Long"},
	    {415, "Unsupported Media Type"}, {417, "Expectation Failed"},
	    {422, "Unprocessable Content"}, {423, "Locked"}, {428, "Precondition Required"},
	    {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
	    {500, "Internal Server Error"}, {501, "Not Implemented"},
	    {503, "Service Unavailable"}, {505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < SD_ARRAY_LEN(known); i++) {
		if (known[i].status == status)
			return known[i].text;
	}
	return "";
}

static void two(char *at, int64_t v)
{
	at[0] = (char)('0' + v / 10 % 10);
	at[1] = (char)('0' + v % 10);
}

/* IMF-fixdate (RFC 9110 5.6.7). Not gmtime_r: that may open the time zone file, which a worker
 * behind its filter cannot; and at some 20 ns there is nothing to cache. Years 1970 to 9999. */
static void date(char out[29], int64_t unix_s)
{
	static const char wday[] = "ThuFriSatSunMonTueWed";
	static const char month[] = "MarAprMayJunJulAugSepOctNovDecJanFeb";
	int64_t days = unix_s / 86400, secs = unix_s % 86400;
	/* days from 0000-03-01 on: leap days end a year, a year is 153-day thirds of 5 months */
	int64_t z = days + 719468, era = z / 146097, doe = z % 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153, day = doy - (153 * mp + 2) / 5 + 1;
	int64_t year = yoe + era * 400 + (mp >= 10);

	memcpy(out, "Thu, 01 Jan 1970 00:00:00 GMT", 29);
	memcpy(out, wday + days % 7 * 3, 3);
	two(out + 5, day);
	memcpy(out + 8, month + mp * 3, 3);
	two(out + 12, year / 100);
	two(out + 14, year % 100);
	two(out + 17, secs / 3600);
	two(out + 20, secs / 60 % 60);
	two(out + 23, secs % 60);
}

/* Nothing that ends a line or hides from a log; HTAB may stand inside. */
static bool value_ok(struct sd_slice v)
{
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = (uint8_t)v.p[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static bool name_ok(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

	return n > 0 && name[n] == 0;
}

/* start is a name of ours with ": ". */
static void line(struct sd_buf *out, struct sd_slice start, struct sd_slice value)
{
	if (!value_ok(value)) {
		out->failed = true;
		return;
	}
	sd_buf_put(out, start);
	sd_buf_put(out, value);
	sd_buf_put(out, SD_SLICE("\r\n"));
}

void http_emit_field(struct sd_buf *out, const char *name, struct sd_slice value)
{
	if (!name_ok(name) || !value_ok(value)) {
		out->failed = true;
		return;
	}
	sd_buf_str(out, name);
	line(out, SD_SLICE(": "), value);
}

static bool bodiless(uint16_t status)
{
	return status < 200 || status == 204 || status == 304;
}

void http_emit_begin(struct sd_buf *out, const struct http_head *head)
{
	char now[29];

	date(now, head->wall_ms > 0 ? head->wall_ms / 1000 : 0);
	sd_buf_put(out, SD_SLICE("HTTP/1.1 "));
	sd_buf_u64(out, head->status);
	sd_buf_char(out, ' ');
	sd_buf_str(out, http_status_text(head->status));
	sd_buf_put(out, SD_SLICE("\r\nDate: "));
	sd_buf_append(out, now, sizeof(now));
	sd_buf_put(out, SD_SLICE("\r\nX-Content-Type-Options: nosniff\r\n"));
	if (head->request_id.n)
		line(out, SD_SLICE("X-Request-Id: "), head->request_id);
	if (!head->cacheable)
		sd_buf_put(out, SD_SLICE("Cache-Control: no-store\r\n"));
	if (head->close)
		sd_buf_put(out, SD_SLICE("Connection: close\r\n"));
	else if (head->keep_alive_1_0)
		sd_buf_put(out, SD_SLICE("Connection: keep-alive\r\n"));
	if (head->content_type)
		line(out, SD_SLICE("Content-Type: "), sd_slice_str(head->content_type));
}

void http_emit_end(struct sd_buf *out, const struct http_head *head, struct sd_slice body)
{
	bool none = bodiless(head->status);

	if (!none) {
		sd_buf_put(out, SD_SLICE("Content-Length: "));
		sd_buf_u64(out, body.n);
		sd_buf_put(out, SD_SLICE("\r\n"));
	}
	sd_buf_put(out, SD_SLICE("\r\n"));
	if (!none && !head->head_only)
		sd_buf_put(out, body);
}

void http_emit_end_stream(struct sd_buf *out, const struct http_head *head)
{
	if (head->version_minor > 0)
		sd_buf_put(out, SD_SLICE("Transfer-Encoding: chunked\r\n"));
	sd_buf_put(out, SD_SLICE("\r\n"));
}

void http_emit_chunk(struct sd_buf *out, struct sd_slice body)
{
	if (body.n == 0)
		return;
	sd_buf_printf(out, "%zx\r\n", body.n);
	sd_buf_put(out, body);
	sd_buf_put(out, SD_SLICE("\r\n"));
}

void http_emit_last_chunk(struct sd_buf *out)
{
	sd_buf_put(out, SD_SLICE("0\r\n\r\n"));
}

void http_emit_continue(struct sd_buf *out)
{
	sd_buf_put(out, SD_SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
}
