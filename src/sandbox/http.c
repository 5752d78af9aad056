/* The HTTP door. Invariants:
 * 1. One thread, libmicrohttpd's, reads requests and calls the model: calls never overlap.
 * 2. An answer is computed when the request is complete and held back afterwards, with the
 *    connection suspended: a slow answer delays nobody else.
 * 3. A connection is in the waiting list exactly while it is suspended; the list is guarded by the
 *    lock, and the waking thread alone takes from it.
 * 4. When stopping is set nothing is suspended any more, so that the daemon can end. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "door.h"
#include "pare/str.h"

enum {
	IDLE_SECONDS = 75,
	HEADER_BYTES = 64 << 10, /* of one connection */
	DRAIN_MAX = 16 << 20,    /* read and thrown away of a body that is too large */
	CONNECTIONS = 4096,
	SPARE_FILES = 64,
};

struct exchange {
	struct sandbox_server *server;
	struct arena *arena;
	char *target;
	struct buf *body;
	size_t dropped;
	bool begun, answered, too_large;
	struct wire_answer answer;
	struct MHD_Connection *connection;
	int64_t due_ms;
	struct exchange *next; /* in the waiting list, earliest first */
};

struct sandbox_server {
	struct sandbox *sandbox;
	struct MHD_Daemon *daemon;
	pthread_t waker;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct exchange *waiting;
	bool stopping;
};

static int64_t monotonic_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- holding answers back --- */

/* false: send at once. */
static bool hold_back(struct exchange *x, int64_t for_ms)
{
	struct sandbox_server *server = x->server;
	if (for_ms <= 0)
		return false;
	pthread_mutex_lock(&server->lock);
	bool held = !server->stopping;
	if (held) {
		struct exchange **at = &server->waiting;
		MHD_suspend_connection(x->connection);
		x->due_ms = monotonic_ms() + for_ms;
		while (*at != NULL && (*at)->due_ms <= x->due_ms)
			at = &(*at)->next;
		x->next = *at;
		*at = x;
		pthread_cond_signal(&server->changed);
	}
	pthread_mutex_unlock(&server->lock);
	return held;
}

static void *wake(void *self)
{
	struct sandbox_server *server = self;
	pthread_mutex_lock(&server->lock);
	while (!server->stopping || server->waiting != NULL) {
		struct exchange *x = server->waiting;
		if (x == NULL) {
			pthread_cond_wait(&server->changed, &server->lock);
		} else if (server->stopping || x->due_ms <= monotonic_ms()) {
			server->waiting = x->next;
			MHD_resume_connection(x->connection);
		} else {
			struct timespec until = {x->due_ms / 1000, x->due_ms % 1000 * 1000000};
			pthread_cond_timedwait(&server->changed, &server->lock, &until);
		}
	}
	pthread_mutex_unlock(&server->lock);
	return NULL;
}

/* --- one exchange --- */

/* Called with the request line: the only place where the target is seen as it was sent. */
static void *begin(void *self, const char *target, struct MHD_Connection *connection)
{
	struct arena *a = arena_new(NULL);
	struct exchange *x = arena_alloc(a, sizeof *x);
	x->server = self;
	x->arena = a;
	x->connection = connection;
	x->target = arena_strdup(a, target);
	x->body = buf_new(a, DOOR_BODY_MAX);
	return x;
}

static void end(void *self, struct MHD_Connection *connection, void **context,
		enum MHD_RequestTerminationCode code)
{
	struct exchange *x = *context;
	(void)self;
	(void)connection;
	(void)code;
	if (x != NULL)
		arena_free(x->arena);
	*context = NULL;
}

struct headers {
	struct arena *arena;
	struct signature_header *item;
	size_t count, cap;
};

static enum MHD_Result take_header(void *self, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	struct headers *h = self;
	(void)kind;
	h->item = arena_grow(h->arena, h->item, h->count, &h->cap, sizeof *h->item);
	h->item[h->count++] = (struct signature_header){name, value != NULL ? value : ""};
	return MHD_YES;
}

static void compute(struct exchange *x, const char *method)
{
	struct headers headers = {.arena = x->arena};
	MHD_get_connection_values(x->connection, MHD_HEADER_KIND, take_header, &headers);
	struct door_request request = {
		.arena = x->arena,
		.method = method,
		.target = x->target,
		.header = headers.item,
		.header_count = headers.count,
		.body = x->body,
		.too_large = x->too_large,
	};
	door_answer(x->server->sandbox, &request, &x->answer);
	x->answered = true;
}

/* The date is of the sandbox's clock, which signatures are measured by: clients correct their own
 * by this header. */
static void add_date(struct MHD_Response *response, int64_t now_ms)
{
	char text[64];
	struct tm t;
	time_t seconds = (time_t)(now_ms / 1000);
	gmtime_r(&seconds, &t);
	strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &t);
	MHD_add_response_header(response, "Date", text);
}

static enum MHD_Result send_answer(struct exchange *x)
{
	const struct wire_answer *answer = &x->answer;
	if (answer->fate == WIRE_CUT)
		return MHD_NO;
	size_t len = answer->body != NULL ? answer->body->len : 0;
	void *bytes = len > 0 ? answer->body->data : NULL;
	struct MHD_Response *response =
		MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_PERSISTENT);
	if (response == NULL)
		return MHD_NO;
	add_date(response, wire_now_ms(x->server->sandbox));
	if (answer->request_id != NULL)
		MHD_add_response_header(response, "x-amzn-RequestId", answer->request_id);
	if (answer->content_type != NULL)
		MHD_add_response_header(response, "Content-Type", answer->content_type);
	if (answer->error_type != NULL)
		MHD_add_response_header(response, "x-amzn-ErrorType", answer->error_type);
	enum MHD_Result queued =
		MHD_queue_response(x->connection, (unsigned)answer->status, response);
	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result finish(struct exchange *x, const char *method)
{
	compute(x, method);
	if (hold_back(x, wire_latency_ms(x->server->sandbox)))
		return MHD_YES;
	return send_answer(x);
}

static bool announced_too_large(struct MHD_Connection *connection)
{
	const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
	return length != NULL && strtoull(length, NULL, 10) > DOOR_BODY_MAX;
}

static enum MHD_Result take_body(struct exchange *x, const char *bytes, size_t len)
{
	buf_put(x->body, bytes, len);
	if (buf_ok(x->body))
		return MHD_YES;
	x->too_large = true;
	x->dropped += len;
	return x->dropped > DRAIN_MAX ? MHD_NO : MHD_YES;
}

/* libmicrohttpd calls it when the headers are there, for each piece of the body, at the end, and
 * again when a suspended connection is resumed. */
static enum MHD_Result serve(void *self, struct MHD_Connection *connection, const char *url,
			     const char *method, const char *version, const char *bytes, size_t *len,
			     void **context)
{
	struct exchange *x = *context;
	(void)self;
	(void)url;
	(void)version;
	if (!x->begun) {
		x->begun = true;
		x->too_large = announced_too_large(connection);
		return x->too_large ? finish(x, method) : MHD_YES;
	}
	if (*len > 0) {
		size_t piece = *len;
		*len = 0;
		return take_body(x, bytes, piece);
	}
	return x->answered ? send_answer(x) : finish(x, method);
}

/* --- starting and stopping --- */

static bool address_of(const char *host, int port, struct sockaddr_storage *address, socklen_t *len)
{
	struct sockaddr_in *four = (struct sockaddr_in *)address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
	memset(address, 0, sizeof *address);
	if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
		*len = sizeof *four;
		return true;
	}
	if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
		*len = sizeof *six;
		return true;
	}
	return false;
}

static int bound_port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof address;
	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return -1;
	return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
						   : ((struct sockaddr_in *)&address)->sin_port);
}

/* The socket, or -1. */
static int listen_on(const char *host, int port, int *bound_port, struct err *e)
{
	struct sockaddr_storage address;
	socklen_t len;
	int on = 1;
	if (port < 0 || port > 65535 || !address_of(host, port, &address, &len)) {
		err_set(e, ERR_USAGE, "listening on '%s' port %d: expected a numeric address and a port "
			"from 0 to 65535", host, port);
		return -1;
	}
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 1024) == 0 &&
	    (*bound_port = bound_port_of(fd)) > 0)
		return fd;
	err_set(e, ERR_IO, "listening on '%s' port %d: %s", host, port, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static unsigned connection_limit(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur > CONNECTIONS + SPARE_FILES)
		return CONNECTIONS;
	return files.rlim_cur > 2 * SPARE_FILES ? (unsigned)files.rlim_cur - SPARE_FILES : SPARE_FILES;
}

/* poll, not epoll: libmicrohttpd 0.9.75 listens to edges there and misses the end of a connection
 * that comes together with its last bytes. */
static struct MHD_Daemon *start_daemon(struct sandbox_server *server, int fd)
{
	unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
	return MHD_start_daemon(flags, 0, NULL, NULL, serve, server, MHD_OPTION_LISTEN_SOCKET, fd,
				MHD_OPTION_URI_LOG_CALLBACK, begin, server,
				MHD_OPTION_NOTIFY_COMPLETED, end, server,
				MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_BYTES,
				MHD_OPTION_CONNECTION_LIMIT, connection_limit(), MHD_OPTION_END);
}

/* Signals are the program's main thread's to take. */
static bool start_threads(struct sandbox_server *server, int fd)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool ok = pthread_create(&server->waker, NULL, wake, server) == 0;
	server->daemon = ok ? start_daemon(server, fd) : NULL;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ok && server->daemon == NULL) {
		pthread_mutex_lock(&server->lock);
		server->stopping = true;
		pthread_cond_signal(&server->changed);
		pthread_mutex_unlock(&server->lock);
		pthread_join(server->waker, NULL);
	}
	return server->daemon != NULL;
}

struct sandbox_server *sandbox_serve(struct arena *a, struct sandbox *s, const char *host, int port,
				     int *bound_port, struct err *e)
{
	pthread_condattr_t monotonic;
	int fd = listen_on(host, port, bound_port, e);
	if (fd < 0)
		return NULL;
	struct sandbox_server *server = arena_alloc(a, sizeof *server);
	server->sandbox = s;
	pthread_mutex_init(&server->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&server->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (start_threads(server, fd))
		return server;
	close(fd);
	pthread_cond_destroy(&server->changed);
	pthread_mutex_destroy(&server->lock);
	err_set(e, ERR_IO, "listening on '%s' port %d: the HTTP server could not be started", host, port);
	return NULL;
}

void sandbox_server_stop(struct sandbox_server *server)
{
	pthread_mutex_lock(&server->lock);
	server->stopping = true;
	pthread_cond_signal(&server->changed);
	pthread_mutex_unlock(&server->lock);
	pthread_join(server->waker, NULL);
	MHD_stop_daemon(server->daemon);
	pthread_cond_destroy(&server->changed);
	pthread_mutex_destroy(&server->lock);
}
