#include "sandbox_options.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "pare/buf.h"
#include "pare/str.h"

struct row {
	const char *name, *value, *help; /* value NULL: a switch */
	enum { SWITCH, TEXT, MILLISECONDS, LISTEN, GENERATE } kind;
	size_t offset; /* in struct sandbox_options; unused by LISTEN and GENERATE */
};

static const struct row rows[] = {
	{"--listen", "HOST:PORT", "where to listen; 127.0.0.1:0, any free port, if not given", LISTEN, 0},
	{"--allow-network", NULL, "let --listen name an address that other machines reach", SWITCH,
	 offsetof(struct sandbox_options, allow_network)},
	{"--port-file", "FILE", "write the port to FILE once it is open", TEXT,
	 offsetof(struct sandbox_options, port_file)},
	{"--seed", "FILE", "start with the account described in FILE (see examples/)", TEXT,
	 offsetof(struct sandbox_options, seed)},
	{"--state", "FILE", "keep the account in FILE; when it exists, start from it, not the seed", TEXT,
	 offsetof(struct sandbox_options, state)},
	{"--generate", "roles=N,seed=S", "add N generated roles", GENERATE, 0},
	{"--latency", "MS", "hold every answer back for MS milliseconds", MILLISECONDS,
	 offsetof(struct sandbox_options, latency_ms)},
	{"--lag", "MS", "let reads see writes MS milliseconds later", MILLISECONDS,
	 offsetof(struct sandbox_options, lag_ms)},
	{"--faults", "SPEC", "throttle, fail and lose answers on purpose", TEXT,
	 offsetof(struct sandbox_options, faults)},
	{"--show", "ROLE", "print the role or user and end", TEXT, offsetof(struct sandbox_options, show)},
	{"--help", NULL, "print this and end", SWITCH, offsetof(struct sandbox_options, help)},
	{"--version", NULL, "print the version and end", SWITCH,
	 offsetof(struct sandbox_options, version)},
};

enum { ROWS = sizeof rows / sizeof rows[0], HOUR_MS = 3600000, ROLES_MAX = 100000 };

const char *sandbox_options_help(struct arena *a)
{
	struct buf *out = buf_new(a, 16384);
	buf_puts(out, "Usage: pare-sandbox [OPTION]...\n"
		      "An AWS account in memory: IAM, Access Analyzer and STS over HTTP, on loopback.\n\n");
	for (size_t i = 0; i < ROWS; i++) {
		const char *left = str_printf(a, "%s %s", rows[i].name,
					      rows[i].value != NULL ? rows[i].value : "");
		buf_printf(out, "  %-27s %s\n", left, rows[i].help);
	}
	buf_puts(out, "\nKeys: AKIDEXAMPLE / wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY, unless the seed names "
		      "others.\nExit: 0 ended by a signal or done, 1 failed, 2 wrong usage.\n");
	return out->data;
}

/* Decimal digits and nothing else: no sign, no white space. */
static bool number(const char *text, int64_t max, int64_t *out)
{
	size_t len = strlen(text);
	if (len == 0 || len > 18 || strspn(text, "0123456789") != len)
		return false;
	*out = strtoll(text, NULL, 10);
	return *out <= max;
}

static bool listen_parse(struct arena *a, const char *text, struct sandbox_options *o, struct err *e)
{
	int64_t port = 0;
	const char *colon = strrchr(text, ':');
	if (colon == NULL || colon == text || !number(colon + 1, 65535, &port))
		return err_set(e, ERR_USAGE, "option '--listen': expected HOST:PORT, such as 127.0.0.1:8080, "
			       "got '%s'", text);
	size_t len = (size_t)(colon - text);
	bool bracketed = text[0] == '[' && text[len - 1] == ']';
	o->host = bracketed ? arena_copy(a, text + 1, len - 2) : arena_copy(a, text, len);
	if (strcmp(o->host, "localhost") == 0)
		o->host = "127.0.0.1";
	o->port = (int)port;
	struct in6_addr address;
	if (inet_pton(bracketed ? AF_INET6 : AF_INET, o->host, &address) == 1)
		return true;
	return err_set(e, ERR_USAGE, "option '--listen': expected a numeric address, such as 127.0.0.1 or "
		       "[::1], got '%.*s'", (int)len, text);
}

static bool loopback(const char *host)
{
	struct in_addr four;
	struct in6_addr six;
	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

static bool generate_parse(struct arena *a, const char *text, struct sandbox_options *o, struct err *e)
{
	bool ok = true;
	o->generate_roles = 0;
	for (size_t i = 0; ok; i++) {
		const char *part = str_part(a, text, ',', i, false);
		if (part == NULL)
			break;
		if (str_starts(part, "roles="))
			ok = number(part + strlen("roles="), ROLES_MAX, &o->generate_roles);
		else if (str_starts(part, "seed="))
			ok = number(part + strlen("seed="), INT64_MAX, &o->generate_seed);
		else
			ok = false;
	}
	if (ok && o->generate_roles > 0)
		return true;
	return err_set(e, ERR_USAGE, "option '--generate': expected roles=N,seed=S with N from 1 to %d, got "
		       "'%s'", ROLES_MAX, text);
}

static bool store(struct arena *a, struct sandbox_options *o, const struct row *row,
		  const char *value, struct err *e)
{
	void *target = (char *)o + row->offset;
	switch (row->kind) {
	case SWITCH:
		*(bool *)target = true;
		return true;
	case TEXT:
		if (*value == '\0')
			return err_set(e, ERR_USAGE, "option '%s': expected %s, got nothing", row->name,
				       row->value);
		*(const char **)target = value;
		return true;
	case MILLISECONDS:
		if (!number(value, HOUR_MS, target))
			return err_set(e, ERR_USAGE, "option '%s': expected milliseconds from 0 to %d, got '%s'",
				       row->name, HOUR_MS, value);
		return true;
	case LISTEN:
		return listen_parse(a, value, o, e);
	case GENERATE:
		return generate_parse(a, value, o, e);
	}
	return false;
}

static const struct row *row_of(const char *word, size_t len)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strlen(rows[i].name) == len && strncmp(rows[i].name, word, len) == 0)
			return &rows[i];
	return NULL;
}

static bool unknown(const char *word, struct err *e)
{
	const char *names[ROWS];
	for (size_t i = 0; i < ROWS; i++)
		names[i] = rows[i].name;
	const char *near = str_nearest(word, names, ROWS);
	if (near != NULL)
		return err_set(e, ERR_USAGE, "unknown option '%s': did you mean '%s'?", word, near);
	return err_set(e, ERR_USAGE, "unknown option '%s': see 'pare-sandbox --help'", word);
}

static bool take_option(struct arena *a, char **argv, int *i, struct sandbox_options *o, struct err *e)
{
	const char *word = argv[*i];
	const char *equals = strchr(word, '=');
	const struct row *row = row_of(word, equals != NULL ? (size_t)(equals - word) : strlen(word));
	if (row == NULL)
		return unknown(word, e);
	if (row->kind == SWITCH && equals != NULL)
		return err_set(e, ERR_USAGE, "option '%s' takes no value", row->name);
	if (row->kind == SWITCH || equals != NULL)
		return store(a, o, row, equals != NULL ? equals + 1 : "", e);
	const char *value = argv[*i + 1]; /* NULL behind the last word */
	if (value == NULL || str_starts(value, "--"))
		return err_set(e, ERR_USAGE, "option '%s': expected %s behind it", row->name, row->value);
	(*i)++;
	return store(a, o, row, value, e);
}

bool sandbox_options_parse(struct arena *a, int argc, char **argv, struct sandbox_options *o,
			   struct err *e)
{
	*o = (struct sandbox_options){.host = "127.0.0.1", .generate_seed = 1};
	for (int i = 1; i < argc; i++)
		if (!take_option(a, argv, &i, o, e))
			return false;
	if (o->help || o->version || o->allow_network || loopback(o->host))
		return true;
	return err_set(e, ERR_USAGE, "option '--listen': '%s' can be reached from other machines and the "
		       "sandbox's key is public: give --allow-network if that is meant, else listen on "
		       "127.0.0.1", o->host);
}
