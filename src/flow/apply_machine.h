/* apply_machine: one plan being carried out; private to src/flow/apply*. */
#ifndef PARE_APPLY_MACHINE_H
#define PARE_APPLY_MACHINE_H

#include "apply_states.h"
#include "pare/apply.h"
#include "pare/observe.h"

enum settled { SETTLED_NOT, SETTLED_DONE, SETTLED_ALREADY, SETTLED_UNDONE, SETTLED_FAILED };

enum phase {
	PHASE_OBSERVE,  /* reading the role */
	PHASE_PAUSE,    /* until due_ms, then OBSERVE */
	PHASE_WRITE,    /* a write is under way */
	PHASE_LOOK,     /* reading a policy that exists already */
	PHASE_LOOK_TEXT,
	PHASE_LOOK_OWN, /* undoing: is there a policy whose creation was uncertain? */
	PHASE_KNOWN,    /* a rollback: reading a policy before it is attached again */
	PHASE_KNOWN_TEXT,
	PHASE_FINDING,  /* all is done: reading whether a finding is archived as planned */
	PHASE_USERS,    /* reading who uses a policy before it is deleted */
	PHASE_ENDED,
};

struct machine {
	struct arena *arena;   /* for the plan's whole time */
	struct arena *moment;  /* one observation */
	const struct apply_setting *setting;
	const struct store_port *store;
	const struct clock_port *clock;
	const struct progress_port *progress;
	const struct approval *approval;
	const struct plan *plan;
	struct apply_report *report;
	struct states *states;

	enum phase phase;
	bool undoing;
	bool observed_once;
	bool found_finished;    /* the role stood as planned before anything was written */
	bool role_gone;         /* deleted, or made anew under its name */
	bool begun_here;        /* this process wrote its begin or resume record */
	struct observe *observe;
	struct principal *last; /* last observation; documents are reused from it */
	struct call call;
	size_t asked;           /* calls under way */
	int64_t due_ms;
	bool rests;             /* paused while everything shows: only time is waited for */
	int64_t patience_ms;    /* when waiting for the world to show what was done ends */
	size_t looks;           /* observations since; a process that stood still has not waited */
	size_t good;            /* consecutive observations that show everything so far */
	bool barrier_passed;    /* since the last addition */
	size_t tries;           /* of the write under way */
	bool doubtful;          /* one of them may have happened */
	bool shown;             /* the step stood already before the first of them */
	bool remaking;          /* the write under way makes a policy again that is to be attached */
	bool made_here;         /* the policy that exists carries this plan's tag */
	size_t confirmed;       /* at the end: steps whose finding was read back, or that have none */
	size_t located;         /* begun elsewhere: the point of the plan that the role showed last */

	enum settled *settled;  /* per step */
	const char **request_id;
	bool *made;             /* CreatePolicy: this plan made it; else its tag is asked before undoing */
	size_t at;              /* forward: steps settled; undoing: steps still in effect */

	const char *journal_name;
	const char *head;
	uint64_t seq;
	size_t journal_len;
	bool began;             /* the journal has its first record */
	const char *started_at;
	int64_t last_record_ms; /* of an earlier process */
	struct err why;         /* why it is being undone */
};

bool machine_start(struct machine *m, struct err *e);
/* A call to make now; NULL: paused until due_ms, ended, or an answer must come first. */
struct call *machine_next(struct machine *m);
void machine_answer(struct machine *m, struct call *answered);
/* A signal came: ends where it is safe; what is under way is settled first. */
void machine_interrupt(struct machine *m);

/* apply_machine.c, for the others */
int64_t machine_now(const struct machine *m);
const char *machine_type(const struct machine *m); /* "role" or "user" */
void machine_pause(struct machine *m, int64_t ms);
void machine_observe(struct machine *m);
void machine_be_patient(struct machine *m);
bool machine_patient(const struct machine *m);
/* Observes again; without a role, goes on with what needs none. */
void machine_go_on(struct machine *m);
/* The action under way, forward or undoing, and its step (0-based). */
const struct action *machine_action(const struct machine *m, size_t *step);
bool machine_settle(struct machine *m, size_t step, enum settled how, const char *request_id);
void machine_write(struct machine *m);
void machine_fail(struct machine *m, const struct err *why);
void machine_stop(struct machine *m, const struct err *why);
void machine_unwritable(struct machine *m, const struct err *e);
void machine_finish(struct machine *m, enum apply_result result, const char *word,
		    const struct err *why);

/* apply_decide.c */
void machine_decide(struct machine *m, struct principal *live);
/* Writes the next step, after looking at a policy that is to be attached again. */
void machine_begin(struct machine *m, const struct principal *live);
void machine_undo_policies(struct machine *m);
/* All is settled and the principal is as it must be: are the findings? */
void machine_confirm(struct machine *m);
void machine_fail_gone(struct machine *m, const struct err *why);

/* apply_answers.c */
void took_observation(struct machine *m);
void took_write(struct machine *m, struct call *c);
void took_look(struct machine *m, struct call *c);
void took_look_own(struct machine *m, struct call *c);
void took_known(struct machine *m, struct call *c);
void took_users(struct machine *m, struct call *c);
void took_finding(struct machine *m, struct call *c);

/* apply_journal.c */
bool machine_read_journal(struct machine *m, struct err *e);
bool machine_record(struct machine *m, enum record_kind kind, size_t step, const char *result,
		    const char *detail, const char *request_id, struct err *e);
/* Ends the machine with its report and, where something was settled, its receipt. */
void machine_end(struct machine *m, enum apply_result result, const struct err *why);
/* The call that carries an action out. */
struct call call_of(const struct plan *p, const struct action *x);

/* apply_gates.c */
bool gates_hold(struct machine *m, const struct principal *live, struct err *e);

#endif
