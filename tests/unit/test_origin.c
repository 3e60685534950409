/* SPDX-License-Identifier: MIT
 * What the counts say of where a session is made: networks in one form, browsers of a closed list. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "origin.h"

static void networks(void **state)
{
	static const char *const rows[][2] = {
	    {"2001:db8:7::1", "2001:db8:7::/48"},	{"2001:DB8:0007::", "2001:db8:7::/48"},
	    {"2001:db8:7:1:2:3:4:5", "2001:db8:7::/48"}, {"2001:db8:7:0:0:0:192.0.2.1", "2001:db8:7::/48"},
	    {"198.51.100.7", "198.51.100.0/24"},	{"::ffff:198.51.100.200", "198.51.100.0/24"},
	    {"::1", "0:0:0::/48"},			{"1::", "1:0:0::/48"},
	    {"1::2:3:4:5:6:7", "1:0:2::/48"},		{"", ""},
	    {"h:9f86d081884c7d659f86d0", ""},		{"9f86d081884c7d65", ""},
	    {"ffff:ffff:ffff::", "ffff:ffff:ffff::/48"}, {"255.255.255.255", "255.255.255.0/24"}};
	char out[STORE_NETWORK_MAX];

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		origin_network(sd_slice_str(rows[i][0]), out);
		assert_string_equal(out, rows[i][1]);
	}
}

static void browsers(void **state)
{
	static const char *const rows[][2] = {
	    {"Mozilla/5.0 (X11) Gecko/20100101 Firefox/128.0", "firefox"},
	    {"Mozilla/5.0 AppleWebKit Chrome/126.0 Safari/537.36 Edg/126.0", "edge"},
	    {"Mozilla/5.0 AppleWebKit Chrome/126.0 Safari/537.36", "chrome"},
	    {"Mozilla/5.0 Version/17 Safari/605.1", "safari"},
	    {"OPR/1", "opera"},	{"Firefox/Linux", "firefox"}, {"Edge/Windows", "edge"},
	    {"curl/8", "other"}, {"", "unknown"}, {"ed", "other"}, {"xxEDG", "edge"}};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++)
		assert_string_equal(origin_browser(sd_slice_str(rows[i][0])), rows[i][1]);
}

/* Without a table of countries nobody looks; the browser is the agent's own, the network what is kept. */
static void all_of_it(void **state)
{
	struct geo_view none = {0};
	struct store_create in = {.origin = {.country = ""}};

	(void)state;
	origin_note(&none, SD_SLICE("192.0.2.1"), SD_SLICE("Firefox/1"), SD_SLICE(""), &in);
	assert_string_equal(in.origin.country, "");
	assert_string_equal(in.origin.network, "");
	assert_string_equal(in.origin.browser, "firefox");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(networks), cmocka_unit_test(browsers),
					   cmocka_unit_test(all_of_it)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
