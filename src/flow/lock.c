#include "pare/lock.h"

#include <string.h>

#include "pare/digest.h"
#include "pare/json.h"
#include "pare/str.h"
#include "pare/when.h"

/* Clocks of two machines may differ by SKEW_MS before one takes a living lock over. */
enum { LOCK_FILE_MAX = 4096, ID_BYTES = 8, SKEW_MS = 5 * 60 * 1000, NUMBER_MAX = 1 << 30 };

struct holder {
	const char *id;   /* of the state folder */
	const char *host;
	int64_t number;
	int64_t expires_ms;
	const char *expires;
};

/* What tells this state folder from every other: made once, at random. */
static bool own_id(struct arena *a, const struct store_port *store, const char **id, struct err *e)
{
	size_t len;
	if (store->read(store->self, a, "locks/id", LOCK_FILE_MAX, id, &len, e))
		return true;
	if (e->kind != ERR_NOT_FOUND)
		return false;
	unsigned char random[ID_BYTES];
	random_bytes(random, sizeof random);
	char *text = arena_alloc(a, 2 * ID_BYTES + 1);
	for (size_t i = 0; i < ID_BYTES; i++) {
		static const char digits[] = "0123456789abcdef";
		text[2 * i] = digits[random[i] >> 4];
		text[2 * i + 1] = digits[random[i] & 15];
	}
	*id = text;
	return store->write(store->self, "locks/id", text, strlen(text), e);
}

static bool read_holder(struct arena *a, const struct review_port *r, const char *oid,
			struct holder *out, struct err *e)
{
	const char *bytes;
	size_t len;
	if (!r->read(r->self, a, oid, "lock.json", LOCK_FILE_MAX, &bytes, &len, e))
		return false;
	const struct json *v = json_parse(a, bytes, len, "lock.json", e);
	if (v == NULL)
		return false;
	out->id = json_text(v, "id");
	out->host = json_text(v, "host");
	out->expires = json_text(v, "expiresAt");
	if (out->id == NULL || out->host == NULL || out->expires == NULL ||
	    !when_parse(out->expires, &out->expires_ms) ||
	    !json_integer(json_get(v, "number"), &out->number) || out->number < 1 ||
	    out->number > NUMBER_MAX)
		return err_set(e, ERR_INPUT, "lock.json: expected id, host, number and expiresAt");
	return true;
}

/* On top of the lock taken over, so that its history shows who held it. */
static bool write_holder(struct arena *a, const struct review_port *r, const struct lock *lock,
			 const char *parent, int64_t now_ms, char oid[OID_HEX], struct err *e)
{
	struct json_writer w;
	char time[WHEN_TEXT];
	struct buf *b = buf_new(a, LOCK_FILE_MAX);
	when_iso(lock->expires_ms, time);
	json_start(&w, b, false);
	json_open(&w, '{');
	json_member_text(&w, "account", lock->account);
	json_member_text(&w, "host", lock->host);
	json_member_text(&w, "id", lock->id);
	json_member_integer(&w, "number", lock->number);
	json_member_text(&w, "expiresAt", time);
	json_close(&w, '}');
	buf_putc(b, '\n');
	struct review_file file = {"lock.json", b->data, b->len};
	return r->commit(r->self, parent, &file, 1, str_printf(a, "lock: account %s\n", lock->account),
			 "pare@localhost", now_ms, oid, e);
}

static bool taken(const struct review_port *r, const struct lock *lock, const struct holder *h,
		  struct err *e)
{
	return err_set(e, ERR_REFUSED,
		       "another executor (on '%s') works on account %s until %s at the latest: wait for it; "
		       "where it is surely dead: git push %s :%s",
		       h->host, lock->account, h->expires, r->url, lock->ref);
}

/* Copies of a state folder have one id: only on the same host does it show that the holder is dead,
 * because there the local lock would still be held. */
static bool ours(const struct holder *h, const struct lock *lock)
{
	return strcmp(h->id, lock->id) == 0 && strcmp(h->host, lock->host) == 0;
}

static bool take_remote(struct arena *a, const struct review_port *r, int64_t now_ms,
			struct lock *out, struct err *e)
{
	char there[OID_HEX], mine[OID_HEX];
	struct holder h = {.number = 0};
	if (!r->fetch(r->self, e) || !r->resolve(r->self, out->ref, there, e))
		return false;
	if (there[0] != '\0') {
		if (!read_holder(a, r, there, &h, e))
			return err_wrap(e, "reading the lock ref '%s' (where no executor works: git push %s :%s)",
					out->ref, r->url, out->ref);
		if (now_ms < h.expires_ms + SKEW_MS && !ours(&h, out))
			return taken(r, out, &h, e);
	}
	out->number = h.number + 1;
	out->expires_ms = now_ms + LOCK_LIFE_MS;
	if (!write_holder(a, r, out, there, now_ms, mine, e))
		return false;
	if (r->publish(r->self, out->ref, there, mine, e)) {
		memcpy(out->oid, mine, OID_HEX);
		return true;
	}
	if (e->kind != ERR_CONFLICT)
		return false;
	struct err later;
	if (r->fetch(r->self, &later) && r->resolve(r->self, out->ref, there, &later) &&
	    there[0] != '\0' && read_holder(a, r, there, &h, &later))
		return taken(r, out, &h, e);
	return err_set(e, ERR_REFUSED, "another executor just took the lock of account %s", out->account);
}

bool lock_take(struct arena *a, const struct review_port *review, const struct store_port *store,
	       const char *host, const char *account, int64_t now_ms, struct lock *out, struct err *e)
{
	*out = (struct lock){.account = account,
			     .host = host,
			     .ref = str_printf(a, "refs/pare/locks/%s", account),
			     .local = str_printf(a, "locks/%s", account)};
	if (!own_id(a, store, &out->id, e) || !store->lock(store->self, out->local, e))
		return err_wrap(e, "locking account %s", account);
	if (take_remote(a, review, now_ms, out, e))
		return true;
	store->unlock(store->self, out->local);
	return err_wrap(e, "locking account %s", account);
}

bool lock_keep(struct arena *a, const struct review_port *review, struct lock *lock, int64_t now_ms,
	       struct err *e)
{
	char mine[OID_HEX];
	if (now_ms < lock->expires_ms - LOCK_LIFE_MS / 2)
		return true;
	lock->expires_ms = now_ms + LOCK_LIFE_MS;
	if (!write_holder(a, review, lock, lock->oid, now_ms, mine, e) ||
	    !review->publish(review->self, lock->ref, lock->oid, mine, e))
		return err_wrap(e, "keeping the lock of account %s", lock->account);
	memcpy(lock->oid, mine, OID_HEX);
	return true;
}

bool lock_release(const struct review_port *review, const struct store_port *store,
		  struct lock *lock, struct err *e)
{
	bool ok = review->publish(review->self, lock->ref, lock->oid, "", e);
	store->unlock(store->self, lock->local);
	return ok || err_wrap(e, "giving back the lock of account %s (it ends by itself)", lock->account);
}

bool locks_read(struct arena *a, const struct review_port *review, const struct store_port *store,
		int64_t now_ms, struct lock_seen **out, size_t *count, struct err *e)
{
	static const char prefix[] = "refs/pare/locks/";
	struct str_list refs = {0};
	struct err unread;
	const char *own = NULL;
	size_t len;
	*count = 0;
	if (!review->refs(review->self, a, prefix, &refs, e))
		return err_wrap(e, "reading who holds the accounts' locks");
	if (!store->read(store->self, a, "locks/id", LOCK_FILE_MAX, &own, &len, &unread))
		own = NULL;
	*out = arena_array(a, refs.count + 1, sizeof **out);
	for (size_t i = 0; i < refs.count; i++) {
		char oid[OID_HEX];
		struct holder h;
		if (!review->resolve(review->self, refs.item[i], oid, e))
			return err_wrap(e, "reading the lock ref '%s'", refs.item[i]);
		struct lock_seen *x = &(*out)[(*count)++];
		x->account = refs.item[i] + strlen(prefix);
		if (oid[0] == '\0' || !read_holder(a, review, oid, &h, &unread))
			continue;
		x->host = h.host;
		x->until = h.expires;
		x->over = now_ms >= h.expires_ms;
		x->own = str_equal(own, h.id);
	}
	return true;
}
