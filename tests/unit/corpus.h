/* Policy documents of the shared corpora, one callback each, with their exact text in the file. */
#ifndef PARE_CORPUS_H
#define PARE_CORPUS_H

#include <stdbool.h>
#include <string.h>

#include "pare/arena.h"
#include "pare/json.h"
#include "shared_data.h"

struct corpus_entry {
	const char *file;
	const struct json *record; /* the whole line */
	const char *name;          /* for messages */
	const char *text;          /* the document's own bytes */
	size_t len;
	struct arena *arena; /* lives as long as the callback */
};

typedef void corpus_visit(void *user, const struct corpus_entry *x);

static inline void corpus_value(struct corpus_entry *x, const char *line, const struct json *v,
				corpus_visit *visit, void *user)
{
	if (v == NULL || v->type == JSON_NULL)
		return;
	if (v->type == JSON_ARRAY) {
		for (const struct json *y = v->first; y != NULL; y = y->next)
			corpus_value(x, line, json_get(y, "document") != NULL ? json_get(y, "document") : y,
				     visit, user);
		return;
	}
	x->text = line + v->offset;
	x->len = v->length;
	visit(user, x);
}

/* Every value of these members ("document", a list of documents, versions[].document) of every
 * line. false when the file is not there. */
static inline bool corpus_each(const char *file, const char *const *members, corpus_visit *visit,
			       void *user)
{
	char command[4200], path[4096];
	const char *dir = shared_data();
	if (dir == NULL)
		return false;
	snprintf(path, sizeof path, "%s/policies/%s", dir, file);
	struct stat st;
	if (stat(path, &st) != 0)
		return false;
	size_t n = strlen(path);
	bool packed = n > 3 && strcmp(path + n - 3, ".xz") == 0;
	if (packed)
		snprintf(command, sizeof command, "xz -dc '%s'", path);
	FILE *f = packed ? popen(command, "r") : fopen(path, "r");
	if (f == NULL)
		return false;
	char *line = NULL;
	size_t cap = 0, lines = 0;
	for (ssize_t len; (len = getline(&line, &cap, f)) > 0; lines++) {
		struct arena *a = arena_new(NULL);
		struct err e;
		struct corpus_entry x = {.file = file, .arena = a};
		x.record = json_parse(a, line, (size_t)len, file, &e);
		static const char *const names[] = {"name", "file", "path", "id"};
		for (size_t i = 0; i < 4 && x.name == NULL; i++)
			x.name = json_text(x.record, names[i]);
		for (size_t i = 0; x.record != NULL && members[i] != NULL; i++)
			corpus_value(&x, line, json_get(x.record, members[i]), visit, user);
		arena_free(a);
	}
	free(line);
	if (packed)
		pclose(f);
	else
		fclose(f);
	return lines > 0;
}

/* All corpora that hold policies. false when there are none. */
static inline bool corpus_all(corpus_visit *visit, void *user)
{
	static const char *const documents[] = {"document", "versions", NULL};
	static const char *const pairs[] = {"existing", "recommended", NULL};
	static const char *const files[] = {
		"aws-managed-policies.jsonl",        "managed-policy-versions.jsonl.xz",
		"iam-user-guide-examples.jsonl",     "parliament-test-policies.jsonl",
		"quacky-policies.jsonl",             "aws-custom-policy-check-samples.jsonl",
	};
	bool all = true;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		all = corpus_each(files[i], documents, visit, user) && all;
	return corpus_each("containment-cases.jsonl", pairs, visit, user) && all;
}

#endif
