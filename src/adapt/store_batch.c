/* store_batch: many files of the state folder at once. A thread of its own writes them beside their
 * places while the next ones are being made; at the end they are synced together and renamed. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pare/str.h"
#include "store_private.h"

/* So much may wait for the disk before the one who writes has to. */
enum { WAITING_MAX_BYTES = 512 * 1024 };

struct job {
	struct job *next;
	const char *path;
	size_t len;
	char bytes[];
};

struct store_batch {
	/* The writer's, until it is joined. */
	struct arena *arena;
	const char *folder; /* made already */
	struct str_list written; /* paths; their bytes lie beside them */
	/* Shared, under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job *first, **end;
	size_t waiting_bytes;
	bool closed, failed;
	struct err why;
	pthread_t writer;
	bool threaded; /* no thread to be had: the caller writes by itself */
};

static const char *beside(struct arena *a, const char *path)
{
	return str_printf(a, "%s.new", path);
}

static bool write_job(struct store_batch *b, const struct job *job, struct err *e)
{
	const char *path = arena_strdup(b->arena, job->path);
	const char *folder = store_folder_of(b->arena, path);
	if (b->folder == NULL || strcmp(b->folder, folder) != 0) {
		if (!store_make_folder(b->arena, folder, false, e))
			return false;
		b->folder = folder;
	}
	if (!store_fill_beside(beside(b->arena, path), job->bytes, job->len, false))
		return store_failed(e, "writing", path);
	str_list_add(b->arena, &b->written, path);
	return true;
}

/* Behind a failure nothing more is written: the batch is lost. */
static void take_job(struct store_batch *b)
{
	struct err e;
	struct job *job = b->first;
	bool ok = b->failed;
	if (!ok) {
		pthread_mutex_unlock(&b->lock);
		ok = write_job(b, job, &e);
		pthread_mutex_lock(&b->lock);
		if (!ok)
			b->why = e;
		b->failed = !ok;
	}
	b->first = job->next;
	if (b->first == NULL)
		b->end = &b->first;
	b->waiting_bytes -= job->len;
	free(job);
	pthread_cond_broadcast(&b->changed);
}

static void *write_all_jobs(void *batch)
{
	struct store_batch *b = batch;
	pthread_mutex_lock(&b->lock);
	for (;;) {
		while (b->first == NULL && !b->closed)
			pthread_cond_wait(&b->changed, &b->lock);
		if (b->first == NULL)
			break;
		take_job(b);
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

struct store_batch *store_batch_new(struct arena *a)
{
	sigset_t all, before;
	struct arena *own = arena_new(a);
	struct store_batch *b = arena_alloc(own, sizeof *b);
	b->arena = own;
	b->end = &b->first;
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->changed, NULL);
	/* Signals are for the thread that waits and decides. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	b->threaded = pthread_create(&b->writer, NULL, write_all_jobs, b) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return b;
}

static struct job *job_new(const char *path, const void *bytes, size_t len)
{
	size_t name = strlen(path) + 1;
	struct job *job = malloc(sizeof *job + len + name);
	if (job == NULL)
		abort();
	job->next = NULL;
	job->len = len;
	if (len > 0)
		memcpy(job->bytes, bytes, len);
	job->path = memcpy(job->bytes + len, path, name);
	return job;
}

bool store_batch_write(struct store_batch *b, const char *path, const void *bytes, size_t len,
		       struct err *e)
{
	struct job *job = job_new(path, bytes, len);
	pthread_mutex_lock(&b->lock);
	*b->end = job;
	b->end = &job->next;
	b->waiting_bytes += len;
	if (!b->threaded)
		take_job(b);
	pthread_cond_broadcast(&b->changed);
	while (b->waiting_bytes > WAITING_MAX_BYTES && !b->failed)
		pthread_cond_wait(&b->changed, &b->lock);
	bool ok = !b->failed;
	if (!ok)
		*e = b->why;
	pthread_mutex_unlock(&b->lock);
	return ok;
}

static bool sync_all(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && syncfs(fd) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* The bytes are durable before any of them has its name. */
static bool take_names(struct store_batch *b, const char *dir, bool keep, struct err *e)
{
	bool any = keep && b->written.count > 0;
	bool ok = !any || sync_all(dir) || store_failed(e, "writing into", dir);
	for (size_t i = 0; i < b->written.count; i++) {
		const char *path = b->written.item[i];
		if (!keep || !ok)
			unlink(beside(b->arena, path));
		else if (rename(beside(b->arena, path), path) != 0)
			ok = store_failed(e, "writing", path);
	}
	return ok && (!any || sync_all(dir) || store_failed(e, "writing into", dir));
}

bool store_batch_close(struct store_batch *b, const char *dir, bool keep, struct err *e)
{
	pthread_mutex_lock(&b->lock);
	b->closed = true;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
	if (b->threaded)
		pthread_join(b->writer, NULL);
	bool ok = take_names(b, dir, keep && !b->failed, e);
	if (ok && keep && b->failed) {
		*e = b->why;
		ok = false;
	}
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->lock);
	arena_free(b->arena);
	return ok;
}
