/* SPDX-License-Identifier: MIT
 * Packets between worker and signer: what is accepted lies inside the packet and, written again,
 * is the same packet. */
#include "base.h"

#include "die.h"
#include "fuzz.h"
#include "sign_msg.h"

static uint8_t again[SIGN_MAX_REQUEST + SIGN_MAX_ANSWER];

static void same(const uint8_t *data, size_t size, size_t n)
{
	sd_bug_if(n != size || memcmp(again, data, n) != 0);
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	struct sign_request r;
	struct sign_answer a;
	size_t n;

	if (sign_request_decode(sd_slice(data, size), &r) == 0) {
		sd_bug_if(sign_request_encode(&r, again, sizeof(again), &n) != 0);
		same(data, size, n);
	}
	if (sign_answer_decode(sd_slice(data, size), &a) == 0) {
		sd_bug_if(sign_answer_encode(&a, again, sizeof(again), &n) != 0);
		same(data, size, n);
	}
}
