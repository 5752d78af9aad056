#include "pare/sqs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_private.h"
#include "pare/json.h"
#include "pare/sigv4.h"
#include "pare/str.h"
#include "pare/version.h"
#include "pare/when.h"

enum { ATTEMPTS = 4, FIRST_PAUSE_MS = 500, REQUEST_MAX = 65536, HANDLE_MAX = 8192, WAIT_MAX_S = 20 };

struct sqs {
	struct arena *arena;
	struct credential_chain *credentials;
	const struct clock_port *clock;
	struct http *http;
	const char *url;
	struct aws_endpoint endpoint;
	int64_t offset_ms; /* AWS's clock minus ours */
};

/* --- the queue's URL --- */

static bool name_valid(const char *text)
{
	size_t len = strlen(text), plain = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
							"0123456789-_");
	return len > 0 && len <= 80 && plain > 0 && (plain == len || strcmp(text + plain, ".fifo") == 0);
}

static bool account_then_queue(const char *path)
{
	char account[13];
	if (strspn(path, "0123456789") != 12 || path[12] != '/')
		return false;
	memcpy(account, path, 12);
	account[12] = '\0';
	return name_valid(path + 13);
}

/* sqs.REGION.amazonaws.com, REGION.queue.amazonaws.com, queue.amazonaws.com (us-east-1),
 * sqs.REGION.api.aws, and the same of other partitions. */
static const char *region_of_host(struct arena *a, const char *host)
{
	static const char *const suffixes[] = {".amazonaws.com", ".amazonaws.com.cn", ".api.aws",
					       ".api.amazonwebservices.com.cn", ".amazonaws.eu",
					       ".api.amazonwebservices.eu"};
	if (strcmp(host, "queue.amazonaws.com") == 0)
		return "us-east-1";
	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
		if (!str_ends(host, suffixes[i]))
			continue;
		size_t len = strlen(host) - strlen(suffixes[i]);
		const char *rest = arena_copy(a, host, len);
		if (str_starts(rest, "sqs.") || str_starts(rest, "sqs-fips."))
			rest = strchr(rest, '.') + 1;
		else if (str_ends(rest, ".queue"))
			rest = arena_copy(a, rest, strlen(rest) - strlen(".queue"));
		else
			continue;
		if (*rest != '\0' && strspn(rest, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(rest))
			return rest;
	}
	return NULL;
}

bool sqs_region(struct arena *a, const char *url, const char **region, struct err *e)
{
	const char *host = strstr(url, "://");
	*region = NULL;
	for (const char *c = url; *c != '\0'; c++)
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f || strchr("@?#\\\"<>%", *c) != NULL)
			host = NULL;
	if (host == NULL || (!str_starts(url, "https://") && !str_starts(url, "http://")))
		return err_set(e, ERR_USAGE,
			       "queue '%s': expected its URL, as "
			       "https://sqs.eu-west-1.amazonaws.com/111122223333/pare-events ('aws sqs get-queue-url "
			       "--queue-name NAME' shows it)",
			       url);
	host += 3;
	size_t len = strcspn(host, "/");
	if (len == 0 || host[len] != '/' || !account_then_queue(host + len + 1))
		return err_set(e, ERR_USAGE, "queue '%s': expected an account's twelve digits and a queue's "
					     "name behind the host", url);
	if (str_starts(url, "https://"))
		*region = region_of_host(a, arena_copy(a, host, len));
	return true;
}

/* --- answers --- */

static enum err_kind kind_of(const char *code, long status)
{
	static const struct {
		const char *code;
		enum err_kind kind;
	} known[] = {
		{"QueueDoesNotExist", ERR_NOT_FOUND},	 {"ReceiptHandleIsInvalid", ERR_NOT_FOUND},
		{"AWS.SimpleQueueService.NonExistentQueue", ERR_NOT_FOUND},
		{"MessageNotInflight", ERR_NOT_FOUND},	 {"OverLimit", ERR_THROTTLED},
		{"KmsThrottled", ERR_THROTTLED},	 {"KmsAccessDenied", ERR_AUTH},
		{"KmsDisabled", ERR_AUTH},		 {"KmsInvalidState", ERR_AUTH},
		{"KmsNotFound", ERR_AUTH},		 {"KmsOptInRequired", ERR_AUTH},
		{"InvalidSecurity", ERR_AUTH},		 {"InvalidAddress", ERR_USAGE},
	};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(known[i].code, code) == 0)
			return known[i].kind;
	return aws_error_kind(code, status, false);
}

/* NULL: an error; an empty body is an empty object. */
static const struct json *answer(struct arena *a, long status, const char *error_type,
				 const char *body, size_t len, struct err *e)
{
	struct err none;
	bool empty = strspn(body, " \t\r\n") == len;
	const struct json *root = json_parse(a, empty ? "{}" : body, empty ? 2 : len, "the answer", &none);
	if (root != NULL && root->type != JSON_OBJECT)
		root = NULL;
	if (status == 200 && root != NULL)
		return root;
	const char *code = aws_json_code(a, error_type, root);
	const char *words = json_text(root, "message");
	if (words == NULL)
		words = json_text(root, "Message");
	if (strlen(code) >= sizeof e->code)
		code = "";
	if (status == 200)
		err_set(e, ERR_UNAVAILABLE, "the answer is none of SQS's (a proxy?)");
	else
		err_set(e, kind_of(code, status), "HTTP status %ld: %s%s%s", status,
			str_printable(a, code, false), words != NULL ? ": " : "",
			words != NULL ? str_printable(a, words, false) : "");
	snprintf(e->code, sizeof e->code, "%s", str_printable(a, code, false));
	return NULL;
}

static int64_t tries_of(const struct json *message)
{
	const char *text = json_text(json_get(message, "Attributes"), "ApproximateReceiveCount");
	size_t len = text != NULL ? strspn(text, "0123456789") : 0;
	return len > 0 && len <= 9 && text[len] == '\0' ? strtoll(text, NULL, 10) : 0;
}

bool sqs_messages(struct arena *a, long status, const char *error_type, const char *body, size_t len,
		  struct queue_message **out, size_t *count, struct err *e)
{
	const struct json *root = answer(a, status, error_type, body, len, e);
	const struct json *list = json_get(root, "Messages");
	*out = arena_array(a, QUEUE_BATCH, sizeof **out);
	*count = 0;
	if (root == NULL)
		return false;
	if (list == NULL || list->type == JSON_NULL)
		return true;
	if (list->type != JSON_ARRAY || list->count > QUEUE_BATCH)
		return err_set(e, ERR_UNAVAILABLE, "the answer's Messages: expected at most %d", QUEUE_BATCH);
	for (const struct json *m = list->first; m != NULL; m = m->next) {
		struct queue_message *x = &(*out)[*count];
		x->id = json_text(m, "MessageId");
		x->receipt = json_text(m, "ReceiptHandle");
		x->body = json_text(m, "Body");
		x->tries = tries_of(m);
		if (x->id == NULL || x->receipt == NULL || strlen(x->receipt) > HANDLE_MAX)
			return err_set(e, ERR_UNAVAILABLE,
				       "the answer's Messages: expected MessageId and ReceiptHandle");
		if (x->body == NULL)
			x->body = "";
		x->len = strlen(x->body);
		++*count;
	}
	return true;
}

/* --- one request --- */

static int64_t now(const struct sqs *x)
{
	return x->clock->now_ms(x->clock->self);
}

/* *key_id: that it is signed with. */
static bool fill(struct sqs *x, struct arena *a, const char *op, const struct buf *body,
		 struct http_exchange *out, const char **key_id, struct err *e)
{
	const struct credentials *keys = credentials_get(x->credentials, e);
	char date[WHEN_TEXT];
	size_t count = 0;
	if (keys == NULL)
		return false;
	*key_id = arena_strdup(a, keys->access_key_id);
	const char *after = strstr(x->endpoint.url, "://") + 3;
	size_t host_len = strcspn(after, "/");
	struct http_header *h = arena_array(a, 8, sizeof *h);
	int64_t at_ms = now(x) + x->offset_ms;
	when_compact(at_ms, date);
	h[count++] = (struct http_header){"host", arena_copy(a, after, host_len)};
	h[count++] = (struct http_header){"content-type", "application/x-amz-json-1.0"};
	h[count++] = (struct http_header){"x-amz-date", arena_strdup(a, date)};
	h[count++] = (struct http_header){"x-amz-target", str_printf(a, "AmazonSQS.%s", op)};
	h[count++] = (struct http_header){"x-amzn-query-mode", "true"};
	if (keys->session_token != NULL)
		h[count++] = (struct http_header){"x-amz-security-token", keys->session_token};
	const struct sigv4_request q = {.method = "POST",
					.path = str_printf(a, "%s/", after + host_len),
					.query = "",
					.header = h,
					.header_count = count,
					.body = body->data,
					.body_len = body->len,
					.region = x->endpoint.signing_region,
					.service = "sqs",
					.now_ms = at_ms};
	const struct sigv4 s = sigv4_sign(a, &q, keys->access_key_id, keys->secret_access_key);
	h[count++] = (struct http_header){"authorization", s.authorization};
	*out = (struct http_exchange){.arena = a,
				      .method = "POST",
				      .url = str_printf(a, "%s/", x->endpoint.url),
				      .header = h,
				      .header_count = count,
				      .body = body->data,
				      .body_len = body->len};
	return true;
}

static bool skewed(struct sqs *x, const struct http_exchange *got, const struct err *e, int64_t used_ms)
{
	const struct call call = {.ok = false, .err = *e};
	return retry_skewed(&call, got, now(x), used_ms, &x->offset_ms);
}

/* Every request may be sent twice: what is hidden or removed already is again. NULL: see *e. The
 * answer lives in a. */
static const struct http_exchange *exchange(struct sqs *x, struct arena *a, const char *op,
					    const struct buf *body, struct err *e)
{
	int64_t pause_ms = FIRST_PAUSE_MS;
	bool skew_tried = false, renew_tried = false;
	const char *key_id;
	for (unsigned attempt = 1;; attempt++) {
		struct http_exchange *got = arena_alloc(a, sizeof *got);
		int64_t used_ms = x->offset_ms;
		if (!fill(x, a, op, body, got, &key_id, e))
			return NULL;
		if (!http_do(x->http, got)) {
			*e = got->err;
			if (e->kind == ERR_UNCERTAIN)
				e->kind = ERR_UNAVAILABLE;
		} else if (answer(a, got->status, http_response_header(got, "x-amzn-errortype"),
				  got->response, got->response_len, e) != NULL) {
			return got;
		} else if (!skew_tried && skewed(x, got, e, used_ms)) {
			skew_tried = true;
			continue;
		} else if (!renew_tried && str_starts(e->code, "ExpiredToken") &&
			   credentials_renew(x->credentials, key_id)) {
			renew_tried = true;
			continue;
		}
		bool passes = e->kind == ERR_THROTTLED || e->kind == ERR_UNAVAILABLE;
		if (!passes || attempt == ATTEMPTS || x->clock->interrupted(x->clock->self))
			return NULL;
		x->clock->sleep_until(x->clock->self, now(x) + pause_ms);
		pause_ms *= 2;
	}
}

static void open_body(struct sqs *x, struct json_writer *w, struct buf *b)
{
	json_start(w, b, true);
	json_open(w, '{');
	json_member_text(w, "QueueUrl", x->url);
}

static bool receive(void *self, struct arena *a, int wait_s, int hidden_s,
		    struct queue_message **out, size_t *count, struct err *e)
{
	struct sqs *x = self;
	struct buf *b = buf_new(a, REQUEST_MAX);
	struct json_writer w;
	open_body(x, &w, b);
	json_member_integer(&w, "MaxNumberOfMessages", QUEUE_BATCH);
	json_member_integer(&w, "WaitTimeSeconds", wait_s > WAIT_MAX_S ? WAIT_MAX_S : wait_s);
	json_member_integer(&w, "VisibilityTimeout", hidden_s);
	json_key(&w, "MessageSystemAttributeNames");
	json_open(&w, '[');
	json_put_text(&w, "ApproximateReceiveCount");
	json_close(&w, ']');
	json_close(&w, '}');
	const struct http_exchange *got = exchange(x, a, "ReceiveMessage", b, e);
	return (got != NULL && sqs_messages(a, got->status, NULL, got->response, got->response_len, out,
					    count, e)) ||
	       err_wrap(e, "receiving from the queue '%s'", x->url);
}

static bool took_all(struct arena *a, const struct http_exchange *got, struct err *e)
{
	const struct json *root = answer(a, got->status, NULL, got->response, got->response_len, e);
	const struct json *failed = json_get(root, "Failed");
	for (const struct json *f = failed != NULL && failed->type == JSON_ARRAY ? failed->first : NULL;
	     f != NULL; f = f->next) {
		const char *code = json_text(f, "Code");
		if (code != NULL && kind_of(code, 400) == ERR_NOT_FOUND && strcmp(code, "ReceiptHandleIsInvalid") != 0)
			continue;
		return err_set(e, ERR_UNAVAILABLE, "%s", code != NULL ? str_printable(a, code, false) : "it failed");
	}
	return root != NULL;
}

static bool remove_messages(void *self, const struct queue_message *const *message, size_t count,
			    struct err *e)
{
	struct sqs *x = self;
	struct arena *scratch = arena_new(NULL);
	struct buf *b = buf_new(scratch, REQUEST_MAX + (size_t)count * HANDLE_MAX);
	struct json_writer w;
	open_body(x, &w, b);
	json_key(&w, "Entries");
	json_open(&w, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(&w, '{');
		json_member_text(&w, "Id", str_printf(scratch, "m%zu", i));
		json_member_text(&w, "ReceiptHandle", message[i]->receipt);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	json_close(&w, '}');
	const struct http_exchange *got = exchange(x, scratch, "DeleteMessageBatch", b, e);
	bool ok = got != NULL && took_all(scratch, got, e);
	arena_free(scratch);
	return ok || err_wrap(e, "removing messages from the queue '%s'", x->url);
}

static bool hide(void *self, const struct queue_message *message, int hidden_s, struct err *e)
{
	struct sqs *x = self;
	struct arena *scratch = arena_new(NULL);
	struct buf *b = buf_new(scratch, REQUEST_MAX);
	struct json_writer w;
	open_body(x, &w, b);
	json_member_text(&w, "ReceiptHandle", message->receipt);
	json_member_integer(&w, "VisibilityTimeout", hidden_s);
	json_close(&w, '}');
	bool ok = exchange(x, scratch, "ChangeMessageVisibility", b, e) != NULL;
	arena_free(scratch);
	return ok || err_wrap(e, "hiding a message of the queue '%s'", x->url);
}

/* --- opening --- */

static bool read_settings(struct sqs *x, const char *region, const struct profile_set *set,
			  struct http_setting *http, struct err *e)
{
	const char *own;
	if (!sqs_region(x->arena, x->url, &own, e))
		return false;
	if (own == NULL && endpoint_configured(x->arena, "sqs", set) == NULL)
		return err_set(e, ERR_USAGE,
			       "queue '%s': it is not a URL of AWS's; set AWS_ENDPOINT_URL_SQS to the endpoint "
			       "that serves it",
			       x->url);
	http->ca_bundle = arena_strdup(x->arena, profile_setting(set, "AWS_CA_BUNDLE", "ca_bundle"));
	http->user_agent = "pare/" PARE_VERSION;
	return endpoint_of(x->arena, "sqs", own != NULL ? own : region, set, &x->endpoint, e);
}

bool sqs_open(struct arena *a, const char *queue_url, const char *region,
	      struct credential_chain *credentials, const struct clock_port *clock,
	      struct queue_port *out, struct err *e)
{
	struct sqs *x = arena_alloc(a, sizeof *x);
	struct http_setting http = http_setting_default();
	struct arena *scratch = arena_new(NULL); /* holds every profile's secrets */
	struct profile_set set = {0};
	x->arena = a;
	x->credentials = credentials;
	x->clock = clock;
	x->url = arena_strdup(a, queue_url);
	bool ok = profile_read(scratch, &set, e) && read_settings(x, region, &set, &http, e);
	arena_free(scratch);
	x->http = ok ? http_new(a, &http, e) : NULL;
	*out = (struct queue_port){x, receive, remove_messages, hide};
	return x->http != NULL;
}
