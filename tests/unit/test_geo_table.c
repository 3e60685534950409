/* SPDX-License-Identifier: MIT
 * The table of countries: found at the bounds of each range; one that could change, or breaks its own
 * bounds, is refused; a wrong one gives wrong countries at worst. */
#include "base.h"

#include <setjmp.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "geo_table.h"
#include "shm_map.h"

#define DE ('D' << 8 | 'E')
#define JP ('J' << 8 | 'P')

static const struct geo_v4 v4[] = {{.first = 0, .country = 0},
				   {.first = 0xc0000200, .country = DE},
				   {.first = 0xc0000300, .country = 0},
				   {.first = 0xfffffffe, .country = JP}};
static const struct geo_v6 v6[] = {{0, 0, 0, {0}},
				   {0x20010db800000000, 0, JP, {0}},
				   {0x20010db800000000, 5, DE, {0}},
				   {0x20010db900000000, 0, 'x' << 8 | 'y', {0}}};

static int make(uint64_t four, uint64_t six, bool sealed)
{
	struct sd_diag diag = {{0}};
	size_t size = geo_table_size(SD_ARRAY_LEN(v4), SD_ARRAY_LEN(v6));
	void *p;
	int fd;

	assert_int_equal(shm_create(SHM_KIND_GEO, 1, size, &fd, &p, &diag), SD_OK);
	struct geo_table *t = p;

	t->v4_count = four;
	t->v6_count = six;
	memcpy(t->source, "Test", 5);
	memcpy(t + 1, v6, sizeof(v6));
	memcpy((char *)(t + 1) + sizeof(v6), v4, sizeof(v4));
	if (sealed)
		assert_int_equal(shm_seal_final(fd, &p, size), SD_OK);
	else
		shm_unmap((const void **)(void *)&p, size);
	return fd;
}

static void finds(const struct geo_view *view, const char *address, const char *want)
{
	char out[3];

	assert_int_equal(geo_table_find(view, sd_slice_str(address), out), want != NULL);
	assert_string_equal(out, want ? want : "");
}

static void found_at_the_bounds(void **state)
{
	struct sd_diag diag = {{0}};
	struct geo_view view;
	int fd = make(SD_ARRAY_LEN(v4), SD_ARRAY_LEN(v6), true);

	(void)state;
	assert_int_equal(geo_table_open(fd, &view, &diag), SD_OK);
	finds(&view, "192.0.1.255", "");
	finds(&view, "192.0.2.0", "DE");
	finds(&view, "::ffff:192.0.2.255", "DE");
	finds(&view, "192.0.3.0", "");
	finds(&view, "255.255.255.253", "");
	finds(&view, "255.255.255.255", "JP");
	finds(&view, "::", "");
	finds(&view, "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "");
	finds(&view, "2001:db8::4", "JP");
	finds(&view, "2001:db8::5", "DE");
	finds(&view, "2001:DB8:ffff:ffff:ffff:ffff:ffff:ffff", "DE");
	finds(&view, "2001:db9::", ""); /* no letters of a country */
	finds(&view, "192.0.2", NULL);
	finds(&view, "", NULL);
	finds(&view, "2001:db8::5%eth0", NULL);
	finds(&view, "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", NULL);
	geo_table_close(&view);
	finds(&view, "192.0.2.0", NULL);
	geo_table_close(&view);
	(void)close(fd);
}

static void without_rows(void **state)
{
	struct sd_diag diag = {{0}};
	struct geo_view view;
	void *p;
	int fd;

	(void)state;
	assert_int_equal(shm_create(SHM_KIND_GEO, 1, geo_table_size(0, 0), &fd, &p, &diag), SD_OK);
	assert_int_equal(shm_seal_final(fd, &p, geo_table_size(0, 0)), SD_OK);
	assert_int_equal(geo_table_open(fd, &view, &diag), SD_OK);
	finds(&view, "192.0.2.1", "");
	finds(&view, "::2", "");
	geo_table_close(&view);
	(void)close(fd);
}

static void refused(void **state)
{
	static const uint64_t counts[][2] = {{SD_ARRAY_LEN(v4) + 1, SD_ARRAY_LEN(v6)}, {SD_ARRAY_LEN(v4), 0},
					     {UINT64_MAX / 8, 0}, {SD_ARRAY_LEN(v4), UINT64_MAX / 24 + 5}, {0, 0}};
	struct sd_diag diag = {{0}};
	struct geo_view view;
	int fd;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(counts); i++) {
		fd = make(counts[i][0], counts[i][1], true);
		assert_int_equal(geo_table_open(fd, &view, &diag), SD_ERR_INVALID);
		assert_null(view.table);
		(void)close(fd);
	}
	fd = make(SD_ARRAY_LEN(v4), SD_ARRAY_LEN(v6), false); /* it could still change */
	assert_int_equal(geo_table_open(fd, &view, &diag), SD_ERR_INVALID);
	(void)close(fd);
	assert_int_equal(geo_table_open(STDIN_FILENO, &view, &diag), SD_ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(found_at_the_bounds), cmocka_unit_test(without_rows),
					   cmocka_unit_test(refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
