/* SPDX-License-Identifier: MIT
 * test_problem - the table is the contract's, and the body is RFC 9457's. */
#include "base.h"
#include "problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void table(void **state)
{
	/* the error table of the HTTP contract, row by row */
	static const struct {
		const char *code;
		uint16_t status;
	} contract[] = {
	    {"request-malformed", 400}, {"header-missing", 400}, {"header-invalid", 400},
	    {"tenant-required", 400}, {"tenant-mismatch", 400}, {"tenant-malformed", 400},
	    {"json-malformed", 400}, {"unknown-field", 400}, {"field-missing", 400},
	    {"field-invalid", 400}, {"exactly-one", 400}, {"cursor-invalid", 400},
	    {"caller-unauthenticated", 401}, {"permission-missing", 403},
	    {"insufficient-scope", 403}, {"proxy-untrusted", 403}, {"route-unknown", 404},
	    {"tenant-unknown", 404}, {"session-unknown", 404}, {"user-unknown", 404},
	    {"device-unknown", 404}, {"code-unknown", 404}, {"method-not-allowed", 405},
	    {"request-timeout", 408}, {"length-required", 411}, {"body-too-large", 413},
	    {"data-too-large", 413}, {"target-too-long", 414}, {"header-too-large", 431},
	    {"expectation-failed", 417}, {"token-malformed", 401}, {"token-signature", 401},
	    {"token-issuer", 401}, {"token-audience", 401}, {"token-not-yet-valid", 401},
	    {"token-expired", 401}, {"token-revoked", 401}, {"session-revoked", 401},
	    {"session-expired", 401}, {"session-idle", 401}, {"binding-mismatch", 401},
	    {"refresh-invalid", 401}, {"refresh-expired", 401}, {"refresh-reused", 401},
	    {"step-up-required", 401}, {"session-limit", 409}, {"session-ended", 409},
	    {"code-used", 409}, {"idempotency-in-progress", 409}, {"idempotency-expired", 409},
	    {"etag-mismatch", 412}, {"media-type", 415}, {"idempotency-mismatch", 422},
	    {"session-locked", 423}, {"precondition-required", 428}, {"rate-limited", 429},
	    {"tenant-busy", 429}, {"method-unknown", 501}, {"transfer-coding-unknown", 501},
	    {"store-unavailable", 503}, {"signer-unavailable", 503}, {"audit-unavailable", 503},
	    {"draining", 503}, {"version-unsupported", 505},
	};

	(void)state;
	assert_int_equal(PROBLEM_COUNT - 1, SD_ARRAY_LEN(contract));
	for (size_t i = 0; i < SD_ARRAY_LEN(contract); i++) {
		int hits = 0;
		for (int p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
			if (strcmp(problem_code((enum problem)p), contract[i].code) != 0)
				continue;
			hits++;
			assert_int_equal(problem_status((enum problem)p), contract[i].status);
		}
		if (hits != 1)
			fail_msg("%s: %d rows", contract[i].code, hits);
	}
}

static void expect(struct sd_slice detail, struct sd_slice pointer, const char *golden)
{
	struct sd_buf b;

	sd_buf_init(&b, 4096);
	problem_emit(&b, PROBLEM_UNKNOWN_FIELD, detail, SD_SLICE("req-1"), pointer);
	assert_false(b.failed);
	sd_buf_char(&b, 0);
	assert_string_equal(b.p, golden);
	sd_buf_fini(&b);
}

#define START                                                                                      \
	"{\"type\":\"urn:sessiond:error:unknown-field\","                                            \
	"\"title\":\"The request has a field that is not known\",\"status\":400"

#define REMEDY ",\"detail\":\"Remove or correct the field at pointer.\""

static void bodies(void **state)
{
	struct sd_slice none = {NULL, 0};

	(void)state;
	expect(none, none, START REMEDY ",\"code\":\"unknown-field\",\"request_id\":\"req-1\"}");
	expect(SD_SLICE("a \"b\""), SD_SLICE("/a~1b"),
	       START ",\"detail\":\"a \\\"b\\\"\",\"code\":\"unknown-field\","
		     "\"request_id\":\"req-1\",\"errors\":[{\"pointer\":\"/a~1b\","
		     "\"detail\":\"a \\\"b\\\"\"}]}");
	expect(none, SD_SLICE(""),
	       START REMEDY ",\"code\":\"unknown-field\",\"request_id\":\"req-1\","
			    "\"errors\":[{\"pointer\":\"\"" REMEDY "}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(bodies)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
