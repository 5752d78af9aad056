/* retry: when, how often and how soon a call is sent again (AWS SDKs and Tools reference guide,
 * "Retry behavior", standard mode).
 *
 *   throttled            nothing happened: again, up to throttle_attempts
 *   unavailable          nothing happened: again, up to attempts
 *   uncertain, reading   again, up to attempts
 *   uncertain, writing   never: the caller reads back (J2)
 *   anything else        never: LimitExceeded is a quota, not a rate
 *
 * Delays are random between 0 and an exponential ceiling. Every retry takes tokens from one bucket
 * a client; when a service is down for everybody the bucket runs dry and calls fail at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_private.h"
#include "pare/str.h"
#include "pare/when.h"

enum {
	ATTEMPTS = 3,
	THROTTLE_ATTEMPTS =
		10, /* IAM's rates are low and unpublished; a large account meets them */
	TOKENS = 500,
	CEILING_MS = 20000,
	RETRY_AFTER_MAX_S = 300,
	REVISED_EXTRA_MS = 5000,
	SKEW_MS = 240000,
};

bool retry_setting(const struct profile_set *set, unsigned attempts, struct retry *out,
		   struct err *e)
{
	const char *most = profile_setting(set, "AWS_MAX_ATTEMPTS", "max_attempts");
	const char *mode = profile_setting(set, "AWS_RETRY_MODE", "retry_mode");
	const char *revised = getenv("AWS_NEW_RETRIES_2026");
	const char *uncorrected = profile_setting(set, "AWS_DISABLE_CLOCK_SKEW_CORRECTION",
					  "disable_clock_skew_correction");
	*out = (struct retry){
		.attempts = attempts, .throttle_attempts = attempts, .tokens = TOKENS};
	if (attempts == 0) {
		out->attempts = ATTEMPTS;
		out->throttle_attempts = THROTTLE_ATTEMPTS;
	}
	if (!str_empty(most)) {
		bool digits = strspn(most, "0123456789") == strlen(most) && strlen(most) <= 3;
		if (!digits || atoi(most) < 1)
			return err_set(e, ERR_USAGE,
				       "AWS_MAX_ATTEMPTS '%s': expected a number from 1 to 999",
				       most);
		out->attempts = out->throttle_attempts = (unsigned)atoi(most);
	}
	if (!str_empty(mode) && !str_equal_nocase(mode, "standard") &&
	    !str_equal_nocase(mode, "adaptive") && !str_equal_nocase(mode, "legacy"))
		return err_set(e, ERR_USAGE,
			       "AWS_RETRY_MODE '%s': expected standard, adaptive or legacy", mode);
	out->adaptive = mode != NULL && str_equal_nocase(mode, "adaptive");
	out->revised = revised != NULL && str_equal_nocase(revised, "true");
	out->correct_skew = uncorrected == NULL || !str_equal_nocase(uncorrected, "true");
	return true;
}

enum retry_cause retry_cause_of(const struct call *call)
{
	if (call->ok)
		return RETRY_NONE;
	if (call->err.kind == ERR_THROTTLED)
		return RETRY_THROTTLED;
	if (call->err.kind == ERR_UNAVAILABLE)
		return RETRY_TRANSIENT;
	if (call->err.kind == ERR_UNCERTAIN && !call_writes(call->op))
		return RETRY_TRANSIENT;
	return RETRY_NONE;
}

bool retry_allowed(const struct retry *r, const struct call *call)
{
	enum retry_cause cause = retry_cause_of(call);
	return cause != RETRY_NONE &&
	       call->attempts < (cause == RETRY_THROTTLED ? r->throttle_attempts : r->attempts);
}

int retry_take(struct retry *r, enum retry_cause cause)
{
	int cost = cause == RETRY_TIMEOUT ? 10 : 5;
	if (r->revised)
		cost = cause == RETRY_THROTTLED ? 5 : 14;
	if (cost > r->tokens)
		return 0;
	r->tokens -= cost;
	return cost;
}

void retry_give(struct retry *r, int cost)
{
	r->tokens += cost > 0 ? cost : 1;
	if (r->tokens > TOKENS)
		r->tokens = TOKENS;
}

int64_t retry_delay_ms(const struct retry *r, enum retry_cause cause, unsigned attempt,
		       uint32_t random)
{
	int64_t ceiling = r->revised && cause != RETRY_THROTTLED ? 50 : 1000;
	for (unsigned i = 1; i < attempt && ceiling < CEILING_MS; i++)
		ceiling *= 2;
	if (ceiling > CEILING_MS)
		ceiling = CEILING_MS;
	return (int64_t)((uint64_t)ceiling * random / UINT32_MAX);
}

/* Digits only; a date or a sign is no delay. */
static bool small_number(const char *text, size_t digits, int64_t *out)
{
	if (str_empty(text) || strlen(text) > digits || strspn(text, "0123456789") != strlen(text))
		return false;
	*out = strtoll(text, NULL, 10);
	return true;
}

int64_t retry_after_ms(const struct retry *r, const struct http_exchange *x, int64_t delay_ms)
{
	int64_t n, delay = delay_ms;
	if (small_number(http_response_header(x, "retry-after"), 9, &n)) {
		n = n > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : n;
		delay = n * 1000 > delay ? n * 1000 : delay;
	}
	if (r->revised && small_number(http_response_header(x, "x-amz-retry-after"), 12, &n)) {
		n = n > delay_ms + REVISED_EXTRA_MS ? delay_ms + REVISED_EXTRA_MS : n;
		delay = n > delay ? n : delay;
	}
	return delay;
}

bool http_date_parse(const char *text, int64_t *ms)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char month[4], iso[WHEN_TEXT];
	int d, y, h, m, s, end = 0;
	if (text == NULL || strlen(text) != 29 ||
	    sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &d, month, &y, &h, &m,
		   &s, &end) != 6 ||
	    end != 29 || strlen(month) != 3 || d < 0 || y < 0 || h < 0 || m < 0 || s < 0)
		return false;
	const char *at = strstr(months, month);
	if (at == NULL || (at - months) % 3 != 0)
		return false;
	snprintf(iso, sizeof iso, "%04d-%02d-%02dT%02d:%02d:%02dZ", y % 10000,
		 (int)((at - months) / 3) + 1, d % 100, h % 100, m % 100, s % 100);
	return when_parse(iso, ms);
}

/* Codes with which the services refuse a date. AccessDenied and the like come for other reasons
 * too, which the answer's own Date settles. */
static bool about_dates(const char *code)
{
	static const char *const codes[] = {"AccessDenied",	    "AccessDeniedException",
					    "AuthFailure",	    "InvalidSignatureException",
					    "RequestExpired",	    "RequestInTheFuture",
					    "RequestTimeTooSkewed", "SignatureDoesNotMatch"};
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (strcmp(code, codes[i]) == 0)
			return true;
	return false;
}

bool retry_skewed(const struct call *call, const struct http_exchange *x, int64_t now_ms,
		  int64_t used_ms, int64_t *offset_ms)
{
	int64_t theirs;
	if (call->ok || !about_dates(call->err.code) || http_response_header(x, "age") != NULL ||
	    !http_date_parse(http_response_header(x, "date"), &theirs))
		return false;
	int64_t apart = theirs - (now_ms + used_ms);
	if (apart > -SKEW_MS && apart < SKEW_MS)
		return false;
	*offset_ms = theirs - now_ms;
	return true;
}
