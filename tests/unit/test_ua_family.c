/* SPDX-License-Identifier: MIT
 * Browsers and systems by what they call themselves. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "ua_family.h"

static const struct {
	const char *agent, *family;
} cases[] = {
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
     "Safari/537.36", "Chrome/Windows"},
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
     "Safari/537.36 Edg/126.0.0.0", "Edge/Windows"},
    {"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox/Linux"},
    {"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
     "Safari/605.1.15", "Safari/macOS"},
    {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
     "Version/17.5 Mobile/15E148 Safari/604.1", "Safari/iOS"},
    {"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0 "
     "Mobile/15E148 Safari/604.1", "Chrome/iOS"},
    {"Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 "
     "Chrome/121.0.0.0 Mobile Safari/537.36", "Samsung/Android"},
    {"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
     "Safari/537.36", "Chrome/ChromeOS"},
    {"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", "Internet Explorer/Windows"},
    {"okhttp/4.12.0", "okhttp/other"},
    {"curl/8.5.0", "curl/other"},
    {"alice's own \x01 browser", "other/other"},
    {"", "other/other"},
};

static void test_families(void **state)
{
	char out[UA_FAMILY_MAX];
	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(cases); i++) {
		struct sd_slice got = ua_family(sd_slice_str(cases[i].agent), out);
		if (!sd_slice_is(got, cases[i].family))
			fail_msg("%s: %s", cases[i].agent, out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_families)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
