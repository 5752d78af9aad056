/* Any bytes as a forge's answers: the first byte chooses the forge and the question. An answer is taken or refused with words that hold no token and no controls; what
 * is taken is whole; nobody counts as a reviewer whom the answer does not name. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/adapt/forge_private.h"
#include "pare/plan.h"
#include "pare/receipt.h"
#include "pare/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TOKEN "fuzz-token-0123"

/* The answers stand one after the other, a 0xff between them; there is no network. Each begins with a
 * byte for its status and headers. */
struct answers {
	const uint8_t *at;
	size_t left;
	size_t count;
	int64_t now_ms;
};

static struct http_header headers[] = {{"content-type", "application/json"},
				       {"link", "<x>; rel=\"next\""},
				       {"retry-after", "1"},
				       {"x-ratelimit-remaining", "0"}};

static bool exchange(void *with, struct http_exchange *x)
{
	static const long statuses[] = {200, 201, 401, 403, 404, 409, 422, 429, 500, 302};
	struct answers *s = with;
	size_t len = 0;
	s->count++;
	x->transport_ok = true;
	x->status = 404;
	x->response = "";
	if (s->left == 0)
		return true;
	uint8_t first = s->at[0];
	while (len + 1 < s->left && s->at[len + 1] != 0xff)
		len++;
	x->status = statuses[(first & 0x0f) % 10];
	x->response = arena_copy(x->arena, s->at + 1, len);
	x->response_len = len;
	x->response_header = headers;
	x->response_header_count = 1 + (first >> 4) % 4;
	size_t used = len + 2 < s->left ? len + 2 : s->left;
	s->at += used;
	s->left -= used;
	return true;
}

static int64_t now(void *self)
{
	return ((struct answers *)self)->now_ms;
}

static void sleep_until(void *self, int64_t until_ms)
{
	((struct answers *)self)->now_ms = until_ms;
}

static bool interrupted(void *self)
{
	(void)self;
	return false;
}

/* A mirror that has every commit and the same plan in each. */
static const struct plan plan = {.id = "p", .account = "111122223333", .created_at = "2026-11-24T00:00:00Z",
				 .author = "bot@example.com", .bytes = "{}", .len = 2};

static bool read_plan(void *self, struct arena *a, const char *commit, const char *path, size_t max,
		      const char **bytes, size_t *len, struct err *e)
{
	(void)self;
	(void)a;
	(void)path;
	(void)max;
	(void)e;
	if (!forge_commit_valid(commit))
		abort();
	*bytes = plan.bytes;
	*len = plan.len;
	return true;
}

static bool list_none(void *self, struct arena *a, const char *commit, const char *folder,
		      struct str_list *paths, struct err *e)
{
	(void)self;
	(void)a;
	(void)folder;
	(void)paths;
	(void)e;
	if (!forge_commit_valid(commit))
		abort();
	return true;
}

static bool descends(void *self, const char *commit, const char *ancestor, bool *yes, struct err *e)
{
	(void)self;
	(void)e;
	if (!forge_commit_valid(commit) || !forge_commit_valid(ancestor))
		abort();
	*yes = true;
	return true;
}

static void check_pull(const struct pull *p)
{
	if (p->number < 1 || p->url == NULL || p->title == NULL || p->body == NULL || p->author == NULL ||
	    p->head == NULL || (p->head[0] != '\0' && !forge_commit_valid(p->head)))
		abort();
}

static void check_words(const struct err *e)
{
	if (e->kind == ERR_NONE || e->message[0] == '\0' || strstr(e->message, TOKEN) != NULL)
		abort();
	for (const char *c = e->message; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20)
			abort();
}

static void check_notes(const struct approval_note *note, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_empty(note[i].who) || strcmp(note[i].method, "review") != 0 || strcmp(note[i].who, "bot") == 0)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct forge_kind *const kinds[] = {&forge_github, &forge_gitlab, &forge_gitea};
	if (size < 2)
		return 0;
	struct arena *a = arena_new(NULL);
	struct answers s = {.at = data + 1, .left = size - 1, .now_ms = 1795500000000};
	const struct clock_port clock = {&s, now, sleep_until, interrupted};
	const struct review_port review = {.read = read_plan, .list = list_none, .descends = descends};
	struct forge f = {.arena = a, .kind = kinds[data[0] % 3], .base = "main", .exchange = exchange, .with = &s,
			  .clock = &clock, .review = &review, .repo = "/repos/o/r",
			  .auth = {"authorization", "x"}, .place = {"https://f/api/v3", "o/r", "https://f/o/r"}};
	struct forge_port port = forge_port_of(&f);
	struct str_list words = {0};
	static char token[] = TOKEN;
	struct approval_note *note = NULL;
	struct pull *pull = NULL;
	size_t count = 0;
	struct err e = {.kind = ERR_NONE};
	bool ok;
	str_list_add(a, &words, "alice");
	f.token = token;
	switch (data[0] / 3 % 7) {
	case 0:
		ok = port.find(&f, a, "pare/111122223333/x", &pull, &e);
		break;
	case 1:
		ok = port.create(&f, a, "b", "t", "x", &pull, &e);
		if (!ok)
			pull = NULL;
		break;
	case 2:
		ok = port.comment(&f, 1, "x", &e);
		break;
	case 3:
		ok = port.label(&f, 1, &words, &e);
		break;
	case 4:
		ok = port.ask(&f, 1, &words, &e);
		break;
	default:
		ok = port.reviews(&f, a, &plan, &note, &count, &e);
		check_notes(note, count);
		break;
	}
	if (pull != NULL)
		check_pull(pull);
	if (!ok)
		check_words(&e);
	if (s.count > 1000)
		abort();
	arena_free(a);
	return 0;
}
