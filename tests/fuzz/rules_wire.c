/* What the rules' process may send, and what pare makes of it: frames, then answers. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../src/adapt/lua_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lua_wire wire;
	int pair[2];
	if (size > 60000 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return 0;
	struct arena *a = arena_new(NULL);
	if (send(pair[1], data, size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)size)
		abort();
	close(pair[1]);
	wire = (struct lua_wire){.fd = pair[0]};
	size_t total = 0;
	for (;;) {
		size_t len;
		bool late;
		struct err e;
		const char *text = lua_receive(a, &wire, 65536, 1000, &len, &late);
		if (text == NULL) {
			if (late) /* the stream has ended: there is nothing to wait for */
				abort();
			break;
		}
		total += len + 4;
		if (len > 65536 || total > size)
			abort();
		json_parse(a, text, len, "answer", &e);
	}
	close(pair[0]);
	arena_free(a);
	return 0;
}
