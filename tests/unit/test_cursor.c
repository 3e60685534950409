/* SPDX-License-Identifier: MIT
 * Cursors come back as they were given, for the same list of the same tenant alone. */
#include "base.h"

#include "cursor.h"
#include "worker_rig.h"

static const struct cursor place = {1763745334123, {{0x42, 1, 2, 3}}};

static struct sd_slice made(struct worker_rig *rig, struct sd_slice scope, struct sd_buf *b)
{
	sd_buf_init(b, 1000);
	cursor_write(&rig->r, scope, &place, b);
	assert_false(b->failed);
	assert_true(b->p[0] == '"' && b->p[b->len - 1] == '"');
	return sd_slice(b->p + 1, b->len - 2);
}

static void test_there_and_back(void **state)
{
	struct worker_rig *rig = *state;
	struct sd_buf b;
	struct cursor out;
	worker_rig_request(rig, RIG_A);
	struct sd_slice text = made(rig, SD_SLICE("x"), &b);
	assert_true(cursor_read(&rig->r, SD_SLICE("x"), text, &out));
	assert_int_equal(out.ms, place.ms);
	assert_memory_equal(&out.sid, &place.sid, sizeof(out.sid));
	assert_false(cursor_read(&rig->r, SD_SLICE("y"), text, &out));
	assert_int_equal(out.ms, 0);
	assert_false(cursor_read(&rig->r, SD_SLICE(""), text, &out));
	worker_rig_request(rig, RIG_B);
	assert_false(cursor_read(&rig->r, SD_SLICE("x"), text, &out));
	sd_buf_fini(&b);
}

static void test_no_byte_can_be_changed(void **state)
{
	struct worker_rig *rig = *state;
	struct sd_buf b;
	struct cursor out;
	worker_rig_request(rig, RIG_A);
	struct sd_slice text = made(rig, SD_SLICE("x"), &b);
	for (size_t i = 1; i <= text.n; i++) {
		char was = b.p[i];
		b.p[i] = was == 'A' ? 'B' : 'A';
		assert_false(cursor_read(&rig->r, SD_SLICE("x"), text, &out));
		b.p[i] = was;
		assert_false(cursor_read(&rig->r, SD_SLICE("x"), sd_slice(text.p, i - 1), &out));
	}
	assert_true(cursor_read(&rig->r, SD_SLICE("x"), text, &out));
	sd_buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_there_and_back, worker_rig_setup,
					    worker_rig_teardown),
	    cmocka_unit_test_setup_teardown(test_no_byte_can_be_changed, worker_rig_setup,
					    worker_rig_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
