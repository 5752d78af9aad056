/* Any bytes as a Lua file: read, run with little, and never harmful. */
#include <stdint.h>
#include <string.h>

#include "../../src/adapt/lua_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lua_limits limits;
	struct err e;
	struct arena *a = arena_new(NULL);
	lua_State *L = lua_limited(&limits);
	if (L == NULL)
		__builtin_trap();
	limits.deadline_ms = lua_clock_ms() + 200;
	if (lua_load_text(L, a, (const char *)data, size, "input", &e))
		lua_run(L, &limits, 0, 0, &e);
	lua_close(L);
	if (limits.memory != 0)
		__builtin_trap();
	arena_free(a);
	return 0;
}
