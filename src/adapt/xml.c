#include "pare/xml.h"

#include <string.h>

#include <expat.h>

#include "pare/buf.h"

enum { MAX_DEPTH = 32, MAX_NODES = 1000000, MAX_TEXT = 32 * 1024 * 1024 };

struct open_node {
	struct xml *node;
	const struct xml **tail;
	size_t text_start; /* in the text of all open nodes */
};

struct reader {
	struct arena *arena;
	struct arena *scratch;
	XML_Parser parser;
	struct open_node open[MAX_DEPTH + 1];
	struct buf
		*text; /* of the open nodes, one behind the other: a child's is gone when it ends */
	size_t depth, nodes, text_bytes;
	struct xml *root;
	const char *refused;
};

static void refuse(struct reader *r, const char *why)
{
	if (r->refused == NULL)
		r->refused = why;
	XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL start(void *user, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *r = user;
	(void)attributes;
	if (r->refused != NULL)
		return;
	if (r->depth == MAX_DEPTH || ++r->nodes > MAX_NODES) {
		refuse(r, r->depth == MAX_DEPTH ? "nested too deeply" : "too many elements");
		return;
	}
	const char *colon = strrchr(name, ':');
	if (colon != NULL && colon[1] == '\0') {
		refuse(r, "a prefix without a name");
		return;
	}
	struct xml *node = arena_alloc(r->arena, sizeof *node);
	node->name = arena_strdup(r->arena, colon != NULL ? colon + 1 : name);
	node->text = "";
	if (r->depth == 0) {
		r->root = node;
	} else {
		struct open_node *parent = &r->open[r->depth - 1];
		*parent->tail = node;
		parent->tail = &node->next;
	}
	r->open[r->depth++] = (struct open_node){node, &node->first, r->text->len};
}

static bool blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

/* White space between elements is layout; in an element without children it is its text. */
static void XMLCALL end(void *user, const XML_Char *name)
{
	struct reader *r = user;
	(void)name;
	if (r->refused != NULL)
		return;
	struct open_node *o = &r->open[--r->depth];
	const char *text = r->text->data + o->text_start;
	if (*text != '\0' && (o->node->first == NULL || !blank(text)))
		o->node->text = arena_strdup(r->arena, text);
	r->text->len = o->text_start;
	r->text->data[r->text->len] = '\0';
}

static void XMLCALL text(void *user, const XML_Char *bytes, int len)
{
	struct reader *r = user;
	if (r->refused != NULL)
		return;
	r->text_bytes += (size_t)len;
	if (r->text_bytes > MAX_TEXT) {
		refuse(r, "too much text");
		return;
	}
	buf_put(r->text, bytes, (size_t)len);
}

static void XMLCALL doctype(void *user, const XML_Char *name, const XML_Char *system,
			    const XML_Char *public, int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	refuse(user, "a DOCTYPE");
}

static void XMLCALL instruction(void *user, const XML_Char *target, const XML_Char *data)
{
	(void)target;
	(void)data;
	refuse(user, "a processing instruction");
}

const struct xml *xml_parse(struct arena *a, const char *bytes, size_t len, struct err *e)
{
	struct reader r = {.arena = a, .scratch = arena_new(NULL)};
	bool ok = false;
	r.text = buf_new(r.scratch, MAX_TEXT);
	r.parser = XML_ParserCreate(NULL);
	if (r.parser != NULL && len <= (size_t)MAX_TEXT * 2) {
		XML_SetUserData(r.parser, &r);
		XML_SetElementHandler(r.parser, start, end);
		XML_SetCharacterDataHandler(r.parser, text);
		XML_SetStartDoctypeDeclHandler(r.parser, doctype);
		XML_SetProcessingInstructionHandler(r.parser, instruction);
		ok = XML_Parse(r.parser, bytes, (int)len, XML_TRUE) == XML_STATUS_OK &&
		     r.root != NULL;
	}
	if (!ok)
		err_set(e, ERR_INPUT, "reading an XML answer: line %lu: %s",
			r.parser != NULL ? (unsigned long)XML_GetCurrentLineNumber(r.parser) : 0UL,
			r.refused != NULL  ? r.refused
			: r.parser != NULL ? XML_ErrorString(XML_GetErrorCode(r.parser))
					   : "too large");
	if (r.parser != NULL)
		XML_ParserFree(r.parser);
	arena_free(r.scratch);
	return ok ? r.root : NULL;
}

const struct xml *xml_child(const struct xml *node, const char *name)
{
	if (node == NULL)
		return NULL;
	for (const struct xml *x = node->first; x != NULL; x = x->next)
		if (strcmp(x->name, name) == 0)
			return x;
	return NULL;
}

const char *xml_text(const struct xml *node, const char *name)
{
	const struct xml *x = xml_child(node, name);
	return x != NULL ? x->text : NULL;
}
