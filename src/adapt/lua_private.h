/* lua: rule files and pare.lua. The only door to Lua; private to src/adapt/{lua_*,rules*}.
 *
 * Nobody's Lua is trusted with more than arithmetic: the globals are an allow-list without io, os,
 * package, debug, load, coroutines, metatables, or pcall (it would swallow the budget's error).
 * Memory and instructions are counted; rules run in a process of their own besides (rules.c). */
#ifndef PARE_LUA_PRIVATE_H
#define PARE_LUA_PRIVATE_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <sys/types.h>

#include "pare/arena.h"
#include "pare/buf.h"
#include "pare/err.h"
#include "pare/json.h"
#include "pare/port.h"
#include "pare/world.h"

enum {
	LUA_MEMORY_MAX = 64 * 1024 * 1024,       /* a rule's process */
	LUA_CONFIG_MEMORY_MAX = 8 * 1024 * 1024, /* pare.lua */
	LUA_INSTRUCTIONS_MAX = 10 * 1000 * 1000, /* per file loaded, per judgement of one rule */
	LUA_SOURCE_MAX = 1024 * 1024,
};

/* --- lua_state.c: a state with limits --- */

struct lua_limits {
	size_t memory, memory_max; /* bytes in use, and at most */
	bool memory_hit;
	long instructions; /* left */
	bool instructions_hit;
	int64_t deadline_ms; /* monotonic; 0: somebody else watches the clock */
};

int64_t lua_clock_ms(void);
/* A state without any library or global, not even the strings' methods: for data. NULL when there
 * is no memory. */
lua_State *lua_bare(struct lua_limits *limits, size_t memory_max);
/* A state with the allow-listed words as globals, which rules can read and not change. */
lua_State *lua_limited(struct lua_limits *limits);
/* Names of all globals a rule file may find; the second raises when there is another. */
extern const char *const lua_allowed[];
int lua_check_globals(lua_State *L);
/* Calls with nargs arguments under a fresh budget; on failure the error's text, with limits named,
 * is in e. */
bool lua_run(lua_State *L, struct lua_limits *limits, int nargs, int nresults, struct err *e);
/* Loads a text chunk named after its file. `until` before '=' in a table (a reserved word of Lua,
 * and the name of a verdict's option) is read as ["until"]. */
bool lua_load_text(lua_State *L, struct arena *a, const char *text, size_t len, const char *name,
		   struct err *e);

/* --- config_file.c --- */

/* NULL: no such file, or larger than 1 MiB. */
const char *config_file_read(struct arena *a, const char *path, size_t *len, struct err *e);
const char *config_file_folder(struct arena *a, const char *path); /* "." when it names none */

/* --- lua_config.c: approval as a function of the plan --- */

struct lua_approval {
	const char *text; /* pare.lua as it was read */
	size_t len;
	const char *file, *folder;
};
/* Runs the file, then call(approval's value, subject) under limits, and reads the table it gives. */
bool lua_config_approval(struct arena *a, const struct lua_approval *f, lua_CFunction call,
			 void *subject, struct approval_terms *out, struct err *e);

/* --- lua_approval.c --- */

bool lua_approval_terms(struct arena *a, const struct lua_approval *f, const struct plan *plan,
			struct approval_terms *out, struct err *e);

/* --- lua_values.c: tables that can be read, not written --- */

void lua_open_frozen(lua_State *L); /* once a state, before the others */
void lua_push_json(lua_State *L, const struct json *v); /* frozen; null is left out */
/* Replaces the value at the top by a deep copy: frozen, or plain. Raises past a depth of 64. */
void lua_clone(lua_State *L, bool frozen);
/* pairs() in an order that is the same in every run: numbers, then texts, sorted. */
int lua_ordered_pairs(lua_State *L);

/* --- lua_wire.c: messages of four bytes of length, then JSON --- */

enum { LUA_MESSAGE_MAX = 16 * 1024 * 1024, LUA_ANSWER_MAX = 4 * 1024 * 1024 };
struct lua_wire {
	int fd;
	size_t at, have;
	char bytes[65536];
};
/* Neither signals nor waits past timeout_ms (< 0: for ever). */
bool lua_send(struct lua_wire *w, const struct buf *message, int timeout_ms);
/* Several messages at once, without a deadline: the child's answers. */
void lua_bundle(struct buf *bundle, const struct buf *message);
bool lua_send_bundle(struct lua_wire *w, struct buf *bundle);
/* NULL at the end of the stream, past max bytes, or when timeout_ms is over (then *late). */
const char *lua_receive(struct arena *a, struct lua_wire *w, size_t max, int timeout_ms, size_t *len,
			bool *late);
/* Has the other side said more than it was asked? */
bool lua_babbles(struct lua_wire *w);

/* --- lua_walls.c: what the child gives up before it reads its first byte --- */

/* Closes everything but *fd (which may move), empties the environment, sets the limits, and with
 * `filter` leaves only the system calls a rule needs. false when the filter could not be set: the
 * other walls stand. */
bool lua_walls(int *fd, bool filter);

/* --- lua_child.c, lua_tests.c: the child's side --- */

extern const char lua_prelude[];       /* the words rule files are written in */
extern const char lua_test_defaults[]; /* what a test does not say of its subject */

struct child;
_Noreturn void lua_child(int fd); /* answers messages on fd until it closes */
struct child *child_of(lua_State *L);
/* Loads message's file and runs it with `word` meaning declare. */
bool child_load_file(struct child *c, const struct json *message, const char *word,
		     lua_CFunction declare, int *chunk, struct err *e);
void child_tests_message(struct child *c, struct arena *a, const struct json *message);
void child_test_message(struct child *c, struct arena *a, const struct json *message);

/* What one rule said: texts live in the arena. */
struct child_verdict {
	const char *kind, *reason, *until, *owner;
	struct str_list keep;
};

enum { RULES_MAX = 1000, TESTS_MAX = 10000 };
struct child {
	struct lua_wire wire;
	lua_State *lua;
	struct lua_limits limits;
	struct arena *arena;
	struct buf *out;    /* the answer being written */
	struct buf *bundle; /* answers not sent yet */
	int64_t now_ms;
	const char *file; /* being loaded */
	enum { CHILD_IDLE, CHILD_LOADING, CHILD_CAPTURING } phase;
	size_t current; /* the rule being judged */
	int defaults;   /* reference: lua_test_defaults, compiled */
	struct child_rule {
		const char *name, *about, *file;
		int chunk; /* reference: its file */
	} rule[RULES_MAX];
	size_t rule_count;
	struct child_test {
		const char *file, *name, *rule;
		int table;
	} test[TESTS_MAX];
	size_t test_count;
};
/* Judges the frozen subject at the top, and pops it. */
bool child_judge(struct child *c, struct arena *a, size_t rule, struct child_verdict *out,
		 struct err *e);
/* A rule that overran may have left anything behind: pare goes on with a fresh process. */
bool child_spent(const struct child *c);
void child_answer(struct child *c); /* what c->out holds, now */
void child_answer_error(struct child *c, struct arena *a, const struct err *e);

/* --- lua_process.c: the parent's side of the process --- */

struct lua_process {
	pid_t pid; /* 0: not running */
	void (*child)(int fd);
	int64_t started_ms; /* its age bounds the processor time it used */
	struct lua_wire wire;
};
bool lua_process_start(struct lua_process *p, struct err *e);
void lua_process_stop(void *p); /* kills and reaps; does nothing when it is not running */
/* Worn: old enough for a fresh one to take over, long before RLIMIT_CPU would hit an innocent. */
bool lua_process_worn(const struct lua_process *p);
bool lua_process_tell(struct lua_process *p, const struct buf *message, int timeout_ms, struct err *e);
/* One answer; NULL and the process stopped when it is late or gone. */
const char *lua_process_hear(struct lua_process *p, struct arena *a, int timeout_ms, size_t *len,
			     struct err *e);
/* The answer as an object; NULL and the process stopped when it is none. */
const struct json *lua_process_read(struct lua_process *p, struct arena *a, const char *text,
				    size_t len, struct err *e);
/* All three; an answer with "ok": false is an error of its words, and the process goes on. */
const struct json *lua_process_ask(struct lua_process *p, struct arena *a, const struct buf *message,
				   int timeout_ms, struct err *e);

/* --- lua_subject.c --- */

/* What a rule sees as `c`. false when the subject cannot be shown whole: nothing may be judged on
 * half of it. */
bool lua_subject_put(struct json_writer *w, struct arena *a, const struct judge_subject *s,
		     struct err *e);

/* --- rules.c: rules_open with another child, for tests --- */

bool rules_open_with(struct arena *a, const struct str_list *paths, void (*child)(int fd),
		     struct rules_port *out, struct err *e);
struct lua_process *rules_process(void *port_self);

/* lua_waves.c: the value at the top of the stack. */
struct config;
bool lua_read_waves(lua_State *L, struct arena *a, const char *file, struct config *c, struct err *e);

#endif
