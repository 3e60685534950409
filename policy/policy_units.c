/* SPDX-License-Identifier: MIT
 * policy_units - durations, sizes, shares, counts and networks: text to number, number to text.
 * Owns:      nothing
 * Runs in:   master, tools
 * Fails by:  SD_ERR_INVALID and a phrase that says what would have been right
 * Never:     guess: a number without its unit is refused, whatever was probably meant
 */
#include "base.h"
#include "policy_units.h"

#include <arpa/inet.h>

#include "err.h"

struct unit {
	const char *name;
	uint64_t factor;
};

/* Falling, so that "1h30m" is read and written in one pass. */
static const struct unit durations[] = {
    {"d", POLICY_D}, {"h", POLICY_H}, {"m", POLICY_M}, {"s", POLICY_S}, {"ms", POLICY_MS},
};
static const struct unit sizes[] = {
    {"GiB", 1ull << 30},
    {"MiB", 1ull << 20},
    {"KiB", 1ull << 10},
    {"B", 1},
};

static int no(const char **why_out, const char *why)
{
	*why_out = why;
	return SD_ERR_INVALID;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits at *s into *out, *s moved behind them. At most 12 digits: no product below overflows. */
static bool take_number(struct sd_slice *s, uint64_t *out)
{
	size_t n = 0;
	uint64_t v = 0;

	while (n < s->n && is_digit(s->p[n]) && n < 12) {
		v = v * 10 + (uint64_t)(s->p[n] - '0');
		n++;
	}
	if (n == 0 || (n < s->n && is_digit(s->p[n])) || (n > 1 && s->p[0] == '0'))
		return false;
	*s = sd_slice(s->p + n, s->n - n);
	*out = v;
	return true;
}

/* The unit at *s among those from *from on; *from moves behind it. */
static bool take_unit(struct sd_slice *s, const struct unit *u, size_t count, size_t *from)
{
	size_t n = 0;

	while (n < s->n && !is_digit(s->p[n]))
		n++;
	for (size_t i = *from; i < count; i++) {
		if (sd_slice_is(sd_slice(s->p, n), u[i].name)) {
			*s = sd_slice(s->p + n, s->n - n);
			*from = i + 1;
			return true;
		}
	}
	return false;
}

int policy_units_duration(struct sd_slice s, uint64_t *ms_out, const char **why_out)
{
	uint64_t total = 0, v = 0;
	size_t next = 0;

	*ms_out = 0;
	if (sd_slice_is(s, "0"))
		return SD_OK;
	if (policy_units_count(s, &v, why_out) == SD_OK)
		return no(why_out, "a duration needs its unit: 500ms, 30s, 15m, 12h, 30d");
	while (s.n) {
		if (!take_number(&s, &v) ||
		    !take_unit(&s, durations, SD_ARRAY_LEN(durations), &next))
			return no(why_out,
				  "not a duration: write 500ms, 30s, 15m, 12h, 30d or 1h30m");
		total += v * durations[next - 1].factor;
		if (v > 100000000000ull)
			return no(why_out, "a duration beyond all measure");
	}
	if (next == 0)
		return no(why_out, "empty where a duration belongs: write for example 15m");
	*ms_out = total;
	return SD_OK;
}

int policy_units_size(struct sd_slice s, uint64_t *bytes_out, const char **why_out)
{
	uint64_t v = 0;
	size_t next = 0;

	*bytes_out = 0;
	if (sd_slice_is(s, "0"))
		return SD_OK;
	if (policy_units_count(s, &v, why_out) == SD_OK)
		return no(why_out, "a size needs its unit: 512B, 64KiB, 16MiB");
	if (!take_number(&s, &v) || !take_unit(&s, sizes, SD_ARRAY_LEN(sizes), &next) || s.n)
		return no(why_out, "not a size: write 512B, 64KiB or 16MiB");
	if (v > UINT32_MAX)
		return no(why_out, "a size beyond all measure");
	*bytes_out = v * sizes[next - 1].factor;
	return SD_OK;
}

int policy_units_share(struct sd_slice s, uint64_t *permille_out, const char **why_out)
{
	uint64_t v = 0, tenths = 0;

	*permille_out = 0;
	if (sd_slice_is(s, "0"))
		return SD_OK;
	if (!take_number(&s, &v))
		return no(why_out, "not a share: write for example 5%");
	if (s.n >= 2 && s.p[0] == '.' && is_digit(s.p[1])) {
		tenths = (uint64_t)(s.p[1] - '0');
		s = sd_slice(s.p + 2, s.n - 2);
	}
	if (!sd_slice_is(s, "%"))
		return no(why_out, "a share needs its sign: 5%");
	if (v > 1000)
		return no(why_out, "a share beyond all measure");
	*permille_out = v * 10 + tenths;
	return SD_OK;
}

int policy_units_count(struct sd_slice s, uint64_t *out, const char **why_out)
{
	*out = 0;
	if (take_number(&s, out) && s.n == 0)
		return SD_OK;
	*out = 0;
	return no(why_out, "not a whole number: write digits only, without sign or leading zero");
}

/* Puts the address into out as IPv6; the number of bits a prefix may have at most, or 0. */
static uint32_t parse_address(const char *text, struct policy_cidr *out)
{
	struct in_addr v4;

	if (inet_pton(AF_INET6, text, out->addr) == 1)
		return 128;
	if (inet_pton(AF_INET, text, &v4) != 1)
		return 0;
	memset(out->addr, 0, 10);
	memset(out->addr + 10, 0xff, 2);
	memcpy(out->addr + 12, &v4, 4);
	return 32;
}

int policy_units_cidr(struct sd_slice s, struct policy_cidr *out, const char **why_out)
{
	char text[INET6_ADDRSTRLEN] = "";
	const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
	size_t n = slash ? (size_t)(slash - s.p) : s.n;
	uint64_t bits;

	*out = (struct policy_cidr){0};
	if (sd_slice_copy(sd_slice(s.p, n), text, sizeof(text)) != SD_OK)
		return no(why_out, "not a network: write 10.0.0.0/8 or 2001:db8::/32");
	uint32_t width = parse_address(text, out);

	if (width == 0)
		return no(why_out, "not a network: write 10.0.0.0/8 or 2001:db8::/32");
	bits = width;
	if (slash &&
	    (policy_units_count(sd_slice(slash + 1, s.n - n - 1), &bits, why_out) != SD_OK ||
	     bits > width))
		return no(why_out, "the prefix is longer than the address");
	out->bits = (uint32_t)bits + (128 - width);
	for (uint32_t i = out->bits; i < 128; i++) {
		if (out->addr[i / 8] & (0x80u >> (i % 8)))
			return no(why_out, "bits are set behind the prefix");
	}
	return SD_OK;
}

/* --- back to text ---------------------------------------------------------- */

void policy_units_put_duration(struct sd_buf *b, uint64_t ms)
{
	if (ms == 0)
		sd_buf_char(b, '0');
	for (size_t i = 0; i < SD_ARRAY_LEN(durations); i++) {
		uint64_t v = ms / durations[i].factor;

		if (v) {
			sd_buf_u64(b, v);
			sd_buf_str(b, durations[i].name);
		}
		ms %= durations[i].factor;
	}
}

void policy_units_put_size(struct sd_buf *b, uint64_t bytes)
{
	size_t i = 0;

	if (bytes == 0) {
		sd_buf_char(b, '0');
		return;
	}
	while (bytes % sizes[i].factor)
		i++;
	sd_buf_u64(b, bytes / sizes[i].factor);
	sd_buf_str(b, sizes[i].name);
}

void policy_units_put_share(struct sd_buf *b, uint64_t permille)
{
	sd_buf_u64(b, permille / 10);
	if (permille % 10) {
		sd_buf_char(b, '.');
		sd_buf_u64(b, permille % 10);
	}
	sd_buf_char(b, '%');
}

void policy_units_put_cidr(struct sd_buf *b, const struct policy_cidr *c)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char text[INET6_ADDRSTRLEN] = "";
	bool v4 = c->bits >= 96 && memcmp(c->addr, mapped, sizeof(mapped)) == 0;

	if (inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? c->addr + 12 : c->addr, text, sizeof(text)) ==
	    NULL)
		return;
	sd_buf_str(b, text);
	sd_buf_char(b, '/');
	sd_buf_u64(b, v4 ? c->bits - 96 : c->bits);
}
