/* SPDX-License-Identifier: MIT
 * store_script - the scripts' digests, and EVALSHA turned into EVAL.
 * Owns:      nothing
 * Runs in:   master | worker
 * Fails by:  returning SD_ERR_CRYPTO, SD_ERR_INVALID, SD_ERR_MEMORY
 * Never:     make a script at run time: their texts are constants
 */
#include "base.h"
#include "store_script.h"

#include <openssl/evp.h>

#include "err.h"

int store_scripts_init(struct store_scripts *s)
{
	static const char hex[] = "0123456789abcdef";

	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < STORE_SCRIPT_COUNT; i++) {
		uint8_t md[EVP_MAX_MD_SIZE];
		unsigned n = 0;

		if (EVP_Digest(store_script_text[i], strlen(store_script_text[i]), md, &n,
			       EVP_sha1(), NULL) != 1 ||
		    2 * n != STORE_SHA_LEN)
			return SD_ERR_CRYPTO;
		for (size_t j = 0; j < n; j++) {
			s->sha[i][2 * j] = hex[md[j] >> 4];
			s->sha[i][2 * j + 1] = hex[md[j] & 15];
		}
	}
	return SD_OK;
}

int store_script_as_eval(struct sd_slice command, enum store_script script, char **out,
			 size_t *n_out)
{
	static const char head[] = "$7\r\nEVALSHA\r\n$40\r\n";
	const char *text = store_script_text[script];
	const char *line = memchr(command.p, '\n', command.n);
	size_t count = line ? (size_t)(line - command.p) + 1 : 0;
	size_t skip = count + sizeof(head) - 1 + STORE_SHA_LEN + 2;
	size_t size, len = strlen(text);
	int n;

	*out = NULL;
	*n_out = 0;
	if (count == 0 || command.n < skip ||
	    memcmp(command.p + count, head, sizeof(head) - 1) != 0)
		return SD_ERR_INVALID;
	size = command.n + len + 64;
	*out = malloc(size);
	if (!*out)
		return SD_ERR_MEMORY;
	n = snprintf(*out, size, "%.*s$4\r\nEVAL\r\n$%zu\r\n%s\r\n", (int)count, command.p, len,
		     text);
	memcpy(*out + n, command.p + skip, command.n - skip);
	*n_out = (size_t)n + command.n - skip;
	return SD_OK;
}
