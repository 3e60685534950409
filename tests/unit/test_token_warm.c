/* SPDX-License-Identifier: MIT
 * test_token_warm - after the warm-up, work goes on in a process that may open nothing. */
#include "base.h"

#include "token_warm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <seccomp.h>
#include <sys/wait.h>
#include <unistd.h>

#include "handle.h"
#include "jose_examples.h"
#include "jws.h"
#include "seal.h"

static void test_twice(void **state)
{
	(void)state;
	assert_int_equal(token_warm_up(), 0);
	assert_int_equal(token_warm_up(), 0);
}

static bool work(void)
{
	static const char *const pairs[][2] = {
	    {EX_RS256_JWK, EX_RS256_TOKEN},
	    {EX_ES256_JWK, EX_ES256_TOKEN},
	    {EX_EDDSA_JWK, EX_EDDSA_TOKEN},
	};
	struct sd_arena arena;
	struct sd_buf b;
	uint8_t key[32];
	bool ok = true;

	sd_arena_init(&arena, 16384);
	sd_buf_init(&b, 256);
	for (size_t i = 0; i < SD_ARRAY_LEN(pairs); i++) {
		struct jwk k;
		struct jws jws;

		ok = ok && jwk_parse(sd_slice_str(pairs[i][0]), 0, &k, NULL) == 0 &&
		     jws_split_raw(sd_slice_str(pairs[i][1]), &arena, &jws, NULL) == JWS_OK &&
		     jws_verify(&jws, &k) == JWS_OK;
		jwk_fini(&k);
	}
	ok = ok && handle_derive("s", 1, "label", SD_SLICE("i"), key) == 0 &&
	     seal_close(key, SD_SLICE(""), SD_SLICE("x"), &b) == 0;
	sd_buf_fini(&b);
	sd_arena_fini(&arena);
	return ok;
}

/* In a child, for the filter stays. Every way to a file ends it. */
static void test_without_files(void **state)
{
	static const int calls[] = {SCMP_SYS(open),	  SCMP_SYS(openat), SCMP_SYS(stat),
				    SCMP_SYS(newfstatat), SCMP_SYS(access), SCMP_SYS(readlink),
				    SCMP_SYS(socket)};
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);

		if (token_warm_up() != 0 || !f)
			_exit(1);
		for (size_t i = 0; i < SD_ARRAY_LEN(calls); i++)
			if (seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, calls[i], 0) != 0)
				_exit(2);
		_exit(seccomp_load(f) != 0 ? 3 : work() ? 0 : 4);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_twice),
					   cmocka_unit_test(test_without_files)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
