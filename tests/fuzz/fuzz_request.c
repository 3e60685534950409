/* SPDX-License-Identifier: MIT
 * fuzz_request - a request of a caller who may do everything, to a whole worker without a store: what is
 * read before the store is asked (paths, queries, cursors, cookies, conditions, each body) reads any
 * bytes. One answer leaves, well formed, and nothing stays behind.
 *
 * The seeds: "METHOD TARGET" LF field lines, each with LF, LF body. Host, the key (unless
 * there is an Authorization), Content-Type (unless there is one) and Content-Length are added. */
#include "worker_rig.h"

#include <unistd.h>

#include "die.h"
#include "fuzz.h"
#include "json_in.h"

static struct worker_rig rig;
static char answer[1 << 18];
static size_t have;

/* LF becomes CR LF; so many bytes as have room. */
static size_t put_lines(char *to, size_t n, size_t room, const char *p, size_t len)
{
	for (size_t i = 0; i < len && n + 2 < room; i++) {
		if (p[i] == '\n')
			to[n++] = '\r';
		to[n++] = p[i];
	}
	return n;
}

static size_t put_text(char *to, size_t n, const char *text)
{
	memcpy(to + n, text, strlen(text));
	return n + strlen(text);
}

static size_t compose(char *to, size_t room, const char *p, size_t size)
{
	const char *line = memchr(p, '\n', size), *empty;
	size_t n, head, body;
	char length[64];

	if (!line)
		return 0;
	line++;
	empty = memmem(line - 1, size - (size_t)(line - 1 - p), "\n\n", 2);
	head = empty ? (size_t)(empty + 1 - line) : 0;
	if (empty && empty + 1 < line)
		head = 0;
	body = empty ? size - (size_t)(empty + 2 - p) : 0;
	n = put_lines(to, 0, room / 4, p, (size_t)(line - 1 - p));
	n = put_text(to, n, " HTTP/1.1\r\nHost: h\r\n");
	if (!memmem(line, head, "uthorization:", 13))
		n = put_text(to, n, "X-API-Key: " RIG_KEY_A "\r\n");
	n = put_lines(to, n, room / 2, line, head);
	if (!memmem(line, head, "ontent-Type:", 12))
		n = put_text(to, n, "Content-Type: application/json\r\n");
	snprintf(length, sizeof(length), "Content-Length: %zu\r\n\r\n", body);
	n = put_text(to, n, length);
	body = SD_MIN(body, room - n);
	if (body > 0)
		memcpy(to + n, empty + 2, body);
	return n + body;
}

/* Turns until nobody is connected. */
static void hang_up(int client)
{
	(void)close(client);
	for (int i = 0; i < 8 && rig.w.connections > 0; i++)
		worker_rig_turn(&rig);
	for (int i = 0; i < 20 && rig.w.connections > 0; i++) {
		worker_rig_pass(&rig, 1000); /* what lingers, or waits */
		worker_rig_turn(&rig);
	}
	sd_bug_if(rig.w.connections != 0 || rig.w.in_flight != 0);
	sd_bug_if(rig.w.audit.reserved != 0 || rig.w.generation->refs != 1);
}

static void check_answer(void)
{
	const char *head = memmem(answer, have, "\r\n\r\n", 4);
	struct json_error why;
	int status = 0;

	sd_bug_if(!head || sscanf(answer, "HTTP/1.1 %d ", &status) != 1);
	sd_bug_if(status < 200 || status > 505 || status == 500);
	if (strstr(answer, "/json\r\n") || strstr(answer, "+json\r\n"))
		sd_bug_if(head[4] != '\0' && json_check(sd_slice(head + 4, have - (size_t)(head + 4 - answer)),
						       &why) != 0);
}

static void begin(void)
{
	static bool begun;

	if (begun)
		return;
	begun = true;
	worker_rig_init(&rig);
	worker_rig_tenant(&rig, RIG_A)->create_per_second = 1000000;
	worker_rig_tenant(&rig, RIG_A)->validate_failures_per_minute_per_ip = 1000000;
	worker_rig_tenant(&rig, RIG_A)->data_bytes = 16384;
	worker_rig_adopt(&rig, 8);
	worker_rig_credit(&rig, 1u << 30, 0);
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	static char text[1 << 16];
	static uint8_t packet[AUDIT_MAX_RECORD];
	struct audit_record record;
	size_t n = compose(text, sizeof(text), (const char *)data, size);
	int client;

	if (n == 0)
		return;
	begin();
	client = worker_rig_client(&rig);
	worker_rig_say(client, text, n);
	have = 0;
	for (int i = 0; i < 3; i++)
		worker_rig_turn(&rig);
	(void)worker_rig_hear(client, answer, sizeof(answer), &have);
	if (have > 0)
		check_answer();
	hang_up(client);
	while (worker_rig_record(&rig, packet, &record))
		continue;
	worker_rig_pass(&rig, 1000);
	worker_rig_fresh(&rig);
}
