#include "pare/event.h"

#include <string.h>

#include "pare/arn.h"
#include "pare/json.h"
#include "pare/str.h"

enum { ID_MAX = 128 };

static bool id_valid(const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;
	return len > 0 && len <= ID_MAX &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == len;
}

static const char *analyzer_of(struct arena *a, const struct json *root)
{
	struct err e;
	struct arn arn;
	const struct json *list = json_get(root, "resources");
	const struct json *first = list != NULL && list->type == JSON_ARRAY ? list->first : NULL;
	if (first == NULL || first->type != JSON_STRING || !arn_parse(a, first->text, &arn, &e))
		return NULL;
	return strcmp(arn.service, "access-analyzer") == 0 && str_starts(arn.resource, "analyzer/")
		       ? first->text
		       : NULL;
}

static bool read_event(struct arena *a, const struct json *root, struct event *out, struct err *e)
{
	const struct json *detail = json_get(root, "detail");
	const char *source = json_text(root, "source");
	out->detail_type = json_text(root, "detail-type");
	if (!str_equal(source, "aws.access-analyzer"))
		return err_set(e, ERR_INPUT, "the event's source is '%s', expected aws.access-analyzer",
			       source != NULL ? source : "");
	if (out->detail_type == NULL || detail == NULL || detail->type != JSON_OBJECT)
		return err_set(e, ERR_INPUT, "the event lacks detail-type or detail");
	if (strcmp(out->detail_type, "Unused Access Finding for IAM entities") != 0) {
		out->kind = EVENT_OTHER;
		return true;
	}
	out->kind = EVENT_UNUSED_ACCESS;
	out->finding = json_text(detail, "findingId");
	if (!id_valid(out->finding))
		return err_set(e, ERR_INPUT,
			       "the event's detail.findingId: expected 1 to %d of A-Z a-z 0-9 - _ .", ID_MAX);
	out->analyzer = analyzer_of(a, root);
	if (out->analyzer == NULL)
		return err_set(e, ERR_INPUT, "the event's resources: expected the analyzer's ARN first");
	out->resource = json_text(detail, "resource");
	out->status = json_text(detail, "status");
	out->version = json_text(detail, "version");
	return true;
}

bool event_parse(struct arena *a, const char *body, size_t len, struct event *out, struct err *e)
{
	*out = (struct event){.kind = EVENT_OTHER};
	if (len > EVENT_MAX_BYTES)
		return err_set(e, ERR_INPUT, "the message is larger than %d bytes", EVENT_MAX_BYTES);
	const struct json *root = json_parse(a, body, len, "the message", e);
	if (root == NULL)
		return false;
	if (root->type != JSON_OBJECT)
		return err_set(e, ERR_INPUT, "the message: expected an object");
	if (str_equal(json_text(root, "Type"), "Notification") && json_get(root, "source") == NULL) {
		const char *inner = json_text(root, "Message");
		if (inner == NULL)
			return err_set(e, ERR_INPUT, "the notification has no Message");
		root = json_parse(a, inner, strlen(inner), "the notification's Message", e);
		if (root == NULL)
			return false;
		if (root->type != JSON_OBJECT)
			return err_set(e, ERR_INPUT, "the notification's Message: expected an object");
	}
	return read_event(a, root, out, e);
}
