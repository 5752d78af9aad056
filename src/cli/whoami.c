#include <string.h>

#include "cli.h"
#include "pare/arn.h"
#include "pare/str.h"
#include "pare/when.h"

static const char *const services[] = {"iam", "accessanalyzer", "sts"};
enum { SERVICES = sizeof services / sizeof services[0] };

struct identity {
	const char *region, *region_from;
	const char *arn, *account;
	const struct credentials *keys;
	const struct credential_note *note;
	size_t note_count;
	const struct aws *aws;
};

static const char *expiry(struct arena *a, const struct credentials *k)
{
	char text[WHEN_TEXT];
	if (k->expires_ms == 0)
		return NULL;
	when_iso(k->expires_ms, text);
	return arena_strdup(a, text);
}

static void put_sources(struct json_writer *w, const struct identity *id)
{
	json_key(w, "sources");
	json_open(w, '[');
	for (size_t i = 0; i < id->note_count; i++) {
		json_open(w, '{');
		json_member_text(w, "source", id->note[i].source);
		json_member_bool(w, "served", id->note[i].why == NULL);
		json_member_text(w, "why", id->note[i].why);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_endpoints(struct json_writer *w, const struct identity *id)
{
	json_key(w, "endpoints");
	json_open(w, '[');
	for (size_t i = 0; id->aws != NULL && i < SERVICES; i++) {
		const struct aws_endpoint *e = aws_endpoint_of(id->aws, services[i]);
		json_open(w, '{');
		json_member_text(w, "service", services[i]);
		json_member_text(w, "url", e->url);
		json_member_text(w, "signing_region", e->signing_region);
		json_member_bool(w, "custom", e->custom);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void identity_json(struct arena *a, const struct identity *id, const struct err *e)
{
	struct json_writer w = json_page(a, 1024 * 1024);
	json_open(&w, '{');
	json_member_text(&w, "arn", id->arn);
	json_member_text(&w, "account", id->account);
	json_member_text(&w, "region", id->region);
	json_member_text(&w, "region_from", id->region != NULL ? id->region_from : NULL);
	json_member_text(&w, "partition", id->region != NULL ? region_partition(id->region) : NULL);
	json_member_text(&w, "source", id->keys != NULL ? id->keys->source : NULL);
	json_member_text(&w, "expires", id->keys != NULL ? expiry(a, id->keys) : NULL);
	put_endpoints(&w, id);
	put_sources(&w, id);
	json_member_text(&w, "error", e != NULL ? e->message : NULL);
	json_close(&w, '}');
	say_json(&w);
}

static void identity_text(const struct context *c, const struct identity *id)
{
	const char *end = id->keys != NULL ? expiry(c->arena, id->keys) : NULL;
	if (id->arn != NULL) {
		say(c, BOLD, "%s\n", id->arn);
		say(c, PLAIN, "  account    %s\n", id->account);
	}
	if (id->region != NULL)
		say(c, PLAIN, "  region     %s (%s), partition %s\n", id->region, id->region_from,
		    region_partition(id->region));
	if (id->keys != NULL)
		say(c, PLAIN, "  source     %s\n  expires    %s\n", id->keys->source,
		    end != NULL ? end : "nothing says");
	for (size_t i = 0; id->aws != NULL && i < SERVICES; i++) {
		const struct aws_endpoint *e = aws_endpoint_of(id->aws, services[i]);
		say(c, PLAIN, "  %-10s %-16s %s, signed for %s%s\n", i == 0 ? "endpoints" : "",
		    services[i], e->url, e->signing_region, e->custom ? ", configured" : "");
	}
	for (size_t i = 0; i < id->note_count; i++)
		say(c, id->note[i].why == NULL ? GREEN : DIM, "  %-10s %-18s %s\n",
		    i == 0 ? "sources" : "", id->note[i].source,
		    id->note[i].why == NULL ? "served; later ones were not asked" : id->note[i].why);
}

/* A key of another partition is unknown to this one's STS, which says no more than that. */
static void explain_refusal(const struct identity *id, struct err *e)
{
	if (strcmp(e->code, "InvalidClientTokenId") == 0 ||
	    strcmp(e->code, "UnrecognizedClientException") == 0)
		err_wrap(e,
			 "the key of %s is unknown in partition '%s' (region '%s'): wrong, deleted, or of "
			 "another partition",
			 id->keys->source, region_partition(id->region), id->region);
}

static const char *region_hint(struct context *c)
{
	struct arn arn;
	struct err ignored;
	if (c->config.analyzer == NULL || !arn_parse(c->arena, c->config.analyzer, &arn, &ignored))
		return NULL;
	return arn.region;
}

static bool identify(struct context *c, struct identity *id, struct err *e)
{
	struct aws *aws;
	struct credential_setting s = {.clock = &c->clock, .progress = &c->progress};
	if (!region_find(c->arena, region_hint(c), &id->region, &id->region_from, e))
		return false;
	s.region = id->region;
	struct credential_chain *chain = credentials_open(c->arena, &s);
	id->keys = credentials_get(chain, e);
	id->note = credentials_notes(chain, &id->note_count);
	if (id->keys == NULL)
		return false;
	struct aws_setting setting = {.region = id->region,
				      .verbose = c->o->verbose,
				      .progress = &c->progress,
				      .credentials = chain};
	aws = aws_new(c->arena, &setting, &c->clock, e);
	id->aws = aws;
	if (aws == NULL)
		return false;
	struct read_port read = aws_read_port(aws);
	if (context_caller(c, &read, &id->arn, &id->account, e))
		return true;
	explain_refusal(id, e);
	return false;
}

int command_whoami(struct arena *a, const struct options *o)
{
	struct context c;
	struct identity id = {0};
	struct err e;
	if (!context_open(a, o, &c, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	bool ok = identify(&c, &id, &e);
	if (o->json)
		identity_json(a, &id, ok ? NULL : &e);
	else
		identity_text(&c, &id);
	if (!ok)
		complain(&e);
	return ok ? EXIT_DONE : exit_code_of(&e);
}
