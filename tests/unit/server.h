/* A small HTTP server inside a test: raw sockets on loopback, a thread a connection, every request
 * kept. A handler writes what the test wants the client to see, well-formed or not. */
#ifndef PARE_TEST_SERVER_H
#define PARE_TEST_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SERVER_MAX = 512, SERVER_REQUEST_MAX = 65536 };

struct server;
/* n: 0 for the first request of all. false closes the connection. */
typedef bool server_handler(struct server *s, int fd, size_t n, const char *request);

struct server {
	int listener, port, stop[2];
	server_handler *handle;
	void *user;
	pthread_t acceptor, thread[SERVER_MAX];
	int client[SERVER_MAX];
	pthread_mutex_t lock;
	size_t connections, requests;
	char *request[SERVER_MAX];
};

static inline void server_send(int fd, const char *text)
{
	size_t len = strlen(text);
	while (len > 0) {
		ssize_t put = send(fd, text, len, MSG_NOSIGNAL);
		if (put <= 0)
			return;
		text += put;
		len -= (size_t)put;
	}
}

static inline bool server_answer(int fd, int status, const char *headers, const char *body)
{
	char head[1024];
	snprintf(head, sizeof head, "HTTP/1.1 %d Words\r\nContent-Length: %zu\r\n%s\r\n", status,
		 strlen(body), headers);
	server_send(fd, head);
	server_send(fd, body);
	return true;
}

/* Waits until the client closes or the server is stopped: for answers that never come. */
static inline bool server_hang(struct server *s, int fd)
{
	char byte;
	for (;;) {
		struct pollfd p[2] = {{fd, POLLIN, 0}, {s->stop[0], POLLIN, 0}};
		if (poll(p, 2, -1) <= 0 || p[1].revents != 0 || recv(fd, &byte, 1, 0) <= 0)
			return false;
	}
}

/* One whole request into text; false when the connection ended. */
static inline bool server_read(struct server *s, int fd, char *text)
{
	size_t have = 0;
	for (;;) {
		struct pollfd p[2] = {{fd, POLLIN, 0}, {s->stop[0], POLLIN, 0}};
		text[have] = '\0';
		char *end = strstr(text, "\r\n\r\n");
		if (end != NULL) {
			char *length = strcasestr(text, "\r\ncontent-length:");
			size_t body = length != NULL && length < end ? (size_t)atol(length + 17)
								     : 0;
			if (have >= (size_t)(end + 4 - text) + body)
				return true;
		}
		if (have + 1 >= SERVER_REQUEST_MAX || poll(p, 2, -1) <= 0 || p[1].revents != 0)
			return false;
		ssize_t got = recv(fd, text + have, SERVER_REQUEST_MAX - 1 - have, 0);
		if (got <= 0)
			return false;
		have += (size_t)got;
	}
}

struct server_connection {
	struct server *server;
	int fd;
};

static inline void *server_serve(void *user)
{
	struct server_connection *c = user;
	struct server *s = c->server;
	char *text = malloc(SERVER_REQUEST_MAX);
	while (server_read(s, c->fd, text)) {
		pthread_mutex_lock(&s->lock);
		size_t n = s->requests++;
		if (n < SERVER_MAX)
			s->request[n] = strdup(text);
		pthread_mutex_unlock(&s->lock);
		if (!s->handle(s, c->fd, n, text))
			break;
	}
	shutdown(c->fd, SHUT_RDWR);
	close(c->fd);
	free(text);
	free(c);
	return NULL;
}

static inline void *server_accept(void *user)
{
	struct server *s = user;
	for (;;) {
		struct pollfd p[2] = {{s->listener, POLLIN, 0}, {s->stop[0], POLLIN, 0}};
		if (poll(p, 2, -1) <= 0 || p[1].revents != 0 || s->connections == SERVER_MAX)
			return NULL;
		struct server_connection *c = malloc(sizeof *c);
		int one = 1;
		*c = (struct server_connection){s, accept(s->listener, NULL, NULL)};
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		pthread_mutex_lock(&s->lock);
		pthread_create(&s->thread[s->connections++], NULL, server_serve, c);
		pthread_mutex_unlock(&s->lock);
	}
}

static inline bool server_start(struct server *s, server_handler *handle, void *user)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	*s = (struct server){.handle = handle, .user = user};
	pthread_mutex_init(&s->lock, NULL);
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (s->listener < 0 || pipe(s->stop) != 0 ||
	    bind(s->listener, (struct sockaddr *)&at, len) != 0 || listen(s->listener, 128) != 0 ||
	    getsockname(s->listener, (struct sockaddr *)&at, &len) != 0)
		return false;
	s->port = ntohs(at.sin_port);
	return pthread_create(&s->acceptor, NULL, server_accept, s) == 0;
}

static inline void server_stop(struct server *s)
{
	if (write(s->stop[1], "x", 1) != 1)
		abort();
	pthread_join(s->acceptor, NULL);
	for (size_t i = 0; i < s->connections; i++)
		pthread_join(s->thread[i], NULL);
	for (size_t i = 0; i < s->requests && i < SERVER_MAX; i++)
		free(s->request[i]);
	close(s->listener);
	close(s->stop[0]);
	close(s->stop[1]);
	pthread_mutex_destroy(&s->lock);
}

/* A port that nothing listens on. */
static inline int server_closed_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		abort();
	close(fd);
	return ntohs(at.sin_port);
}

#endif
