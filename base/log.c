/* SPDX-License-Identifier: MIT
 * log - one structured line, one write.
 * Owns:      the process's log settings
 * Runs in:   every process, before and after its sandbox (write)
 * Fails by:  never; a line that cannot be written is lost, a field that does not fit is left out
 * Never:     format a human sentence around untrusted bytes; every value is a field and escaped */
#include "base.h"
#include "log.h"

#include <unistd.h>

#include "buf.h"
#include "clock.h"

#define LINE_MAX_BYTES 4096 /* with its newline: one write stays one line on a pipe (PIPE_BUF) */
#define TAIL_ROOM 32        /* for what closes a line after the last field that fitted */
#define VALUE_MAX 1024      /* bytes of one value, before escaping */

static const char *const level_names[] = {
    [SD_LOG_ERROR] = "error",
    [SD_LOG_WARN] = "warn",
    [SD_LOG_INFO] = "info",
    [SD_LOG_DEBUG] = "debug",
};
SD_STATIC_ASSERT(SD_ARRAY_LEN(level_names) == SD_LOG_DEBUG + 1, "a name for every level");

/* Process-wide on purpose: every layer logs, and none should carry a context for it. */
static struct {
	int fd;
	const char *role;
	enum sd_log_format format;
	enum sd_log_level level;
	pid_t pid; /* noted at init: getpid is in no role's table */
	void (*capture)(enum sd_log_level level, const char *line, void *arg);
	void *capture_arg;
} settings = {.fd = STDERR_FILENO, .role = "-", .level = SD_LOG_INFO};

void sd_log_init(int fd, const char *role, enum sd_log_format format, enum sd_log_level level)
{
	settings.fd = fd;
	settings.role = role;
	settings.pid = getpid();
	sd_log_level_set(level, format);
}

void sd_log_level_set(enum sd_log_level level, enum sd_log_format format)
{
	settings.level = level;
	settings.format = format;
}

void sd_log_capture(void (*fn)(enum sd_log_level level, const char *line, void *arg), void *arg)
{
	settings.capture = fn;
	settings.capture_arg = arg;
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.';
}

static void put_key(struct sd_buf *b, const char *key)
{
	if (settings.format == SD_LOG_JSON) {
		sd_buf_char(b, b->len > 0 ? ',' : '{');
		sd_buf_json_str(b, sd_slice_str(key));
		sd_buf_char(b, ':');
		return;
	}
	if (b->len > 0)
		sd_buf_char(b, ' ');
	for (; *key != '\0'; key++)
		sd_buf_char(b, is_plain(*key) ? *key : '_');
	sd_buf_char(b, '=');
}

/* logfmt leaves quotes away where nothing needs them. */
static void put_text(struct sd_buf *b, struct sd_slice s)
{
	bool plain = settings.format == SD_LOG_LOGFMT && s.n > 0;

	for (size_t i = 0; plain && i < s.n; i++)
		plain = is_plain(s.p[i]) || s.p[i] == ':' || s.p[i] == '/' || s.p[i] == '@';
	if (plain)
		sd_buf_put(b, s);
	else
		sd_buf_json_str(b, s);
}

/* Cuts at VALUE_MAX, before the character that would be cut in two. */
static struct sd_slice cut(struct sd_slice s, bool *was_cut)
{
	size_t n = VALUE_MAX;

	if (s.n <= VALUE_MAX)
		return s;
	*was_cut = true;
	while (n > VALUE_MAX - 4 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return sd_slice(s.p, n);
}

static void put_value(struct sd_buf *b, const struct sd_log_field *f, bool *was_cut)
{
	struct sd_slice s = f->kind == SD_F_STR ? sd_slice_str(f->str) : f->slice;

	switch (f->kind) {
	case SD_F_NONE:
		sd_buf_str(b, "null");
		return;
	case SD_F_STR:
	case SD_F_SLICE:
		if (s.p == NULL)
			sd_buf_str(b, "null");
		else
			put_text(b, cut(s, was_cut));
		return;
	case SD_F_INT:
		sd_buf_i64(b, f->num);
		return;
	case SD_F_SECRET:
		sd_buf_str(b, "\"[redacted ");
		sd_buf_u64(b, f->slice.n);
		sd_buf_str(b, " bytes]\"");
		return;
	}
}

static void put_field(struct sd_buf *b, struct sd_log_field f, bool *was_cut)
{
	size_t before = b->len;

	put_key(b, f.key != NULL ? f.key : "");
	put_value(b, &f, was_cut);
	if (!b->failed)
		return;
	b->len = before; /* left out whole: half a string would not be JSON */
	b->failed = false;
	*was_cut = true;
}

static void put_head(struct sd_buf *b, enum sd_log_level level, const char *event, bool *was_cut)
{
	char when[32];

	if (settings.pid == 0)
		settings.pid = getpid();
	sd_clock_format(sd_clock_wall_ms(), when);
	put_field(b, SD_FS("ts", when), was_cut);
	put_field(b, SD_FS("level", level_names[level]), was_cut);
	put_field(b, SD_FS("role", settings.role), was_cut);
	put_field(b, SD_FI("pid", settings.pid), was_cut);
	put_field(b, SD_FS("event", event), was_cut);
}

void sd_log_fields(enum sd_log_level level, const char *event, const struct sd_log_field *f, size_t n)
{
	char line[LINE_MAX_BYTES];
	/* A buffer that has already grown to its bound: nothing is allocated here. */
	struct sd_buf b = {.p = line, .cap = sizeof(line) - TAIL_ROOM, .max = sizeof(line) - TAIL_ROOM};
	bool was_cut = false;

	if (level > settings.level)
		return;
	put_head(&b, level, event, &was_cut);
	for (size_t i = 0; i < n; i++)
		put_field(&b, f[i], &was_cut);
	b.cap = b.max = sizeof(line) - 2; /* the newline and a NUL */
	if (was_cut) {
		put_key(&b, "truncated");
		sd_buf_str(&b, "true");
	}
	if (settings.format == SD_LOG_JSON)
		sd_buf_char(&b, '}');
	if (settings.capture != NULL) {
		line[b.len] = '\0';
		settings.capture(level, line, settings.capture_arg);
		return;
	}
	line[b.len++] = '\n';
	while (write(settings.fd, line, b.len) < 0 && errno == EINTR)
		;
}
