/* SPDX-License-Identifier: MIT
 * The layout and an empty segment's bytes are what they were (golden/shm_layout.txt), and what
 * docs/MEMORY.md says they are. With SD_GOLDEN_WRITE=FILE set, writes what the file should hold. */
#include "base.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "heritage.h"
#include "revoke_rig.h"
#include "shm_board.h"
#include "shm_dump.h"
#include "shm_map.h"
#include "shm_revoke_priv.h"

static char *slurp(const char *name)
{
	const char *dir = getenv("srcdir");
	char path[4096], *text = calloc(1, 1 << 20);
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir ? dir : ".", name);
	f = fopen(path, "r");
	if (!f || !text)
		fail_msg("%s: %s", path, strerror(errno));
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void hex_of(struct sd_buf *out, enum shm_kind kind, const void *p, size_t size)
{
	sd_buf_printf(out, "\nkind %d, empty\n", (int)kind);
	shm_dump_hex(p, size, out);
}

static void empty_segment(struct sd_buf *out, enum shm_kind kind, size_t size)
{
	void *p;
	int fd;

	assert_int_equal(shm_create(kind, 1, size, &fd, &p, NULL), 0);
	hex_of(out, kind, p, size);
	assert_int_equal(munmap(p, size), 0);
	assert_int_equal(close(fd), 0);
}

static void actual(struct sd_buf *out)
{
	struct shm_control *control = calloc(1, sizeof(*control));
	struct shm_revoke_conf conf = {10, 10, rig_seed};
	struct shm_revoke_w *w;

	assert_non_null(control);
	sd_clock_test_set(1, 0x1122334455);
	shm_dump_layout(out);
	empty_segment(out, SHM_KIND_CONTROL, sizeof(struct shm_control));
	empty_segment(out, SHM_KIND_STATS, sizeof(struct shm_stats));
	assert_int_equal(shm_revoke_w_new(&conf, control, &w, NULL), 0);
	hex_of(out, SHM_KIND_REVOCATIONS, w->seg.table, w->seg.size);
	sd_clock_test_off();
	shm_revoke_w_free(&w);
	free(control);
	sd_buf_char(out, '\0');
	assert_false(out->failed);
}

static void test_golden(void **state)
{
	const char *write_to = getenv("SD_GOLDEN_WRITE");
	struct sd_buf out;
	char *golden;

	(void)state;
	sd_buf_init(&out, 1 << 20);
	actual(&out);
	if (write_to) {
		FILE *f = fopen(write_to, "w");

		assert_non_null(f);
		assert_true(fputs(out.p, f) >= 0);
		assert_int_equal(fclose(f), 0);
	} else {
		golden = slurp("tests/unit/golden/shm_layout.txt");
		if (strcmp(golden, out.p) != 0)
			fail_msg("a layout has changed: raise SHM_MAJOR, and write the file again. Now:\n%s",
				 out.p);
		free(golden);
	}
	sd_buf_fini(&out);
}

/* The block of docs/MEMORY.md is the compiler's own table, to the letter. */
static void test_the_document_is_true(void **state)
{
	char *doc = slurp("docs/MEMORY.md");
	struct sd_buf out;

	(void)state;
	sd_buf_init(&out, 1 << 20);
	shm_dump_layout(&out);
	sd_buf_char(&out, '\0');
	if (!strstr(doc, out.p))
		fail_msg("docs/MEMORY.md must hold this table:\n%s", out.p);
	sd_buf_fini(&out);
	free(doc);
}

static void has(const struct sd_buf *out, const char *text)
{
	if (!strstr(out->p, text))
		fail_msg("\"%s\" is not in %s", text, out->p);
}

static void test_figures(void **state)
{
	struct sd_buf out;
	struct shm_stats *s = calloc(1, sizeof(*s));
	struct shm_control *c = calloc(1, sizeof(*c));

	(void)state;
	assert_true(s && c);
	sd_buf_init(&out, 65536);
	s->role = ROLE_SIGNER;
	memset(s->panic, '"', sizeof(s->panic));
	board_state(s, BOARD_DRAINING);
	shm_dump_json(SHM_KIND_STATS, s, sizeof(*s), &out);
	sd_buf_char(&out, '\0');
	has(&out, "{\"kind\":\"stats\"");
	has(&out, "\"role\":\"signer\"");
	has(&out, "\"state\":\"draining\"");
	assert_int_equal(out.p[out.len - 2], '}');
	sd_buf_reset(&out);
	c->seed.k0 = 0x4142434445464748;
	c->fresh_as_of_ns[3] = 7;
	shm_dump_text(SHM_KIND_CONTROL, c, sizeof(*c), &out);
	sd_buf_char(&out, '\0');
	has(&out, "fresh_newest_ns          7\n");
	has(&out, "partitions_never_proven  255\n");
	assert_null(strstr(out.p, "HGFE"));
	assert_null(strstr(out.p, "4702394921427289928"));
	sd_buf_reset(&out);
	shm_dump_text(SHM_KIND_REVOCATIONS, c, 10, &out);
	sd_buf_char(&out, '\0');
	assert_string_equal(out.p, "kind                     \"revocations\"\nbytes                    10\n");
	sd_buf_fini(&out);
	free(s);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_the_document_is_true),
		cmocka_unit_test(test_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
