/* SPDX-License-Identifier: MIT
 * policy_word - the alphabets: which characters a name, path, cookie or prefix may have.
 * Owns:      nothing
 * Runs in:   master, tools
 * Fails by:  a phrase that says what would have been right
 * Never:     accept a control character, whatever the type
 */
#include "base.h"
#include "policy_word.h"

#include "err.h"
#include "policy_names.h"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool made_of(struct sd_slice t, const char *others, bool upper)
{
	for (size_t i = 0; i < t.n; i++) {
		char c = t.p[i];

		if (c == '\0' || (!upper && c >= 'A' && c <= 'Z'))
			return false;
		if (!is_alnum(c) && strchr(others, c) == NULL)
			return false;
	}
	return t.n > 0;
}

static bool printable(struct sd_slice t, bool space)
{
	for (size_t i = 0; i < t.n; i++) {
		if ((uint8_t)t.p[i] < (space ? ' ' : '!') || t.p[i] == 0x7f)
			return false;
	}
	return t.n > 0;
}

static bool ascii(struct sd_slice t)
{
	for (size_t i = 0; i < t.n; i++) {
		if ((uint8_t)t.p[i] > 0x7e)
			return false;
	}
	return true;
}

static const char *tenant_fault(struct sd_slice t)
{
	return made_of(t, "-", false) && t.n <= 63
		   ? NULL
		   : "a tenant's name is made of a-z, 0-9 and -, 1 to "
		     "63 characters";
}

static const char *cookie_path_fault(struct sd_slice t)
{
	bool ok = printable(t, false) && ascii(t) && t.p[0] == '/' && !memchr(t.p, ';', t.n) &&
		  !memchr(t.p, ',', t.n) && !memchr(t.p, '"', t.n);

	return ok ? NULL : "a cookie's path begins with / and has no space, comma or semicolon";
}

static const char *url_fault(struct sd_slice t)
{
	bool scheme = t.n > 8 && memcmp(t.p, "https://", 8) == 0;

	return scheme && printable(t, false) && ascii(t) ? NULL : "not an https URL";
}

static const char *named_fault(enum policy_type type, struct sd_slice t)
{
	const char *why = NULL;
	int err = SD_OK;

	if (type == TYPE_LISTEN_ADDRESS)
		err = policy_names_listen(t, &why);
	else if (type == TYPE_STORE_URL)
		err = policy_names_store_url(t, &why);
	else if (type == TYPE_ISSUER)
		err = policy_names_issuer(t, &why);
	else
		err = policy_names_host(t, &why);
	return err ? why : NULL;
}

static const char *when(bool ok, const char *otherwise)
{
	return ok ? NULL : otherwise;
}

/* Not every type is a text: -Wswitch-enum would want a case for each of them. */
#pragma GCC diagnostic ignored "-Wswitch-enum"
const char *policy_word_fault(enum policy_type type, struct sd_slice t)
{
	switch (type) {
	case TYPE_TENANT_NAME:
		return tenant_fault(t);
	case TYPE_CLIENT_ID:
	case TYPE_CLIENT_IDS:
		return when(
		    made_of(t, "-_.", true) && t.n <= 64,
		    "a client's name is made of letters, digits and - _ . , 1 to 64 characters");
	case TYPE_NODE:
		return when(
		    made_of(t, "-_.", true) && t.n <= 64,
		    "a node's name is made of letters, digits and - _ . , 1 to 64 characters");
	case TYPE_USER:
	case TYPE_NAME:
		return when(made_of(t, "-_.@", true) && t.n < CONF_NAME,
			    "a user's name is made of letters, digits and - _ . @");
	case TYPE_PREFIX:
		return when(made_of(t, "-_.:", true) && t.n < 32,
			    "a prefix is made of letters, digits and - _ . : , 1 to 31 characters");
	case TYPE_PATH:
	case TYPE_PATHS:
		return when(printable(t, true), "not a path");
	case TYPE_COOKIE_NAME:
		return when(made_of(t, "!#$%&'*+-.^_`|~", true) && t.n <= 64,
			    "not a cookie's name (RFC 6265): letters, digits and !#$%&'*+-.^_`|~");
	case TYPE_COOKIE_PATH:
		return cookie_path_fault(t);
	case TYPE_URL:
		return url_fault(t);
	case TYPE_CLAIM:
		return when(printable(t, false) && t.n <= 120, "1 to 120 characters and no space");
	case TYPE_ACR: /* it stands in a quoted string of WWW-Authenticate, too */
		return when(printable(t, false) && ascii(t) && t.n <= 120 && !memchr(t.p, '"', t.n) &&
				!memchr(t.p, '\\', t.n),
			    "1 to 120 characters of ASCII, no space, quote or backslash");
	case TYPE_AUDIENCES:
		return when(printable(t, false) && t.n <= 256,
			    "an audience has 1 to 256 characters and no space");
	case TYPE_LEVELS:
		return when(made_of(t, "-_.~", true) && t.n <= 64,
			    "a trust level is made of letters, digits and - _ . ~ , 1 to 64 characters");
	case TYPE_COUNTS:
		return when(made_of(t, "-_.", true) && t.n <= 64,
			    "a name is made of letters, digits and - _ . , 1 to 64 characters");
	default:
		return named_fault(type, t);
	}
}
