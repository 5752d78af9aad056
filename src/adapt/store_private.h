/* What the two halves of the state folder share: single files (store.c) and many at once
 * (store_batch.c). */
#ifndef PARE_STORE_PRIVATE_H
#define PARE_STORE_PRIVATE_H

#include "pare/arena.h"
#include "pare/err.h"

/* From errno; gives false. */
bool store_failed(struct err *e, const char *activity, const char *path);
/* The folder that the last name of a path stands in. */
const char *store_folder_of(struct arena *a, const char *path);
bool store_make_folder(struct arena *a, const char *folder, bool sync, struct err *e);
/* A new file with these bytes; false: errno says why, and nothing is left of it. */
bool store_fill_beside(const char *beside, const void *bytes, size_t len, bool sync);

struct store_batch;
struct store_batch *store_batch_new(struct arena *a);
bool store_batch_write(struct store_batch *b, const char *path, const void *bytes, size_t len,
		       struct err *e);
bool store_batch_close(struct store_batch *b, const char *dir, bool keep, struct err *e);

#endif
